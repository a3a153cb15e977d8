// SPDX-License-Identifier: GPL-2.0-or-later
// Layout: the chains and sets of one generation as they are built, and where the addresses go that
// names bind. Entry point: its constructor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/nft/classes.h"
#include "compiler/nft/draft.h"
#include "compiler/nft/meaning.h"

namespace sallyport::nft {

/// The sets that hold the bound addresses of one stage. Two, so that an address that changes its
/// chain moves from one to the other and is never in neither (F3).
using BoundSets = std::optional<std::array<std::size_t, 2>>;

/// What is made for one zone class in one family.
struct Place {
  std::optional<std::size_t> bound_services;    // the set of whole addresses
  std::array<BoundSets, stages> bound;          // by Stage
  std::array<BoundSets, stages> bound_answers;  // of packets the other way: wide and logged
};

/// What the rules of one direction say, of flows and of the answers to them.
struct Half {
  Half(const Image& image, Direction wanted, const Options& options)
      : direction(wanted), meaning(image, wanted, ways_of(image, options.vlan_devices)) {}

  Place& place(std::size_t zone, Family family) { return places[zone][Meaning::index_of(family)]; }

  Direction direction;
  Meaning meaning;
  std::vector<std::array<Place, 2>> places = {};  // by zone class and family
};

struct Layout {
  /// Makes the whole table but for bound addresses.
  Layout(const Image& image, const Options& wanted);
  Layout(const Layout&) = delete;

  /// The index of a rule's counter in the table; rules count from 1.
  std::uint32_t counter_of(std::uint32_t rule) const { return first_counter + rule - 1; }

  const Meaning& meaning() const { return halves.front()->meaning; }

  Options options;
  std::vector<std::unique_ptr<Half>> halves;  // outward, and inward if a rule is
  std::vector<Decider> deciders;              // the rules
  std::uint32_t first_counter = 0;
  Draft draft;
  Classes classes;
  /// The ends of outward flows that outlive their address, by family: local and remote. None if no
  /// address can expire, or conntrack is not asked.
  std::array<std::optional<std::array<std::size_t, 2>>, 2> ends;
};

}  // namespace sallyport::nft
