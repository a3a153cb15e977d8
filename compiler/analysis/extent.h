// SPDX-License-Identifier: GPL-2.0-or-later
// What the rules of a Program match, as sets: everything that the evaluator decides by walking a
// rule, said once for the algebra. Entry point: Extents.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/analysis/sets.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Everything but the remote.
struct Extent {
  Direction direction = Direction::outward;
  AddressSet local;
  VlanSet vlans;
  DaySet days;
  ServiceSet services;      // of an allow: without what the DNS guard closes
  ServiceSet at_resolvers;  // of an allow: ports that the guard opens towards resolvers only
};

/// True if some packet may be inside both.
bool overlap(const Extent& a, const Extent& b);

/// The extents of every rule, each told once for all rules that share it. Refers to the program,
/// which must outlive it unchanged.
class Extents {
 public:
  explicit Extents(const Program& program);

  const Program& program() const { return program_; }
  const Rule& rule(std::uint32_t index) const { return program_.rules[index]; }
  const Extent& of(std::uint32_t rule) const { return extents_[kinds_[rule]]; }
  /// Rules of one kind have one action and one extent. Kinds are numbered from 0.
  std::uint32_t kind_of(std::uint32_t rule) const { return kinds_[rule]; }
  const Extent& of_kind(std::uint32_t kind) const { return extents_[kind]; }

  /// What the rule's ranges open (an allow, without special ranges) or close (a deny).
  AddressSet remote(std::uint32_t rule) const;
  /// The same of several rules together.
  AddressSet remote(std::span<const std::uint32_t> rules) const;
  /// The same for one of its ranges.
  AddressSet opened(const Rule& rule, const AddressRange& written) const;
  /// The addresses that names of an allow may be bound to.
  const AddressSet& bindable(Direction direction, bool private_ok) const {
    return bindable_[direction == Direction::inward][private_ok];
  }
  /// The addresses that may stand on the far side: inward, not those of zones, nor ones that no
  /// host sends from.
  const AddressSet& far(Direction direction) const { return far_[direction == Direction::inward]; }
  /// The addresses of every declared resolver.
  const AddressSet& resolvers() const { return resolvers_; }

 private:
  const Program& program_;
  std::vector<Extent> extents_;       // by kind
  std::vector<std::uint32_t> kinds_;  // by rule
  AddressSet far_[2], bindable_[2][2], resolvers_;
};

}  // namespace sallyport
