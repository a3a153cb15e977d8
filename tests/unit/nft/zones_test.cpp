// SPDX-License-Identifier: GPL-2.0-or-later
// Local addresses by what the rules say of their zones.
#include "compiler/nft/zones.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport::nft {
namespace {

Zone zone(const char* name, std::initializer_list<std::string_view> ranges) {
  Zone made{.name = name, .ranges = {}};
  for (const auto range : ranges) made.ranges.push_back(AddressRange::parse(range).value());
  return made;
}

std::vector<ZoneClass> classes_of(const Program& program) {
  const Image image = make_image(program);
  return zone_classes_of(image, ways_of(image, {}));
}

const ZoneClass* class_at(const std::vector<ZoneClass>& classes, const Address& local,
                          std::size_t way = 0) {
  const ZoneClass* found = nullptr;
  for (const ZoneClass& one : classes) {
    if (!contains(one.ranges[way], local)) continue;
    EXPECT_EQ(found, nullptr) << "two classes hold " << local.text();
    found = &one;
  }
  return found;
}

TEST(NftZones, WithoutZonesThereIsOneClass) {
  const auto classes = classes_of(program_of({allow({"tcp 443"}, {"192.0.2.1"})}));
  ASSERT_EQ(classes.size(), 1U);
  EXPECT_EQ(classes[0].words, "every local address");
}

TEST(NftZones, AZoneOfNoRuleMakesNoClass) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"192.0.2.1"}))});
  program.zones = {zone("staff", {"10.0.0.0/8"}), zone("idle", {"10.1.0.0/16", "172.16.0.0/12"})};
  const auto classes = classes_of(program);
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[0].words, "no zone");
  EXPECT_EQ(classes[1].words, "staff");
  EXPECT_EQ(classes[1].ranges[0], (std::vector{AddressRange::parse("10.0.0.0/8").value()}));
}

TEST(NftZones, WhereZonesOverlapIsAClassOfItsOwn) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"192.0.2.1"})),
                                in_zone(1, allow({"tcp 80"}, {"192.0.2.1"}))});
  program.zones = {zone("staff", {"10.0.0.0/8"}), zone("desk", {"10.1.0.0/16"})};
  const auto classes = classes_of(program);
  std::set<std::string> words;
  for (const ZoneClass& one : classes) words.insert(one.words);
  EXPECT_EQ(words, (std::set<std::string>{"no zone", "staff", "staff, desk"}));
  EXPECT_EQ(class_at(classes, address("10.1.2.3"))->words, "staff, desk");
  EXPECT_EQ(class_at(classes, address("10.2.2.3"))->words, "staff");
}

TEST(NftZones, C2_D7_EveryLocalAddressIsInTheClassOfItsZonesByEveryWay) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Program program = random_program(random);
    const Image image = make_image(program);
    std::vector<VlanDevice> devices;
    std::vector<std::uint16_t> vlans{0};
    for (const std::uint16_t vlan : vlan_boundaries(program)) {
      if (vlan == 0 || vlan > last_vlan) continue;
      devices.push_back({vlan, "lan0." + std::to_string(vlan)});
      vlans.push_back(vlan);
    }
    const auto ways = ways_of(image, devices);
    ASSERT_EQ(vlans_without_device(image, devices), "");
    const auto classes = zone_classes_of(image, ways);
    std::set<std::uint32_t> named;
    for (const Rule& rule : program.rules) {
      if (rule.zone) named.insert(*rule.zone);
    }
    for (const std::uint16_t vlan : vlans) {
      const auto way = static_cast<std::size_t>(
          std::ranges::find(ways, image.vlan.find(vlan), &Way::vlan_class) - ways.begin());
      ASSERT_LT(way, ways.size());
      for (const Address& local : local_boundaries(program)) {
        std::string words;
        for (const std::uint32_t index : named) {
          if (!holds(program.zones[index], local, vlan)) continue;
          if (!words.empty()) words += ", ";
          words += program.zones[index].name;
        }
        const ZoneClass* found = class_at(classes, local, way);
        ASSERT_NE(found, nullptr) << local.text();
        if (words.empty()) {
          ASSERT_EQ(found, &classes[0]) << local.text();
        } else {
          ASSERT_EQ(found->words, words) << local.text();
        }
      }
    }
  }
}

TEST(NftZones, D7_VlansWithoutADeviceAreNamed) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"192.0.2.1"}))});
  program.zones = {zone("voice", {"10.0.0.0/8"}), zone("desk", {"10.0.0.0/8"})};
  program.zones[0].vlans = {{40, 40}, {50, 59}};
  program.zones[1].vlans = {{55, 55}};
  const Image image = make_image(program);
  const auto missing = [&](const std::vector<VlanDevice>& devices) {
    return vlans_without_device(image, devices);
  };
  EXPECT_EQ(missing({}), "40, 50-54, 55, 56-59");
  EXPECT_EQ(missing({{40, "lan0.40"}, {59, "lan0.59"}}), "50-54, 55");
  EXPECT_EQ(missing({{40, "a"}, {50, "b"}, {55, "c"}, {56, "d"}}), "");
  EXPECT_EQ(missing({{99, "lan0.99"}}), "40, 50-54, 55, 56-59");

  program.zones[0].vlans = {{0, 0}};
  program.zones[1].vlans = {};
  const Image untagged = make_image(program);
  EXPECT_EQ(vlans_without_device(untagged, {}), "");
  const auto ways = ways_of(untagged, {{7, "lan0.7"}, {8, "lan0.8"}});
  ASSERT_EQ(ways.size(), 2U);
  EXPECT_EQ(ways[1].devices, (std::vector<std::string>{"lan0.7", "lan0.8"}));
}

TEST(NftZones, VlanDevicesAreReadOrRefused) {
  EXPECT_EQ(read_vlan_device("40=lan0.40"), (VlanDevice{40, "lan0.40"}));
  for (const char* text : {"", "40", "40=", "=lan0", "0=lan0", "4095=lan0", "x=lan0", "40=a b"}) {
    EXPECT_FALSE(read_vlan_device(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::nft
