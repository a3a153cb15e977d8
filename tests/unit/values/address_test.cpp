// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and ranges: strict reading, canonical writing, set arithmetic against a slow model.
#include "compiler/values/address.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sallyport {
namespace {

Address address(std::string_view text) {
  return Address::parse(text).value();
}

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

TEST(Address, WritesTheCanonicalForm) {
  struct Row {
    const char* written;
    const char* text;
  };
  const Row rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"192.0.2.1", "192.0.2.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::A", "2001:db8::a"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},        // of equal runs the first
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"::ffff:c000:201", "::ffff:192.0.2.1"},
      {"::192.0.2.1", "::c000:201"},
      {"::1:ffff:0:0", "::1:ffff:0:0"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (const Row& row : rows) {
    const auto parsed = Address::parse(row.written);
    ASSERT_TRUE(parsed) << row.written;
    EXPECT_EQ(parsed->text(), row.text);
    EXPECT_EQ(Address::parse(parsed->text()), parsed) << row.written;
  }
}

TEST(Address, RefusesEverythingElse) {
  using namespace std::string_view_literals;
  const std::string_view rows[] = {"",           "10.1",         "10.0.0.01",    "010.0.0.1",
                                   "0x7f.0.0.1", "256.0.0.1",    "1.2.3.4.5",    "1.2.3.",
                                   " 1.2.3.4",   "1.2.3.4 ",     "2130706433",   "fe80::1%lan0",
                                   ":::",        "1::2::3",      "12345::",      "1:2:3:4:5:6:7",
                                   "[::1]",      "::ffff:1.2.3", "1.2.3.4\0x"sv, "::g",
                                   "1.2.3.-4",   "+1.2.3.4",     "example.com"};
  for (const std::string_view row : rows) EXPECT_FALSE(Address::parse(row)) << row;
}

TEST(Address, GoesThroughNetworkOrderBytes) {
  const Address v4 = address("192.0.2.1");
  EXPECT_EQ(v4.number, Uint128{0xc0000201});
  EXPECT_EQ(v4.bytes()[0], 192);
  EXPECT_EQ(v4.bytes()[3], 1);
  const auto v4_bytes = v4.bytes();
  EXPECT_EQ(Address::from_bytes(Family::v4, std::span(v4_bytes).first(4)), v4);
  const Address v6 = address("2001:db8::ff");
  EXPECT_EQ(v6.bytes()[0], 0x20);
  EXPECT_EQ(v6.bytes()[15], 0xff);
  EXPECT_EQ(Address::from_bytes(Family::v6, v6.bytes()), v6);
}

TEST(Address, OrdersByFamilyThenNumber) {
  EXPECT_LT(address("255.255.255.255"), address("::"));
  EXPECT_LT(address("10.0.0.255"), address("10.0.1.0"));
  EXPECT_LT(address("::ffff:ffff:ffff:ffff"), address("0:0:0:1::"));
}

TEST(AddressRange, WritesPrefixesSinglesAndDashes) {
  struct Row {
    const char* written;
    const char* text;
  };
  const Row rows[] = {
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"192.0.2.7/32", "192.0.2.7"},
      {"192.0.2.7", "192.0.2.7"},
      {"192.0.2.0-192.0.2.255", "192.0.2.0/24"},
      {"192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2"},
      {"192.0.2.1-192.0.2.1", "192.0.2.1"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"::/0", "::/0"},
      {"::1/128", "::1"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"8000::/1", "8000::/1"},
      {"::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/1"},
      {"0.0.0.1-255.255.255.255", "0.0.0.1-255.255.255.255"},
  };
  for (const Row& row : rows) {
    const auto parsed = AddressRange::parse(row.written);
    ASSERT_TRUE(parsed) << row.written;
    EXPECT_EQ(parsed->text(), row.text);
    EXPECT_EQ(AddressRange::parse(parsed->text()), parsed) << row.written;
  }
}

TEST(AddressRange, RefusesHostBitsMixedFamiliesAndReversal) {
  const char* rows[] = {"192.0.2.1/24",   "192.0.2.0/33",      "::/129",       "192.0.2.0/",
                        "192.0.2.0/+8",   "192.0.2.0/08",      "192.0.2.0/-1", "/8",
                        "::1-10.0.0.1",   "10.0.0.2-10.0.0.1", "10.0.0.1-",    "-10.0.0.1",
                        "2001:db8::1/64", "10.0.0.1-2-3",      "10.0.0.0/8/8", ""};
  for (const char* row : rows) EXPECT_FALSE(AddressRange::parse(row)) << row;
}

TEST(AddressRange, KnowsItsPrefixLength) {
  EXPECT_EQ(range("10.0.0.0/8").prefix_length(), 8U);
  EXPECT_EQ(range("0.0.0.0/0").prefix_length(), 0U);
  EXPECT_EQ(range("::/0").prefix_length(), 0U);
  EXPECT_EQ(range("::5").prefix_length(), 128U);
  // A power of two in size, but not aligned; and aligned, but not a power of two.
  EXPECT_FALSE(range("10.0.0.2-10.0.0.5").prefix_length());
  EXPECT_FALSE(range("10.0.0.0-10.0.0.2").prefix_length());
}

TEST(AddressRange, PrefixClearsHostBits) {
  EXPECT_EQ(AddressRange::prefix(address("10.20.30.40"), 16), range("10.20.0.0/16"));
  EXPECT_EQ(AddressRange::prefix(address("10.20.30.40"), 0), AddressRange::whole(Family::v4));
  EXPECT_EQ(AddressRange::prefix(address("2001:db8::1"), 0), AddressRange::whole(Family::v6));
  EXPECT_EQ(AddressRange::prefix(address("2001:db8::1"), 128), range("2001:db8::1"));
}

TEST(Ranges, MergeWhereTheyOverlapOrAdjoinButNotAcrossFamilies) {
  const auto merged =
      canonical({range("10.0.0.4-10.0.0.9"), range("10.0.0.0/30"), range("10.0.0.2-10.0.0.5"),
                 range("10.0.0.11"), range("255.255.255.255"), range("::")});
  const std::vector<AddressRange> wanted = {range("10.0.0.0-10.0.0.9"), range("10.0.0.11"),
                                            range("255.255.255.255"), range("::")};
  EXPECT_EQ(merged, wanted);
}

TEST(Ranges, SubtractAtTheEndsOfTheNumbers) {
  EXPECT_TRUE(
      subtract({AddressRange::whole(Family::v6)}, {AddressRange::whole(Family::v6)}).empty());
  const auto left = subtract({AddressRange::whole(Family::v4), AddressRange::whole(Family::v6)},
                             {range("0.0.0.0"), range("255.255.255.255"), range("::"),
                              range("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
  const std::vector<AddressRange> wanted = {range("0.0.0.1-255.255.255.254"),
                                            range("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")};
  EXPECT_EQ(left, wanted);
}

/// Ranges within 32 addresses at the start of each family, small enough to count one by one.
std::vector<AddressRange> small_ranges(std::mt19937_64& random) {
  std::vector<AddressRange> ranges;
  for (std::size_t count = random() % 6; count > 0; --count) {
    const Family family = random() % 2 == 0 ? Family::v4 : Family::v6;
    const std::uint64_t first = random() % 32;
    const std::uint64_t last = first + random() % (32 - first);
    ranges.push_back({{family, first}, {family, last}});
  }
  return ranges;
}

std::set<Address> members(const std::vector<AddressRange>& ranges) {
  std::set<Address> found;
  for (const AddressRange& one : ranges) {
    for (Address at = one.first; at <= one.last; ++at.number) found.insert(at);
  }
  return found;
}

TEST(Ranges, AgreeWithSetsOfAddresses) {
  std::mt19937_64 random(20241022);
  for (int round = 0; round < 2000; ++round) {
    const auto from = small_ranges(random);
    const auto taken = small_ranges(random);
    const auto merged = canonical(from);
    ASSERT_EQ(members(merged), members(from)) << "round " << round;
    for (std::size_t i = 1; i < merged.size(); ++i) {
      const bool apart = merged[i].family() != merged[i - 1].family() ||
                         merged[i].first.number > merged[i - 1].last.number + 1;
      ASSERT_TRUE(apart && merged[i - 1] < merged[i]) << "round " << round;
    }
    std::set<Address> wanted = members(from);
    for (const Address& gone : members(taken)) wanted.erase(gone);
    const auto left = subtract(from, taken);
    ASSERT_EQ(members(left), wanted) << "round " << round;
    ASSERT_EQ(left, canonical(left)) << "round " << round;
    for (const Family family : {Family::v4, Family::v6}) {
      for (std::uint64_t number = 0; number < 34; ++number) {
        const Address at{family, number};
        ASSERT_EQ(contains(left, at), wanted.contains(at)) << at.text() << " round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
