// SPDX-License-Identifier: GPL-2.0-or-later
// Aggregated lists hold the same addresses as the lists as published: at every boundary of every
// prefix of the real feeds and the large lists, and one address beside it on each side.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "compiler/feeds/read_feed.h"
#include "tests/unit/feeds/excerpts.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;
using Ranges = std::vector<AddressRange>;

/// Membership in a list without any merging: how many of its ranges have begun at an address and
/// not ended before it. Asked for addresses in ascending order.
class RawList {
 public:
  explicit RawList(const Ranges& list) {
    for (const AddressRange& range : list) {
      begins_.push_back(range.first);
      ends_.push_back(range.last);
    }
    std::ranges::sort(begins_);
    std::ranges::sort(ends_);
  }
  bool holds(const Address& address) {
    while (begun_ < begins_.size() && begins_[begun_] <= address) ++begun_;
    while (ended_ < ends_.size() && ends_[ended_] < address) ++ended_;
    return begun_ > ended_;
  }

 private:
  std::vector<Address> begins_;
  std::vector<Address> ends_;
  std::size_t begun_ = 0;
  std::size_t ended_ = 0;
};

/// How many prefixes the range takes.
std::size_t prefixes_in(AddressRange range) {
  std::size_t count = 1;
  for (; !range.prefix_length(); ++count) {
    // The longest prefix that begins where the range does and ends inside it.
    unsigned length = width_of(range.family());
    while (length > 0) {
      const AddressRange wider = AddressRange::prefix(range.first, length - 1);
      if (wider.first != range.first || wider.last > range.last) break;
      --length;
    }
    range.first.number = AddressRange::prefix(range.first, length).last.number + 1;
  }
  return count;
}

struct Collapsed {
  std::size_t v4 = 0;
  std::size_t v6 = 0;
  bool operator==(const Collapsed&) const = default;
};
void PrintTo(const Collapsed& one, std::ostream* out) {
  *out << one.v4 << " / " << one.v6;
}

Collapsed collapsed(const Ranges& list) {
  Collapsed count;
  for (const AddressRange& range : canonical(list)) {
    (range.family() == Family::v4 ? count.v4 : count.v6) += prefixes_in(range);
  }
  return count;
}

/// Of each range the address before the first, the first, the last, and the one after it; sorted.
std::vector<Address> boundaries(const Ranges& ranges) {
  std::vector<Address> points;
  for (const AddressRange& range : ranges) {
    const Family family = range.family();
    points.push_back(range.first);
    points.push_back(range.last);
    if (range.first.number > 0) points.push_back({family, range.first.number - 1});
    if (range.last.number < last_number(family)) points.push_back({family, range.last.number + 1});
  }
  std::ranges::sort(points);
  const auto rest = std::ranges::unique(points);
  points.erase(rest.begin(), rest.end());
  return points;
}

void expect_same_addresses(const std::string& name, const Ranges& list) {
  const Ranges aggregated = canonical(list);
  EXPECT_EQ(canonical(aggregated), aggregated) << name;
  RawList raw(list);
  std::size_t inside = 0;
  std::size_t outside = 0;
  for (const Address& point : boundaries(list)) {
    const bool listed = raw.holds(point);
    ++(listed ? inside : outside);
    ASSERT_EQ(contains(aggregated, point), listed) << name << ": " << point.text();
  }
  std::cout << name << ": " << list.size() << " listed, " << aggregated.size()
            << " ranges aggregated, " << inside << " addresses inside and " << outside
            << " outside agree\n";
  // Every aggregated range has its ends inside, and what is beside it outside.
  EXPECT_GE(inside, aggregated.size());
  EXPECT_GE(outside, aggregated.size());
}

class RealLists : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("SALLYPORT_DATA");
    if (data == nullptr) GTEST_SKIP() << "SKIP: SALLYPORT_DATA names no folder of real lists";
    data_ = data;
  }
  Ranges feed(FeedFormat format, const std::string& file) const {
    return addresses(format, bytes_of(data_ / "feeds" / file), file);
  }
  /// The first column of a list of `large`, whose second may be a country.
  Ranges large(const std::string& file) const {
    std::string column;
    bool first = true;
    for (const char c : bytes_of(data_ / "large" / file)) {
      if (c == '\n') first = true;
      if (c == ' ') first = false;
      if (first) column += c;
    }
    return addresses(FeedFormat::cidr_list, column, file);
  }

  fs::path data_;

 private:
  static Ranges addresses(FeedFormat format, const std::string& bytes, const std::string& file) {
    const auto feed = read_feed(format, bytes);
    EXPECT_TRUE(feed) << file << ": " << feed.error().text();
    Ranges ranges;
    if (!feed) return ranges;
    for (const FeedEntry& entry : feed->entries) {
      if (const auto* range = std::get_if<AddressRange>(&entry.remote)) ranges.push_back(*range);
    }
    return ranges;
  }
};

TEST_F(RealLists, OfTheVendorsAreEqualRawAndAggregated) {
  const Ranges azure = feed(FeedFormat::azure_service_tags, "microsoft-azure-ip-ranges.json");
  const Ranges aws = feed(FeedFormat::aws, "aws-ip-ranges.json");
  const Ranges google = feed(FeedFormat::gcp, "google-cloud-ip-ranges.json");
  EXPECT_EQ(collapsed(azure), (Collapsed{1'859, 1'161}));
  EXPECT_EQ(collapsed(aws), (Collapsed{1'569, 1'672}));
  EXPECT_EQ(collapsed(google), (Collapsed{349, 18}));
  Ranges clouds = azure;
  clouds.insert(clouds.end(), aws.begin(), aws.end());
  clouds.insert(clouds.end(), google.begin(), google.end());
  EXPECT_EQ(collapsed(clouds), (Collapsed{3'775, 2'851}));
  expect_same_addresses("azure + aws + gcp", clouds);
  expect_same_addresses("azure", azure);
  expect_same_addresses("aws", aws);
  expect_same_addresses("gcp", google);
  expect_same_addresses("github", feed(FeedFormat::github_meta, "github-ip-ranges.json"));
  expect_same_addresses("oracle", feed(FeedFormat::oracle, "oracle-cloud-ip-ranges.json"));
  expect_same_addresses("fastly", feed(FeedFormat::fastly, "fastly-ip-ranges.json"));
  expect_same_addresses("cloudflare v4",
                        feed(FeedFormat::cloudflare, "cloudflare-v4-ip-ranges.txt"));
  expect_same_addresses("cloudflare v6",
                        feed(FeedFormat::cloudflare, "cloudflare-v6-ip-ranges.txt"));
  expect_same_addresses("m365",
                        feed(FeedFormat::m365, "m365_endpoints_worldwide_2022072800_subset.json"));
}

TEST_F(RealLists, OfAHundredThousandPrefixesAreEqualRawAndAggregated) {
  struct Row {
    const char* file;
    std::size_t listed;
    Collapsed collapsed;
  };
  const Row rows[] = {
      {"lordalfred_all_ipv4.txt", 111'110, {7'728, 0}},
      {"lordalfred_all_ipv4_merged.txt", 7'728, {7'728, 0}},
      {"lordalfred_all_ipv6_merged.txt", 12'872, {0, 12'872}},
      {"ririp_country_ipv4.txt", 175'195, {21'243, 0}},
      {"ririp_country_ipv6.txt", 67'839, {0, 67'086}},
  };
  for (const Row& row : rows) {
    const Ranges list = large(row.file);
    EXPECT_EQ(list.size(), row.listed) << row.file;
    EXPECT_EQ(collapsed(list), row.collapsed) << row.file;
    expect_same_addresses(row.file, list);
  }
}

}  // namespace
}  // namespace sallyport
