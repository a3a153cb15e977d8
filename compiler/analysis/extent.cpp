// SPDX-License-Identifier: GPL-2.0-or-later
// See extent.h. Mirrors compiler/program/evaluator.cpp rule by rule; the tests hold the two
// together.
#include "compiler/analysis/extent.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

/// The guarded ports of tcp and udp.
const ServiceSet& guarded_services() {
  static const ServiceSet guarded = [] {
    std::vector<Service> found;
    for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
      for (std::uint32_t port = 0; port <= last_port(protocol); ++port) {
        const auto number = static_cast<std::uint16_t>(port);
        if (is_guarded_port(protocol, number)) found.push_back({protocol, number, number});
      }
    }
    return canonical_services(std::move(found));
  }();
  return guarded;
}

const ServiceSet& dns_services() {
  static const ServiceSet dns{{protocol_tcp, 53, 53}, {protocol_udp, 53, 53}};
  return dns;
}

/// Only a service of exactly one port opens a guarded one by itself.
void set_allowed_services(const Rule& rule, Extent& extent) {
  std::vector<Service> exact, wide;
  for (const Service& service : rule.services) {
    (service.first == service.last ? exact : wide).push_back(service);
  }
  const ServiceSet from_wide = canonical_services(std::move(wide));
  extent.services =
      union_of(canonical_services(std::move(exact)), without(from_wide, guarded_services()));
  extent.at_resolvers = without(both_of(from_wide, dns_services()), extent.services);
}

Extent extent_of(const Program& program, const Rule& rule) {
  Extent extent;
  extent.direction = rule.direction;
  extent.local =
      without(rule.zone ? program.zones[*rule.zone].ranges : every_address(), impossible_ranges());
  extent.vlans = every_vlan();
  if (rule.zone && !program.zones[*rule.zone].vlans.empty())
    extent.vlans = program.zones[*rule.zone].vlans;
  extent.days = days_of(rule.validity);
  if (rule.action == Action::deny) {
    extent.services = rule.every_service ? every_service() : canonical_services(rule.services);
  } else {
    set_allowed_services(rule, extent);
  }
  return extent;
}

/// What of a rule decides about its extent.
struct Key {
  const Rule* rule;
  bool operator<(const Key& other) const {
    const auto tied = [](const Rule& r) {
      return std::tie(r.action, r.direction, r.zone, r.validity.from, r.validity.until,
                      r.every_service, r.services);
    };
    return tied(*rule) < tied(*other.rule);
  }
};

/// The special ranges of the language and those that the program declares.
AddressSet special_addresses(const Program& program) {
  AddressSet special = program.nat64;
  for (const SpecialRange& row : special_ranges()) special.push_back(row.range);
  return canonical(std::move(special));
}

}  // namespace

bool overlap(const Extent& a, const Extent& b) {
  if (a.direction != b.direction) return false;
  const bool services = overlap(a.services, b.services) || overlap(a.at_resolvers, b.services) ||
                        overlap(a.services, b.at_resolvers) ||
                        overlap(a.at_resolvers, b.at_resolvers);
  return services && overlap(a.local, b.local) && !both_of(a.days, b.days).empty() &&
         !both_of(a.vlans, b.vlans).empty();
}

Extents::Extents(const Program& program) : program_(program) {
  std::map<Key, std::uint32_t> known;
  kinds_.reserve(program.rules.size());
  for (const Rule& rule : program.rules) {
    const auto number = static_cast<std::uint32_t>(extents_.size());
    const auto [entry, is_new] = known.try_emplace(Key{&rule}, number);
    if (is_new) extents_.push_back(extent_of(program, rule));
    kinds_.push_back(entry->second);
  }
  AddressSet unreal = impossible_ranges();
  for (const Zone& zone : program.zones)
    unreal.insert(unreal.end(), zone.ranges.begin(), zone.ranges.end());
  far_[0] = every_address();
  far_[1] = without(every_address(), canonical(std::move(unreal)));
  for (const int inward : {0, 1}) {
    bindable_[inward][1] = without(far_[inward], special_addresses(program));
    bindable_[inward][0] = without(bindable_[inward][1], private_ranges());
  }
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers)
      resolvers_.push_back(AddressRange::single(server.address));
  }
  resolvers_ = canonical(std::move(resolvers_));
}

AddressSet Extents::opened(const Rule& rule, const AddressRange& written) const {
  AddressSet opened = opened_by(written, program_.nat64);
  if (rule.direction == Direction::inward) opened = both_of(opened, far(rule.direction));
  return opened;
}

AddressSet Extents::remote(std::uint32_t index) const {
  return remote({&index, 1});
}

AddressSet Extents::remote(std::span<const std::uint32_t> rules) const {
  AddressSet all;
  for (const std::uint32_t index : rules) {
    const Rule& rule = program_.rules[index];
    for (const AddressRange& written : rule.remote.ranges) {
      const bool plain = rule.action == Action::deny || (rule.direction == Direction::outward &&
                                                         !meets_special(written, program_.nat64));
      if (plain) {
        all.push_back(written);
        continue;
      }
      const AddressSet one = opened(rule, written);
      all.insert(all.end(), one.begin(), one.end());
    }
  }
  return canonical(std::move(all));
}

}  // namespace sallyport
