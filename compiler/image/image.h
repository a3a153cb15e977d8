// SPDX-License-Identifier: GPL-2.0-or-later
// Image: what the datapath needs, as pure deterministic data. Lookup tables, the names to bind with
// the groups of each, the rules' identities and places. Made by compiler/label, written by
// bundle.h, laid out for the kernel by arena.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Consecutive ranges over a whole domain; `starts[0]` is 0, sorted; neighbours have different
/// labels.
template <class Number>
struct RangeTable {
  std::vector<Number> starts{0};
  std::vector<std::uint32_t> labels{0};

  std::uint32_t find(Number key) const {
    const auto after = std::upper_bound(starts.begin(), starts.end(), key);
    return labels[static_cast<std::size_t>(after - starts.begin()) - 1];
  }
  bool operator==(const RangeTable&) const = default;
};

/// A set of remote addresses that one or more rules name. Group 0 is always the declared resolvers.
struct Group {
  bool private_ok = false;            // names may bind private addresses here
  std::vector<NamePattern> patterns;  // names observed at run time join through these
  std::string via = {};               // the view of its names and patterns
  bool operator==(const Group&) const = default;
};
inline constexpr std::uint32_t resolver_group = 0;

struct ImageName {
  ViewedName name;
  std::vector<std::uint32_t> groups;  // sorted
  bool absent_ok = false;             // every rule that lists it says so
  bool never = false;  // forbidden, in no group: its addresses are refused to every name
  bool operator==(const ImageName&) const = default;
};

/// Names that are known when DNS has said what an alias is an alias of.
struct ImageDerivation {
  struct Name {
    std::string head, tail, unless;  // as in DerivedName
    std::vector<std::uint32_t> groups;
    bool absent_ok = false;
    bool operator==(const Name&) const = default;
  };
  Derivation derivation;
  std::string via;
  std::vector<Name> names;  // sorted by head, tail and unless
  bool operator==(const ImageDerivation&) const = default;
};

/// A rule in terms of labels, with all that a person needs to find it again. Its id is its index
/// + 1.
struct ImageRule {
  Action action = Action::allow;
  Direction direction = Direction::outward;
  std::optional<std::uint32_t> zone;  // index into zone_names; empty: any
  std::uint32_t group = 0;
  std::vector<std::uint32_t> services;  // service labels it matches, sorted
  std::vector<std::uint32_t>
      guarded_services;  // labels inside its ranges that the DNS guard closes; none of `services`
  std::vector<std::uint32_t>
      resolver_services;  // those of guarded_services that it matches at remotes in group 0
  std::string identity;
  std::string text;
  Origin origin;
  Validity validity = {};  // on other days it has no services and an empty group
  bool log = false;        // what it decides is told
  bool operator==(const ImageRule&) const = default;
};

/// A fragment key's label: its verdict follows from the labels of the protocol's ports.
struct FragmentService {
  std::uint32_t label = 0;
  std::vector<std::uint32_t> ports;  // service labels of every port of the protocol
  std::vector<std::uint32_t>
      guarded;  // those of `ports` that the DNS guard closes to some rule; sorted subset
  bool operator==(const FragmentService&) const = default;
};

/// The part that bindings extend at run time. Indexed by remote label; label 0 is the empty group
/// set.
struct LabelTables {
  std::vector<std::vector<std::uint32_t>> remote_groups;  // sorted groups of each remote label
  /// [remote label][zone label of an outward packet, then of an inward one] -> row; the second half
  /// only if a rule is inward.
  std::vector<std::vector<std::uint32_t>> rows;
  std::vector<std::vector<std::uint32_t>>
      verdicts;  // [row][service label] -> cell; rows are distinct
  bool operator==(const LabelTables&) const = default;
};

struct Image {
  std::string policy;
  Lifetimes lifetimes;
  std::vector<AddressRange> nat64;  // no name opens these either; canonical
  std::vector<Resolver> resolvers;
  std::vector<std::string> zone_names;
  std::vector<std::vector<std::uint32_t>>
      zone_sets;  // sorted zones of each zone label; label 0 is "in none"
  /// [place][VLAN class] -> zone label. A place is which zones' ranges hold the local address;
  /// place 0: none. With one class every place is its own zone label.
  std::vector<std::vector<std::uint32_t>> place_zones{{0}};
  std::vector<Group> groups;
  std::vector<ImageName> names;              // sorted by name
  std::vector<ImageDerivation> derivations;  // sorted by derivation and view
  std::vector<Never> nevers;
  std::vector<ImageRule> rules;
  std::uint32_t service_labels = 1;  // label 0: a service that no rule names or guards
  std::vector<FragmentService> fragments;
  RangeTable<std::uint32_t> zone4;  // local address -> place
  RangeTable<Uint128> zone6;
  RangeTable<std::uint32_t> vlan;  // VLAN id of the frame -> VLAN class
  RangeTable<std::uint32_t> remote4;
  RangeTable<Uint128> remote6;
  RangeTable<std::uint32_t> service;  // key: SP_SERVICE_KEY, SP_FRAGMENT_KEY
  LabelTables labels;
  bool operator==(const Image&) const = default;
};

/// The classes of VLAN ids that no zone tells apart; 1 if no zone has VLANs.
std::size_t vlan_classes(const Image& image);
/// The zone label of a local address in a frame of this VLAN.
std::uint32_t zone_label(const Image& image, const Address& local, std::uint16_t vlan);
/// True if a rule is inward: then rows have a second half, and outward packets may be replies.
bool has_inward_rules(const Image& image);
/// True if an address can ever be bound: there are names, or names may be observed or derived.
bool binds_names(const Image& image);
/// The entries of a row of LabelTables::rows.
std::size_t row_width(const Image& image);
/// How many rules log.
std::uint32_t log_rules(const Image& image);
/// True if the image forbids it: an address that such a name has is refused to every name.
bool is_never(const Image& image, const HostName& name);

/// True if every index in the image is in range and every invariant stated above holds; else the
/// first violation in words. A bundle is refused without it, so that engines may trust what they
/// index.
std::optional<std::string> image_fault(const Image& image);

}  // namespace sallyport
