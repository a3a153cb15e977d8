// SPDX-License-Identifier: GPL-2.0-or-later
// Program: what a policy means. Zones, resolvers and rules with every parameter applied and no
// sugar left. The reference evaluator (evaluator.h) runs on it; program_text.h prints and reads its
// canonical text.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/values/address.h"
#include "compiler/values/day.h"
#include "compiler/values/host_name.h"
#include "compiler/values/service.h"

namespace sallyport {

using Seconds = std::chrono::seconds;

enum class Action : std::uint8_t { allow, deny };

/// Which side begins: outward flows begin at the local address, inward ones at the remote.
enum class Direction : std::uint8_t { outward, inward };

/// VLAN ids, inclusive; id 0 stands for frames without a tag, or with a priority only.
inline constexpr std::uint16_t last_vlan = 4094;  // 4095 is reserved (IEEE 802.1Q)
struct VlanRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  auto operator<=>(const VlanRange&) const = default;
  bool operator==(const VlanRange&) const = default;
};

struct Zone {
  std::string name;
  std::vector<AddressRange> ranges;   // canonical
  std::vector<VlanRange> vlans = {};  // sorted, apart; empty: frames of every VLAN, and of none
  bool operator==(const Zone&) const = default;
};

/// `VLAN 40, 50-59 and untagged frames`
std::string vlans_text(const std::vector<VlanRange>& vlans);
/// True if the local address is in the zone in a frame of this VLAN.
bool holds(const Zone& zone, const Address& local, std::uint16_t vlan);

struct Endpoint {
  Address address;
  std::uint16_t port = 53;
  auto operator<=>(const Endpoint&) const = default;
  bool operator==(const Endpoint&) const = default;
};

struct Resolver {
  std::string name;
  std::vector<Endpoint> servers;
  bool operator==(const Resolver&) const = default;
};

/// A name as one view of the DNS has it: the same name asked of another resolver is another name.
struct ViewedName {
  HostName name;
  std::string via;  // the resolver asked; empty: whoever is asked for names without `via`

  ViewedName(HostName of, std::string asked = {}) : name(std::move(of)), via(std::move(asked)) {}
  auto operator<=>(const ViewedName&) const = default;
  bool operator==(const ViewedName&) const = default;

  /// `relay.example.net`, `relay.example.net via vpn`.
  std::string text() const { return via.empty() ? name.text() : name.text() + " via " + via; }
};

/// A part of a name that DNS decides: the first label of what `alias` is an alias of, without the
/// first of the prefixes that it has (Azure Relay; VENDORS 1a).
struct Derivation {
  HostName alias;
  std::vector<std::string> prefixes;  // in order of preference, lower case
  auto operator<=>(const Derivation&) const = default;
  bool operator==(const Derivation&) const = default;
};

/// The name `head` + derived label + `tail`.
struct DerivedName {
  std::uint32_t derivation = 0;  // index into Program::derivations
  std::string head;
  std::string tail;
  std::string unless;  // no such name where the label is like this glob; empty: always
  auto operator<=>(const DerivedName&) const = default;
  bool operator==(const DerivedName&) const = default;
};

/// Where a rule's addresses come from. All lists sorted, without duplicates. An empty set matches
/// nothing (C1).
struct RemoteSet {
  std::vector<AddressRange>
      ranges;  // as written, not merged: what each opens depends on it (opened_by)
  std::vector<HostName> names;
  std::vector<NamePattern> patterns;
  std::vector<DerivedName> derived = {};
  bool operator==(const RemoteSet&) const = default;
};

/// Before every window: of rules with windows, only those without a first day are in force.
inline constexpr Day earliest_day = std::chrono::year{1} / 1 / 1;

/// The days on which a rule is in force: from the beginning of `from` to the beginning of `until`.
struct Validity {
  std::optional<Day> from;   // empty: since ever
  std::optional<Day> until;  // empty: for ever
  bool operator==(const Validity&) const = default;
};

/// How a person finds a rule again.
struct Origin {
  std::string vendor;  // empty for a rule written in the policy itself
  std::string part;
  Place rule;  // the allow or deny statement
  Place use;   // the `use` that brought it in; line 0 if none
  bool operator==(const Origin&) const = default;
};

/// One allow or deny, in source order after expansion. Zones are the local side, which is the
/// source of outward packets and the destination of inward ones; services are the responder's.
struct Rule {
  Action action = Action::allow;
  Direction direction = Direction::outward;
  std::optional<std::uint32_t> zone;  // index into Program::zones; empty: any local address
  bool every_service = false;         // `deny any`: every protocol; services is then empty
  std::vector<Service> services;      // as written, in order
  RemoteSet remote;                   // a deny has ranges only
  bool private_ok = false;            // names may bind private addresses (N8)
  bool absent_ok = false;             // names that do not exist are no reason for an alarm
  bool log = false;
  std::string via;    // the resolver that is asked for the names; empty: all of them
  Validity validity;  // outside of it the rule neither opens nor closes
  std::string owner;  // who answers for it; may be empty
  std::string note;   // for readers; may be empty
  Origin origin;
  bool operator==(const Rule&) const = default;
};

/// A name that must not be let in: an address that it has is refused to every name.
struct Never {
  std::optional<HostName> name;        // either this
  std::optional<NamePattern> pattern;  // or this
  std::string reason;
  Place place;
  bool operator==(const Never&) const = default;
};

/// An `either`, and which of its alternatives the rules are from.
struct ChosenAlternative {
  Place place;
  std::string title;         // of the alternative, may be empty
  std::uint32_t number = 1;  // of the alternative, counted from 1
  std::uint32_t count = 1;   // of the alternatives
  std::string why;
  bool operator==(const ChosenAlternative&) const = default;
};

/// Where addresses that stand in rules were read from.
struct FeedSource {
  std::string name;
  std::string file;  // from the root file's folder
  std::string format;
  std::string version;  // as the feed says, may be empty; so with the date
  std::string date;
  std::string digest;  // SHA-256 of the file, in hexadecimal
  std::uint64_t entries = 0;
  bool operator==(const FeedSource&) const = default;
};

/// What the text of a vendor says for readers. Everything may be empty but the names.
struct VendorRecord {
  struct Source {
    std::string text;
    std::string seen;  // YYYY-MM-DD
    bool operator==(const Source&) const = default;
  };
  struct Part {
    std::string name;
    std::string title;
    std::vector<std::string> notes;
    bool operator==(const Part&) const = default;
  };
  std::string name;
  std::string title;
  std::string version;
  std::string owner;
  std::vector<Source> sources;
  std::vector<std::string> notes;
  std::vector<Part> parts;  // of which there are rules, in the order of the first
  bool operator==(const VendorRecord&) const = default;
};

/// Lifetimes of bound addresses (N4, N14, N2).
struct Lifetimes {
  Seconds ttl_floor{10};
  std::optional<Seconds> grace;  // empty: max(2 x TTL, 300 s)
  Seconds max_stale{24 * 3600};
  bool operator==(const Lifetimes&) const = default;
};

struct Program {
  std::string policy;
  Lifetimes lifetimes;
  std::string owner = {};                  // may be empty
  std::vector<std::string> notes = {};     // for readers
  std::vector<std::string> needs = {};     // capabilities that `run` must have; sorted
  std::vector<AddressRange> nat64 = {};    // the operator's NAT64 prefixes, special (D9); canonical
  std::vector<FeedSource> feeds = {};      // in source order
  std::vector<VendorRecord> vendors = {};  // of which there are rules, in the order of the first
  std::vector<Resolver> resolvers;
  std::vector<Zone> zones;  // may overlap; empty: every rule covers every local address
  std::vector<Derivation> derivations = {};     // sorted
  std::vector<Never> nevers = {};               // in source order
  std::vector<ChosenAlternative> choices = {};  // in source order
  std::vector<Rule> rules;
  bool operator==(const Program&) const = default;
};

/// The rule on one line: `allow tcp 443 to a.example.com, 192.0.2.0/24`. The derivations are those
/// of its program; where they are not given, a derived label does not say of which alias it is.
std::string rule_text(const Rule& rule, const std::vector<Derivation>& derivations);

/// Stable across generations: (policy, zone, vendor, part, rule text), with ` #2`, ` #3` for
/// repetitions. One string for each rule, in order.
std::vector<std::string> rule_identities(const Program& program);

/// True if the rule judges packets on that day.
bool in_force(const Rule& rule, Day day);
/// The first day after `day` on which some rule comes into force or goes out of it.
std::optional<Day> next_edge(const Program& program, Day day);

/// Every exact name that the rules bind, sorted: names written, and the apex of `.x` patterns.
std::vector<ViewedName> bound_names(const Program& program);
/// True if the program forbids it: an address that such a name has is refused to every name.
bool is_never(const Program& program, const HostName& name);

}  // namespace sallyport
