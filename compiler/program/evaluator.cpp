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
using BoundNames = std::vector<const HostName*>;

BoundNames names_bound_to(const Address& address, const Bindings& bindings) {
  BoundNames names;
  for (const auto& [name, addresses] : bindings) {
    if (addresses.contains(address)) names.push_back(&name);
  }
  return names;
}

/// What a rule is asked about: an outward packet, or the one that an ICMP error stands for.
struct Attempt {
  Address local;
  Address remote;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  BoundNames names;        // bound to the remote; looked up once, not for each rule
};

/// The rule that decided, and the name through which an allow covers the remote.
struct Decision {
  std::uint32_t rule = 0;
  Action action = Action::allow;
  std::optional<HostName> through;
};

Outcome decided(const Decision& decision, SpReason pass_reason) {
  const bool allowed = decision.action == Action::allow;
  return {.verdict = allowed ? Verdict::pass : Verdict::drop,
          .reason = allowed ? pass_reason : SP_DROP_DENIED,
          .rule = decision.rule,
          .through = decision.through};
}

// --- Plumbing and impossible sources --------------------------------------------------------

bool is_neighbour_discovery(const Packet& packet) {
  static const AddressRange link_multicast = range_of("ff02::/16");
  static const AddressRange link_local = range_of("fe80::/10");
  const bool on_link =
      link_multicast.contains(packet.destination) || link_local.contains(packet.destination);
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

bool is_dhcp_request(const Packet& packet, const std::set<Address>& own) {
  static const AddressRange broadcast = range_of("255.255.255.255");
  static const AddressRange link_multicast = range_of("ff02::/16");
  if (packet.protocol != protocol_udp) return false;
  const bool v4 = packet.destination.family == Family::v4;
  const std::uint16_t client = v4 ? 68 : 546, server = v4 ? 67 : 547;
  const AddressRange& everyone = v4 ? broadcast : link_multicast;
  return packet.source_port == client && packet.destination_port == server &&
         (everyone.contains(packet.destination) || own.contains(packet.destination));
}

std::optional<SpReason> plumbing_of(const Packet& packet, const std::set<Address>& own) {
  if (packet.fragment != FragmentClass::whole) return std::nullopt;
  if (is_neighbour_discovery(packet)) return SP_PASS_ND;
  if (is_listener_discovery(packet)) return SP_PASS_MLD;
  if (is_dhcp_request(packet, own)) return SP_PASS_DHCP;
  return std::nullopt;
}

bool is_impossible_source(const Address& source) {
  static const AddressRange impossible[] = {range_of("0.0.0.0/8"),   range_of("127.0.0.0/8"),
                                            range_of("224.0.0.0/4"), range_of("255.255.255.255"),
                                            range_of("::"),          range_of("::1"),
                                            range_of("ff00::/8"),    range_of("::ffff:0:0/96")};
  return std::ranges::any_of(impossible,
                             [&](const AddressRange& range) { return range.contains(source); });
}

// --- Does one rule match? -------------------------------------------------------------------

bool in_zone(const Program& program, const Rule& rule, const Address& local) {
  return !rule.zone || contains(program.zones[*rule.zone].ranges, local);
}

bool is_resolver(const Program& program, const Address& address) {
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers) {
      if (server.address == address) return true;
    }
  }
  return false;
}

bool may_bind(const Rule& rule, const Address& address) {
  if (special_range_of(address) != nullptr) return false;
  return rule.private_ok || !is_private(address);
}

bool lists_name(const RemoteSet& remote, const HostName& name) {
  if (std::ranges::binary_search(remote.names, name)) return true;
  return std::ranges::any_of(remote.patterns,
                             [&](const NamePattern& pattern) { return pattern.matches(name); });
}

/// The first of the remote's names through which an allow reaches it; null if none.
const HostName* name_reaching(const Rule& rule, const Address& remote, const BoundNames& names) {
  if (names.empty() || !may_bind(rule, remote)) return nullptr;
  const auto found = std::ranges::find_if(
      names, [&](const HostName* name) { return lists_name(rule.remote, *name); });
  return found == names.end() ? nullptr : *found;
}

/// Closes exactly the addresses that are written.
bool deny_covers(const Rule& rule, const Address& remote) {
  return std::ranges::any_of(rule.remote.ranges,
                             [&](const AddressRange& range) { return range.contains(remote); });
}

/// By a range, or else by a name, which is then left in `through`.
bool allow_covers(const Rule& rule, const Address& remote, const BoundNames& names,
                  std::optional<HostName>* through) {
  if (through != nullptr) through->reset();
  const bool by_range = std::ranges::any_of(
      rule.remote.ranges, [&](const AddressRange& range) { return opens(range, remote); });
  if (by_range) return true;
  const HostName* name = name_reaching(rule, remote, names);
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
    if (rule.action == Action::deny && service_matches(rule) &&
        in_zone(program, rule, attempt.local) && deny_covers(rule, attempt.remote)) {
      return Decision{.rule = index, .action = Action::deny, .through = {}};
    }
  }
  return std::nullopt;
}

/// The same for an allow.
template <class Matches>
std::optional<Decision> first_allow(const Program& program, const Attempt& attempt,
                                    Matches service_matches) {
  std::optional<HostName> through;
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    const Rule& rule = program.rules[index];
    if (rule.action == Action::allow && service_matches(rule) &&
        in_zone(program, rule, attempt.local) &&
        allow_covers(rule, attempt.remote, attempt.names, &through)) {
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

// --- ICMP errors ----------------------------------------------------------------------------

bool same_zones(const Program& program, const Address& a, const Address& b) {
  return std::ranges::all_of(program.zones, [&](const Zone& zone) {
    return contains(zone.ranges, a) == contains(zone.ranges, b);
  });
}

/// The outward packet that the quoted one answers; empty if the error is not about such a packet.
std::optional<Attempt> quoted_attempt(const Program& program, const Packet& packet,
                                      const Bindings& bindings) {
  if (!packet.quote) return std::nullopt;
  const Quote& quote = *packet.quote;
  if (quote.source != packet.destination) return std::nullopt;
  // A router may report for a host behind it, but not for one of another zone.
  if (!same_zones(program, quote.destination, packet.source)) return std::nullopt;
  Attempt attempt{.local = packet.source,
                  .remote = quote.source,
                  .protocol = quote.protocol,
                  .port = quote.source_port,
                  .names = names_bound_to(quote.source, bindings)};
  if (has_ports(quote.protocol)) return attempt;
  const bool v6 = quote.protocol == protocol_icmpv6;
  const std::uint16_t echo_reply = v6 ? 129 : 0;
  const std::uint16_t echo_request = v6 ? 128 : 8;
  if (quote.source_port != echo_reply) return std::nullopt;
  attempt.port = echo_request;
  return attempt;
}

Outcome judge_icmp_error(const Program& program, const Packet& packet, const Bindings& bindings) {
  const auto attempt = quoted_attempt(program, packet, bindings);
  if (!attempt) return drop(SP_DROP_ICMP_ERROR);
  const auto decision = judge(program, *attempt);
  if (!decision) return drop(SP_DROP_ICMP_ERROR);
  return decided(*decision, SP_PASS_ICMP_ERROR);
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
    if (!in_zone(program, rule, attempt.local)) continue;
    if (!allow_covers(rule, attempt.remote, attempt.names, nullptr)) continue;
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

bool covers(const Rule& rule, const Address& remote, const Bindings& bindings,
            std::optional<HostName>* through) {
  if (through != nullptr) through->reset();
  if (rule.action == Action::deny) return deny_covers(rule, remote);
  return allow_covers(rule, remote, names_bound_to(remote, bindings), through);
}

Outcome evaluate(const Program& program, const Packet& packet, const Surroundings& surroundings) {
  if (packet.arp) return pass(SP_PASS_ARP);
  if (const auto plumbing = plumbing_of(packet, surroundings.own)) return pass(*plumbing);
  if (is_impossible_source(packet.source)) return drop(SP_DROP_BAD_SOURCE);
  if (surroundings.own.contains(packet.destination)) return pass(SP_PASS_OWN);
  const Attempt attempt{.local = packet.source,
                        .remote = packet.destination,
                        .protocol = packet.protocol,
                        .port = packet.destination_port,
                        .names = names_bound_to(packet.destination, surroundings.bindings)};
  if (packet.fragment == FragmentClass::later) return judge_later_fragment(program, attempt);
  if (const auto decision = judge(program, attempt)) return decided(*decision, SP_PASS_RULE);
  if (is_icmp_error(packet)) return judge_icmp_error(program, packet, surroundings.bindings);
  return drop(SP_DROP_NO_RULE);
}

Outcome evaluate_frame(const Program& program, std::span<const std::uint8_t> frame,
                       const Surroundings& surroundings) {
  const auto packet = read_frame(frame);
  if (!packet) return drop(packet.error());
  return evaluate(program, *packet, surroundings);
}

}  // namespace sallyport
