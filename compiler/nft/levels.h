// SPDX-License-Identifier: GPL-2.0-or-later
// Levels: the prefixes of the allow rules as a ladder of hash sets, one for each length that is
// kept. An address is looked up in the longest first; what it does not find there it may find in a
// shorter one, so that an address has the union of all that cover it without any flattening.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/items.h"
#include "compiler/nft/lengths.h"
#include "compiler/nft/pieces.h"

namespace sallyport::nft {

/// Remote labels: of the groups whose hashed prefixes cover an address up to some length, and of
/// those together with the ones of rare lengths. The former says what a set must hold, the latter
/// which rule is the first.
struct Provided {
  std::uint32_t hashed = 0;
  std::uint32_t all = 0;
  auto operator<=>(const Provided&) const = default;
  bool operator==(const Provided&) const = default;
};

class Levels {
 public:
  /// Of the rules of one direction. `items` are those of the family; `bound` as for
  /// choose_lengths().
  Levels(const Image& image, Labeler& labeler, Direction direction, Family family,
         const std::vector<Item>& items, bool bound);

  const LengthChoice& choice() const { return choice_; }
  /// The inputs of the choice, for people.
  const std::vector<LengthUse>& uses() const { return uses_; }

  /// What the sets of the lengths before `choice().hashed[level]` provide for the address.
  Provided below(std::size_t level, const Address& address) const;
  /// What all sets provide.
  Provided at_top(const Address& address) const { return below(tables_.size(), address); }

  /// Calls `visit(range, below, here)` for the ranges, made of whole prefixes of the level's
  /// length, where the level provides more than those below it.
  template <class Visit>
  void for_each_step(std::size_t level, Visit visit) const;

  /// The label of the groups that cover an address by a rare prefix: of a length that has few, or
  /// part of a range that is no prefix.
  const RangeTable<Uint128>& rare() const { return rare_; }

 private:
  struct GroupPrefix {
    Prefix prefix;
    std::uint32_t group = 0;
    bool rare = false;
  };
  /// Returns how many ranges go to the set of intervals whatever their lengths.
  std::uint64_t find_prefixes(const std::vector<std::uint64_t>& ports);
  std::vector<std::uint64_t> exact_ports_of_groups(const std::vector<Item>& items) const;
  void count_uses(const std::vector<std::uint64_t>& ports);
  void build_tables(Labeler& labeler);
  std::uint32_t pair_of(Labeler& labeler, const std::vector<std::uint32_t>& active);

  const Image& image_;
  Direction direction_;
  Family family_;
  std::vector<GroupPrefix> prefixes_;
  std::vector<LengthUse> uses_;
  LengthChoice choice_;
  std::vector<RangeTable<Uint128>> tables_;  // of each hashed length: indices into pairs_
  std::vector<Provided> pairs_;
  std::map<Provided, std::uint32_t> index_of_pair_;
  RangeTable<Uint128> rare_;
};

template <class Visit>
void Levels::for_each_step(std::size_t level, Visit visit) const {
  for_each_piece(tables_[level], family_, [&](const AddressRange& piece, std::uint32_t index) {
    const Provided& here = pairs_[index];
    if (here.hashed == 0) return;
    if (level == 0) return visit(piece, Provided{}, here);
    for_each_overlap(tables_[level - 1], piece,
                     [&](const AddressRange& range, std::uint32_t lower) {
                       if (pairs_[lower].hashed != here.hashed) visit(range, pairs_[lower], here);
                     });
  });
}

}  // namespace sallyport::nft
