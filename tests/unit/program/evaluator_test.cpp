// SPDX-License-Identifier: GPL-2.0-or-later
// What a program means, packet by packet: rules and zones, names, special ranges, the DNS guard,
// plumbing, ICMP errors and fragments (C1, C5, C7, C8, C10, D3, D8-D11, D19, N8).
#include "compiler/program/evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/support/frame.h"
#include "tests/support/random_program.h"
#include "tests/unit/program/reason_name.h"

namespace sallyport {
namespace {

// --- Building programs ----------------------------------------------------------------------

Address address(std::string_view text) {
  return Address::parse(text).value();
}

HostName name(std::string_view text) {
  return HostName::parse(text).value();
}

/// Addresses, names and patterns as a policy writes them.
RemoteSet remote(std::initializer_list<std::string_view> words) {
  RemoteSet set;
  for (const std::string_view word : words) {
    if (const auto range = AddressRange::parse(word)) {
      set.ranges.push_back(*range);
    } else if (NamePattern::looks_like_pattern(word)) {
      set.patterns.push_back(NamePattern::parse(word).value());
    } else {
      set.names.push_back(name(word));
    }
  }
  std::ranges::sort(set.ranges);
  std::ranges::sort(set.names);
  std::ranges::sort(set.patterns);
  return set;
}

using Services = std::initializer_list<std::string_view>;
using Words = std::initializer_list<std::string_view>;

/// The service `any` is the one of an allow or of a deny.
Rule rule(Action action, Services services, Words to) {
  Rule made;
  made.action = action;
  made.remote = remote(to);
  for (const std::string_view service : services) {
    if (service != "any") {
      made.services.push_back(Service::parse(service).value());
    } else if (action == Action::allow) {
      made.services = any_service();
    } else {
      made.every_service = true;
    }
  }
  return made;
}

Rule allow(Services services, Words to) {
  return rule(Action::allow, services, to);
}

Rule deny(Services services, Words to) {
  return rule(Action::deny, services, to);
}

Rule in_zone(std::uint32_t zone, Rule made) {
  made.zone = zone;
  return made;
}

Rule private_ok(Rule made) {
  made.private_ok = true;
  return made;
}

Program program_of(std::vector<Rule> rules) {
  Program program;
  program.policy = "test";
  program.rules = std::move(rules);
  return program;
}

Program two_zones(std::vector<Rule> rules) {
  Program program = program_of(std::move(rules));
  program.zones = {
      {"staff", {*AddressRange::parse("10.20.0.0/16"), *AddressRange::parse("2001:db8:20::/48")}},
      {"lab", {*AddressRange::parse("10.20.7.0/24"), *AddressRange::parse("10.40.0.0/24")}}};
  return program;
}

// --- Asking ---------------------------------------------------------------------------------

/// `SP_PASS_RULE 0`, `SP_DROP_NO_RULE`.
std::string text_of(const Outcome& outcome) {
  const bool passes = outcome.reason <= SP_PASS_OWN;
  EXPECT_EQ(outcome.verdict == Verdict::pass, passes) << name_of(outcome.reason);
  std::string text = name_of(outcome.reason);
  if (outcome.rule) text += " " + std::to_string(*outcome.rule);
  return text;
}

std::string ask(const Program& program, const std::string& text,
                const Surroundings& surroundings = {}) {
  const auto frame = frame_of(text);
  EXPECT_TRUE(frame) << text << ": " << frame.error().text();
  if (!frame) return "no frame";
  return text_of(evaluate_frame(program, *frame, surroundings));
}

struct Row {
  const char* frame;
  const char* answer;
};

void expect_answers(const Program& program, std::initializer_list<Row> rows,
                    const Surroundings& surroundings = {}) {
  for (const Row& row : rows) {
    EXPECT_EQ(ask(program, row.frame, surroundings), row.answer) << row.frame;
  }
}

// --- Rules ----------------------------------------------------------------------------------

TEST(Evaluator, C1_AnEmptySetMatchesNothing) {
  const Program empty = program_of({});
  const Program no_remote = program_of({allow({"any"}, {}), allow({"gre"}, {})});
  const Program unbound = program_of({allow({"any"}, {"a.example.com", "*.example.com"})});
  for (const Program& program : {empty, no_remote, unbound}) {
    expect_answers(
        program,
        {
            {"ip4 10.20.1.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"},
            {"ip4 10.20.1.1 > 198.51.100.7 icmp 8", "SP_DROP_NO_RULE"},
            {"ip6 2001:db8::1 > 2001:db8:100::7 udp 1 > 443", "SP_DROP_NO_RULE"},
            {"ip4 10.20.1.1 > 198.51.100.7 frag 9 proto 17 payload 8", "SP_DROP_LATER_FRAGMENT"},
        });
  }
  // An empty deny takes nothing away.
  const Program open = program_of({deny({"any"}, {}), allow({"tcp 443"}, {"198.51.100.0/24"})});
  expect_answers(open, {{"ip4 10.20.1.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 1"}});
}

TEST(Evaluator, C1_AnEmptyZoneHoldsNobody) {
  Program program = program_of({in_zone(0, allow({"any"}, {"0.0.0.0/0"}))});
  program.zones = {{"nobody", {}}};
  expect_answers(program, {{"ip4 10.20.1.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"}});
}

TEST(Evaluator, C10_OnlyTheServiceThatIsWritten) {
  const Program program = program_of({allow({"tcp 443", "udp 3478-3480"}, {"198.51.100.7"})});
  expect_answers(program, {
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 443", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 443 > 444", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 443 > 442", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 3477", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 3478", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 3480", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 3481", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 3478", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 icmp 8", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.6 tcp 1 > 443", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.8 tcp 1 > 443", "SP_DROP_NO_RULE"},
                              // Outward: the remote address as the source opens nothing.
                              {"ip4 198.51.100.7 > 10.0.0.1 tcp 443 > 1", "SP_DROP_NO_RULE"},
                              {"ip4 198.51.100.7 > 10.0.0.1 tcp 1 > 443", "SP_DROP_NO_RULE"},
                          });
}

TEST(Evaluator, D8_OtherProtocolsOnlyByName) {
  const Program any = program_of({allow({"any"}, {"198.51.100.0/24"})});
  for (const char* protocol : {"4", "41", "47", "50", "59", "97", "115", "132", "200"}) {
    const std::string frame = std::string("ip4 10.0.0.1 > 198.51.100.7 proto ") + protocol;
    EXPECT_EQ(ask(any, frame), "SP_DROP_NO_RULE") << frame;
    const Program named = program_of({allow({protocol}, {"198.51.100.0/24"})});
    EXPECT_EQ(ask(named, frame), "SP_PASS_RULE 0") << frame;
    EXPECT_EQ(ask(named, "ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 0"), "SP_DROP_NO_RULE");
    const Program denied =
        program_of({allow({protocol}, {"198.51.100.0/24"}), deny({"any"}, {"198.51.100.7"})});
    EXPECT_EQ(ask(denied, frame), "SP_DROP_DENIED 1") << frame;
  }
  expect_answers(any, {
                          {"ip4 10.0.0.1 > 198.51.100.7 icmp 8", "SP_PASS_RULE 0"},
                          {"ip4 10.0.0.1 > 198.51.100.7 icmp 13", "SP_DROP_NO_RULE"},
                      });
}

TEST(Evaluator, FirstMatchingRuleDecidesAndDenyBeatsAllow) {
  const Program program = program_of({
      allow({"tcp 80"}, {"198.51.100.0/24"}),
      allow({"tcp 1-1000"}, {"198.51.100.0/24"}),
      deny({"tcp 22"}, {"198.51.100.0/28"}),
      deny({"any"}, {"198.51.100.6-198.51.100.9"}),
      allow({"tcp 80"}, {"198.51.100.7"}),
  });
  expect_answers(program, {
                              {"ip4 10.0.0.1 > 198.51.100.20 tcp 1 > 80", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.20 tcp 1 > 81", "SP_PASS_RULE 1"},
                              {"ip4 10.0.0.1 > 198.51.100.1 tcp 1 > 22", "SP_DROP_DENIED 2"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 22", "SP_DROP_DENIED 2"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 80", "SP_DROP_DENIED 3"},
                              {"ip4 10.0.0.1 > 198.51.100.5 tcp 1 > 80", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.9 udp 1 > 9", "SP_DROP_DENIED 3"},
                              {"ip4 10.0.0.1 > 198.51.100.10 udp 1 > 9", "SP_DROP_NO_RULE"},
                          });
}

TEST(Evaluator, ZonesUniteAndAnyRulesCoverEverybody) {
  const Program program = two_zones({
      in_zone(0, allow({"tcp 443"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      in_zone(1, allow({"tcp 22"}, {"198.51.100.0/24"})),
      allow({"udp 123"}, {"198.51.100.0/24"}),
      in_zone(1, deny({"tcp 443"}, {"198.51.100.66"})),
  });
  expect_answers(program,
                 {
                     {"ip4 10.20.1.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.20.1.1 > 198.51.100.7 tcp 1 > 22", "SP_DROP_NO_RULE"},
                     {"ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},  // in both
                     {"ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 1"},
                     {"ip4 10.40.0.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"},
                     {"ip4 10.40.0.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 1"},
                     {"ip4 10.99.0.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"},  // in none
                     {"ip4 10.99.0.1 > 198.51.100.7 udp 1 > 123", "SP_PASS_RULE 2"},
                     {"ip4 10.20.1.1 > 198.51.100.66 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.20.7.1 > 198.51.100.66 tcp 1 > 443", "SP_DROP_DENIED 3"},
                     {"ip6 2001:db8:20::1 > 2001:db8:100::7 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip6 2001:db8:21::1 > 2001:db8:100::7 tcp 1 > 443", "SP_DROP_NO_RULE"},
                 });
}

TEST(Evaluator, D7_AZoneWithVlansHoldsFramesOfTheseOnly) {
  Program program = two_zones({
      in_zone(0, allow({"tcp 443"}, {"198.51.100.0/24"})),
      in_zone(1, allow({"tcp 22"}, {"198.51.100.0/24"})),
      allow({"udp 123"}, {"198.51.100.0/24"}),
  });
  program.zones[0].vlans = {{0, 0}, {20, 29}};
  program.zones[1].vlans = {{25, 25}};
  expect_answers(
      program, {
                   {"ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                   {"ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_DROP_NO_RULE"},
                   {"vlan 19 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"},
                   {"vlan 20 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                   {"vlan 25 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},  // both
                   {"vlan 25 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 1"},
                   {"vlan 29 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                   {"vlan 30 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_NO_RULE"},
                   {"vlan 0 vlan 25 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 1"},
                   {"vlan 25 vlan 30 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 1"},
                   {"vlan 30 vlan 25 ip4 10.20.7.1 > 198.51.100.7 tcp 1 > 22", "SP_DROP_NO_RULE"},
                   {"vlan 30 ip4 10.20.7.1 > 198.51.100.7 udp 1 > 123", "SP_PASS_RULE 2"},
                   {"ip4 10.20.7.1 > 198.51.100.7 udp 1 > 123", "SP_PASS_RULE 2"},
               });
  // A source of any zone is impossible inward, whatever its tags.
  expect_answers(program,
                 {{"ip4 10.20.7.1 > 10.40.0.9 tcp 1 > 22", "SP_DROP_BAD_SOURCE"},
                  {"vlan 4000 ip4 10.40.0.1 > 10.40.0.9 tcp 1 > 22", "SP_DROP_BAD_SOURCE"}},
                 {.bindings = {}, .own = {}, .direction = Direction::inward});
}

TEST(Evaluator, C5_NestedPrefixesUnite) {
  const Program program = program_of({
      allow({"tcp 80"}, {"198.51.0.0/16"}),
      allow({"tcp 443"}, {"198.51.100.0/24"}),
      allow({"tcp 22"}, {"198.51.100.7"}),
      allow({"udp 9"}, {"198.51.100.4-198.51.101.7"}),
  });
  expect_answers(program, {
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 80", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 443", "SP_PASS_RULE 1"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 22", "SP_PASS_RULE 2"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 9", "SP_PASS_RULE 3"},
                              {"ip4 10.0.0.1 > 198.51.101.7 tcp 1 > 443", "SP_DROP_NO_RULE"},
                          });
}

TEST(Evaluator, C5_AnotherAllowNeverRemovesAPermission) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    const Program before = random_program(random);
    Program after = before;
    Program other = random_program(random);
    for (Rule& added : other.rules) {
      if (added.action == Action::deny) continue;
      added.zone.reset();
      after.rules.insert(
          after.rules.begin() + static_cast<std::ptrdiff_t>(random() % (after.rules.size() + 1)),
          added);
    }
    const Surroundings surroundings{random_bindings(random), {}};
    const auto locals = local_boundaries(before);
    const auto remotes = remote_boundaries(before, surroundings.bindings);
    const auto services = service_boundaries(before);
    for (int asked = 0; asked < 500; ++asked) {
      Packet packet;
      packet.source = locals[random() % locals.size()];
      packet.destination = remotes[random() % remotes.size()];
      if (packet.source.family != packet.destination.family) continue;
      const Service service = services[random() % services.size()];
      packet.protocol = service.protocol;
      packet.destination_port = service.first;
      packet.fragment = random() % 4 == 0 ? FragmentClass::later : FragmentClass::whole;
      if (evaluate(before, packet, surroundings).verdict == Verdict::drop) continue;
      ASSERT_EQ(evaluate(after, packet, surroundings).verdict, Verdict::pass)
          << "round " << round << ": " << packet.source.text() << " > " << packet.destination.text()
          << " " << service.text();
    }
  }
}

// --- Special ranges and names ---------------------------------------------------------------

TEST(Evaluator, C7_D9_WideDestinationsLeaveSpecialRangesOut) {
  const Program anywhere = program_of({allow({"tcp 443"}, {"0.0.0.0/0", "::/0"})});
  for (const char* closed :
       {"0.1.2.3", "127.0.0.1", "169.254.1.1", "169.254.169.254", "100.100.100.200",
        "168.63.129.16", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "192.88.99.1", "8.8.8.8", "1.1.1.1", "9.9.9.9"}) {
    EXPECT_EQ(ask(anywhere, std::string("ip4 10.0.0.1 > ") + closed + " tcp 1 > 443"),
              "SP_DROP_NO_RULE")
        << closed;
    const Program written = program_of({allow({"tcp 443"}, {closed})});
    EXPECT_EQ(ask(written, std::string("ip4 10.0.0.1 > ") + closed + " tcp 1 > 443"),
              "SP_PASS_RULE 0")
        << closed;
  }
  for (const char* closed :
       {"::2", "fe80::1", "fec0::1", "ff0e::1", "fd00:ec2::254", "::ffff:192.0.2.1", "64:ff9b::1",
        "64:ff9b:1::1", "2002::1", "2001::1", "2001:4860:4860::8888", "2606:4700:4700::1111"}) {
    EXPECT_EQ(ask(anywhere, std::string("ip6 2001:db8::1 > ") + closed + " tcp 1 > 443"),
              "SP_DROP_NO_RULE")
        << closed;
    const Program written = program_of({allow({"tcp 443"}, {closed})});
    EXPECT_EQ(ask(written, std::string("ip6 2001:db8::1 > ") + closed + " tcp 1 > 443"),
              "SP_PASS_RULE 0")
        << closed;
  }
  expect_answers(anywhere, {
                               {"ip4 10.0.0.1 > 8.8.8.7 tcp 1 > 443", "SP_PASS_RULE 0"},
                               {"ip4 10.0.0.1 > 192.168.1.1 tcp 1 > 443", "SP_PASS_RULE 0"},
                               {"ip6 2001:db8::1 > 2003::1 tcp 1 > 443", "SP_PASS_RULE 0"},
                           });
  // A deny closes exactly what is written.
  const Program closed = program_of(
      {allow({"tcp 443"}, {"127.0.0.1", "64:ff9b::1"}), deny({"any"}, {"0.0.0.0/0", "::/0"})});
  expect_answers(closed, {
                             {"ip4 10.0.0.1 > 127.0.0.1 tcp 1 > 443", "SP_DROP_DENIED 1"},
                             {"ip6 2001:db8::1 > 64:ff9b::1 tcp 1 > 443", "SP_DROP_DENIED 1"},
                         });
}

TEST(Evaluator, D9_TheOperatorsNat64OpensOnlyWhereItIsWritten) {
  Program program = program_of({
      allow({"tcp 443"}, {"::/0", "2001:db8::/32", "a.example.com"}),
      allow({"tcp 80"}, {"2001:db8:64::c633:6400/120"}),
      deny({"tcp 8443"}, {"2001:db8::/32"}),
  });
  Surroundings bound;
  bound.bindings[HostName::parse("a.example.com").value()] = {
      Address::parse("2001:db8:64::c633:6407").value()};
  const std::string from = "ip6 2001:db8:20::1 > ";
  EXPECT_EQ(ask(program, from + "2001:db8:64::c633:6407 tcp 1 > 443", bound), "SP_PASS_RULE 0");
  program.nat64 = {*AddressRange::parse("2001:db8:64::/96")};
  for (const Surroundings& surroundings : {Surroundings{}, bound}) {
    EXPECT_EQ(ask(program, from + "2001:db8:64::c633:6407 tcp 1 > 443", surroundings),
              "SP_DROP_NO_RULE");
    EXPECT_EQ(ask(program, from + "2001:db8:64::c633:6407 tcp 1 > 80", surroundings),
              "SP_PASS_RULE 1");
    EXPECT_EQ(ask(program, from + "2001:db8:64::c633:6407 tcp 1 > 8443", surroundings),
              "SP_DROP_DENIED 2");
    EXPECT_EQ(ask(program, from + "2001:db8:65::1 tcp 1 > 443", surroundings), "SP_PASS_RULE 0");
  }
}

TEST(Evaluator, C8_NamesAndPatternsOpenWhatTheyAreBoundTo) {
  const Program program = program_of({
      allow({"tcp 443"}, {"a.example.com"}),
      allow({"tcp 80"}, {"*.example.com"}),
      allow({"tcp 22"}, {"198.51.100.0/30", "b.example.com"}),
  });
  Surroundings surroundings;
  surroundings.bindings = {
      {name("a.example.com"), {address("203.0.113.1"), address("2001:db8:100::1")}},
      {name("b.example.com"), {address("203.0.113.2"), address("198.51.100.1")}},
      {name("example.com"), {address("203.0.113.3")}},
      {name("evilexample.com"), {address("203.0.113.4")}},
      {name("x.y.example.com"), {address("203.0.113.5")}},
  };
  expect_answers(program,
                 {
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip6 2001:db8::1 > 2001:db8:100::1 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 80", "SP_PASS_RULE 1"},
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 22", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 203.0.113.2 tcp 1 > 22", "SP_PASS_RULE 2"},
                     {"ip4 10.0.0.1 > 203.0.113.3 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 203.0.113.4 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 203.0.113.5 tcp 1 > 80", "SP_PASS_RULE 1"},
                     {"ip4 10.0.0.1 > 203.0.113.6 tcp 1 > 443", "SP_DROP_NO_RULE"},
                 },
                 surroundings);

  const auto through = [&](std::size_t index, const char* to) {
    std::optional<ViewedName> found = name("left.over.example");
    const bool covered = covers(program, program.rules[index], address(to), surroundings, &found);
    return std::string(covered ? "covered " : "not ") + (found ? found->text() : "");
  };
  EXPECT_EQ(through(0, "203.0.113.1"), "covered a.example.com");
  EXPECT_EQ(through(1, "203.0.113.5"), "covered x.y.example.com");
  EXPECT_EQ(through(2, "203.0.113.2"), "covered b.example.com");
  EXPECT_EQ(through(2, "198.51.100.1"), "covered ");  // by the range
  EXPECT_EQ(through(0, "203.0.113.2"), "not ");
}

// --- Windows, views, forbidden and derived names --------------------------------------------

Day day(std::string_view text) {
  return parse_day(text).value();
}

TEST(Evaluator, ARuleOutsideOfItsWindowNeitherOpensNorCloses) {
  Program program =
      program_of({allow({"udp 443"}, {"203.0.113.0/24"}), allow({"tcp 443"}, {"203.0.113.0/24"}),
                  deny({"tcp 443"}, {"203.0.113.7"})});
  program.rules[0].validity = {day("2024-10-01"), day("2025-02-01")};
  program.rules[2].validity = {{}, day("2025-02-01")};
  const auto on = [&](const char* text, const char* frame) {
    Surroundings surroundings;
    surroundings.day = day(text);
    return ask(program, frame, surroundings);
  };
  const char* opened = "ip4 10.0.0.1 > 203.0.113.1 udp 1 > 443";
  EXPECT_EQ(on("2024-09-30", opened), "SP_DROP_NO_RULE");
  EXPECT_EQ(on("2024-10-01", opened), "SP_PASS_RULE 0");
  EXPECT_EQ(on("2025-01-31", opened), "SP_PASS_RULE 0");
  EXPECT_EQ(on("2025-02-01", opened), "SP_DROP_NO_RULE");
  const char* closed = "ip4 10.0.0.1 > 203.0.113.7 tcp 1 > 443";
  EXPECT_EQ(on("2025-01-31", closed), "SP_DROP_DENIED 2");
  EXPECT_EQ(on("2025-02-01", closed), "SP_PASS_RULE 1");
  EXPECT_EQ(next_edge(program, day("2024-10-01")), day("2025-02-01"));
  EXPECT_EQ(next_edge(program, day("2025-02-01")), std::nullopt);
}

TEST(Evaluator, TheSameNameInTwoViewsIsTwoNames) {
  Program program = program_of({allow({"tcp 443"}, {"fe1.example.com"}),
                                allow({"tcp 22"}, {"fe1.example.com", "*.example.net"})});
  program.rules[1].via = "tunnel";
  Surroundings surroundings;
  surroundings.bindings[name("fe1.example.com")] = {address("203.0.113.1")};
  surroundings.bindings[{name("fe1.example.com"), "tunnel"}] = {address("198.51.100.1")};
  surroundings.bindings[name("a.example.net")] = {address("203.0.113.2")};
  surroundings.bindings[{name("a.example.net"), "tunnel"}] = {address("198.51.100.2")};
  expect_answers(program,
                 {
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 22", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 198.51.100.1 tcp 1 > 443", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 198.51.100.1 tcp 1 > 22", "SP_PASS_RULE 1"},
                     {"ip4 10.0.0.1 > 203.0.113.2 tcp 1 > 22", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 198.51.100.2 tcp 1 > 22", "SP_PASS_RULE 1"},
                 },
                 surroundings);
}

TEST(Evaluator, AnAddressOfAForbiddenNameIsRefusedToEveryNameAndNotToRanges) {
  Program program = program_of({allow({"tcp 443"}, {"fe1.example.com", "*.example.net"}),
                                allow({"tcp 22"}, {"203.0.113.0/24"})});
  program.nevers = {{name("lb.example.com"), {}, "it never calls", {}},
                    {{}, NamePattern::parse("*.bad.example.net").value(), "", {}}};
  Surroundings surroundings;
  surroundings.bindings[name("fe1.example.com")] = {address("203.0.113.1"), address("203.0.113.2")};
  surroundings.bindings[name("lb.example.com")] = {address("203.0.113.2")};
  surroundings.bindings[name("a.example.net")] = {address("203.0.113.3"), address("203.0.113.4")};
  surroundings.bindings[name("x.bad.example.net")] = {address("203.0.113.4")};
  expect_answers(program,
                 {
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.0.0.1 > 203.0.113.2 tcp 1 > 443", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 203.0.113.2 tcp 1 > 22", "SP_PASS_RULE 1"},
                     {"ip4 10.0.0.1 > 203.0.113.3 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.0.0.1 > 203.0.113.4 tcp 1 > 443", "SP_DROP_NO_RULE"},
                 },
                 surroundings);
}

/// Azure's algorithm (GetNamespaceInfo.ps1 of 2024-10-22).
TEST(Evaluator, DerivedNamesFollowTheAliasOfTheNamespace) {
  Program program = program_of({allow({"tcp 443"}, {})});
  program.derivations = {{name("acme.servicebus.windows.net"), {"ns-sb2-", "ns-"}}};
  program.rules[0].remote.derived = {{0, "g1-", "-sb.servicebus.windows.net", ""},
                                     {0, "gv1-", "-sb.servicebus.windows.net", "*-v*"}};
  const auto opens = [&](const char* derived, Aliases aliases) {
    Surroundings surroundings;
    surroundings.aliases = std::move(aliases);
    surroundings.bindings[name(derived)] = {address("203.0.113.1")};
    return ask(program, "ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 443", surroundings) == "SP_PASS_RULE 0";
  };
  const HostName alias = name("acme.servicebus.windows.net");
  const HostName link = name("acme.privatelink.servicebus.windows.net");
  const HostName target = name("ns-sb2-prod-sy3-001.cloudapp.net");
  EXPECT_TRUE(opens("g1-prod-sy3-001-sb.servicebus.windows.net", {{alias, target}}));
  EXPECT_TRUE(opens("gv1-prod-sy3-001-sb.servicebus.windows.net", {{alias, target}}));
  EXPECT_TRUE(opens("g1-prod-001-sb.servicebus.windows.net", {{alias, name("NS-Prod-001.x.net")}}));
  EXPECT_TRUE(opens("g1-plain-sb.servicebus.windows.net", {{alias, name("plain.cloudapp.net")}}));
  EXPECT_TRUE(opens("g1-prod-sy3-001-sb.servicebus.windows.net", {{alias, link}, {link, target}}));
  // Not derived: another number, another deployment, no alias, a link that leads nowhere yet.
  EXPECT_FALSE(opens("g2-prod-sy3-001-sb.servicebus.windows.net", {{alias, target}}));
  EXPECT_FALSE(opens("g1-other-sb.servicebus.windows.net", {{alias, target}}));
  EXPECT_FALSE(opens("g1-prod-sy3-001-sb.servicebus.windows.net", {}));
  EXPECT_FALSE(opens("g1-acme-sb.servicebus.windows.net", {{alias, link}}));
  // Deployments of the new format have no `gv` names.
  const HostName versioned = name("ns-sb2-prod-v2-001.cloudapp.net");
  EXPECT_TRUE(opens("g1-prod-v2-001-sb.servicebus.windows.net", {{alias, versioned}}));
  EXPECT_FALSE(opens("gv1-prod-v2-001-sb.servicebus.windows.net", {{alias, versioned}}));
}

TEST(Evaluator, N8_NamesNeverOpenSpecialOrUnwantedPrivateAddresses) {
  const Program program = program_of({
      allow({"tcp 443"}, {"a.example.com"}),
      private_ok(allow({"tcp 80"}, {"a.example.com"})),
  });
  Surroundings surroundings;
  auto& bound = surroundings.bindings[name("a.example.com")];
  for (const char* text : {"10.1.1.1", "fd12::1", "127.0.0.1", "169.254.169.254", "8.8.8.8",
                           "100.100.100.200", "64:ff9b::1", "203.0.113.1"}) {
    bound.insert(address(text));
  }
  expect_answers(program,
                 {
                     {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 443", "SP_PASS_RULE 0"},
                     {"ip4 10.0.0.1 > 10.1.1.1 tcp 1 > 443", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 10.1.1.1 tcp 1 > 80", "SP_PASS_RULE 1"},
                     {"ip6 2001:db8::1 > fd12::1 tcp 1 > 443", "SP_DROP_NO_RULE"},
                     {"ip6 2001:db8::1 > fd12::1 tcp 1 > 80", "SP_PASS_RULE 1"},
                     {"ip4 10.0.0.1 > 127.0.0.1 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 169.254.169.254 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 100.100.100.200 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip4 10.0.0.1 > 8.8.8.8 tcp 1 > 80", "SP_DROP_NO_RULE"},
                     {"ip6 2001:db8::1 > 64:ff9b::1 tcp 1 > 80", "SP_DROP_NO_RULE"},
                 },
                 surroundings);
}

TEST(Evaluator, D19_TheDnsGuard) {
  Program program = program_of({
      allow({"any"}, {"198.51.100.0/24"}),
      allow({"tcp 50-60", "udp 853-854", "tcp 53-53"}, {"203.0.113.0/24"}),
      allow({"udp 53", "tcp 853"}, {"192.0.2.0/24"}),
      deny({"tcp 50-60"}, {"192.0.2.9"}),
  });
  program.resolvers = {
      {"office", {{address("198.51.100.53"), 53}, {address("198.51.100.54"), 5353}}}};
  expect_answers(program, {
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 53", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 53", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 853", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 853", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 52", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 854", "SP_PASS_RULE 0"},
                              // A declared resolver: 53 is lifted, 853 is not.
                              {"ip4 10.0.0.1 > 198.51.100.53 udp 1 > 53", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.54 tcp 1 > 53", "SP_PASS_RULE 0"},
                              {"ip4 10.0.0.1 > 198.51.100.53 tcp 1 > 853", "SP_DROP_NO_RULE"},
                              // Exactly that port opens, a range around it does not.
                              {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 53", "SP_PASS_RULE 1"},
                              {"ip4 10.0.0.1 > 203.0.113.1 tcp 1 > 54", "SP_PASS_RULE 1"},
                              {"ip4 10.0.0.1 > 203.0.113.1 udp 1 > 853", "SP_DROP_NO_RULE"},
                              {"ip4 10.0.0.1 > 192.0.2.1 udp 1 > 53", "SP_PASS_RULE 2"},
                              {"ip4 10.0.0.1 > 192.0.2.1 tcp 1 > 853", "SP_PASS_RULE 2"},
                              {"ip4 10.0.0.1 > 192.0.2.1 tcp 1 > 53", "SP_DROP_NO_RULE"},
                              // The guard never weakens a deny.
                              {"ip4 10.0.0.1 > 192.0.2.9 tcp 1 > 53", "SP_DROP_DENIED 3"},
                          });
}

// --- Plumbing and sources -------------------------------------------------------------------

TEST(Evaluator, D10_PlumbingPassesUnderTheMostRestrictivePolicy) {
  const Program closed = program_of({deny({"any"}, {"0.0.0.0/0", "::/0"})});
  Surroundings surroundings;
  surroundings.own = {address("10.20.0.254"), address("2001:db8:20::fe")};
  expect_answers(
      closed,
      {
          {"arp", "SP_PASS_ARP"},
          {"ip4 10.20.0.1 > 10.20.0.254 tcp 1 > 22", "SP_PASS_OWN"},
          {"ip4 10.20.0.1 > 10.20.0.254 frag 9 proto 17 payload 8", "SP_PASS_OWN"},
          {"ip4 127.0.0.1 > 10.20.0.254 proto 99", "SP_DROP_BAD_SOURCE"},
          {"ip6 2001:db8::1 > 2001:db8:20::fe icmpv6 128", "SP_PASS_OWN"},
          {"ip6 fe80::1 > ff02::1 hoplimit 255 icmpv6 133", "SP_PASS_ND"},
          {"ip6 :: > ff02::1:ff00:1 hoplimit 255 icmpv6 135", "SP_PASS_ND"},
          {"ip6 fe80::1 > fe80::2 hoplimit 255 icmpv6 136", "SP_PASS_ND"},
          {"ip6 fe80::1 > febf::2 hoplimit 255 icmpv6 134", "SP_PASS_ND"},
          {"ip6 fe80::1 > ff02::1 hoplimit 254 icmpv6 135", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1 hoplimit 255 icmpv6 135/1", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1 hoplimit 255 icmpv6 137", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff05::1 hoplimit 255 icmpv6 135", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > 2001:db8::9 hoplimit 255 icmpv6 135", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::16 hoplimit 1 hbh icmpv6 143", "SP_PASS_MLD"},
          {"ip6 fe80::1 > ff02::1 hoplimit 1 hbh icmpv6 130", "SP_PASS_MLD"},
          {"ip6 fe80::1 > ff02::1 icmpv6 131", "SP_PASS_MLD"},
          {"ip6 fe80::1 > ff02::2 icmpv6 132", "SP_PASS_MLD"},
          {"ip6 fe80::1 > fe80::2 icmpv6 143", "SP_DROP_DENIED 0"},
          {"ip4 0.0.0.0 > 255.255.255.255 udp 68 > 67", "SP_PASS_DHCP"},
          {"ip4 10.20.0.1 > 255.255.255.255 udp 68 > 67", "SP_PASS_DHCP"},
          {"ip4 10.20.0.1 > 198.51.100.7 udp 68 > 67", "SP_DROP_DENIED 0"},
          {"ip4 10.20.0.1 > 255.255.255.255 udp 67 > 68", "SP_DROP_DENIED 0"},
          {"ip4 10.20.0.1 > 255.255.255.255 tcp 68 > 67", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1:2 udp 546 > 547", "SP_PASS_DHCP"},
          {"ip6 fe80::1 > ff05::1:3 udp 546 > 547", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1:2 udp 547 > 546", "SP_DROP_DENIED 0"},
          // In fragments none of it is plumbing.
          {"ip6 fe80::1 > ff02::1 hoplimit 255 frag 0 more icmpv6 135 payload 8",
           "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1 hoplimit 255 frag 3 proto 58 payload 8", "SP_DROP_DENIED 0"},
          {"ip4 10.20.0.1 > 255.255.255.255 frag 0 more udp 68 > 67 payload 8", "SP_DROP_DENIED 0"},
          {"ip6 fe80::1 > ff02::1 hoplimit 255 frag 0 icmpv6 135", "SP_PASS_ND"},
      },
      surroundings);
}

TEST(Evaluator, ImpossibleSources) {
  const Program open = program_of({allow({"any"}, {"198.51.100.0/24", "2001:db8::/32"})});
  for (const char* source : {"0.0.0.0", "0.255.255.255", "127.0.0.0", "127.255.255.255",
                             "224.0.0.0", "239.255.255.255", "255.255.255.255"}) {
    EXPECT_EQ(ask(open, std::string("ip4 ") + source + " > 198.51.100.7 tcp 1 > 443"),
              "SP_DROP_BAD_SOURCE")
        << source;
  }
  for (const char* source :
       {"::", "::1", "ff00::", "ff02::1", "::ffff:0.0.0.0", "::ffff:255.255.255.255"}) {
    EXPECT_EQ(ask(open, std::string("ip6 ") + source + " > 2001:db8::7 tcp 1 > 443"),
              "SP_DROP_BAD_SOURCE")
        << source;
  }
  for (const char* source : {"1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255",
                             "240.0.0.0", "255.255.255.254", "169.254.1.1"}) {
    EXPECT_EQ(ask(open, std::string("ip4 ") + source + " > 198.51.100.7 tcp 1 > 443"),
              "SP_PASS_RULE 0")
        << source;
  }
  for (const char* source : {"::2", "fe80::1", "feff:ffff::1", "::fffe:ffff:ffff", "::1:0:0:0"}) {
    EXPECT_EQ(ask(open, std::string("ip6 ") + source + " > 2001:db8::7 tcp 1 > 443"),
              "SP_PASS_RULE 0")
        << source;
  }
  // Before fragments and before denies.
  const Program closed = program_of({deny({"any"}, {"0.0.0.0/0"})});
  expect_answers(
      closed, {
                  {"ip4 127.0.0.1 > 198.51.100.7 tcp 1 > 443", "SP_DROP_BAD_SOURCE"},
                  {"ip4 127.0.0.1 > 198.51.100.7 frag 9 proto 17 payload 8", "SP_DROP_BAD_SOURCE"},
              });
}

// --- ICMP errors ----------------------------------------------------------------------------

TEST(Evaluator, D11_IcmpErrorsFollowTheFlowTheyQuote) {
  const Program program = two_zones({
      in_zone(0,
              allow({"tcp 443", "icmp 8", "icmpv6 128"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      deny({"tcp 443"}, {"198.51.100.66"}),
      in_zone(1, allow({"icmp 3"}, {"198.51.100.9"})),
  });
  expect_answers(
      program,
      {
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3/4 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 443 > 9 "
           "]",
           "SP_PASS_ICMP_ERROR 0"},
          // From a router of the same zones about a host behind it.
          {"ip4 10.20.1.254 > 198.51.100.7 icmp 11 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 443 > "
           "9 ]",
           "SP_PASS_ICMP_ERROR 0"},
          // The port is the responder's.
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 9 > 443 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 udp 443 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          // To another than the one who is quoted.
          {"ip4 10.20.1.1 > 198.51.100.8 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 443 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          // About a host of other zones.
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.7.1 tcp 443 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.99.0.1 tcp 443 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip4 10.40.0.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.40.0.1 tcp 443 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip4 10.20.1.1 > 198.51.100.66 icmp 3 quote [ ip4 198.51.100.66 > 10.20.1.1 tcp 443 > 9 "
           "]",
           "SP_DROP_DENIED 1"},
          // Of quoted ICMP only an echo reply.
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 icmp 0 ]",
           "SP_PASS_ICMP_ERROR 0"},
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 icmp 8 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip6 2001:db8:20::1 > 2001:db8:100::7 icmpv6 2 quote [ ip6 2001:db8:100::7 > "
           "2001:db8:20::1 "
           "icmpv6 129 ]",
           "SP_PASS_ICMP_ERROR 0"},
          {"ip6 2001:db8:20::1 > 2001:db8:100::7 icmpv6 2 quote [ ip6 2001:db8:100::7 > "
           "2001:db8:20::1 "
           "icmpv6 128 ]",
           "SP_DROP_ICMP_ERROR"},
          // Without a usable quote; and what is no error.
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3", "SP_DROP_ICMP_ERROR"},
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 5", "SP_DROP_NO_RULE"},
          {"ip4 10.20.1.1 > 198.51.100.7 frag 0 more icmp 3 payload 8", "SP_DROP_NO_RULE"},
          // A rule that names the type itself comes first.
          {"ip4 10.40.0.1 > 198.51.100.9 icmp 3", "SP_PASS_RULE 2"},
      });
}

TEST(Evaluator, D11_AnErrorThatIsDeniedItselfNeverPasses) {
  const Program program =
      program_of({allow({"tcp 443"}, {"198.51.100.0/24"}), deny({"icmp 3"}, {"198.51.100.7"})});
  expect_answers(
      program,
      {
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 443 > 9 ]",
           "SP_DROP_DENIED 1"},
          {"ip4 10.20.1.1 > 198.51.100.8 icmp 3 quote [ ip4 198.51.100.8 > 10.20.1.1 tcp 443 > 9 ]",
           "SP_PASS_ICMP_ERROR 0"},
      });
}

TEST(Evaluator, D19_TheGuardHoldsForQuotesToo) {
  const Program program = program_of({allow({"any"}, {"198.51.100.0/24"})});
  expect_answers(
      program,
      {
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 udp 53 > 9 ]",
           "SP_DROP_ICMP_ERROR"},
          {"ip4 10.20.1.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.20.1.1 udp 54 > 9 ]",
           "SP_PASS_ICMP_ERROR 0"},
      });
}

// --- Later fragments ------------------------------------------------------------------------

TEST(Evaluator, D3_LaterFragmentsNeedEveryPortOfTheirProtocol) {
  const Program program = program_of({
      allow({"tcp 443"}, {"198.51.100.0/24"}),
      allow({"udp 0-999"}, {"198.51.100.0/25"}),
      allow({"udp 1000-65535"}, {"198.51.100.0/26"}),
      allow({"gre"}, {"198.51.100.0/24"}),
      allow({"icmp 0-100", "icmp 90-255"}, {"198.51.100.0/24"}),
      deny({"udp 53"}, {"198.51.100.9"}),
      allow({"any"}, {"2001:db8:100::/48"}),
      deny({"any"}, {"2001:db8:100::66"}),
  });
  expect_answers(
      program,
      {
          {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 6 payload 8", "SP_DROP_LATER_FRAGMENT"},
          {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 17 payload 8", "SP_PASS_RULE 1"},
          {"ip4 10.0.0.1 > 198.51.100.9 frag 9 proto 17 payload 8", "SP_DROP_DENIED 5"},
          {"ip4 10.0.0.1 > 198.51.100.100 frag 9 proto 17 payload 8", "SP_DROP_LATER_FRAGMENT"},
          {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 47 payload 8", "SP_PASS_RULE 3"},
          {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 50 payload 8", "SP_DROP_LATER_FRAGMENT"},
          {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 1 payload 8", "SP_PASS_RULE 4"},
          // The guard alone does not count against it.
          {"ip6 2001:db8::1 > 2001:db8:100::7 frag 9 proto 17 payload 8", "SP_PASS_RULE 6"},
          {"ip6 2001:db8::1 > 2001:db8:100::7 frag 9 proto 6 payload 8", "SP_PASS_RULE 6"},
          {"ip6 2001:db8::1 > 2001:db8:100::7 frag 9 proto 58 payload 8", "SP_DROP_LATER_FRAGMENT"},
          {"ip6 2001:db8::1 > 2001:db8:100::66 frag 9 proto 17 payload 8", "SP_DROP_DENIED 7"},
          {"ip6 2001:db8::1 > 2001:db8:100::66 frag 9 proto 99 payload 8", "SP_DROP_DENIED 7"},
          // First fragments have ports.
          {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more tcp 1 > 443 payload 4", "SP_PASS_RULE 0"},
          {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more tcp 1 > 444 payload 4", "SP_DROP_NO_RULE"},
      });
}

TEST(Evaluator, D3_OnePortMissingIsEnough) {
  struct Case {
    std::vector<std::string_view> services;
    const char* answer;
  };
  const Case cases[] = {
      {{"udp 0-65535"}, "SP_PASS_RULE 0"},
      {{"udp 1-65535"}, "SP_DROP_LATER_FRAGMENT"},
      {{"udp 0-65534"}, "SP_DROP_LATER_FRAGMENT"},
      {{"udp 0-499", "udp 501-65535"}, "SP_DROP_LATER_FRAGMENT"},
      {{"udp 501-65535", "udp 0-499", "udp 500"}, "SP_PASS_RULE 0"},
      {{"udp 0-600", "udp 300-400", "udp 500-65535"}, "SP_PASS_RULE 0"},
      {{"udp 0-52", "udp 54-65535"}, "SP_DROP_LATER_FRAGMENT"},  // no service holds 53
      {{"tcp 0-65535"}, "SP_DROP_LATER_FRAGMENT"},
  };
  for (const Case& one : cases) {
    Rule made = allow({}, {"198.51.100.0/24"});
    for (const std::string_view service : one.services) {
      made.services.push_back(Service::parse(service).value());
    }
    EXPECT_EQ(ask(program_of({made}), "ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 17 payload 8"),
              one.answer)
        << one.services.front();
  }
}

/// A slow second reading of the rule for later fragments: ask every port of the protocol.
TEST(Evaluator, D3_AgreesWithAskingEveryPort) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 400; ++round) {
    Program program = random_program(random);
    // The guard is the one thing that asking port by port would see differently.
    for (Rule& one : program.rules) {
      std::erase_if(one.services, [](const Service& s) { return has_ports(s.protocol); });
    }
    const Surroundings surroundings{random_bindings(random), {}};
    const auto remotes = remote_boundaries(program, surroundings.bindings);
    for (int asked = 0; asked < 20; ++asked) {
      Packet packet;
      packet.destination = remotes[random() % remotes.size()];
      packet.source = packet.destination.family == Family::v4 ? address("10.20.0.3")
                                                              : address("2001:db8:20::3");
      constexpr std::uint8_t protocols[] = {protocol_icmp, protocol_icmpv6, 47, 132};
      packet.protocol = protocols[random() % std::size(protocols)];
      bool some_denied = false;
      bool all_pass = true;
      for (unsigned port = 0; port <= last_port(packet.protocol); ++port) {
        packet.destination_port = static_cast<std::uint16_t>(port);
        packet.icmp_code = 1;  // so that nothing is neighbour discovery
        const Outcome outcome = evaluate(program, packet, surroundings);
        if (outcome.reason == SP_PASS_MLD) continue;
        some_denied = some_denied || outcome.reason == SP_DROP_DENIED;
        all_pass = all_pass && outcome.verdict == Verdict::pass;
      }
      packet.destination_port = 0;
      packet.fragment = FragmentClass::later;
      const SpReason wanted = some_denied ? SP_DROP_DENIED
                              : all_pass  ? SP_PASS_RULE
                                          : SP_DROP_LATER_FRAGMENT;
      ASSERT_EQ(name_of(evaluate(program, packet, surroundings).reason), name_of(wanted))
          << "round " << round << " " << packet.destination.text() << " protocol "
          << int{packet.protocol};
    }
  }
}

TEST(Evaluator, D2_DropsOfTheReaderComeThrough) {
  const Program open = program_of({allow({"any"}, {"0.0.0.0/0"})});
  expect_answers(open,
                 {
                     {"ethertype 0x1234", "SP_DROP_ETHERTYPE"},
                     {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 443 trunc 40", "SP_DROP_TRUNCATED_IP"},
                     {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 443 doff 4", "SP_DROP_TRANSPORT_HEADER"},
                 });
  EXPECT_EQ(text_of(evaluate_frame(open, {}, {})), "SP_DROP_TRUNCATED_LINK");
}

}  // namespace
}  // namespace sallyport
