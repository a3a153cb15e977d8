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

std::string errors_in(const std::string& text) {
  const auto compilation = compile("acme.sally", [&](const auto&) { return text; });
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
  const Draft draft = draft_of_feed(
      *feed, {.vendor = "m365", .source = "endpoints.json", .where = {}, .services = {}});
  const std::string text = draft_text(draft);
  EXPECT_EQ(errors_in(text), "");
  EXPECT_THAT(text, HasSubstr("allow tcp 80, 443 to"));
  EXPECT_THAT(text, HasSubstr("allow udp 3478-3481 to 203.0.113.0/25"));
  EXPECT_THAT(text, HasSubstr("*.example.net"));
}

TEST(FromFeed, a_list_needs_a_service_to_become_rules) {
  const auto feed = read_feed(FeedFormat::cidr_list, "198.51.100.0/24\n192.0.2.1-192.0.2.9\n");
  ASSERT_TRUE(feed) << feed.error().text();
  FeedDraftOptions options{.vendor = "acme", .source = "list", .where = {}, .services = {}};
  EXPECT_THAT(draft_text(draft_of_feed(*feed, options)), HasSubstr("#   198.51.100.0/24\n"));
  options.services = {{protocol_tcp, 443, 443}};
  const std::string text = draft_text(draft_of_feed(*feed, options));
  EXPECT_THAT(text, HasSubstr("allow tcp 443 to 198.51.100.0/24, 192.0.2.1-192.0.2.9"));
  EXPECT_EQ(errors_in(text), "");
}

}  // namespace
}  // namespace sallyport
