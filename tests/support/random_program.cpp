// SPDX-License-Identifier: GPL-2.0-or-later
// The small world that random_program() draws from, and the boundaries of what was drawn.
#include "tests/support/random_program.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

constexpr std::string_view world_names[] = {
    "example.com",          "a.example.com",     "b.example.com",         "x.a.example.com",
    "deep.x.a.example.com", "example.net",       "g1.example.net",        "g2-eu.example.net",
    "cdn.example.net",      "relay.example.org", "api.relay.example.org", "evilexample.com",
};

/// In order; what they lead to makes names of the world.
constexpr std::string_view world_aliases[] = {"relay1.example.org", "relay2.example.org"};
constexpr std::string_view world_targets[] = {"ns-1.example.com", "NS-eu-2.example.com",
                                              "eu1.example.com", "a.privatelink.servicebus.test"};

constexpr std::string_view world_patterns[] = {
    "*.example.com",  "?.example.com", ".example.com", "x.*.example.com",  "*.*.example.com",
    "g*.example.net", ".example.net",  "*.org",        "*-eu.example.net", "?.relay.example.org",
};

/// Wide, special, or special inside.
constexpr std::string_view wide_ranges[] = {
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "::/1",
    "2000::/3",
    "169.254.0.0/16",
    "169.254.169.254",
    "168.0.0.0/7",
    "127.0.0.0/8",
    "127.0.0.1",
    "8.8.8.0/24",
    "8.8.8.8",
    "1.1.1.1",
    "224.0.0.0/3",
    "224.0.0.0/4",
    "255.255.255.255",
    "100.64.0.0/10",
    "192.88.99.0/24",
    "64:ff9b::/96",
    "64:ff9b::1",
    "fe80::/10",
    "fc00::/6",
    "2001::/16",
    "2002::/15",
    "::ffff:0:0/96",
    "2001:4860:4860::/48",
    "fd00:ec2::254",
    "10.0.0.0/8",
    "168.63.129.0/24",
};

constexpr std::string_view special_addresses[] = {
    "127.0.0.1", "169.254.169.254", "8.8.8.8", "224.0.0.1",  "0.0.0.0", "168.63.129.16",
    "::1",       "fe80::1",         "ff02::1", "64:ff9b::1", "2002::1", "2001:4860:4860::8888",
};

constexpr std::string_view private_addresses[] = {"10.9.9.1", "192.168.7.7", "100.64.0.9",
                                                  "fd12::7"};

class Dice {
 public:
  explicit Dice(std::mt19937_64& random) : random_(random) {}

  /// 0 to `end` - 1. Not std::uniform_int_distribution: its results differ between libraries.
  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }
  bool one_in(std::uint32_t times) { return below(times) == 0; }
  template <class Choices>
  auto pick(const Choices& choices) {
    return std::data(choices)[below(std::size(choices))];
  }

 private:
  std::mt19937_64& random_;
};

template <class T>
void sort_unique(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Address address(std::string_view text) {
  return Address::parse(text).value();
}

/// One of 32 neighbours, of either family.
Address near(Dice& dice, std::string_view v4, std::string_view v6) {
  Address base = address(dice.one_in(3) ? v6 : v4);
  base.number += dice.below(32);
  return base;
}

Address near_remote(Dice& dice) {
  return near(dice, "198.51.100.0", "2001:db8:100::");
}

Address near_local(Dice& dice) {
  return near(dice, "10.20.0.0", "2001:db8:20::");
}

/// A single address, an aligned prefix or an odd range around one address of the small world.
AddressRange range_from(Dice& dice, const Address& start) {
  switch (dice.below(3)) {
    case 0:
      return AddressRange::single(start);
    case 1:
      return AddressRange::prefix(start, width_of(start.family) - dice.below(6));
    default:
      return {start, {start.family, start.number + dice.below(12)}};
  }
}

AddressRange remote_range(Dice& dice) {
  if (dice.one_in(4)) return AddressRange::parse(dice.pick(wide_ranges)).value();
  return range_from(dice, near_remote(dice));
}

Service port_service(Dice& dice) {
  constexpr std::uint16_t ports[] = {0, 22, 52, 53, 54, 80, 443, 444, 852, 853, 854, 8443, 65535};
  const std::uint8_t protocol = dice.one_in(2) ? protocol_tcp : protocol_udp;
  if (dice.one_in(8)) return {protocol, 0, 65535};
  const std::uint16_t first = dice.pick(ports);
  if (!dice.one_in(3)) return {protocol, first, first};
  const std::uint16_t last = dice.pick(ports);
  return {protocol, std::min(first, last), std::max(first, last)};
}

Service icmp_service(Dice& dice) {
  constexpr std::uint16_t types[] = {0, 1, 2, 3, 8, 11, 128, 129, 134, 255};
  const std::uint8_t protocol = dice.one_in(2) ? protocol_icmp : protocol_icmpv6;
  if (dice.one_in(4)) return {protocol, 0, 255};
  const std::uint16_t type = dice.pick(types);
  return {protocol, type, type};
}

Service other_service(Dice& dice) {
  constexpr std::uint8_t protocols[] = {4, 41, 47, 50, 59, 97, 115, 132, 200};
  return {dice.pick(protocols), 0, 0};
}

std::vector<Service> services(Dice& dice) {
  if (dice.one_in(6)) return any_service();
  std::vector<Service> drawn;
  for (std::uint32_t count = 1 + dice.below(3); count > 0; --count) {
    switch (dice.below(6)) {
      case 0:
        drawn.push_back(icmp_service(dice));
        break;
      case 1:
        drawn.push_back(other_service(dice));
        break;
      default:
        drawn.push_back(port_service(dice));
    }
  }
  return drawn;
}

RemoteSet remote_set(Dice& dice, Action action) {
  RemoteSet remote;
  for (std::uint32_t count = dice.below(4); count > 0; --count) {
    remote.ranges.push_back(remote_range(dice));
  }
  sort_unique(remote.ranges);
  if (action == Action::deny) return remote;
  for (std::uint32_t count = dice.below(3); count > 0; --count) {
    remote.names.push_back(HostName::parse(dice.pick(world_names)).value());
  }
  if (dice.one_in(3)) {
    remote.patterns.push_back(NamePattern::parse(dice.pick(world_patterns)).value());
  }
  if (dice.one_in(4)) {
    constexpr std::string_view globs[] = {"", "", "*-v*", "eu*"};
    constexpr std::string_view tails[] = {".example.net", "-eu.example.net"};
    remote.derived.push_back({dice.below(std::size(world_aliases)), "g",
                              std::string(dice.pick(tails)), std::string(dice.pick(globs))});
  }
  sort_unique(remote.names);
  return remote;
}

/// One of the days around those that windows are drawn from.
Day random_day(Dice& dice) {
  return Day(std::chrono::year{2024} / 3 / 1) + std::chrono::days(dice.below(6));
}

Validity random_validity(Dice& dice) {
  Validity validity;
  const Day day = random_day(dice);
  if (!dice.one_in(3)) validity.from = day;
  if (!validity.from || dice.one_in(2)) validity.until = day + std::chrono::days(1 + dice.below(4));
  return validity;
}

Rule random_rule(Dice& dice, std::size_t zones, const std::vector<Resolver>& resolvers,
                 std::uint32_t line) {
  Rule rule;
  rule.action = dice.one_in(4) ? Action::deny : Action::allow;
  if (zones > 0 && !dice.one_in(4)) rule.zone = dice.below(zones);
  rule.every_service = rule.action == Action::deny && dice.one_in(3);
  if (!rule.every_service) rule.services = services(dice);
  rule.remote = remote_set(dice, rule.action);
  rule.private_ok = rule.action == Action::allow && dice.one_in(5);
  if (dice.one_in(6)) rule.validity = random_validity(dice);
  if (rule.action == Action::allow) {
    rule.absent_ok = dice.one_in(5);
    const RemoteSet& remote = rule.remote;
    const bool named = !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
    if (named && !resolvers.empty() && dice.one_in(4)) rule.via = dice.pick(resolvers).name;
  }
  rule.log = dice.one_in(4);
  rule.origin.rule = {"random.sally", line, 3};
  if (dice.one_in(2)) {
    rule.origin.vendor = "vendor" + std::to_string(dice.below(3));
    rule.origin.part = "core";
    rule.origin.use = {"policy.sally", line, 1};
  }
  return rule;
}

std::vector<VlanRange> random_vlans(Dice& dice) {
  constexpr std::uint16_t ids[] = {0, 1, 2, 40, 41, 50, 4093, 4094};
  std::vector<VlanRange> drawn;
  for (const std::uint16_t id : ids) {
    if (!dice.one_in(3)) continue;
    if (!drawn.empty() && (drawn.back().last + 1 >= id || dice.one_in(3))) {
      drawn.back().last = id;
    } else {
      drawn.push_back({id, id});
    }
  }
  return drawn;
}

/// Mostly of the length that a translator has; else one that cuts the small world.
AddressRange random_nat64(Dice& dice) {
  Address start = near_remote(dice);
  while (start.family == Family::v4) start = near_remote(dice);
  return AddressRange::prefix(start, dice.one_in(2) ? 96 : 128 - dice.below(5));
}

Zone random_zone(Dice& dice, std::size_t index) {
  Zone zone{.name = "zone" + std::to_string(index), .ranges = {}};
  for (std::uint32_t count = dice.below(4); count > 0; --count) {
    zone.ranges.push_back(dice.one_in(12) ? AddressRange::whole(Family::v4)
                                          : range_from(dice, near_local(dice)));
  }
  zone.ranges = canonical(zone.ranges);
  if (dice.one_in(4)) zone.vlans = random_vlans(dice);
  return zone;
}

Resolver random_resolver(Dice& dice, std::size_t index) {
  Resolver resolver{.name = "resolver" + std::to_string(index), .servers = {}};
  for (std::uint32_t count = 1 + dice.below(2); count > 0; --count) {
    const std::uint16_t port = dice.one_in(4) ? 5353 : 53;
    resolver.servers.push_back({near_remote(dice), port});
  }
  return resolver;
}

/// Sorted addresses with the ones just below and above.
class Neighbourhood {
 public:
  void add(const Address& address) {
    found_.insert(address);
    if (address.number > 0) found_.insert({address.family, address.number - 1});
    if (address.number < last_number(address.family)) {
      found_.insert({address.family, address.number + 1});
    }
  }
  void add(const AddressRange& range) {
    add(range.first);
    add(range.last);
  }
  std::vector<Address> sorted() const { return {found_.begin(), found_.end()}; }

 private:
  std::set<Address> found_;
};

void add_ports(std::set<Service>& found, std::uint8_t protocol, std::uint16_t port) {
  const std::uint16_t last = last_port(protocol);
  const auto insert = [&](std::uint16_t at) { found.insert({protocol, at, at}); };
  insert(port);
  if (port > 0) insert(static_cast<std::uint16_t>(port - 1));
  if (port < last) insert(static_cast<std::uint16_t>(port + 1));
}

}  // namespace

Program random_program(std::mt19937_64& random) {
  Dice dice(random);
  Program program{.policy = "random", .lifetimes = {}, .resolvers = {}, .zones = {}, .rules = {}};
  if (dice.one_in(2)) program.lifetimes.grace = Seconds(dice.below(600));
  for (std::size_t count = dice.below(3), i = 0; i < count; ++i) {
    program.resolvers.push_back(random_resolver(dice, i));
  }
  for (std::size_t count = dice.below(5), i = 0; i < count; ++i) {
    program.zones.push_back(random_zone(dice, i));
  }
  for (std::uint32_t count = dice.below(13), i = 0; i < count; ++i) {
    program.rules.push_back(random_rule(dice, program.zones.size(), program.resolvers, i + 1));
  }
  if (dice.one_in(3)) {
    for (std::uint32_t count = 1 + dice.below(2); count > 0; --count) {
      program.nat64.push_back(random_nat64(dice));
    }
    program.nat64 = canonical(program.nat64);
  }
  for (const std::string_view alias : world_aliases) {
    program.derivations.push_back({HostName::parse(alias).value(), {"ns-eu-", "ns-"}});
  }
  if (dice.one_in(4)) {
    program.nevers.push_back({HostName::parse(dice.pick(world_names)).value(), {}, "no", {}});
  }
  if (dice.one_in(6)) {
    program.nevers.push_back({{}, NamePattern::parse(dice.pick(world_patterns)).value(), "", {}});
  }
  return program;
}

Bindings random_bindings(std::mt19937_64& random) {
  Dice dice(random);
  Bindings bindings;
  for (const std::string_view text : world_names) {
    if (dice.one_in(4)) continue;
    const std::string via = dice.one_in(4) ? "resolver" + std::to_string(dice.below(2)) : "";
    auto& addresses = bindings[{HostName::parse(text).value(), via}];
    for (std::uint32_t count = dice.below(4); count > 0; --count) {
      switch (dice.below(8)) {
        case 0:
          addresses.insert(address(dice.pick(special_addresses)));
          break;
        case 1:
          addresses.insert(address(dice.pick(private_addresses)));
          break;
        default:
          addresses.insert(near_remote(dice));
      }
    }
  }
  return bindings;
}

Aliases random_aliases(std::mt19937_64& random) {
  Dice dice(random);
  Aliases aliases;
  const HostName link = HostName::parse("a.privatelink.servicebus.test").value();
  for (const std::string via : {"", "resolver0", "resolver1"}) {
    for (const std::string_view alias : world_aliases) {
      if (dice.one_in(4)) continue;
      aliases.emplace(ViewedName(HostName::parse(alias).value(), via),
                      HostName::parse(dice.pick(world_targets)).value());
    }
    if (dice.one_in(2))
      aliases.emplace(ViewedName(link, via), HostName::parse("2.test.example").value());
  }
  return aliases;
}

Day random_day(std::mt19937_64& random) {
  Dice dice(random);
  return random_day(dice) - std::chrono::days(1) + std::chrono::days(dice.below(4));
}

std::vector<Address> local_boundaries(const Program& program) {
  Neighbourhood edges;
  edges.add(address("10.20.0.1"));
  edges.add(address("2001:db8:20::1"));
  for (const Zone& zone : program.zones) {
    for (const AddressRange& range : zone.ranges) edges.add(range);
  }
  return edges.sorted();
}

std::vector<std::uint16_t> vlan_boundaries(const Program& program) {
  std::set<std::uint16_t> found{0, 1, last_vlan};
  for (const Zone& zone : program.zones) {
    for (const VlanRange& range : zone.vlans) {
      for (const int id : {range.first - 1, +range.first, +range.last, range.last + 1}) {
        if (id >= 0) found.insert(static_cast<std::uint16_t>(id));
      }
    }
  }
  return {found.begin(), found.end()};
}

std::vector<Address> remote_boundaries(const Program& program, const Bindings& bindings) {
  Neighbourhood edges;
  edges.add(address("198.51.100.1"));
  edges.add(address("2001:db8:100::1"));
  for (const Rule& rule : program.rules) {
    for (const AddressRange& range : rule.remote.ranges) {
      edges.add(range);
      for (const SpecialRange& special : special_ranges()) {
        if (range.overlaps(special.range)) edges.add(special.range);
      }
      for (const AddressRange& prefix : program.nat64) edges.add(prefix);
    }
  }
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers) edges.add(server.address);
  }
  for (const auto& [name, addresses] : bindings) {
    for (const Address& bound : addresses) edges.add(bound);
  }
  return edges.sorted();
}

std::vector<Service> service_boundaries(const Program& program) {
  std::set<Service> found;
  for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
    add_ports(found, protocol, 53);
    add_ports(found, protocol, 853);
  }
  add_ports(found, protocol_icmp, 8);
  add_ports(found, protocol_icmpv6, 128);
  for (const Rule& rule : program.rules) {
    for (const Service& service : rule.services) {
      add_ports(found, service.protocol, service.first);
      add_ports(found, service.protocol, service.last);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace sallyport
