// SPDX-License-Identifier: GPL-2.0-or-later
// How the algebra of intervals sees the elements of each kind of set: the line an element lies on,
// and its ends there. For sets.cpp and pieces.cpp.
#pragma once

#include <cstdint>

#include "compiler/analysis/sets.h"

namespace sallyport {

struct AddressLine {
  using Number = Uint128;
  static Family line(const AddressRange& range) { return range.first.family; }
  static Number first(const AddressRange& range) { return range.first.number; }
  static Number last(const AddressRange& range) { return range.last.number; }
  static AddressRange make(Family family, Number first, Number last) {
    return {{family, first}, {family, last}};
  }
};

struct ServiceLine {
  using Number = std::uint16_t;
  static std::uint8_t line(const Service& service) { return service.protocol; }
  static Number first(const Service& service) { return service.first; }
  static Number last(const Service& service) { return service.last; }
  static Service make(std::uint8_t protocol, Number first, Number last) {
    return {protocol, first, last};
  }
};

struct VlanLine {
  using Number = std::uint16_t;
  static int line(const VlanRange&) { return 0; }
  static Number first(const VlanRange& range) { return range.first; }
  static Number last(const VlanRange& range) { return range.last; }
  static VlanRange make(int, Number first, Number last) { return {first, last}; }
};

struct DayLine {
  using Number = std::int32_t;
  static int line(const DayRange&) { return 0; }
  static Number first(const DayRange& range) { return range.first; }
  static Number last(const DayRange& range) { return range.last; }
  static DayRange make(int, Number first, Number last) { return {first, last}; }
};

}  // namespace sallyport
