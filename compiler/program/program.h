// SPDX-License-Identifier: GPL-2.0-or-later
// Program: what a policy means. Zones, resolvers and rules with every parameter applied and no
// sugar left. The reference evaluator (evaluator.h) runs on it; program_text.h prints and reads its
// canonical text.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/values/address.h"
#include "compiler/values/host_name.h"
#include "compiler/values/service.h"

namespace sallyport {

using Seconds = std::chrono::seconds;

enum class Action : std::uint8_t { allow, deny };

struct Zone {
  std::string name;
  std::vector<AddressRange> ranges;  // canonical
  bool operator==(const Zone&) const = default;
};

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

/// Where a rule's addresses come from. All lists sorted, without duplicates. An empty set matches
/// nothing (C1).
struct RemoteSet {
  std::vector<AddressRange>
      ranges;  // as written, not merged: what each opens depends on it (opened_by)
  std::vector<HostName> names;
  std::vector<NamePattern> patterns;
  bool operator==(const RemoteSet&) const = default;
};

/// How a person finds a rule again.
struct Origin {
  std::string vendor;  // empty for a rule written in the policy itself
  std::string part;
  Place rule;  // the allow or deny statement
  Place use;   // the `use` that brought it in; line 0 if none
  bool operator==(const Origin&) const = default;
};

/// One allow or deny, in source order after expansion. Direction is outward: zones are the source.
struct Rule {
  Action action = Action::allow;
  std::optional<std::uint32_t> zone;  // index into Program::zones; empty: any local address
  bool every_service = false;         // `deny any`: every protocol; services is then empty
  std::vector<Service> services;      // as written, in order
  RemoteSet remote;                   // a deny has ranges only
  bool private_ok = false;            // names may bind private addresses (N8)
  Origin origin;
  bool operator==(const Rule&) const = default;
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
  std::vector<Resolver> resolvers;
  std::vector<Zone> zones;  // may overlap; empty: every rule covers every local address
  std::vector<Rule> rules;
  bool operator==(const Program&) const = default;
};

/// The rule on one line: `allow tcp 443 to a.example.com, 192.0.2.0/24`.
std::string rule_text(const Rule& rule);

/// Stable across generations: (policy, zone, vendor, part, rule text), with ` #2`, ` #3` for
/// repetitions. One string for each rule, in order.
std::vector<std::string> rule_identities(const Program& program);

/// Every exact name that the program binds, sorted: names written, and the apex of `.x` patterns.
std::vector<HostName> bound_names(const Program& program);

}  // namespace sallyport
