// SPDX-License-Identifier: GPL-2.0-or-later
// Collects the edges of every rule, one list for each dimension, and picks from their combinations
// in the order of what they can reveal. Entry point: boundary_probes().
#include "runtime/boundary_probes.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

using Addresses = std::vector<Address>;
using Locals = std::vector<ProbeEdges::Local>;

constexpr std::array families = {Family::v4, Family::v6};
constexpr std::uint8_t unnamed_protocol = 99;  // "any private encryption scheme"

using Aims = std::vector<Aim>;

/// Sorted, each once.
template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
  return values;
}

/// Both edges, then their neighbours outside.
void add_edges(Addresses& found, const AddressRange& range) {
  found.push_back(range.first);
  found.push_back(range.last);
  const Family family = range.family();
  if (range.first.number > 0) found.push_back({family, range.first.number - 1});
  if (range.last.number < last_number(family)) found.push_back({family, range.last.number + 1});
}

// ---- local addresses ----

bool in_any_zone(const Program& program, const Address& address) {
  return std::ranges::any_of(program.zones,
                             [&](const Zone& zone) { return contains(zone.ranges, address); });
}

/// An address in no zone; if every candidate is in one, the zones leave little outside.
Address outsider(const Program& program, Family family) {
  Addresses candidates{
      Address::parse(family == Family::v4 ? "192.0.2.77" : "2001:db8:ffff::77").value()};
  for (const Zone& zone : program.zones) {
    for (const AddressRange& range : zone.ranges) {
      if (range.family() == family) add_edges(candidates, range);
    }
  }
  for (const Address& candidate : candidates) {
    if (!in_any_zone(program, candidate)) return candidate;
  }
  return candidates.front();
}

/// The addresses from which a rule of `zone` is tried; the first of them is in the zone if any is.
Addresses addresses_of(const Program& program, std::optional<std::uint32_t> zone, Family family) {
  Addresses found;
  if (!zone) found.push_back(outsider(program, family));
  for (std::uint32_t index = 0; index < program.zones.size(); ++index) {
    if (zone && index != *zone) continue;
    for (const AddressRange& range : program.zones[index].ranges) {
      if (range.family() == family) add_edges(found, range);
    }
  }
  if (zone) found.push_back(outsider(program, family));
  return found;
}

bool has_vlans(const Program& program) {
  return std::ranges::any_of(program.zones, [](const Zone& zone) { return !zone.vlans.empty(); });
}

/// Both edges and their neighbours; the first with two tags as well, where it must be told from the
/// tag beside it. A priority tag (id 0) counts for nothing.
void add_tags(std::vector<VlanTags>& found, const VlanRange& range) {
  const auto alone = [](std::uint16_t id) { return id == 0 ? VlanTags{} : VlanTags{id}; };
  const auto outside =
      static_cast<std::uint16_t>(range.first > 1 ? range.first - 1 : range.last + 1);
  found.push_back(alone(range.first));
  found.push_back(alone(range.last));
  if (range.first > 0) found.push_back(alone(static_cast<std::uint16_t>(range.first - 1)));
  found.push_back(alone(static_cast<std::uint16_t>(range.last + 1)));
  found.push_back({0, range.first});
  found.push_back({range.first, outside});
  found.push_back({outside, range.first});
}

/// The tags with which a rule of `zone` is tried; the first are of a VLAN of the zone. Without
/// zones by VLAN one and two tags change nothing (D7), which the tests of the reader hold.
std::vector<VlanTags> tags_of(const Program& program, std::optional<std::uint32_t> zone) {
  std::vector<VlanTags> found;
  if (!has_vlans(program)) return {VlanTags{}};
  for (std::uint32_t index = 0; index < program.zones.size(); ++index) {
    if (zone && index != *zone) continue;
    for (const VlanRange& range : program.zones[index].vlans) add_tags(found, range);
  }
  found.emplace_back();
  found.push_back({0});
  return found;
}

/// Each address in a frame that the zone may have, and the first in every frame.
Locals locals_of(const Program& program, std::optional<std::uint32_t> zone, Family family) {
  const Addresses addresses = addresses_of(program, zone, family);
  const std::vector<VlanTags> tags = tags_of(program, zone);
  Locals found;
  for (const Address& address : addresses) found.push_back({address, tags.front()});
  for (const VlanTags& frame : tags) found.push_back({addresses.front(), frame});
  return found;
}

Locals every_local(const Program& program, Family family) {
  const std::vector<VlanTags> tags = tags_of(program, std::nullopt);
  Locals found;
  for (const Address& address : addresses_of(program, std::nullopt, family)) {
    for (const VlanTags& frame : tags) found.push_back({address, frame});
  }
  return found;
}

// ---- remote addresses ----

/// The edges of what is written, then those of the special ranges that it leaves out.
Addresses remotes_of(const Program& program, const Rule& rule, Family family) {
  Addresses found;
  for (const AddressRange& range : rule.remote.ranges) {
    if (range.family() == family) add_edges(found, range);
  }
  for (const AddressRange& range : rule.remote.ranges) {
    if (range.family() != family || range.first == range.last) continue;
    const auto add_special = [&](const AddressRange& special) {
      if (special.overlaps(range)) add_edges(found, special);
    };
    for (const SpecialRange& special : special_ranges()) add_special(special.range);
    for (const AddressRange& prefix : program.nat64) add_special(prefix);
  }
  return found;
}

/// Nothing is bound, so that a rule of names only reaches no address; this is as good as any.
Address unbound_remote(Family family) {
  return Address::parse(family == Family::v4 ? "198.51.100.77" : "2001:db8:fffe::77").value();
}

// ---- services ----

bool belongs_to(std::uint8_t protocol, Family family) {
  return protocol != (family == Family::v4 ? protocol_icmpv6 : protocol_icmp);
}

void add_ports(Aims& found, std::uint8_t protocol, std::uint16_t first, std::uint16_t last) {
  found.push_back({protocol, first});
  found.push_back({protocol, last});
  found.push_back({protocol, first, ProbeShape::first_fragment});
  if (first > 0) found.push_back({protocol, static_cast<std::uint16_t>(first - 1)});
  if (last < last_port(protocol)) found.push_back({protocol, static_cast<std::uint16_t>(last + 1)});
}

void add_service(Aims& found, const Service& service) {
  add_ports(found, service.protocol, service.first, service.last);
  found.push_back({service.protocol, service.first, ProbeShape::icmp_error});
  found.push_back({service.protocol, 0, ProbeShape::later_fragment});
  if (service.protocol == protocol_tcp) found.push_back({protocol_udp, service.first});
  if (service.protocol == protocol_udp) found.push_back({protocol_tcp, service.first});
  for (const int beside : {service.protocol - 1, service.protocol + 1}) {
    if (beside < 0 || beside > 255) continue;
    const auto protocol = static_cast<std::uint8_t>(beside);
    found.push_back({protocol, 0});
    found.push_back({protocol, 0, ProbeShape::later_fragment});
  }
}

/// The services that the DNS guard, `any` and the replies to echo make special in every policy.
Aims usual_aims() {
  Aims found{{protocol_tcp, 443}};
  for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
    add_ports(found, protocol, 53, 53);
    add_ports(found, protocol, 853, 853);
    found.push_back({protocol, 0, ProbeShape::later_fragment});
  }
  for (const auto& [protocol, request, reply] :
       {std::tuple{protocol_icmp, 8, 0}, std::tuple{protocol_icmpv6, 128, 129}}) {
    found.push_back({protocol, static_cast<std::uint16_t>(request)});
    found.push_back({protocol, static_cast<std::uint16_t>(reply)});
    found.push_back({protocol, static_cast<std::uint16_t>(reply), ProbeShape::icmp_error});
    found.push_back({protocol, 0, ProbeShape::later_fragment});
  }
  found.push_back({unnamed_protocol, 0});
  found.push_back({unnamed_protocol, 0, ProbeShape::later_fragment});
  return found;
}

/// What answers a flow to the service, and what only seems to.
void add_answers(Aims& found, const Service& service) {
  const auto add = [&](std::uint8_t protocol, std::uint16_t port) {
    found.push_back({protocol, port, ProbeShape::answer});
  };
  add(service.protocol, service.first);
  found.push_back({service.protocol, service.first, ProbeShape::false_answer});
  found.push_back({service.protocol, service.first, ProbeShape::flow_error});
  add(service.protocol, service.last);
  if (service.first > 0) add(service.protocol, static_cast<std::uint16_t>(service.first - 1));
  if (service.last < last_port(service.protocol)) {
    add(service.protocol, static_cast<std::uint16_t>(service.last + 1));
  }
  if (service.protocol == protocol_tcp) add(protocol_udp, service.first);
  if (service.protocol == protocol_udp) add(protocol_tcp, service.first);
}

/// Where packets of `direction` are met.
Aims aims_of(const Rule& rule, Family family, Direction direction) {
  Aims found;
  if (rule.direction == direction) {
    for (const Service& service : rule.services) add_service(found, service);
    if (rule.every_service) found = usual_aims();
  } else {
    for (const Service& service : rule.services) add_answers(found, service);
    if (rule.every_service) add_answers(found, {protocol_tcp, 443, 443});
  }
  std::erase_if(found, [&](const Aim& aim) { return !belongs_to(aim.protocol, family); });
  return found;
}

// ---- the choice ----

/// One rule in one family. No list is empty; the first entries together are a packet that the rule
/// covers, if there is one.
struct Corner {
  const Locals* locals = nullptr;  // shared by all rules of the zone
  Addresses remotes;
  Aims aims;
};

class Choice {
 public:
  Choice(std::size_t most, Direction direction) : most_(most), direction_(direction) {}

  bool full() const { return chosen_.size() >= most_; }
  std::size_t room() const { return most_ - chosen_.size(); }
  void add(const ProbeEdges::Local& local, const Address& remote, const Aim& aim) {
    ++tried_;
    if (full()) return;
    const Probe probe = probe_of(local, remote, aim, direction_);
    if (seen_.insert(probe).second) chosen_.push_back(probe);
  }
  /// Repetitions cost time as well.
  bool tired() const { return full() || tried_ >= tries_for_each * most_; }
  std::vector<Probe> take() { return std::move(chosen_); }

 private:
  static constexpr std::size_t tries_for_each = 20;

  std::size_t most_;
  Direction direction_;
  std::size_t tried_ = 0;
  std::set<Probe> seen_;
  std::vector<Probe> chosen_;
};

/// Step `step` of every corner before the next step of any: the corner's own packet with one of its
/// three parts exchanged.
void choose_edges(Choice& choice, const std::vector<Corner>& corners) {
  bool more = true;
  for (std::size_t step = 0; more && !choice.tired(); ++step) {
    more = false;
    for (const Corner& corner : corners) {
      const Locals& locals = *corner.locals;
      const Addresses& remotes = corner.remotes;
      const Aims& aims = corner.aims;
      if (step < remotes.size()) choice.add(locals[0], remotes[step], aims[0]);
      if (step < aims.size()) choice.add(locals[0], remotes[0], aims[step]);
      if (step < locals.size()) choice.add(locals[step], remotes[0], aims[0]);
      more = more || step + 1 < std::max({remotes.size(), aims.size(), locals.size()});
      if (choice.full()) return;
    }
  }
}

/// All combinations if there is room for them, else evenly spread ones.
void choose_combinations(Choice& choice, std::size_t room, const ProbeEdges& all) {
  const Locals& locals = all.locals;
  const std::size_t aims = all.aims.size();
  const std::size_t remotes = all.remotes.size();
  const std::size_t total = locals.size() * remotes * aims;
  if (room == 0) return;
  std::size_t stride = (total + room - 1) / room;
  // A common factor would leave out the same aims for every address.
  while (std::gcd(stride, aims * remotes) != 1) ++stride;
  for (std::size_t at = 0; at < total; at += stride) {
    choice.add(locals[at / (aims * remotes)], all.remotes[at / aims % remotes],
               all.aims[at % aims]);
  }
}

}  // namespace

Probe probe_of(const ProbeEdges::Local& local, const Address& remote, const Aim& aim,
               Direction direction) {
  const bool outward = direction == Direction::outward;
  return {outward ? local.address : remote,
          outward ? remote : local.address,
          aim.protocol,
          aim.port,
          aim.shape,
          direction,
          local.tags};
}

std::vector<Probe> boundary_probes(const Program& program, std::size_t most, Direction direction) {
  std::map<std::pair<std::optional<std::uint32_t>, Family>, Locals> locals;
  std::vector<Corner> corners;
  for (const Rule& rule : program.rules) {
    for (const Family family : families) {
      Corner corner{nullptr, remotes_of(program, rule, family), aims_of(rule, family, direction)};
      const bool names_only = rule.remote.ranges.empty() && family == Family::v4;
      if (names_only) corner.remotes.push_back(unbound_remote(family));
      if (corner.remotes.empty() || corner.aims.empty()) continue;
      const auto [found, is_new] = locals.try_emplace({rule.zone, family});
      if (is_new) found->second = locals_of(program, rule.zone, family);
      corner.locals = &found->second;
      corners.push_back(std::move(corner));
    }
  }
  Choice choice(most, direction);
  choose_edges(choice, corners);
  for (const Family family : families) {
    const std::size_t share = family == Family::v4 ? choice.room() / 2 : choice.room();
    choose_combinations(choice, share, probe_edges(program, family, {}, direction));
  }
  return choice.take();
}

ProbeEdges probe_edges(const Program& program, Family family, const Bindings& bindings,
                       Direction direction) {
  ProbeEdges all{every_local(program, family), {}, usual_aims()};
  const auto add_remote = [&](const Address& address) {
    if (address.family == family) add_edges(all.remotes, AddressRange::single(address));
  };
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers) add_remote(server.address);
  }
  for (const auto& [name, addresses] : bindings) {
    for (const Address& address : addresses) add_remote(address);
  }
  for (const Rule& rule : program.rules) {
    const Addresses remotes = remotes_of(program, rule, family);
    const Aims aims = aims_of(rule, family, direction);
    all.remotes.insert(all.remotes.end(), remotes.begin(), remotes.end());
    all.aims.insert(all.aims.end(), aims.begin(), aims.end());
  }
  all.remotes.push_back(unbound_remote(family));
  all.locals = sorted(std::move(all.locals));
  all.remotes = sorted(std::move(all.remotes));
  std::erase_if(all.aims, [&](const Aim& aim) { return !belongs_to(aim.protocol, family); });
  all.aims = sorted(std::move(all.aims));
  return all;
}

}  // namespace sallyport
