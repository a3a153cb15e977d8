// SPDX-License-Identifier: GPL-2.0-or-later
// How rules read, by what they are known, and which names a program binds.
#include "compiler/program/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using testing::ElementsAre;

Rule allow(std::vector<Service> services) {
  Rule rule;
  rule.services = std::move(services);
  return rule;
}

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

HostName name(std::string_view text) {
  return HostName::parse(text).value();
}

NamePattern pattern(std::string_view text) {
  return NamePattern::parse(text).value();
}

TEST(RuleText, ReadsLikeThePolicy) {
  Rule simple = allow({{protocol_tcp, 443, 443}});
  simple.remote.names = {name("a.example.com")};
  simple.remote.ranges = {range("192.0.2.0/24")};
  EXPECT_EQ(rule_text(simple, {}), "allow tcp 443 to a.example.com, 192.0.2.0/24");

  Rule lists = allow({{protocol_tcp, 443, 443},
                      {protocol_tcp, 8443, 8450},
                      {protocol_udp, 3478, 3478},
                      {47, 0, 0},
                      {200, 0, 0}});
  lists.remote.patterns = {pattern("*.example.com")};
  lists.private_ok = true;
  EXPECT_EQ(rule_text(lists, {}),
            "allow tcp 443, 8443-8450 or udp 3478 or gre or protocol 200 to *.example.com "
            "private ok");

  Rule anywhere = allow(any_service());
  anywhere.remote.ranges = {range("0.0.0.0/0"), range("127.0.0.1"), range("::/0")};
  EXPECT_EQ(rule_text(anywhere, {}), "allow any to anywhere, 127.0.0.1");

  Rule deny;
  deny.action = Action::deny;
  deny.every_service = true;
  deny.remote.ranges = {range("0.0.0.0/0")};
  EXPECT_EQ(rule_text(deny, {}), "deny any to 0.0.0.0/0");
  EXPECT_EQ(rule_text(allow({{protocol_icmp, 8, 8}}), {}), "allow icmp 8 to nothing");
}

TEST(RuleIdentities, SayWhereARuleBelongsAndCountRepetitions) {
  Program program;
  program.policy = "branch";
  program.zones = {{"staff", {}}, {"lab", {}}};
  Rule rule = allow({{protocol_tcp, 443, 443}});
  rule.remote.names = {name("a.example.com")};
  Rule of_vendor = rule;
  of_vendor.zone = 0;
  of_vendor.origin.vendor = "azure-relay";
  of_vendor.origin.part = "hybrid";
  Rule elsewhere = rule;
  elsewhere.origin.rule = {"other.sally", 99, 1};  // the place is no part of it
  program.rules = {rule, of_vendor, elsewhere, of_vendor, rule};
  EXPECT_THAT(
      rule_identities(program),
      ElementsAre("branch: from any: allow tcp 443 to a.example.com",
                  "branch: from staff: azure-relay.hybrid: allow tcp 443 to a.example.com",
                  "branch: from any: allow tcp 443 to a.example.com #2",
                  "branch: from staff: azure-relay.hybrid: allow tcp 443 to a.example.com #2",
                  "branch: from any: allow tcp 443 to a.example.com #3"));
}

TEST(RuleIdentities, C3_AreDistinctAndTheSameEachTime) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    const Program program = random_program(random);
    const auto identities = rule_identities(program);
    ASSERT_EQ(identities.size(), program.rules.size());
    EXPECT_EQ(std::set<std::string>(identities.begin(), identities.end()).size(),
              identities.size());
    EXPECT_EQ(identities, rule_identities(program));
  }
}

TEST(BoundNames, AreTheNamesWrittenAndTheApexes) {
  Program program;
  Rule first = allow({});
  first.remote.names = {name("b.example.com"), name("c.example.com")};
  first.remote.patterns = {pattern("*.example.org"), pattern(".example.net"),
                           pattern(".g*.example.org"), pattern(".org"), pattern("?.example.org")};
  Rule second = allow({});
  second.remote.names = {name("a.example.com"), name("b.example.com")};
  program.rules = {first, second};
  std::vector<std::string> found;
  for (const ViewedName& bound : bound_names(program)) found.push_back(bound.text());
  EXPECT_THAT(found, ElementsAre("a.example.com", "b.example.com", "c.example.com", "example.net"));
}

TEST(RandomProgram, IsWellFormedAndRepeatable) {
  std::mt19937_64 one(99);
  std::mt19937_64 two(99);
  std::set<std::size_t> sizes;
  for (int round = 0; round < 100; ++round) {
    const Program program = random_program(one);
    EXPECT_EQ(program, random_program(two));
    EXPECT_EQ(random_bindings(one), random_bindings(two));
    sizes.insert(program.rules.size());
    for (const Zone& zone : program.zones) EXPECT_EQ(zone.ranges, canonical(zone.ranges));
  }
  EXPECT_GT(sizes.size(), 8U);
}

}  // namespace
}  // namespace sallyport
