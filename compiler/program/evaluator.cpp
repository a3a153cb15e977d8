// SPDX-License-Identifier: GPL-2.0-or-later
// evaluate(): the definition of what a policy means, as a list of steps in the order of their
// precedence. Rules are walked one by one; nothing is precomputed.
#include "compiler/program/evaluator.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

// --- Small parts ----------------------------------------------------------------------------

Outcome pass(SpReason reason) {
  return {.verdict = Verdict::pass, .reason = reason, .rule = {}, .through = {}};
}

Outcome drop(SpReason reason) {
  return {.verdict = Verdict::drop, .reason = reason, .rule = {}, .through = {}};
}

AddressRange range_of(std::string_view text) {
  return AddressRange::parse(text).value();
}

bool is_one_of(std::uint16_t type, std::initializer_list<std::uint16_t> types) {
  return std::ranges::find(types, type) != types.end();
}

/// In the order of names; points into the Bindings.
using BoundNames = std::vector<const ViewedName*>;

/// None if one of them is forbidden: it takes the address away from the others.
BoundNames names_bound_to(const Program& program, const Address& address,
                          const Bindings& bindings) {
  BoundNames names;
  for (const auto& [name, addresses] : bindings) {
    if (!addresses.contains(address)) continue;
    if (is_never(program, name.name)) return {};
    names.push_back(&name);
  }
  return names;
}

/// What a rule is asked about: a packet of a flow that begins in this direction, be it the packet
/// itself, the one that it answers, or the one that an ICMP error stands for.
struct Attempt {
  Direction direction = Direction::outward;
  Address local;
  std::uint16_t vlan = 0;  // of the frame
  Address remote;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  BoundNames names;        // bound to the remote; looked up once, not for each rule
  const Surroundings& surroundings;
};

/// The rule that decided, and the name through which an allow covers the remote.
struct Decision {
  std::uint32_t rule = 0;
  Action action = Action::allow;
  std::optional<ViewedName> through;
};

Outcome decided(const Decision& decision, SpReason pass_reason) {
  const bool allowed = decision.action == Action::allow;
  return {.verdict = allowed ? Verdict::pass : Verdict::drop,
          .reason = allowed ? pass_reason : SP_DROP_DENIED,
          .rule = decision.rule,
          .through = decision.through};
}

Direction opposite(Direction direction) {
  return direction == Direction::outward ? Direction::inward : Direction::outward;
}

// --- Plumbing and impossible addresses ------------------------------------------------------

/// Answers come to whatever address the question was sent from: on the outward side packets to the
/// gateway pass anyway.
bool is_neighbour_discovery(const Packet& packet, const Surroundings& surroundings) {
  static const AddressRange link_multicast = range_of("ff02::/16");
  static const AddressRange link_local = range_of("fe80::/10");
  const bool to_gateway =
      surroundings.direction == Direction::inward && surroundings.own.contains(packet.destination);
  const bool on_link = link_multicast.contains(packet.destination) ||
                       link_local.contains(packet.destination) || to_gateway;
  return packet.protocol == protocol_icmpv6 && packet.destination_port >= 133 &&
         packet.destination_port <= 136 && packet.hop_limit == 255 && packet.icmp_code == 0 &&
         on_link;
}

bool is_listener_discovery(const Packet& packet) {
  static const AddressRange link_multicast = range_of("ff02::/16");
  return packet.protocol == protocol_icmpv6 &&
         is_one_of(packet.destination_port, {130, 131, 132, 143}) &&
         link_multicast.contains(packet.destination);
}

/// Clients stand on the local side and ask outward; inward come the answers that the gateway waits
/// for.
bool is_dhcp(const Packet& packet, const Surroundings& surroundings) {
  static const AddressRange broadcast = range_of("255.255.255.255");
  static const AddressRange link_multicast = range_of("ff02::/16");
  if (packet.protocol != protocol_udp) return false;
  const bool v4 = packet.destination.family == Family::v4;
  const std::uint16_t client = v4 ? 68 : 546, server = v4 ? 67 : 547;
  const bool outward = surroundings.direction == Direction::outward;
  const AddressRange& everyone = v4 ? broadcast : link_multicast;
  return packet.source_port == (outward ? client : server) &&
         packet.destination_port == (outward ? server : client) &&
         (everyone.contains(packet.destination) || surroundings.own.contains(packet.destination));
}

std::optional<SpReason> plumbing_of(const Packet& packet, const Surroundings& surroundings) {
  if (packet.fragment != FragmentClass::whole) return std::nullopt;
  if (is_neighbour_discovery(packet, surroundings)) return SP_PASS_ND;
  if (is_listener_discovery(packet)) return SP_PASS_MLD;
  if (is_dhcp(packet, surroundings)) return SP_PASS_DHCP;
  return std::nullopt;
}

/// No host sends from it, and on the local side no rule can mean it.
bool is_impossible(const Address& address) {
  return contains(impossible_ranges(), address);
}

/// Whatever its VLAN: where packets come in, the tags are those of another network.
bool in_any_zone(const Program& program, const Address& address) {
  return std::ranges::any_of(program.zones,
                             [&](const Zone& zone) { return contains(zone.ranges, address); });
}

// --- Does one rule match? -------------------------------------------------------------------

/// The rule is one for this direction and this local address.
bool stands_for(const Program& program, const Rule& rule, const Attempt& attempt) {
  if (rule.direction != attempt.direction) return false;
  return !rule.zone || holds(program.zones[*rule.zone], attempt.local, attempt.vlan);
}

bool is_resolver(const Program& program, const Address& address) {
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers) {
      if (server.address == address) return true;
    }
  }
  return false;
}

bool may_bind(const Program& program, const Rule& rule, const Address& address) {
  if (special_range_of(address, program.nat64)) return false;
  return rule.private_ok || !is_private(address);
}

bool derives(const Program& program, const Rule& rule, const HostName& name,
             const Aliases& aliases) {
  return std::ranges::any_of(rule.remote.derived, [&](const DerivedName& derived) {
    const auto label = derived_label(program.derivations[derived.derivation], rule.via, aliases);
    return label && derived_name(derived, *label) == name;
  });
}

bool lists_name(const Program& program, const Rule& rule, const ViewedName& viewed,
                const Aliases& aliases) {
  const auto& [name, via] = viewed;
  if (via != rule.via) return false;
  if (std::ranges::binary_search(rule.remote.names, name)) return true;
  const bool by_pattern = std::ranges::any_of(
      rule.remote.patterns,
      [&, &of = name](const NamePattern& pattern) { return pattern.matches(of); });
  return by_pattern || derives(program, rule, name, aliases);
}

/// The first of the remote's names through which an allow reaches it; null if none.
const ViewedName* name_reaching(const Program& program, const Rule& rule, const Address& remote,
                                const BoundNames& names, const Aliases& aliases) {
  if (names.empty() || !may_bind(program, rule, remote)) return nullptr;
  const auto found = std::ranges::find_if(
      names, [&](const ViewedName* name) { return lists_name(program, rule, *name, aliases); });
  return found == names.end() ? nullptr : *found;
}

/// Closes exactly the addresses that are written.
bool deny_covers(const Rule& rule, const Address& remote) {
  return std::ranges::any_of(rule.remote.ranges,
                             [&](const AddressRange& range) { return range.contains(remote); });
}

/// By a range, or else by a name, which is then left in `through`.
bool allow_covers(const Program& program, const Rule& rule, const Address& remote,
                  const BoundNames& names, const Aliases& aliases,
                  std::optional<ViewedName>* through) {
  if (through != nullptr) through->reset();
  const bool by_range = std::ranges::any_of(rule.remote.ranges, [&](const AddressRange& range) {
    return opens(range, remote, program.nat64);
  });
  if (by_range) return true;
  const ViewedName* name = name_reaching(program, rule, remote, names, aliases);
  if (name != nullptr && through != nullptr) *through = *name;
  return name != nullptr;
}

/// The DNS guard: 53 and 853 open only to exactly that port, 53 also towards a declared resolver.
bool passes_guard(const Program& program, const Service& service, const Attempt& attempt) {
  if (!is_guarded_port(attempt.protocol, attempt.port)) return true;
  if (service.first == service.last) return true;
  return attempt.port == 53 && is_resolver(program, attempt.remote);
}

bool denies_service(const Rule& rule, const Attempt& attempt) {
  if (rule.every_service) return true;
  return std::ranges::any_of(rule.services, [&](const Service& service) {
    return service.contains(attempt.protocol, attempt.port);
  });
}

bool allows_service(const Program& program, const Rule& rule, const Attempt& attempt) {
  return std::ranges::any_of(rule.services, [&](const Service& service) {
    return service.contains(attempt.protocol, attempt.port) &&
           passes_guard(program, service, attempt);
  });
}

// --- The first rule that decides ------------------------------------------------------------

/// The first deny for which `service_matches` holds and that covers the local and remote address.
template <class Matches>
std::optional<Decision> first_deny(const Program& program, const Attempt& attempt,
                                   Matches service_matches) {
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    const Rule& rule = program.rules[index];
    if (rule.action == Action::deny && in_force(rule, attempt.surroundings.day) &&
        service_matches(rule) && stands_for(program, rule, attempt) &&
        deny_covers(rule, attempt.remote)) {
      return Decision{.rule = index, .action = Action::deny, .through = {}};
    }
  }
  return std::nullopt;
}

/// The same for an allow.
template <class Matches>
std::optional<Decision> first_allow(const Program& program, const Attempt& attempt,
                                    Matches service_matches) {
  std::optional<ViewedName> through;
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    const Rule& rule = program.rules[index];
    if (rule.action == Action::allow && in_force(rule, attempt.surroundings.day) &&
        service_matches(rule) && stands_for(program, rule, attempt) &&
        allow_covers(program, rule, attempt.remote, attempt.names, attempt.surroundings.aliases,
                     &through)) {
      return Decision{.rule = index, .action = Action::allow, .through = through};
    }
  }
  return std::nullopt;
}

std::optional<Decision> judge(const Program& program, const Attempt& attempt) {
  auto deny =
      first_deny(program, attempt, [&](const Rule& rule) { return denies_service(rule, attempt); });
  if (deny) return deny;
  return first_allow(program, attempt,
                     [&](const Rule& rule) { return allows_service(program, rule, attempt); });
}

// --- Replies --------------------------------------------------------------------------------

/// The port that a packet of `protocol` from `port` answers, if it may be an answer at all: TCP
/// unless it begins a flow. Of ICMP only echo replies are answers, to the echo request.
std::optional<std::uint16_t> answered_port(std::uint8_t protocol, std::uint16_t port) {
  if (has_ports(protocol)) return port;
  if (protocol == protocol_icmp && port == 0) return std::uint16_t{8};
  if (protocol == protocol_icmpv6 && port == 129) return std::uint16_t{128};
  return std::nullopt;
}

/// ACK or RST; a segment that asks to begin a flow is no answer, whatever else it says.
bool answers_over_tcp(const Packet& packet) {
  if ((packet.tcp_flags & tcp_ack) != 0) return true;
  return (packet.tcp_flags & (tcp_syn | tcp_rst)) == tcp_rst;
}

/// A packet that no rule of its own direction decides: an answer to a flow that the other
/// direction's rules allow? Only TCP says so itself.
Outcome judge_reply(const Program& program, const Packet& packet, const Attempt& unmatched) {
  const bool tcp = packet.protocol == protocol_tcp;
  const bool of_icmp = !has_ports(packet.protocol);
  const auto port =
      answered_port(packet.protocol, of_icmp ? packet.destination_port : packet.source_port);
  if (!port || (tcp && !answers_over_tcp(packet))) return drop(SP_DROP_NO_RULE);
  Attempt answered = unmatched;
  answered.direction = opposite(unmatched.direction);
  answered.port = *port;
  const auto decision = judge(program, answered);
  if (!decision) return drop(SP_DROP_NO_RULE);
  if (tcp) return decided(*decision, SP_PASS_REPLY);
  return drop(decision->action == Action::allow ? SP_DROP_NO_FLOW : SP_DROP_NO_RULE);
}

// --- ICMP errors ----------------------------------------------------------------------------

bool same_zones(const Program& program, const Address& a, const Address& b, std::uint16_t vlan) {
  return std::ranges::all_of(program.zones, [&](const Zone& zone) {
    return holds(zone, a, vlan) == holds(zone, b, vlan);
  });
}

/// The packets that the quoted one may be: an answer in a flow of the error's own direction, or
/// part of a flow in the other one. Empty if the error does not go to its sender.
std::vector<Attempt> quoted_attempts(const Program& program, const Packet& packet,
                                     const Surroundings& surroundings) {
  if (!packet.quote || packet.quote->source != packet.destination) return {};
  const Quote& quote = *packet.quote;
  const Direction direction = surroundings.direction;
  const bool outward = direction == Direction::outward;
  // A router may report for a host behind it, but not for one of another zone. Inward any router on
  // the way may report.
  if (outward && !same_zones(program, quote.destination, packet.source, packet.vlan)) return {};
  const Address& remote = outward ? quote.source : quote.destination;
  const BoundNames names = names_bound_to(program, remote, surroundings.bindings);
  const Attempt attempt{.direction = direction,
                        .local = outward ? packet.source : quote.source,
                        .vlan = packet.vlan,
                        .remote = remote,
                        .protocol = quote.protocol,
                        .port = 0,
                        .names = names,
                        .surroundings = surroundings};
  std::vector<Attempt> attempts;
  if (const auto port = answered_port(quote.protocol, quote.source_port)) {
    attempts.push_back(attempt);
    attempts.back().port = *port;
  }
  attempts.push_back(attempt);
  attempts.back().direction = opposite(direction);
  attempts.back().port = has_ports(quote.protocol) ? quote.destination_port : quote.source_port;
  return attempts;
}

Outcome judge_icmp_error(const Program& program, const Packet& packet,
                         const Surroundings& surroundings) {
  for (const Attempt& attempt : quoted_attempts(program, packet, surroundings)) {
    if (const auto decision = judge(program, attempt)) {
      return decided(*decision, SP_PASS_ICMP_ERROR);
    }
  }
  return drop(SP_DROP_ICMP_ERROR);
}

// --- Later fragments ------------------------------------------------------------------------

bool names_protocol(const Rule& rule, std::uint8_t protocol) {
  if (rule.every_service) return true;
  return std::ranges::any_of(rule.services,
                             [&](const Service& service) { return service.protocol == protocol; });
}

/// True if the services of `protocol` together hold every port from 0 to its last.
bool holds_every_port(std::vector<Service> services, std::uint8_t protocol) {
  std::ranges::sort(services);
  std::uint32_t next = 0;  // the first port not held yet
  for (const Service& service : services) {
    if (service.first > next) return false;
    next = std::max(next, service.last + std::uint32_t{1});
  }
  return next > last_port(protocol);
}

/// The guard is left out: a port counts as held where it alone would close it.
std::vector<Service> allowed_services(const Program& program, const Attempt& attempt) {
  std::vector<Service> services;
  for (const Rule& rule : program.rules) {
    if (rule.action != Action::allow || !names_protocol(rule, attempt.protocol)) continue;
    if (!in_force(rule, attempt.surroundings.day)) continue;
    if (!stands_for(program, rule, attempt)) continue;
    if (!allow_covers(program, rule, attempt.remote, attempt.names, attempt.surroundings.aliases,
                      nullptr)) {
      continue;
    }
    for (const Service& service : rule.services) {
      if (service.protocol == attempt.protocol) services.push_back(service);
    }
  }
  return services;
}

Outcome judge_later_fragment(const Program& program, const Attempt& attempt) {
  const auto matches = [&](const Rule& rule) { return names_protocol(rule, attempt.protocol); };
  if (const auto deny = first_deny(program, attempt, matches)) {
    return decided(*deny, SP_DROP_DENIED);
  }
  const auto services = allowed_services(program, attempt);
  if (!holds_every_port(services, attempt.protocol)) return drop(SP_DROP_LATER_FRAGMENT);
  const auto allow = first_allow(program, attempt, matches);
  return decided(*allow, SP_PASS_RULE);
}

}  // namespace

bool covers(const Program& program, const Rule& rule, const Address& remote,
            const Surroundings& surroundings, std::optional<ViewedName>* through) {
  if (through != nullptr) through->reset();
  if (!in_force(rule, surroundings.day)) return false;
  if (rule.action == Action::deny) return deny_covers(rule, remote);
  return allow_covers(program, rule, remote, names_bound_to(program, remote, surroundings.bindings),
                      surroundings.aliases, through);
}

Outcome evaluate(const Program& program, const Packet& packet, const Surroundings& surroundings) {
  const bool outward = surroundings.direction == Direction::outward;
  if (packet.arp) return pass(SP_PASS_ARP);
  if (const auto plumbing = plumbing_of(packet, surroundings)) return pass(*plumbing);
  if (is_impossible(packet.source)) return drop(SP_DROP_BAD_SOURCE);
  if (outward) {
    if (surroundings.own.contains(packet.destination)) return pass(SP_PASS_OWN);
  } else {
    if (is_impossible(packet.destination)) return drop(SP_DROP_BAD_DESTINATION);
    // Nobody of a zone sends from the other side.
    if (in_any_zone(program, packet.source)) return drop(SP_DROP_BAD_SOURCE);
  }
  const Address& remote = outward ? packet.destination : packet.source;
  const Attempt attempt{.direction = surroundings.direction,
                        .local = outward ? packet.source : packet.destination,
                        .vlan = packet.vlan,
                        .remote = remote,
                        .protocol = packet.protocol,
                        .port = packet.destination_port,
                        .names = names_bound_to(program, remote, surroundings.bindings),
                        .surroundings = surroundings};
  if (packet.fragment == FragmentClass::later) return judge_later_fragment(program, attempt);
  if (const auto decision = judge(program, attempt)) return decided(*decision, SP_PASS_RULE);
  if (is_icmp_error(packet)) return judge_icmp_error(program, packet, surroundings);
  return judge_reply(program, packet, attempt);
}

Outcome evaluate_frame(const Program& program, std::span<const std::uint8_t> frame,
                       const Surroundings& surroundings) {
  const auto packet = read_frame(frame);
  if (!packet) return drop(packet.error());
  return evaluate(program, *packet, surroundings);
}

}  // namespace sallyport
