// SPDX-License-Identifier: GPL-2.0-or-later
// Near misses: each kind of obstacle alone, and their order (S8).
#include "compiler/analysis/near_miss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/analysis/policy_program.h"

namespace sallyport {
namespace {

using test::program_from;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Refused tcp(const char* local, const char* remote, std::uint16_t port, const char* name = nullptr) {
  Refused refused{.direction = Direction::outward,
                  .local = Address::parse(local).value(),
                  .remote = Address::parse(remote).value(),
                  .protocol = protocol_tcp,
                  .port = port,
                  .name = {}};
  if (name != nullptr) refused.name = HostName::parse(name).value();
  return refused;
}

Bindings bound(const char* name, const char* address) {
  return {{HostName::parse(name).value(), {Address::parse(address).value()}}};
}

std::vector<std::string> whys(const Program& program, const Refused& refused,
                              const Bindings& bindings = {}) {
  std::vector<std::string> texts;
  for (const NearMiss& miss : near_misses(program, refused, bindings)) texts.push_back(miss.why);
  return texts;
}

TEST(NearMiss, another_protocol_is_nearer_than_another_port_and_that_than_anywhere) {
  const Program program = program_from(R"(policy p {
    allow tcp 80 to anywhere
    allow udp 80 to 198.51.100.7
    allow udp 443 to 198.51.100.0/24
  })");
  EXPECT_THAT(
      whys(program, tcp("10.0.0.1", "198.51.100.7", 443)),
      ElementsAre("allowed on udp 443, you asked tcp 443", "allowed on udp 80, you asked tcp 443",
                  "allowed on tcp 80, you asked tcp 443"));
}

TEST(NearMiss, another_zone) {
  const Program program = program_from(R"(zone staff = 10.20.0.0/16
zone dmz = 10.40.0.0/24
policy p { from dmz allow tcp 443 to 198.51.100.7 })");
  EXPECT_THAT(whys(program, tcp("10.20.0.1", "198.51.100.7", 443)),
              ElementsAre("allowed for dmz; 10.20.0.1 is in staff"));
  EXPECT_THAT(whys(program, tcp("10.99.0.1", "198.51.100.7", 443)),
              ElementsAre("allowed for dmz; 10.99.0.1 is in no zone"));
}

TEST(NearMiss, another_vlan) {
  const Program program = program_from(R"(zone cameras = 10.40.0.0/16 vlan 40, 50-59, untagged
zone shop = 10.40.0.0/16 vlan 60
policy p { from cameras allow tcp 443 to 198.51.100.7 })");
  Refused refused = tcp("10.40.0.1", "198.51.100.7", 443);
  refused.vlan = 60;
  EXPECT_THAT(whys(program, refused),
              ElementsAre("allowed for cameras, which has 10.40.0.1 in VLAN 40, 50-59 and untagged "
                          "frames only"));
  refused.local = Address::parse("10.41.0.1").value();
  EXPECT_THAT(whys(program, refused),
              ElementsAre("allowed for cameras; 10.41.0.1 in VLAN 60 is in no zone"));

  const Program tagged = program_from(R"(zone cameras = 10.40.0.0/16 vlan 40
policy p { from cameras allow tcp 443 to 198.51.100.7 })");
  const auto misses = near_misses(tagged, tcp("10.40.0.1", "198.51.100.7", 443), {});
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_EQ(misses[0].why, "allowed for cameras, which has 10.40.0.1 in VLAN 40 only");
  EXPECT_THAT(misses[0].advice, HasSubstr("`vlan ID` in front"));
}

TEST(NearMiss, the_operators_nat64_is_special) {
  const Program program = program_from(R"(nat64 2001:db8:64::/96
policy p { allow tcp 443 to 2001:db8::/32 })");
  EXPECT_THAT(whys(program, tcp("2001:db8:20::1", "2001:db8:64::7", 443)),
              ElementsAre("2001:db8:64::7 is NAT64 (2001:db8:64::/96), which a wider range never "
                          "opens"));
  EXPECT_THAT(whys(program, tcp("10.20.0.1", "198.51.100.7", 80)), IsEmpty()) << "two obstacles";
}

TEST(NearMiss, another_direction) {
  Program program = program_from("policy p { allow tcp 443 to 198.51.100.7 }");
  program.rules[0].direction = Direction::inward;
  EXPECT_THAT(whys(program, tcp("10.0.0.1", "198.51.100.7", 443)),
              ElementsAre("allowed only for flows that begin at the remote"));
}

TEST(NearMiss, a_deny_hides_an_allow_and_nothing_else_is_near) {
  const Program program = program_from(R"(policy p {
    allow tcp 443 to 198.51.100.0/24
    allow tcp 80 to 198.51.100.0/24
    deny any to 198.51.100.66
  })");
  EXPECT_THAT(whys(program, tcp("10.0.0.1", "198.51.100.66", 443)),
              ElementsAre("allowed, but the deny at test.sally:4:5 wins"));
}

TEST(NearMiss, the_guard_and_special_ranges_say_how_they_are_opened) {
  const Program program = program_from("policy p { allow tcp any to 0.0.0.0/0 }");
  auto misses = near_misses(program, tcp("10.0.0.1", "192.0.2.1", 53), {});
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_THAT(misses[0].why, HasSubstr("DNS guard keeps tcp 53 closed"));
  EXPECT_THAT(misses[0].advice, HasSubstr("names `tcp 53` itself"));
  EXPECT_THAT(misses[0].advice, HasSubstr("`resolver` declares"));
  misses = near_misses(program, tcp("10.0.0.1", "169.254.169.254", 80), {});
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_THAT(misses[0].why, HasSubstr("169.254.169.254 is cloud metadata"));
  EXPECT_THAT(misses[0].advice, HasSubstr("written inside"));
}

TEST(NearMiss, private_and_special_addresses_of_names) {
  const Program program = program_from("policy p { allow tcp 443 to a.example.com }");
  const auto refused = [&](const char* address) {
    return near_misses(program, tcp("10.0.0.1", address, 443), bound("a.example.com", address));
  };
  auto misses = refused("10.1.1.1");
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_EQ(misses[0].why, "a.example.com has this address, but it is private");
  EXPECT_THAT(misses[0].advice, HasSubstr("`private ok`"));
  misses = refused("127.0.0.1");
  ASSERT_THAT(misses, SizeIs(1));
  EXPECT_THAT(misses[0].why, HasSubstr("loopback"));
}

TEST(NearMiss, names_and_patterns_that_would_cover_it) {
  const Program program = program_from(R"(policy p {
    allow tcp 443 to *.example.com
    allow tcp 443 to ?.example.net
    allow tcp 443 to api.example.org
  })");
  EXPECT_THAT(whys(program, tcp("10.0.0.1", "203.0.113.1", 443)),
              ElementsAre("would open it if it were an address of *.example.com",
                          "would open it if it were an address of ?.example.net",
                          "would open it if it were an address of api.example.org"));
  const auto first = [&](const char* name) {
    return near_misses(program, tcp("10.0.0.1", "203.0.113.1", 443, name), {}).front();
  };
  EXPECT_EQ(first("example.com").advice, "`.example.com` covers both");
  EXPECT_EQ(first("a.b.example.net").advice, "`*.example.net` covers any depth");
  EXPECT_EQ(first("v2.api.example.org").advice, "`.api.example.org` covers both");
  EXPECT_THAT(first("api.example.org").why, HasSubstr("203.0.113.1 is not bound to it"));
}

TEST(NearMiss, at_most_a_handful_and_none_if_nothing_is_near) {
  std::string text = "policy p {\n";
  for (int port = 1000; port < 1020; ++port)
    text += "allow tcp " + std::to_string(port) + " to 198.51.100.7\n";
  const Program program = program_from(text + "}");
  EXPECT_THAT(whys(program, tcp("10.0.0.1", "198.51.100.7", 443)), SizeIs(5));
  EXPECT_THAT(whys(program, tcp("10.0.0.1", "203.0.113.1", 443)), IsEmpty());
}

}  // namespace
}  // namespace sallyport
