// SPDX-License-Identifier: GPL-2.0-or-later
// Meaning: one direction of an Image in the terms of a ruleset: zone classes, items of services,
// the ladder of prefixes, and what a label allows in them. It grows labels as names are bound.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/classes.h"
#include "compiler/nft/items.h"
#include "compiler/nft/levels.h"
#include "compiler/nft/zones.h"
#include "compiler/values/flow.h"

namespace sallyport::nft {

inline constexpr std::array families = {Family::v4, Family::v6};

class Meaning {
 public:
  /// Copies the image.
  Meaning(const Image& image, Direction direction, std::vector<Way> ways);
  Meaning(const Meaning&) = delete;

  const Image& image() const { return image_; }
  const std::vector<ZoneClass>& zones() const { return zones_; }
  const std::vector<Way>& ways() const { return ways_; }
  const std::vector<Item>& items(Stage stage, Family family) const;
  const Levels& levels(Family family) const { return levels_[index_of(family)]; }
  /// True if hash sets of services would be too large: everything goes through chains then.
  bool by_chains() const { return by_chains_; }
  bool has_names() const { return has_names_; }

  std::uint32_t label_for(const Address& address, std::span<const ViewedName> names) {
    return labeler_.label_for(address, names);
  }

  /// True if the policy passes the packets of a flow whose responder's address has the label,
  /// whatever way they come: a flow does not tell its VLAN.
  bool passes(const Flow& flow, std::uint32_t label) const;

  void know(std::vector<ImageName> names) { labeler_.know(std::move(names)); }

  /// What a stage has to say about an address of the label, apart from what hash sets hold. `rare`
  /// is the label of the rare prefixes around the address, whose exact ports no hash set holds.
  Class class_of(Stage stage, Family family, std::size_t zone, std::uint32_t label,
                 std::uint32_t rare) const;
  /// False if no binding can make an address need the stage, or a key in a hash set.
  bool may_bind(Stage stage, Family family, std::size_t zone) const;
  bool may_bind_services(Family family, std::size_t zone) const;

  /// Calls `visit(protocol, port, rule)` for what a hash set holds beyond those below it.
  template <class Visit>
  void for_each_service(Family family, std::size_t zone, const Provided& below,
                        const Provided& here, Visit visit) const;

  static std::size_t index_of(Family family) { return family == Family::v4 ? 0 : 1; }

 private:
  void find_dynamic_labels();
  void choose_levels();
  /// True if an allow rule of names logs, of those that packets of the zone class meet.
  bool may_log(std::size_t zone) const;
  std::uint32_t cell(std::uint32_t label, std::size_t zone, std::uint32_t service) const {
    return tables_.verdicts[tables_.rows[label][first_row_ + zones_[zone].zone_label]][service];
  }
  /// The rule that allows it, 0 if none does.
  std::uint32_t allowed(std::uint32_t label, std::size_t zone, std::uint32_t service) const {
    const std::uint32_t found = cell(label, zone, service);
    return (found & SP_CELL_DENY) != 0 ? 0 : found;
  }

  Image image_;
  Direction direction_;
  std::size_t first_row_;  // of the direction
  LabelTables tables_;
  Labeler labeler_;
  std::vector<Way> ways_;
  std::vector<ZoneClass> zones_;
  std::array<std::vector<Item>, 2> items_, fragments_;
  std::vector<Levels> levels_;
  bool by_chains_ = false;
  bool has_names_ = false;
  std::vector<bool> dynamic_groups_;  // that names may join
  // Of everything that names may join, and of everything that rules allow.
  std::uint32_t dynamic_label_ = 0, allowed_label_ = 0;
};

template <class Visit>
void Meaning::for_each_service(Family family, std::size_t zone, const Provided& below,
                               const Provided& here, Visit visit) const {
  for (const Item& item : items_[index_of(family)]) {
    if (!item.exact || allowed(here.hashed, zone, item.label) == 0) continue;
    const std::uint32_t rule = allowed(here.all, zone, item.label);
    const bool is_below = allowed(below.hashed, zone, item.label) != 0 &&
                          allowed(below.all, zone, item.label) == rule;
    if (rule == 0 || is_below) continue;
    for (std::uint32_t port = item.first; port <= item.last; ++port) {
      visit(item.protocol, static_cast<std::uint16_t>(port), rule);
    }
  }
}

}  // namespace sallyport::nft
