// SPDX-License-Identifier: GPL-2.0-or-later
// What is called redundant or denied makes no difference to any packet, over random programs.
#include "compiler/lint/redundancy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "compiler/driver/driver.h"
#include "compiler/program/evaluator.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

constexpr std::uint64_t seeds = 200;
constexpr int packets_per_program = 400;

Program only(const Program& program, const std::vector<std::uint32_t>& rules) {
  Program kept = program;
  kept.rules.clear();
  for (const std::uint32_t rule : rules) kept.rules.push_back(program.rules[rule]);
  return kept;
}

Program without(const Program& program, const std::vector<Covered>& list) {
  std::vector<std::uint32_t> rules;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    if (std::ranges::find(list, rule, &Covered::rule) == list.end()) rules.push_back(rule);
  }
  return only(program, rules);
}

/// A rule that is like another in most ways, and narrower or broader in some.
Rule relative_of(Rule rule, const Program& program, std::mt19937_64& random) {
  const auto one_in = [&](std::uint64_t times) { return random() % times == 0; };
  if (one_in(8)) rule.direction = Direction::inward;
  if (one_in(3)) rule.zone.reset();
  if (one_in(3) && !program.zones.empty()) {
    rule.zone = static_cast<std::uint32_t>(random() % program.zones.size());
  }
  for (AddressRange& range : rule.remote.ranges) {
    const Uint128 half = (range.last.number - range.first.number) / 2;
    if (one_in(4)) range.last.number -= half;
    if (one_in(4)) range.first.number += half;
  }
  std::ranges::sort(rule.remote.ranges);
  for (Service& service : rule.services) {
    if (has_ports(service.protocol) && one_in(4)) service.last = 65535;
    if (service.first < service.last && one_in(4)) ++service.first;
  }
  if (one_in(4)) rule.private_ok = !rule.private_ok && rule.action == Action::allow;
  const bool can_deny = rule.remote.names.empty() && rule.remote.patterns.empty();
  if (can_deny && one_in(4)) {
    rule.action = Action::deny;
    rule.private_ok = false;
  }
  return rule;
}

/// A random program, whose rules overlap as seldom as those of people, and relatives of them.
Program program_of(std::mt19937_64& random) {
  Program program = random_program(random);
  const std::size_t own = program.rules.size();
  for (std::size_t i = 0; own > 0 && i < 2 * own; ++i) {
    program.rules.push_back(relative_of(program.rules[random() % own], program, random));
  }
  return program;
}

/// Packets at the edges of one program's rules.
class Dice {
 public:
  Dice(std::mt19937_64& random, const Program& program)
      : random_(random),
        surroundings_{random_bindings(random), {}},
        locals_(local_boundaries(program)),
        remotes_(remote_boundaries(program, surroundings_.bindings)),
        services_(service_boundaries(program)) {
    if (random() % 4 == 0) surroundings_.direction = Direction::inward;
  }

  Packet roll() {
    const Service& service = pick(services_);
    Packet packet;
    packet.source = pick(locals_);
    packet.destination = pick(remotes_);
    packet.protocol = service.protocol;
    packet.hop_limit = 64;
    packet.fragment = random_() % 8 == 0 ? FragmentClass::later : FragmentClass::whole;
    if (surroundings_.direction == Direction::inward) {
      std::swap(packet.source, packet.destination);
    }
    if (packet.fragment == FragmentClass::later) return packet;
    packet.source_port = has_ports(service.protocol) ? 40000 : 0;
    packet.destination_port = service.first;
    return packet;
  }
  Verdict verdict(const Program& program, const Packet& packet) const {
    return evaluate(program, packet, surroundings_).verdict;
  }

 private:
  template <class T>
  const T& pick(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }

  std::mt19937_64& random_;
  Surroundings surroundings_;
  std::vector<Address> locals_;
  std::vector<Address> remotes_;
  std::vector<Service> services_;
};

TEST(Redundancy, RulesThatMakeNoDifferenceCanAllGoAtOnce) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Program program = program_of(random);
    const std::vector<Covered> redundant = redundant_rules(program);
    found += redundant.size();
    if (redundant.empty()) continue;
    const Program rest = without(program, redundant);
    Dice dice(random, program);
    for (int i = 0; i < packets_per_program; ++i) {
      const Packet packet = dice.roll();
      ASSERT_EQ(dice.verdict(program, packet), dice.verdict(rest, packet))
          << packet.source.text() << " -> " << packet.destination.text() << " protocol "
          << int{packet.protocol} << " port " << packet.destination_port;
    }
  }
  EXPECT_GT(found, 100u) << "the programs show nothing";
}

TEST(Redundancy, CoveringRulesPassWhatTheCoveredOnePasses) {
  std::size_t passed = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Program program = program_of(random);
    for (const Covered& covered : redundant_rules(program)) {
      if (program.rules[covered.rule].action == Action::deny) continue;
      const Program inner = only(program, {covered.rule});
      const Program outer = only(program, covered.by);
      Dice dice(random, inner);
      for (int i = 0; i < 50; ++i) {
        const Packet packet = dice.roll();
        if (dice.verdict(inner, packet) == Verdict::drop) continue;
        ++passed;
        ASSERT_EQ(dice.verdict(outer, packet), Verdict::pass);
      }
    }
  }
  EXPECT_GT(passed, 500u);
}

TEST(Redundancy, AllowsOfWhichNothingIsLeftCanGo) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Program program = program_of(random);
    const std::vector<Covered> denied = denied_rules(program);
    found += denied.size();
    if (denied.empty()) continue;
    const Program rest = without(program, denied);
    Dice dice(random, program);
    for (int i = 0; i < packets_per_program; ++i) {
      const Packet packet = dice.roll();
      ASSERT_EQ(dice.verdict(program, packet), dice.verdict(rest, packet));
    }
  }
  EXPECT_GT(found, 20u) << "the programs show nothing";
}

// --- Which ones are found -------------------------------------------------------------------

Program checked(const std::string& rules) {
  const std::string text =
      "zone staff = 10.20.0.0/16\nzone all = 10.0.0.0/8\nresolver vpn = 10.0.0.53\npolicy p {\n" +
      rules + "}\n";
  auto compilation = compile("p.sally", [&](const auto&) -> Result<std::string> { return text; });
  EXPECT_TRUE(compilation && compilation->programs.size() == 1) << text;
  return compilation->programs.front();
}

std::vector<std::uint32_t> redundant_in(const std::string& rules) {
  std::vector<std::uint32_t> found;
  for (const Covered& covered : redundant_rules(checked(rules))) found.push_back(covered.rule);
  return found;
}

struct Row {
  const char* rules;
  std::vector<std::uint32_t> redundant;
};

TEST(Redundancy, IsFoundInEveryDimension) {
  using Found = std::vector<std::uint32_t>;
  const Row rows[] = {
      {"from any { allow tcp 443 to a.example.com allow tcp 443 to a.example.com }", Found{1}},
      {"from any { allow tcp 443 to a.example.com allow tcp 443 to b.example.com }", Found{}},
      {"from any { allow tcp 443 to a.example.com allow tcp 443, 80 to a.example.com }", Found{0}},
      {"from staff allow tcp 443 to a.example.com from any allow tcp 443 to a.example.com",
       Found{0}},
      {"from staff allow tcp 443 to a.example.com from all allow tcp 443 to a.example.com",
       Found{0}},
      {"from all allow tcp 443 to a.example.com from staff allow tcp 80 to a.example.com", Found{}},
      // two rules together, in addresses and in services
      {"from any { allow tcp 443 to 192.0.2.0/25 allow tcp 443 to 192.0.2.128/25 "
       "allow tcp 443 to 192.0.2.64-192.0.2.191 }",
       Found{2}},
      {"from any { allow tcp 443 to a.example.com allow udp 443 to a.example.com "
       "allow tcp+udp 443 to a.example.com }",
       Found{0, 1}},
      {"from any { allow tcp 1-100 to 192.0.2.1 allow tcp 50, 51-60 to 192.0.2.1 }", Found{1}},
      // a name is asked for only where it is written
      {"from any { allow tcp 443 to *.example.com allow tcp 443 to a.example.com }", Found{}},
      {"from any { allow tcp 443 to *.example.com allow tcp 443 to *.eu.example.com }", Found{1}},
      {"from any { allow tcp 443 to *.example.com allow tcp 443 to .example.com }", Found{0}},
      {"from any { allow tcp 443 to *.example.com allow tcp 443 to b*.a.example.com }", Found{1}},
      // private addresses only where it says so
      {"from any { allow tcp 443 to a.example.com allow tcp 443 to a.example.com private ok }",
       Found{0}},
      // the same name in two views is two names
      {"from any { allow tcp 443 to a.example.com allow tcp 443 to a.example.com via vpn }",
       Found{}},
      {"from any { allow tcp 443 to a.example.com via vpn allow tcp 443 to a.example.com via vpn }",
       Found{1}},
      // special ranges and guarded ports open only where they are written
      {"from any { allow tcp 80 to anywhere allow tcp 80 to 169.254.169.254 }", Found{}},
      {"from any { allow udp any to 192.0.2.1 allow udp 53 to 192.0.2.1 }", Found{}},
      {"from any { deny any to 192.0.2.0/24 deny tcp 443 to 192.0.2.1 }", Found{1}},
      {"from any { allow tcp 443 to anywhere deny tcp 443 to 192.0.2.1 }", Found{}},
  };
  for (const Row& row : rows) EXPECT_EQ(redundant_in(row.rules), row.redundant) << row.rules;
}

TEST(Redundancy, OfTheSameRuleManyTimesAllButTheFirstAreNamed) {
  std::string rules = "from any {\n";
  for (int i = 0; i < 2000; ++i) rules += "allow tcp 443 to anywhere\n";
  EXPECT_EQ(redundant_in(rules + "}").size(), 1999u);
}

}  // namespace
}  // namespace sallyport
