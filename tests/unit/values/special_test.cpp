// SPDX-License-Identifier: GPL-2.0-or-later
// Special ranges stay closed to every destination that is not written inside them (C7, D9, D19).
#include "compiler/values/special.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

Address address(std::string_view text) {
  return Address::parse(text).value();
}

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

TEST(Special, C7_WholeFamiliesLeaveEverySpecialRangeOut) {
  for (const SpecialRange& special : special_ranges()) {
    const AddressRange whole = AddressRange::whole(special.range.family());
    const auto opened = opened_by(whole, {});
    EXPECT_FALSE(contains(opened, special.range.first)) << special.range.text();
    EXPECT_FALSE(contains(opened, special.range.last)) << special.range.text();
    EXPECT_FALSE(opens(whole, special.range.first, {})) << special.range.text();
  }
}

TEST(Special, C7_EveryRowIsThere) {
  struct Row {
    const char* range;
    const char* what;
  };
  const Row rows[] = {
      {"0.0.0.0/8", "this network"},
      {"127.0.0.0/8", "loopback"},
      {"169.254.0.0/16", "link-local"},
      {"169.254.169.254", "cloud metadata"},
      {"100.100.100.200", "cloud metadata"},
      {"168.63.129.16", "Azure wire server"},
      {"224.0.0.0/4", "multicast"},
      {"240.0.0.0/4", "class E"},
      {"255.255.255.255", "broadcast"},
      {"192.88.99.0/24", "6to4 relay"},
      {"::", "the unspecified address"},
      {"::1", "loopback"},
      {"fe80::/10", "link-local"},
      {"fec0::/10", "site-local"},
      {"ff00::/8", "multicast"},
      {"192.0.0.192", "cloud metadata"},
      {"fd00:ec2::254", "cloud metadata"},
      {"fd20:ce::254", "cloud metadata"},
      {"fd00:42::42", "cloud metadata"},
      {"::ffff:0:0/96", "IPv4-mapped"},
      {"::/96", "IPv4-compatible"},
      {"64:ff9b::/96", "NAT64"},
      {"64:ff9b:1::/48", "NAT64"},
      {"2002::/16", "6to4"},
      {"2001::/32", "Teredo"},
      {"8.8.8.8", "DoH resolver"},
      {"8.8.4.4", "DoH resolver"},
      {"1.1.1.1", "DoH resolver"},
      {"1.0.0.1", "DoH resolver"},
      {"9.9.9.9", "DoH resolver"},
      {"149.112.112.112", "DoH resolver"},
      {"208.67.222.222", "DoH resolver"},
      {"208.67.220.220", "DoH resolver"},
      {"94.140.14.14", "DoH resolver"},
      {"94.140.15.15", "DoH resolver"},
      {"2001:4860:4860::8888", "DoH resolver"},
      {"2001:4860:4860::8844", "DoH resolver"},
      {"2606:4700:4700::1111", "DoH resolver"},
      {"2606:4700:4700::1001", "DoH resolver"},
      {"2620:fe::fe", "DoH resolver"},
      {"2620:fe::9", "DoH resolver"},
      {"2620:119:35::35", "DoH resolver"},
      {"2620:119:53::53", "DoH resolver"},
      {"2a10:50c0::ad1:ff", "DoH resolver"},
      {"2a10:50c0::ad2:ff", "DoH resolver"},
  };
  EXPECT_EQ(special_ranges().size(), std::size(rows));
  for (const Row& row : rows) {
    const auto special = special_range_of(range(row.range).first, {});
    ASSERT_TRUE(special) << row.range;
    if (std::string(row.range) == "::/96") continue;  // its first address has a narrower row
    EXPECT_EQ(special->what, row.what) << row.range;
    EXPECT_EQ(special->range, range(row.range));
  }
  EXPECT_EQ(special_range_of(address("::2"), {})->what, "IPv4-compatible");
}

TEST(Special, SpeaksOfTheNarrowestRange) {
  EXPECT_EQ(special_range_of(address("169.254.169.254"), {})->what, "cloud metadata");
  EXPECT_EQ(special_range_of(address("169.254.169.253"), {})->what, "link-local");
  EXPECT_EQ(special_range_of(address("255.255.255.255"), {})->what, "broadcast");
  EXPECT_EQ(special_range_of(address("255.255.255.254"), {})->what, "class E");
  EXPECT_FALSE(special_range_of(address("198.51.100.1"), {}));
  EXPECT_FALSE(special_range_of(address("2001:db8::1"), {}));
}

TEST(Special, D9_TheOperatorsNat64IsSpecialToo) {
  const std::vector<AddressRange> nat64 = {range("64:ff9b:1:64::/96"), range("2001:db8:64::/96")};
  const AddressRange wide = range("2001:db8::/32");
  const AddressRange inside = range("2001:db8:64::c000:200/120");
  const Address translated = address("2001:db8:64::c000:201");
  EXPECT_FALSE(opens(wide, translated, nat64));
  EXPECT_TRUE(opens(wide, translated, {}));
  EXPECT_TRUE(opens(inside, translated, nat64));
  EXPECT_TRUE(opens(nat64[1], translated, nat64));
  EXPECT_EQ(opened_by(wide, nat64), subtract({wide}, {nat64[1]}));
  EXPECT_EQ(opened_by(inside, nat64), std::vector{inside});
  EXPECT_FALSE(opens(range("64:ff9b:1::/48"), address("64:ff9b:1:64::1"), nat64));
  EXPECT_TRUE(opens(range("64:ff9b:1::/48"), address("64:ff9b:1:65::1"), nat64));

  EXPECT_FALSE(special_range_of(translated, {}));
  ASSERT_TRUE(special_range_of(translated, nat64));
  EXPECT_EQ(special_range_of(translated, nat64)->what, "NAT64");
  EXPECT_EQ(special_range_of(translated, nat64)->range, nat64[1]);
}

TEST(Special, LengthsOfNat64PrefixesAreThoseOfRfc6052) {
  std::vector<unsigned> found;
  for (unsigned length = 0; length <= 128; ++length) {
    if (is_nat64_length(length)) found.push_back(length);
  }
  EXPECT_EQ(found, (std::vector<unsigned>{32, 40, 48, 56, 64, 96}));
}

TEST(Special, C7_OpenOnlyToDestinationsWrittenInside) {
  struct Row {
    const char* written;
    const char* address;
    bool opens;
  };
  const Row rows[] = {
      {"127.0.0.0/8", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.1", true},
      {"126.0.0.0/7", "127.0.0.1", false},
      {"126.0.0.0/7", "126.255.255.255", true},
      {"169.254.0.0/16", "169.254.1.1", true},
      {"169.254.0.0/16", "169.254.169.254", false},  // the nested row is still closed
      {"169.254.169.254", "169.254.169.254", true},
      {"8.8.8.0/24", "8.8.8.8", false},
      {"8.8.8.0/24", "8.8.8.9", true},
      {"8.8.8.8", "8.8.8.8", true},
      {"240.0.0.0/4", "255.255.255.255", false},
      {"255.255.255.255", "255.255.255.255", true},
      {"::/96", "::2", true},
      {"::/96", "::1", false},
      {"64:ff9b::c000:201", "64:ff9b::c000:201", true},
      {"64:ff9b::/64", "64:ff9b::c000:201", false},
      {"2001::/16", "2001::1", false},
      {"2001::/16", "2001:1::1", true},
      {"100.64.0.0/10", "100.100.100.200", false},
      {"100.64.0.0/10", "100.100.100.201", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(opens(range(row.written), address(row.address), {}), row.opens)
        << row.address << " through " << row.written;
    EXPECT_EQ(contains(opened_by(range(row.written), {}), address(row.address)), row.opens)
        << row.address << " through " << row.written;
  }
}

TEST(Special, OpensIsOpenedByAtEveryEdge) {
  std::vector<AddressRange> written = {AddressRange::whole(Family::v4),
                                       AddressRange::whole(Family::v6), range("168.0.0.0/6"),
                                       range("2000::/3"), range("10.0.0.0/8")};
  std::vector<Address> edges;
  for (const SpecialRange& special : special_ranges()) {
    written.push_back(special.range);
    for (const Address& edge : {special.range.first, special.range.last}) {
      edges.push_back(edge);
      if (edge.number > 0) edges.push_back({edge.family, edge.number - 1});
      if (edge.number < last_number(edge.family)) edges.push_back({edge.family, edge.number + 1});
    }
  }
  for (const AddressRange& one : written) {
    const auto opened = opened_by(one, {});
    for (const Address& edge : edges) {
      EXPECT_EQ(opens(one, edge, {}), contains(opened, edge))
          << edge.text() << " in " << one.text();
    }
  }
}

TEST(Special, KnowsPrivateAddressesByTheirEdges) {
  const char* inside[] = {"10.0.0.0",    "10.255.255.255",  "172.16.0.0",  "172.31.255.255",
                          "192.168.0.0", "192.168.255.255", "100.64.0.0",  "100.127.255.255",
                          "fc00::",      "fd00::1",         "fdff:ffff::1"};
  const char* outside[] = {"9.255.255.255",   "11.0.0.0",    "172.15.255.255", "172.32.0.0",
                           "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0",
                           "fbff::1",         "fe00::1",     "198.51.100.1",   "2001:db8::1"};
  for (const char* text : inside) EXPECT_TRUE(is_private(address(text))) << text;
  for (const char* text : outside) EXPECT_FALSE(is_private(address(text))) << text;
}

}  // namespace
}  // namespace sallyport
