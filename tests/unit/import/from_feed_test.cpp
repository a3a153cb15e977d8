// SPDX-License-Identifier: GPL-2.0-or-later
// Drafts from feeds compile, and hold every entry that was chosen.
#include "compiler/import/from_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/driver/driver.h"
#include "compiler/feeds/read_feed.h"

namespace sallyport {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// `feed`: the bytes of every other file.
std::string errors_in(const std::string& text, const std::string& feed = {}) {
  const auto compilation = compile("acme.sally", [&](const std::filesystem::path& path) {
    return path == "acme.sally" ? text : feed;
  });
  if (!compilation) return compilation.error().text();
  return compilation->diagnostics.has_errors() ? render(compilation->diagnostics, false) + text
                                               : std::string();
}

const char* const m365 = R"([
  {"id": 1, "serviceArea": "Exchange", "serviceAreaDisplayName": "Exchange Online",
   "urls": ["outlook.example.com", "*.example.net"], "ips": ["198.51.100.0/24"],
   "tcpPorts": "80,443", "expressRoute": true, "category": "Optimize", "required": true},
  {"id": 11, "serviceArea": "Skype", "serviceAreaDisplayName": "Teams",
   "ips": ["203.0.113.0/25"], "udpPorts": "3478-3481", "expressRoute": true,
   "category": "Optimize", "required": true}
])";

TEST(FromFeed, ports_and_services_of_the_feed_become_rules_and_parts) {
  const auto feed = read_feed(FeedFormat::m365, m365);
  ASSERT_TRUE(feed) << feed.error().text();
  const Draft draft = draft_of_feed(*feed, {.vendor = "m365", .source = "endpoints.json"});
  const std::string text = draft_text(draft);
  EXPECT_EQ(errors_in(text), "");
  EXPECT_THAT(text, HasSubstr("allow tcp 80, 443 to"));
  EXPECT_THAT(text, HasSubstr("allow udp 3478-3481 to 203.0.113.0/25"));
  EXPECT_THAT(text, HasSubstr("*.example.net"));
}

TEST(FromFeed, a_list_needs_a_service_to_become_rules) {
  const auto feed = read_feed(FeedFormat::cidr_list, "198.51.100.0/24\n192.0.2.1-192.0.2.9\n");
  ASSERT_TRUE(feed) << feed.error().text();
  FeedDraftOptions options{.vendor = "acme", .source = "list"};
  EXPECT_THAT(draft_text(draft_of_feed(*feed, options)), HasSubstr("#   198.51.100.0/24\n"));
  options.services = {{protocol_tcp, 443, 443}};
  const std::string text = draft_text(draft_of_feed(*feed, options));
  EXPECT_THAT(text, HasSubstr("allow tcp 443 to 198.51.100.0/24, 192.0.2.1-192.0.2.9"));
  EXPECT_EQ(errors_in(text), "");
}

const char* const atlassian = R"({"creationDate": "2025-01-01T00:00:00", "syncToken": 7, "items": [
  {"network": "198.51.100.0", "mask_len": 24, "cidr": "198.51.100.0/24", "mask": "255.255.255.0",
   "region": ["eu"], "product": ["jira", "confluence"], "direction": ["ingress"],
   "perimeter": "commercial"},
  {"network": "203.0.113.0", "mask_len": 25, "cidr": "203.0.113.0/25", "mask": "255.255.255.128",
   "region": ["us"], "product": ["jira"], "direction": ["egress"], "perimeter": "commercial"},
  {"network": "192.0.2.0", "mask_len": 28, "cidr": "192.0.2.0/28", "mask": "255.255.255.240",
   "region": ["us"], "product": ["confluence"], "direction": ["ingress", "egress"],
   "perimeter": "commercial"}]})";

TEST(FromFeed, what_leaves_the_vendor_comes_in) {
  const auto feed = read_feed(FeedFormat::atlassian, atlassian);
  ASSERT_TRUE(feed) << feed.error().text();
  const std::string text = draft_text(draft_of_feed(
      *feed, {.vendor = "acme", .source = "list", .services = {{protocol_tcp, 443, 443}}}));
  EXPECT_EQ(errors_in(text), "");
  EXPECT_THAT(text,
              HasSubstr("part confluence {\n    allow tcp 443 to 198.51.100.0/24, 192.0.2.0/28\n"));
  EXPECT_THAT(text, HasSubstr("part jira-inbound \"jira, inbound\" {\n"));
  EXPECT_THAT(text, HasSubstr("allow in tcp 443 from 203.0.113.0/25\n"));
  EXPECT_THAT(text, HasSubstr("allow in tcp 443 from 192.0.2.0/28\n"));
}

TEST(FromFeed, a_draft_may_refer_to_the_feed_and_then_means_the_same) {
  const auto feed = read_feed(FeedFormat::atlassian, atlassian);
  ASSERT_TRUE(feed) << feed.error().text();
  FeedDraftOptions options{.vendor = "acme",
                           .source = "list",
                           .where = {{FeedField::region, {"eu", "us"}}},
                           .services = {{protocol_tcp, 443, 443}},
                           .feed = DraftFeed{"acme", "list.json", "atlassian"}};
  const std::string text = draft_text(draft_of_feed(*feed, options));
  EXPECT_EQ(errors_in(text, atlassian), "");
  EXPECT_THAT(text, HasSubstr("feed acme = \"list.json\" as atlassian\n"));
  EXPECT_THAT(text, HasSubstr("feed acme where product = \"jira\" and direction = \"ingress\" and "
                              "region = \"eu\" or \"us\""));
  const auto opened = [&](const std::string& vendor, const std::string& part) {
    const std::string direction = part.ends_with("-inbound") ? "to" : "from";
    const auto compilation =
        compile("acme.sally", [&](const std::filesystem::path& path) -> Result<std::string> {
          return path == "acme.sally" ? vendor + "zone z = 10.0.0.0/8 policy p { " + direction +
                                            " any use acme." + part + " }"
                                      : atlassian;
        });
    return compilation->programs.at(0).rules.at(0).remote;
  };
  EXPECT_EQ(opened(text, "confluence").ranges.size(), 2U) << "an entry is in each of its parts";
  options.feed.reset();
  const std::string copied = draft_text(draft_of_feed(*feed, options));
  EXPECT_EQ(opened(text, "confluence"), opened(copied, "confluence"));
  EXPECT_EQ(opened(text, "jira-inbound"), opened(copied, "jira-inbound"));
}

TEST(FromFeed, ports_of_the_feed_are_filters_too) {
  const auto feed = read_feed(FeedFormat::m365, m365);
  ASSERT_TRUE(feed) << feed.error().text();
  const std::string text = draft_text(draft_of_feed(
      *feed,
      {.vendor = "m365", .source = "x", .feed = DraftFeed{"m365", "endpoints.json", "m365"}}));
  EXPECT_EQ(errors_in(text, m365), "");
  EXPECT_THAT(text, HasSubstr("allow tcp 80 to feed m365 where service = \"Exchange\" and port = "
                              "\"tcp 80\""));
  EXPECT_THAT(text, HasSubstr("allow udp 3478-3481 to feed m365 where service = \"Skype\" and "
                              "port = \"udp 3478-3481\""));
  EXPECT_EQ(text.find("198.51.100.0"), std::string::npos);
}

TEST(FromFeed, a_tag_without_a_service_is_a_part_by_itself) {
  const char* const tags = R"({"changeNumber": 7, "cloud": "Public", "values": [
  {"name": "Cloud.East", "id": "Cloud.East", "properties": {"changeNumber": 1, "region": "east",
   "regionId": 1, "platform": "Azure", "systemService": "",
   "addressPrefixes": ["192.0.2.0/28", "2001:db8::/48"], "networkFeatures": []}},
  {"name": "Bus", "id": "Bus", "properties": {"changeNumber": 1, "region": "", "regionId": 0,
   "platform": "Azure", "systemService": "BusService", "addressPrefixes": ["198.51.100.0/28"],
   "networkFeatures": []}}]})";
  const auto feed = read_feed(FeedFormat::azure_service_tags, tags);
  ASSERT_TRUE(feed) << feed.error().text();
  FeedDraftOptions options{.vendor = "azure",
                           .source = "x",
                           .services = {{protocol_tcp, 443, 443}},
                           .feed = DraftFeed{"azure", "tags.json", "azure-service-tags"}};
  const std::string text = draft_text(draft_of_feed(*feed, options));
  EXPECT_EQ(errors_in(text, tags), "");
  EXPECT_THAT(text, HasSubstr("allow tcp 443 to feed azure where tag = \"Cloud.East\"\n"));
  EXPECT_THAT(text, HasSubstr("allow tcp 443 to feed azure where service = \"BusService\"\n"));
  options.where = {{FeedField::tag, {"Cloud.East"}}};
  EXPECT_THAT(
      draft_text(draft_of_feed(*feed, options)),
      HasSubstr("part cloud-east \"Cloud.East\" {\n    allow tcp 443 to feed azure where tag "
                "= \"Cloud.East\"\n"));
}

}  // namespace
}  // namespace sallyport
