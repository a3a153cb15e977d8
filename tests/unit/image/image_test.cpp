// SPDX-License-Identifier: GPL-2.0-or-later
// image_fault(): each invariant of image.h, broken once.
#include "compiler/image/image.h"

#include <gtest/gtest.h>

#include <functional>

#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

Image sound_image() {
  Program program = program_of(
      {in_zone(0, allow({"tcp 0-65535"}, {"a.example.com", "192.0.2.0/24"})),
       allow({"tcp 443"}, {"*.example.com", "2001:db8::/32"}), deny({"udp 1-2"}, {"192.0.2.66"})});
  program.zones = {{"staff", {AddressRange::parse("10.20.0.0/16").value()}},
                   {"dmz", {AddressRange::parse("10.40.0.0/16").value()}}};
  return make_image(program);
}

struct Damage {
  const char* fault;
  std::function<void(Image&)> apply;
};

const Damage damages[] = {
    {"a lifetime is out of range", [](Image& i) { i.lifetimes.max_stale = Seconds{-1}; }},
    {"a lifetime is out of range", [](Image& i) { i.lifetimes.grace = Seconds::max(); }},
    {"no resolver group",
     [](Image& i) {
       i.groups.clear();
       i.names.clear();
       i.labels.remote_groups = {{}};
     }},
    {"resolver group has patterns",
     [](Image& i) { i.groups[0].patterns = {NamePattern::parse("*.example.com").value()}; }},
    {"names are not sorted", [](Image& i) { i.names.push_back(i.names[0]); }},
    {"name: no such group, or unsorted", [](Image& i) { i.names[0].groups = {99}; }},
    {"name: no such group, or unsorted",
     [](Image& i) {
       i.names[0].groups = {2, 1};
     }},
    {"name in the resolver group",
     [](Image& i) {
       i.names[0].groups = {0, 1};
     }},
    {"zone label 0 is not the empty set", [](Image& i) { i.zone_sets[0] = {1}; }},
    {"zone label 0 is not the empty set", [](Image& i) { i.zone_sets.clear(); }},
    {"zone set: no such zone, or unsorted", [](Image& i) { i.zone_sets[1] = {7}; }},
    {"two zone labels have one set", [](Image& i) { i.zone_sets[2] = i.zone_sets[1]; }},
    {"remote label 0 is not the empty set", [](Image& i) { i.labels.remote_groups[0] = {1}; }},
    {"rows: wrong number of remote labels", [](Image& i) { i.labels.rows.pop_back(); }},
    {"rows: wrong number of zone labels", [](Image& i) { i.labels.rows[1].pop_back(); }},
    {"rows: wrong number of zone labels",
     [](Image& i) { i.rules[0].direction = Direction::inward; }},
    {"rows: no such verdict row", [](Image& i) { i.labels.rows[1][0] = 99; }},
    {"remote label: no such group, or unsorted",
     [](Image& i) { i.labels.remote_groups[1] = {99}; }},
    {"two remote labels have one set",
     [](Image& i) { i.labels.remote_groups[2] = i.labels.remote_groups[1]; }},
    {"remote label 0 has a verdict", [](Image& i) { i.labels.rows[0][0] = 1; }},
    {"remote label 0 has a verdict", [](Image& i) { i.labels.verdicts[0][1] = 1; }},
    {"verdict row: wrong number of services", [](Image& i) { i.labels.verdicts.clear(); }},
    {"verdict row: wrong number of services", [](Image& i) { i.labels.verdicts[1].pop_back(); }},
    {"verdict row: wrong number of services", [](Image& i) { ++i.service_labels; }},
    {"verdict: no such rule", [](Image& i) { i.labels.verdicts[1][1] = 4; }},
    {"verdict: no such rule", [](Image& i) { i.labels.verdicts[1][1] = SP_CELL_DENY; }},
    {"verdict: not its rule's action", [](Image& i) { i.labels.verdicts[1][1] = 3; }},
    {"verdict: not its rule's action",
     [](Image& i) { i.labels.verdicts[1][1] = 1 | SP_CELL_DENY; }},
    {"two equal verdict rows", [](Image& i) { i.labels.verdicts[2] = i.labels.verdicts[1]; }},
    {"no place, or no VLAN class", [](Image& i) { i.place_zones.clear(); }},
    {"a zone label of no place", [](Image& i) { i.place_zones.pop_back(); }},
    {"place: wrong number of VLAN classes", [](Image& i) { i.place_zones[1].push_back(0); }},
    {"place: another zone label, and no VLAN class", [](Image& i) { i.place_zones[1] = {0}; }},
    {"place: no such zone label", [](Image& i) { i.place_zones[1] = {9}; }},
    {"place 0 is in a zone",
     [](Image& i) {
       for (auto& place : i.place_zones) place.push_back(1);
     }},
    {"table vlan: no such label", [](Image& i) { i.vlan.labels[0] = 1; }},
    {"nat64: no IPv6 range", [](Image& i) { i.nat64 = {AddressRange::whole(Family::v4)}; }},
    {"nat64 is not merged",
     [](Image& i) {
       i.nat64 = {AddressRange::whole(Family::v6), AddressRange::whole(Family::v6)};
     }},
    {"table zone4: no such label", [](Image& i) { i.zone4.labels[1] = 9; }},
    {"table zone6: does not begin at 0",
     [](Image& i) {
       i.zone6 = {{}, {}};
     }},
    {"table remote4: starts and labels differ in size",
     [](Image& i) { i.remote4.labels.pop_back(); }},
    {"table remote4: ranges are not sorted",
     [](Image& i) { std::swap(i.remote4.starts[1], i.remote4.starts[2]); }},
    {"table remote6: does not begin at 0", [](Image& i) { i.remote6.starts[0] = 1; }},
    {"table remote6: neighbours have one label",
     [](Image& i) { i.remote6.labels[1] = i.remote6.labels[0]; }},
    {"table service: a range begins outside the domain",
     [](Image& i) { i.service.starts.back() = SP_SERVICE_KEY_LAST + 1; }},
    {"table service: ports and fragments share a label",
     [](Image& i) { i.service.labels[0] = i.fragments[0].label; }},
    {"table service: ports and fragments share a label",
     [](Image& i) {
       i.service = {{0, SP_FRAGMENT_KEY(6)}, {0, i.rules[1].services[0]}};
     }},
    {"fragment: no such label, or twice",
     [](Image& i) { i.fragments[1].label = i.fragments[0].label; }},
    {"fragment: no such label, or twice", [](Image& i) { i.fragments[0].label = 99; }},
    {"fragment without ports", [](Image& i) { i.fragments[0].ports.clear(); }},
    {"fragment: no such port label, or unsorted", [](Image& i) { i.fragments[0].ports = {99}; }},
    {"fragment made of fragments", [](Image& i) { i.fragments[0].ports = {i.fragments[1].label}; }},
    {"fragment: guarded labels are not among its ports",
     [](Image& i) { i.fragments[1].guarded = i.rules[0].guarded_services; }},
    {"rule: no such zone", [](Image& i) { i.rules[0].zone = 2; }},
    {"rule: no such group", [](Image& i) { i.rules[0].group = 9; }},
    {"rule: no such group", [](Image& i) { i.rules[0].group = resolver_group; }},
    {"rule: no such service, or unsorted", [](Image& i) { i.rules[0].services = {99}; }},
    {"rule: a service label it cannot match", [](Image& i) { i.rules[0].services = {0}; }},
    {"rule: a service label it cannot match",
     [](Image& i) { i.rules[0].services = {i.fragments[0].label}; }},
    {"rule: a guarded service it matches",
     [](Image& i) { i.rules[0].guarded_services = i.rules[0].services; }},
    {"rule: a resolver service that is not guarded",
     [](Image& i) { i.rules[1].resolver_services = i.rules[1].services; }},
    {"a guarded deny", [](Image& i) { i.rules[2].guarded_services = i.rules[0].guarded_services; }},
};

TEST(Image, ASoundImageHasNoFault) {
  EXPECT_EQ(image_fault(sound_image()), std::nullopt);
}

TEST(Image, EachBrokenInvariantIsNamed) {
  for (const Damage& damage : damages) {
    Image image = sound_image();
    damage.apply(image);
    EXPECT_EQ(image_fault(image).value_or("none"), damage.fault) << &damage - damages;
  }
}

TEST(Image, RangeTableFindsTheLastStartNotAboveTheKey) {
  const RangeTable<std::uint32_t> table{{0, 10, 20}, {5, 6, 7}};
  struct Row {
    std::uint32_t key, label;
  };
  for (const Row& row : {Row{0, 5}, Row{9, 5}, Row{10, 6}, Row{19, 6}, Row{20, 7}, Row{~0U, 7}}) {
    EXPECT_EQ(table.find(row.key), row.label) << row.key;
  }
}

}  // namespace
}  // namespace sallyport
