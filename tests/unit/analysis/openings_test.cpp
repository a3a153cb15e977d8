// SPDX-License-Identifier: GPL-2.0-or-later
// Cells against the evaluator: random programs, bindings and packets (C6), and the cases that a
// reviewer would ask about.
#include "compiler/analysis/openings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "compiler/program/evaluator.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

HostName name(const char* text) {
  return HostName::parse(text).value();
}
NamePattern pattern(const char* text) {
  return NamePattern::parse(text).value();
}
AddressRange range(const char* text) {
  return AddressRange::parse(text).value();
}
Address address(const char* text) {
  return Address::parse(text).value();
}

Rule allow(std::vector<Service> services, RemoteSet remote) {
  Rule rule;
  rule.services = std::move(services);
  rule.remote = std::move(remote);
  return rule;
}
Rule deny(RemoteSet remote) {
  Rule rule;
  rule.action = Action::deny;
  rule.every_service = true;
  rule.remote = std::move(remote);
  return rule;
}
RemoteSet to_name(const char* text) {
  RemoteSet remote;
  remote.names = {name(text)};
  return remote;
}
RemoteSet to_pattern(const char* text) {
  RemoteSet remote;
  remote.patterns = {pattern(text)};
  return remote;
}
RemoteSet to_range(const char* text) {
  RemoteSet remote;
  remote.ranges = {range(text)};
  return remote;
}

const std::vector<Service> https{{protocol_tcp, 443, 443}};

Program program_of(std::vector<Rule> rules) {
  Program program;
  program.policy = "p";
  program.rules = std::move(rules);
  return program;
}

std::vector<Cell> newly(const Program& now, const Program& before) {
  return openings(now, &before);
}

// --- Cases ----------------------------------------------------------------------------------

TEST(Openings, an_equal_program_opens_nothing_new) {
  const Program program = program_of({allow(https, to_name("a.example.com"))});
  EXPECT_TRUE(newly(program, program).empty());
  EXPECT_EQ(openings(program).size(), 1U);
}

TEST(Openings, a_name_under_an_old_pattern_is_no_widening) {
  const Program before = program_of({allow(https, to_pattern("*.example.com"))});
  EXPECT_TRUE(newly(program_of({allow(https, to_name("a.example.com"))}), before).empty());
  EXPECT_TRUE(newly(program_of({allow(https, to_pattern("a.*.example.com"))}), before).empty());
  EXPECT_EQ(newly(program_of({allow(https, to_name("example.com"))}), before).size(), 1U);
  EXPECT_EQ(newly(program_of({allow({{protocol_udp, 443, 443}}, to_name("a.example.com"))}), before)
                .size(),
            1U);
}

TEST(Openings, a_name_against_a_prefix_is_a_widening_but_not_against_anywhere) {
  const Program now = program_of({allow(https, to_name("a.example.com"))});
  const auto cells = newly(now, program_of({allow(https, to_range("198.51.100.0/24"))}));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].names, std::vector{name("a.example.com")});
  EXPECT_FALSE(contains(cells[0].addresses, address("198.51.100.7")));
  EXPECT_TRUE(contains(cells[0].addresses, address("198.51.101.7")));

  RemoteSet anywhere;
  anywhere.ranges = {range("0.0.0.0/0"), range("::/0")};
  EXPECT_TRUE(newly(now, program_of({allow(https, anywhere)})).empty());
}

TEST(Openings, private_ok_opens_private_addresses_only) {
  Rule rule = allow(https, to_name("a.example.com"));
  const Program before = program_of({rule});
  rule.private_ok = true;
  const auto cells = newly(program_of({rule}), before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_TRUE(contains(cells[0].addresses, address("10.1.2.3")));
  EXPECT_FALSE(contains(cells[0].addresses, address("198.51.100.7")));
}

TEST(Openings, a_deny_that_is_gone_opens_what_it_closed) {
  const Rule wide = allow(https, to_range("198.51.100.0/24"));
  const Program before = program_of({wide, deny(to_range("198.51.100.66"))});
  const auto cells = newly(program_of({wide}), before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].addresses, AddressSet{range("198.51.100.66")});
  EXPECT_EQ(cells[0].lifted, std::vector<std::uint32_t>{1});
  EXPECT_TRUE(newly(before, program_of({wide})).empty());
}

TEST(Openings, a_resolver_that_moves_moves_the_guard) {
  const Rule wide = allow({{protocol_udp, 0, 65535}}, to_range("192.0.2.0/24"));
  Program before = program_of({wide});
  before.resolvers = {{"office", {{address("192.0.2.53"), 53}}}};
  Program now = before;
  now.resolvers[0].servers[0].address = address("192.0.2.54");
  const auto cells = newly(now, before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].addresses, AddressSet{range("192.0.2.54")});
  EXPECT_EQ(cells[0].services, (ServiceSet{{protocol_udp, 53, 53}}));
}

TEST(Openings, a_zone_that_grows_opens_for_the_new_addresses) {
  Program before = program_of({allow(https, to_name("a.example.com"))});
  before.zones = {{"staff", {range("10.20.0.0/24")}}};
  before.rules[0].zone = 0;
  Program now = before;
  now.zones[0].ranges = {range("10.20.0.0/23")};
  const auto cells = newly(now, before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].local, AddressSet{range("10.20.1.0/24")});
}

TEST(Openings, D7_another_vlan_is_another_cell) {
  Rule rule = allow(https, to_range("198.51.100.0/24"));
  rule.zone = 0;
  Program before = program_of({rule});
  before.zones = {{"cameras", {range("10.40.0.0/16")}, {{40, 40}}}};
  Program now = before;
  EXPECT_TRUE(newly(now, before).empty());
  now.zones[0].vlans = {{0, 0}, {39, 41}};
  const auto cells = newly(now, before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].vlans, (VlanSet{{0, 0}, {39, 39}, {41, 41}}));
  EXPECT_TRUE(newly(before, now).empty());
  now.zones[0].vlans.clear();
  EXPECT_EQ(newly(now, before).size(), 1U);
  EXPECT_TRUE(newly(before, now).empty());
}

TEST(Openings, D9_a_nat64_prefix_that_goes_opens_what_it_closed) {
  Program before = program_of({allow(https, to_range("2001:db8::/32"))});
  before.nat64 = {range("2001:db8:64::/96")};
  Program now = before;
  now.nat64.clear();
  const auto cells = newly(now, before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].addresses, AddressSet{range("2001:db8:64::/96")});
  EXPECT_TRUE(newly(before, now).empty());

  Program named = before;
  named.rules = {allow(https, to_name("a.example.com"))};
  now.rules = named.rules;
  EXPECT_EQ(newly(now, named).size(), 1U) << "names may have these addresses now";
  EXPECT_TRUE(newly(named, now).empty());
}

TEST(Openings, a_special_range_opens_only_where_it_is_written) {
  const Program before = program_of({allow(https, to_range("169.0.0.0/8"))});
  const auto cells = newly(program_of({allow(https, to_range("169.254.169.254"))}), before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].addresses, AddressSet{range("169.254.169.254")});
  EXPECT_TRUE(newly(program_of({allow(https, to_range("169.1.0.0/16"))}), before).empty());
}

TEST(Openings, another_direction_view_or_day_is_another_cell) {
  const Rule rule = allow(https, to_name("a.example.com"));
  const Program before = program_of({rule});
  Rule inward = rule;
  inward.direction = Direction::inward;
  EXPECT_EQ(newly(program_of({inward}), before).size(), 1U);
  Rule view = rule;
  view.via = "vpn";
  EXPECT_EQ(newly(program_of({view}), before).size(), 1U);

  Rule dated = rule;
  dated.validity.until = parse_day("2026-01-01");
  EXPECT_TRUE(newly(program_of({dated}), before).empty());
  const auto cells = newly(before, program_of({dated}));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].days.front().first, (*parse_day("2026-01-01")).time_since_epoch().count());
}

TEST(Openings, an_inward_rule_covers_no_address_of_a_zone) {
  Program before = program_of({allow(https, to_range("198.51.100.0/24"))});
  before.rules[0].direction = Direction::inward;
  before.zones = {{"dmz", {range("198.51.100.128/25")}}};
  Program now = before;
  now.zones = {{"dmz", {range("192.0.2.0/24")}}};
  const auto cells = newly(now, before);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].addresses, AddressSet{range("198.51.100.128/25")});
}

TEST(Openings, rules_together_may_hold_what_no_one_of_them_does) {
  const Program before =
      program_of({allow(https, to_name("example.com")), allow(https, to_pattern("*.example.com"))});
  EXPECT_TRUE(newly(program_of({allow(https, to_pattern(".example.com"))}), before).empty());
  const Program halves = program_of(
      {allow(https, to_range("198.51.100.0/25")), allow(https, to_range("198.51.100.128/25"))});
  EXPECT_TRUE(newly(program_of({allow(https, to_range("198.51.100.0/24"))}), halves).empty());
}

TEST(Openings, a_never_that_is_gone_is_told) {
  Program before = program_of({});
  before.nevers = {{.name = name("lb.example.com"), .pattern = {}, .reason = "", .place = {}},
                   {.name = {}, .pattern = pattern("*.a.example.com"), .reason = "", .place = {}}};
  Program now = program_of({});
  now.nevers = {{.name = {}, .pattern = pattern("*.example.com"), .reason = "", .place = {}}};
  EXPECT_TRUE(nevers_lifted(now, before).empty());
  EXPECT_EQ(nevers_lifted(before, now).size(), 1U);
}

// --- Against the evaluator ------------------------------------------------------------------

std::uint64_t count_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// A changed copy, so that the two have much in common.
Program changed(Program program, std::mt19937_64& random) {
  const Program other = random_program(random);
  for (std::uint64_t times = 1 + random() % 3; times > 0; --times) {
    switch (random() % 6) {
      case 0:
        if (!program.rules.empty())
          program.rules.erase(program.rules.begin() +
                              static_cast<std::ptrdiff_t>(random() % program.rules.size()));
        break;
      case 1:
        program.resolvers = other.resolvers;
        break;
      case 2:
        for (std::size_t i = 0; i < std::min(program.zones.size(), other.zones.size()); ++i)
          program.zones[i].ranges = other.zones[i].ranges;
        break;
      case 3:
        if (!program.rules.empty()) {
          Rule& rule = program.rules[random() % program.rules.size()];
          if (rule.action == Action::allow) rule.private_ok = !rule.private_ok;
        }
        break;
      default:
        if (!other.rules.empty()) {
          Rule rule = other.rules[random() % other.rules.size()];
          if (program.zones.empty()) rule.zone.reset();
          if (rule.zone) rule.zone = *rule.zone % program.zones.size();
          program.rules.push_back(std::move(rule));
        }
    }
  }
  return program;
}

/// The first packet of a flow that begins in this direction.
struct Flow {
  Direction direction = Direction::outward;
  Address local, remote;
  Service service;

  Packet packet() const {
    const bool outward = direction == Direction::outward;
    Packet packet;
    packet.source = outward ? local : remote;
    packet.destination = outward ? remote : local;
    packet.protocol = service.protocol;
    packet.destination_port = service.first;
    packet.source_port = 40000;
    packet.hop_limit = 64;
    return packet;
  }
  std::string text() const {
    return std::string(direction == Direction::outward ? "from " : "to ") + local.text() + " and " +
           remote.text() + " on " + service.text();
  }
};

bool lists(const Cell& cell, const Program& program, const ViewedName& viewed,
           const Aliases& aliases) {
  const std::string& via = program.rules[cell.rule].via;
  if (viewed.via != via) return false;
  const HostName& host = viewed.name;
  const auto derives = [&](const DerivedName& derived) {
    const auto label = derived_label(program.derivations[derived.derivation], via, aliases);
    return label && derived_name(derived, *label) == host;
  };
  return std::ranges::binary_search(cell.names, host) ||
         std::ranges::any_of(cell.patterns,
                             [&](const NamePattern& each) { return each.matches(host); }) ||
         std::ranges::any_of(cell.derived, derives);
}

bool inside(const Cell& cell, const Program& program, const Flow& flow,
            const Surroundings& surroundings) {
  if (program.rules[cell.rule].direction != flow.direction) return false;
  if (!contains(cell.local, flow.local) || !contains(cell.addresses, flow.remote)) return false;
  if (!contains(cell.services, flow.service.protocol, flow.service.first)) return false;
  const auto day = static_cast<std::int32_t>(surroundings.day.time_since_epoch().count());
  const bool open = std::ranges::any_of(
      cell.days, [&](const DayRange& range) { return range.first <= day && day <= range.last; });
  if (!open) return false;
  if (!cell.about_names()) return true;
  bool listed = false;
  for (const auto& [viewed, addresses] : surroundings.bindings) {
    if (!addresses.contains(flow.remote)) continue;
    if (is_never(program, viewed.name)) return false;
    listed = listed || lists(cell, program, viewed, surroundings.aliases);
  }
  return listed;
}

/// A few addresses of a set: its ends.
std::vector<Address> samples(const AddressSet& set, std::mt19937_64& random) {
  std::vector<Address> found;
  for (int i = 0; i < 3 && !set.empty(); ++i) {
    const AddressRange& one = set[random() % set.size()];
    found.push_back(random() % 2 == 0 ? one.first : one.last);
  }
  return found;
}

bool passes(const Program& program, const Flow& flow, Surroundings surroundings) {
  surroundings.direction = flow.direction;
  return evaluate(program, flow.packet(), surroundings).verdict == Verdict::pass;
}

Surroundings random_surroundings(std::mt19937_64& random) {
  Surroundings surroundings;
  surroundings.bindings = random_bindings(random);
  surroundings.day = random_day(random);
  surroundings.aliases = random_aliases(random);
  return surroundings;
}

/// Half of the rules of every other program are inward. VLANs have a case of their own: the flows
/// drawn here are untagged.
Program random_program_of_both_directions(std::mt19937_64& random) {
  Program program = random_program(random);
  for (Zone& zone : program.zones) zone.vlans.clear();
  if (random() % 2 == 0) return program;
  for (Rule& rule : program.rules) {
    if (random() % 2 == 0) rule.direction = Direction::inward;
  }
  return program;
}

/// A day of the cell, at an end of its window if it has one.
Day day_of(const Cell& cell) {
  const DayRange& range = cell.days.front();
  const std::int32_t number = range.first != first_day ? range.first
                              : range.last != last_day ? range.last
                                                       : 0;
  return Day(std::chrono::days(number));
}

void expect_witnesses(const Program& now, const Program& before, const Cell& cell,
                      std::mt19937_64& random) {
  const Rule& rule = now.rules[cell.rule];
  const auto locals = samples(cell.local, random);
  for (const Address& remote : samples(cell.addresses, random)) {
    std::vector<Bindings> bindings;
    for (const HostName& host : cell.names) {
      // Rules do not name what is forbidden; random ones do.
      if (!is_never(now, host)) bindings.push_back({{ViewedName{host, rule.via}, {remote}}});
    }
    if (!cell.example.empty()) {
      const auto host = HostName::parse(cell.example);
      ASSERT_TRUE(host) << cell.example;
      ASSERT_TRUE(cell.patterns.front().matches(*host));
    }
    if (!cell.about_names()) bindings.emplace_back();
    for (const Bindings& each : bindings) {
      for (const Address& local : locals) {
        const Flow flow{rule.direction, local, remote,
                        cell.services[random() % cell.services.size()]};
        Surroundings surroundings;
        surroundings.bindings = each;
        surroundings.day = day_of(cell);
        ASSERT_TRUE(passes(now, flow, surroundings) && !passes(before, flow, surroundings))
            << rule_text(rule, now.derivations) << '\n'
            << flow.text();
      }
    }
  }
}

/// Flows at and beside the edges of everything in a program.
class Flows {
 public:
  Flows(const Program& program, const Bindings& bindings)
      : locals_(local_boundaries(program)),
        remotes_(remote_boundaries(program, bindings)),
        services_(service_boundaries(program)) {
    remotes_.insert(remotes_.end(), locals_.begin(), locals_.end());
  }
  Flow draw(std::mt19937_64& random) const {
    return {random() % 2 == 0 ? Direction::outward : Direction::inward,
            locals_[random() % locals_.size()], remotes_[random() % remotes_.size()],
            services_[random() % services_.size()]};
  }

 private:
  std::vector<Address> locals_, remotes_;
  std::vector<Service> services_;
};

TEST(Openings, C6_every_flow_that_only_the_new_program_passes_is_in_a_cell_and_every_cell_has_one) {
  const std::uint64_t seed = count_from("SALLYPORT_SEED", 4);
  const std::uint64_t rounds = count_from("SALLYPORT_PACKETS", 100'000) / 400;
  RecordProperty("seed", std::to_string(seed));
  std::uint64_t newly_passed = 0, newly_passed_inward = 0, cells_seen = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed) + ", round " + std::to_string(round));
    std::mt19937_64 random(seed * 1'000'003 + round);
    const Program before = random_program_of_both_directions(random);
    const Program now =
        round % 4 == 0 ? random_program_of_both_directions(random) : changed(before, random);
    const Surroundings surroundings = random_surroundings(random);
    const bool nevers = !nevers_lifted(now, before).empty();
    const auto cells = openings(now, &before);
    cells_seen += cells.size();

    Program both = now;  // its boundaries are those of the two
    both.zones.insert(both.zones.end(), before.zones.begin(), before.zones.end());
    both.rules.insert(both.rules.end(), before.rules.begin(), before.rules.end());
    both.resolvers.insert(both.resolvers.end(), before.resolvers.begin(), before.resolvers.end());
    const Flows flows(both, surroundings.bindings);
    for (int i = 0; i < 400; ++i) {
      const Flow flow = flows.draw(random);
      if (!passes(now, flow, surroundings) || passes(before, flow, surroundings)) continue;
      ++(flow.direction == Direction::outward ? newly_passed : newly_passed_inward);
      const bool found = std::ranges::any_of(
          cells, [&](const Cell& cell) { return inside(cell, now, flow, surroundings); });
      ASSERT_TRUE(found || nevers) << flow.text();
    }
    for (const Cell& cell : cells) {
      ASSERT_NO_FATAL_FAILURE(expect_witnesses(now, before, cell, random));
    }
  }
  EXPECT_GT(newly_passed, rounds / 8);
  EXPECT_GT(newly_passed_inward, rounds / 16);
  EXPECT_GT(cells_seen, rounds);
}

/// Everything that passes by a rule is in a cell of a program compared with nothing.
TEST(Openings, the_cells_of_a_program_are_what_it_passes) {
  const std::uint64_t seed = count_from("SALLYPORT_SEED", 4);
  for (std::uint64_t round = 0; round < 100; ++round) {
    SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed) + ", round " + std::to_string(round));
    std::mt19937_64 random(seed * 7919 + round);
    const Program program = random_program_of_both_directions(random);
    Surroundings surroundings = random_surroundings(random);
    const auto cells = openings(program);
    const Flows flows(program, surroundings.bindings);
    for (int i = 0; i < 300; ++i) {
      const Flow flow = flows.draw(random);
      surroundings.direction = flow.direction;
      const bool by_rule = evaluate(program, flow.packet(), surroundings).reason == SP_PASS_RULE;
      const bool found = std::ranges::any_of(
          cells, [&](const Cell& cell) { return inside(cell, program, flow, surroundings); });
      ASSERT_EQ(by_rule, found) << flow.text();
    }
  }
}

}  // namespace
}  // namespace sallyport
