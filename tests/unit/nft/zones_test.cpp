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

const ZoneClass* class_at(const std::vector<ZoneClass>& classes, const Address& local) {
  const ZoneClass* found = nullptr;
  for (const ZoneClass& one : classes) {
    if (!contains(one.ranges, local)) continue;
    EXPECT_EQ(found, nullptr) << "two classes hold " << local.text();
    found = &one;
  }
  return found;
}

TEST(NftZones, WithoutZonesThereIsOneClass) {
  const auto classes = zone_classes_of(make_image(program_of({allow({"tcp 443"}, {"192.0.2.1"})})));
  ASSERT_EQ(classes.size(), 1U);
  EXPECT_EQ(classes[0].words, "every local address");
}

TEST(NftZones, AZoneOfNoRuleMakesNoClass) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"192.0.2.1"}))});
  program.zones = {zone("staff", {"10.0.0.0/8"}), zone("idle", {"10.1.0.0/16", "172.16.0.0/12"})};
  const auto classes = zone_classes_of(make_image(program));
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[0].words, "no zone");
  EXPECT_EQ(classes[1].words, "staff");
  EXPECT_EQ(classes[1].ranges, (std::vector{AddressRange::parse("10.0.0.0/8").value()}));
}

TEST(NftZones, WhereZonesOverlapIsAClassOfItsOwn) {
  Program program = program_of({in_zone(0, allow({"tcp 443"}, {"192.0.2.1"})),
                                in_zone(1, allow({"tcp 80"}, {"192.0.2.1"}))});
  program.zones = {zone("staff", {"10.0.0.0/8"}), zone("desk", {"10.1.0.0/16"})};
  const auto classes = zone_classes_of(make_image(program));
  std::set<std::string> words;
  for (const ZoneClass& one : classes) words.insert(one.words);
  EXPECT_EQ(words, (std::set<std::string>{"no zone", "staff", "staff, desk"}));
  EXPECT_EQ(class_at(classes, address("10.1.2.3"))->words, "staff, desk");
  EXPECT_EQ(class_at(classes, address("10.2.2.3"))->words, "staff");
}

TEST(NftZones, C2_EveryLocalAddressIsInTheClassOfItsZones) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Program program = random_program(random);
    const auto classes = zone_classes_of(make_image(program));
    std::set<std::uint32_t> named;
    for (const Rule& rule : program.rules) {
      if (rule.zone) named.insert(*rule.zone);
    }
    for (const Address& local : local_boundaries(program)) {
      std::string words;
      for (const std::uint32_t index : named) {
        if (!contains(program.zones[index].ranges, local)) continue;
        if (!words.empty()) words += ", ";
        words += program.zones[index].name;
      }
      const ZoneClass* found = class_at(classes, local);
      ASSERT_NE(found, nullptr) << local.text();
      if (words.empty()) {
        ASSERT_EQ(found, &classes[0]) << local.text();
      } else {
        ASSERT_EQ(found->words, words) << local.text();
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::nft
