// SPDX-License-Identifier: GPL-2.0-or-later
// The packets of the self-test: every probe becomes a frame that reads back as the same packet, and
// the choice among them is bounded, repeatable and fair to every rule.
#include "runtime/boundary_probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "compiler/program/evaluator.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using testing::Contains;

TEST(Probe, its_frame_reads_back) {
  for (const auto& [source, destination, icmp] :
       {std::tuple{"10.20.0.1", "198.51.100.7", protocol_icmp},
        std::tuple{"2001:db8:20::1", "2001:db8::7", protocol_icmpv6}}) {
    for (const Service service : {Service{protocol_tcp, 443, 443}, Service{protocol_udp, 53, 53},
                                  Service{icmp, 8, 8}, Service{132, 0, 0}}) {
      Probe probe{address(source), address(destination), service.protocol, service.first};
      const auto whole = read_frame(frame_of(probe));
      ASSERT_TRUE(whole) << probe.text() << ": reason " << whole.error();
      EXPECT_EQ(whole->source, probe.source);
      EXPECT_EQ(whole->destination, probe.destination);
      EXPECT_EQ(whole->protocol, probe.protocol);
      EXPECT_EQ(whole->destination_port, probe.port) << probe.text();
      EXPECT_EQ(whole->fragment, FragmentClass::whole);

      probe.shape = ProbeShape::later_fragment;
      const auto later = read_frame(frame_of(probe));
      ASSERT_TRUE(later) << probe.text() << ": reason " << later.error();
      EXPECT_EQ(later->protocol, probe.protocol);
      EXPECT_EQ(later->fragment, FragmentClass::later);

      probe.shape = ProbeShape::icmp_error;
      const auto error = read_frame(frame_of(probe));
      ASSERT_TRUE(error) << probe.text() << ": reason " << error.error();
      EXPECT_TRUE(is_icmp_error(*error));
      if (last_port(probe.protocol) == 0) continue;  // no error is read about such a protocol
      ASSERT_TRUE(error->quote) << probe.text();
      EXPECT_EQ(error->quote->source, probe.destination);
      EXPECT_EQ(error->quote->destination, probe.source);
      EXPECT_EQ(error->quote->source_port, probe.port);
    }
  }
}

TEST(Probe, fixed_frames_meet_plumbing_and_damage) {
  std::set<SpReason> met;
  for (const FixedFrame& fixed : fixed_frames()) {
    EXPECT_GE(fixed.bytes.size(), 14U) << fixed.what;
    met.insert(evaluate_frame(Program{}, fixed.bytes, {}).reason);
  }
  for (const SpReason reason :
       {SP_PASS_ARP, SP_PASS_ND, SP_PASS_MLD, SP_PASS_DHCP, SP_DROP_NO_RULE, SP_DROP_TRUNCATED_LINK,
        SP_DROP_VLAN_DEPTH, SP_DROP_ETHERTYPE, SP_DROP_TRUNCATED_IP, SP_DROP_IP_HEADER,
        SP_DROP_TRANSPORT_HEADER, SP_DROP_BAD_SOURCE}) {
    EXPECT_THAT(met, Contains(reason));
  }
}

Program many_rules() {
  Program program;
  program.policy = "many";
  program.zones = {{"staff", {*AddressRange::parse("10.20.0.0/16")}},
                   {"dmz", {*AddressRange::parse("10.40.0.0/24")}}};
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::string prefix = "198.18." + std::to_string(i) + ".0/25";
    program.rules.push_back(in_zone(i % 2, allow({"tcp 443", "udp 3478-3481"}, {prefix})));
  }
  return program;
}

TEST(BoundaryProbes, every_rule_comes_first_when_there_is_little_room) {
  const Program program = many_rules();
  std::set<std::uint32_t> decided;
  const auto probes = boundary_probes(program, 200);
  EXPECT_EQ(probes.size(), 200U);
  for (const Probe& probe : probes) {
    const Outcome outcome = evaluate_frame(program, frame_of(probe), {});
    if (outcome.rule) decided.insert(*outcome.rule);
  }
  EXPECT_EQ(decided.size(), program.rules.size());
}

TEST(BoundaryProbes, are_bounded_different_and_repeatable) {
  const Program program = many_rules();
  for (const std::size_t most : {std::size_t{1}, std::size_t{500}, std::size_t{20'000}}) {
    const auto probes = boundary_probes(program, most);
    EXPECT_LE(probes.size(), most);
    EXPECT_EQ(std::set<Probe>(probes.begin(), probes.end()).size(), probes.size());
    EXPECT_EQ(probes, boundary_probes(program, most));
  }
}

TEST(BoundaryProbes, edges_and_their_neighbours_are_among_them) {
  Program program = program_of({in_zone(0, allow({"tcp 440-450"}, {"198.51.100.0/24"}))});
  program.zones = {{"staff", {*AddressRange::parse("10.20.0.0/16")}}};
  const auto probes = boundary_probes(program, 20'000);
  for (const auto* local :
       {"10.20.0.0", "10.20.255.255", "10.19.255.255", "10.21.0.0", "192.0.2.77"}) {
    for (const auto* remote : {"198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"}) {
      for (const std::uint16_t port : std::initializer_list<std::uint16_t>{439, 440, 450, 451}) {
        EXPECT_THAT(probes, Contains(Probe{address(local), address(remote), protocol_tcp, port}));
      }
      EXPECT_THAT(probes, Contains(Probe{address(local), address(remote), protocol_udp, 440}));
      EXPECT_THAT(probes, Contains(Probe{address(local), address(remote), protocol_tcp, 0,
                                         ProbeShape::later_fragment}));
    }
  }
}

TEST(BoundaryProbes, D7_edges_of_vlans_are_met_with_no_tag_one_and_two) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"198.51.100.0/24"})),
                                allow({"udp 53"}, {"198.51.100.0/24"})});
  program.zones = {{"cameras", {*AddressRange::parse("10.40.0.0/16")}, {{40, 42}}}};
  std::set<VlanTags> met;
  for (const Probe& probe : boundary_probes(program, 20'000)) {
    met.insert(probe.tags);
    const auto packet = read_frame(frame_of(probe));
    ASSERT_TRUE(packet) << probe.text();
    const auto first = std::ranges::find_if(probe.tags, [](auto id) { return id != 0; });
    ASSERT_EQ(packet->vlan, first == probe.tags.end() ? 0 : *first) << probe.text();
  }
  EXPECT_EQ(met,
            (std::set<VlanTags>{{}, {0}, {39}, {40}, {42}, {43}, {0, 40}, {39, 40}, {40, 39}}));

  program.zones[0].vlans = {{0, 0}, {4094, 4094}};
  met.clear();
  for (const Probe& probe : boundary_probes(program, 20'000)) met.insert(probe.tags);
  EXPECT_THAT(
      met, testing::IsSupersetOf(std::vector<VlanTags>{{}, {1}, {4093}, {4094}, {4095}, {1, 0}}));
}

TEST(BoundaryProbes, a_rule_of_a_zone_by_vlan_is_met_first) {
  Program program = many_rules();
  program.zones[0].vlans = {{7, 9}};
  program.zones[1].vlans = {{0, 0}};
  std::set<std::uint32_t> decided;
  for (const Probe& probe : boundary_probes(program, 200)) {
    const Outcome outcome = evaluate_frame(program, frame_of(probe), {});
    if (outcome.rule) decided.insert(*outcome.rule);
  }
  EXPECT_EQ(decided.size(), program.rules.size());
}

TEST(BoundaryProbes, the_edges_of_the_operators_nat64_are_among_them) {
  Program program = program_of({allow({"tcp 443"}, {"2001:db8::/32"})});
  program.nat64 = {*AddressRange::parse("2001:db8:64::/96")};
  std::set<Address> met;
  for (const Probe& probe : boundary_probes(program, 20'000)) met.insert(probe.destination);
  for (const char* edge : {"2001:db8:63:ffff:ffff:ffff:ffff:ffff",
                           "2001:db8:64::", "2001:db8:64::ffff:ffff", "2001:db8:64::1:0:0"}) {
    EXPECT_THAT(met, Contains(address(edge)));
  }
}

}  // namespace
}  // namespace sallyport
