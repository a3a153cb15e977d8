// SPDX-License-Identifier: GPL-2.0-or-later
// The vendors' own files, whole, from $SALLYPORT_DATA: what was counted in them, what was really
// served in place of a feed, and one corrupt entry among thousands.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "compiler/feeds/read_feed.h"
#include "tests/unit/feeds/excerpts.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

struct RealFeed {
  FeedFormat format;
  const char* file;
  std::size_t v4;  // entries as listed
  std::size_t v6;
  std::size_t names;
  std::size_t unique_v4;
  std::size_t unique_v6;
  const char* version;
  const char* date;
};

const RealFeed real_feeds[] = {
    {FeedFormat::azure_service_tags, "microsoft-azure-ip-ranges.json", 67078, 23415, 0, 37525,
     13362, "363", ""},
    {FeedFormat::aws, "aws-ip-ranges.json", 8971, 4373, 0, 6850, 2216, "1753388594", "2025-07-24"},
    {FeedFormat::gcp, "google-cloud-ip-ranges.json", 736, 46, 0, 736, 46, "1753409788780",
     "2025-07-24"},
    {FeedFormat::github_meta, "github-ip-ranges.json", 4969, 990, 258, 4623, 980, "", ""},
    {FeedFormat::cloudflare, "cloudflare-v4-ip-ranges.txt", 15, 0, 0, 15, 0, "", ""},
    {FeedFormat::cloudflare, "cloudflare-v6-ip-ranges.txt", 0, 7, 0, 0, 7, "", ""},
    {FeedFormat::fastly, "fastly-ip-ranges.json", 19, 2, 0, 19, 2, "", ""},
    {FeedFormat::oracle, "oracle-cloud-ip-ranges.json", 896, 0, 0, 896, 0,
     "2025-07-21T07:13:25.457838", "2025-07-21"},
    {FeedFormat::m365, "m365_endpoints_worldwide_2022072800_subset.json", 60, 73, 36, 26, 29, "",
     ""},
};

class RealFeeds : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("SALLYPORT_DATA");
    if (data == nullptr) GTEST_SKIP() << "SKIP: SALLYPORT_DATA names no folder of real feeds";
    data_ = data;
  }
  Feed read(FeedFormat format, const char* file) const {
    auto feed = read_feed(format, bytes_of(data_ / "feeds" / file));
    EXPECT_TRUE(feed) << file << ": " << feed.error().text();
    return feed ? std::move(*feed) : Feed{};
  }

  fs::path data_;
};

TEST_F(RealFeeds, HaveWhatWasCountedInThem) {
  for (const RealFeed& expected : real_feeds) {
    SCOPED_TRACE(expected.file);
    const Feed feed = read(expected.format, expected.file);
    std::size_t v4 = 0;
    std::size_t v6 = 0;
    std::size_t names = 0;
    std::set<AddressRange> unique;
    for (const FeedEntry& entry : feed.entries) {
      const auto* range = std::get_if<AddressRange>(&entry.remote);
      if (!range) {
        ++names;
        continue;
      }
      ++(range->family() == Family::v4 ? v4 : v6);
      unique.insert(*range);
    }
    const auto unique_v4 = static_cast<std::size_t>(std::ranges::count_if(
        unique, [](const AddressRange& range) { return range.family() == Family::v4; }));
    EXPECT_EQ(v4, expected.v4);
    EXPECT_EQ(v6, expected.v6);
    EXPECT_EQ(names, expected.names);
    EXPECT_EQ(unique_v4, expected.unique_v4);
    EXPECT_EQ(unique.size() - unique_v4, expected.unique_v6);
    EXPECT_EQ(feed.version, expected.version);
    EXPECT_EQ(feed.date, expected.date);
  }
}

TEST_F(RealFeeds, HaveTheirTagsRegionsAndSections) {
  const Feed azure = read(FeedFormat::azure_service_tags, "microsoft-azure-ip-ranges.json");
  EXPECT_EQ(azure.entries.size(), 90'493u);
  EXPECT_EQ(azure.values(FeedField::tag).size(), 2'967u);
  const auto count = [](const Feed& feed, std::vector<FeedCondition> conditions) {
    return feed.select(conditions).size();
  };
  const FeedCondition cloud{FeedField::tag, {"AzureCloud"}};
  EXPECT_EQ(count(azure, {cloud}), 12'362u);
  EXPECT_EQ(count(azure, {cloud, {FeedField::family, {"ipv4"}}}), 9'177u);
  EXPECT_EQ(count(azure, {cloud, {FeedField::family, {"ipv6"}}}), 3'185u);
  const Feed aws = read(FeedFormat::aws, "aws-ip-ranges.json");
  EXPECT_EQ(aws.values(FeedField::service).size(), 25u);
  const Feed github = read(FeedFormat::github_meta, "github-ip-ranges.json");
  const FeedCondition actions{FeedField::section, {"actions"}};
  EXPECT_EQ(count(github, {actions, {FeedField::category, {"addresses"}}}), 5'314u);
  EXPECT_EQ(count(github, {actions, {FeedField::family, {"ipv6"}}}), 974u);
  EXPECT_EQ(count(github, {actions, {FeedField::category, {"domains"}}}), 91u);
  const Feed oracle = read(FeedFormat::oracle, "oracle-cloud-ip-ranges.json");
  EXPECT_EQ(oracle.values(FeedField::region).size(), 45u);
  const Feed m365 = read(FeedFormat::m365, "m365_endpoints_worldwide_2022072800_subset.json");
  EXPECT_EQ(m365.values(FeedField::section).size(), 20u);
  for (const FeedEntry* entry : m365.select(std::vector<FeedCondition>{
           {FeedField::section, {"11"}}, {FeedField::port, {"tcp 443"}}})) {
    ADD_FAILURE() << "id 11 is UDP only: " << entry_text(m365, *entry);
  }
}

// Verified in 2022: gateways of Relay in that region, in no tag of Service Bus.
TEST_F(RealFeeds, TheGatewaysOfRelayAreInTheCloudsTagOnly) {
  const Feed azure = read(FeedFormat::azure_service_tags, "microsoft-azure-ip-ranges.json");
  const auto holds = [&](const std::string& tag, const char* address) {
    const FeedCondition condition{FeedField::tag, {tag}};
    return std::ranges::any_of(azure.select({&condition, 1}), [&](const FeedEntry* entry) {
      return std::get<AddressRange>(entry->remote).contains(*Address::parse(address));
    });
  };
  for (const char* gateway : {"13.75.152.38", "13.75.154.105", "40.126.225.100"}) {
    EXPECT_TRUE(holds("AzureCloud.australiaeast", gateway)) << gateway;
    EXPECT_FALSE(holds("ServiceBus", gateway)) << gateway;
    EXPECT_FALSE(holds("ServiceBus.AustraliaEast", gateway)) << gateway;
  }
}

TEST_F(RealFeeds, WhatWasServedInPlaceOfAFeedIsRefusedInEveryFormat) {
  std::size_t bodies = 0;
  for (const auto& body : fs::directory_iterator(data_ / "bad-bodies")) {
    const std::string bytes = bytes_of(body.path());
    for (const FormatRow& row : feed_formats()) {
      const auto feed = read_feed(row.format, bytes);
      ASSERT_FALSE(feed) << body.path() << " as " << row.name;
      EXPECT_FALSE(feed.error().message.empty());
      // An empty file has no place.
      EXPECT_EQ(feed.error().line == 0, bytes.empty())
          << body.path() << ": " << feed.error().text();
    }
    ++bodies;
  }
  EXPECT_EQ(bodies, 10u);
}

// A file that was cut off or hit in one entry gives nothing, wherever that is.
TEST_F(RealFeeds, OneCorruptEntryRefusesTheWholeFile) {
  std::mt19937 random(std::random_device{}());
  for (const RealFeed& real : real_feeds) {
    const std::string bytes = bytes_of(data_ / "feeds" / real.file);
    std::vector<std::size_t> slashes;  // between an address and its prefix length
    for (std::size_t at = bytes.find('/'); at != std::string::npos; at = bytes.find('/', at + 1)) {
      const auto begin = at == 0 ? 0 : bytes.find_last_of("\"\n", at - 1) + 1;
      if (Address::parse(std::string_view(bytes).substr(begin, at - begin))) slashes.push_back(at);
    }
    ASSERT_FALSE(slashes.empty()) << real.file;
    const int rounds = bytes.size() > 1'000'000 ? 1 : 6;
    for (int round = 0; round < rounds; ++round) {
      const std::size_t at = slashes[random() % slashes.size()];
      for (const char* corruption : {"/243.7.35.0/", "/9", "!", " /", "\\u002f4"}) {
        const auto feed =
            read_feed(real.format, bytes.substr(0, at) + corruption + bytes.substr(at + 1));
        EXPECT_FALSE(feed) << real.file << " with " << corruption << " at byte " << at;
      }
      if (real.format != FeedFormat::cloudflare) {
        EXPECT_FALSE(read_feed(real.format, bytes.substr(0, at))) << real.file << " cut at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
