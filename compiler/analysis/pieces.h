// SPDX-License-Identifier: GPL-2.0-or-later
// A set cut by many others: parts within which the same of them lie. Entry point: Keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "compiler/analysis/sets.h"

namespace sallyport {

/// A part of a set, and which of the keys hold it, ascending.
template <class Set>
struct Piece {
  Set set;
  std::vector<std::uint32_t> holders;

  bool is_in(std::uint32_t key) const { return std::ranges::binary_search(holders, key); }
};

/// The pieces of `base` within which no key begins or ends; what is inside of the first key stands
/// before what is not, and so on with the other keys. Costs what the keys have inside of `base`,
/// and for each edge there the keys around it.
std::vector<Piece<AddressSet>> pieces_of(const AddressSet& base,
                                         const std::vector<AddressSet>& keys);
std::vector<Piece<ServiceSet>> pieces_of(const ServiceSet& base,
                                         const std::vector<ServiceSet>& keys);
std::vector<Piece<VlanSet>> pieces_of(const VlanSet& base, const std::vector<VlanSet>& keys);
std::vector<Piece<DaySet>> pieces_of(const DaySet& base, const std::vector<DaySet>& keys);

/// Distinct sets that a base is cut by.
template <class Set>
class Keys {
 public:
  /// The number of the key.
  std::uint32_t add(const Set& set) {
    const auto number = static_cast<std::uint32_t>(sets_.size());
    const auto [entry, is_new] = numbers_.try_emplace(set, number);
    if (is_new) sets_.push_back(set);
    return entry->second;
  }
  std::vector<Piece<Set>> cut(const Set& base) const { return pieces_of(base, sets_); }

 private:
  std::map<Set, std::uint32_t> numbers_;
  std::vector<Set> sets_;
};

}  // namespace sallyport
