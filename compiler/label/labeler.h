// SPDX-License-Identifier: GPL-2.0-or-later
// Labels: each dimension of a Program partitioned into classes of equal treatment, so that a
// verdict is a handful of lookups (DESIGN section 5). make_image() is the compiler's entry; Labeler
// is the one piece of code that gives an address its label, used by the compiler and by the runtime
// for each binding change.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/label/interner.h"
#include "compiler/label/pattern_index.h"
#include "compiler/program/derivation.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Deterministic. The program must be well formed (as compiler/check and read_program leave it).
/// Rules that are not in force on `day` keep their id and match nothing; their names are left out.
Image make_image(const Program& program, Day day = earliest_day);

/// The image's names and those that are derived with these aliases, sorted. A name that is both is
/// in the groups of both.
std::vector<ImageName> names_with(const Image& image, const Aliases& aliases);

/// Finds or makes the label of a set of groups. Refers to `image` and extends `tables`, both of
/// which must outlive it.
class Labeler {
 public:
  Labeler(const Image& image, LabelTables& tables);

  /// The label of exactly these groups (sorted, unique). New labels and rows go to the end of the
  /// tables.
  std::uint32_t label_of(const std::vector<std::uint32_t>& groups);

  /// The label of an address to which `names` are bound: the union of the names' groups and of the
  /// static groups that cover the address. Names that may not bind it (special, or private without
  /// consent) add nothing. Names that are not in the image join the groups whose patterns match.
  /// A forbidden name among them takes the address away from all.
  std::uint32_t label_for(const Address& address, std::span<const ViewedName> names);

  /// The groups that a name belongs to, whether the image lists it or only a pattern covers it.
  std::vector<std::uint32_t> groups_of(const ViewedName& name) const;

  /// From now on these names (sorted) count as listed, beside those of the image: derived ones.
  void know(std::vector<ImageName> names) { known_ = std::move(names); }

 private:
  /// Where a packet is met: the zone label of its local address, and its direction.
  struct Side {
    Direction direction = Direction::outward;
    std::uint32_t zone_label = 0;
  };
  std::vector<std::uint32_t> row_cells(const std::vector<std::uint32_t>& groups,
                                       const Side& side) const;
  std::vector<std::uint32_t> matching_rules(const std::vector<std::uint32_t>& groups,
                                            const Side& side) const;
  std::uint32_t fragment_cell(const FragmentService& fragment,
                              const std::vector<std::uint32_t>& cells,
                              const std::vector<bool>& guarded) const;

  const Image& image_;
  LabelTables& tables_;
  std::size_t row_width_;
  std::vector<ImageName> known_;
  Interner labels_;  // of tables_.remote_groups
  Interner rows_;    // of tables_.verdicts
  PatternIndex patterns_;
  std::vector<std::vector<std::uint32_t>> rules_of_group_;
};

/// The static label of an address in the image's range tables.
std::uint32_t static_label(const Image& image, const Address& address);

/// What the datapath would decide, computed from the tables in the way the datapath does it. The
/// tests hold it against the evaluator; `explain` and `show` never use it.
std::uint32_t cell_of(const Image& image, const LabelTables& tables, const Address& local,
                      std::uint32_t remote_label, std::uint32_t service_key,
                      Direction direction = Direction::outward, std::uint16_t vlan = 0);

}  // namespace sallyport
