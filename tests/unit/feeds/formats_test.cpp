// SPDX-License-Identifier: GPL-2.0-or-later
// Each format on a short excerpt: every entry, with everything that is said of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/feeds/read_feed.h"
#include "tests/unit/feeds/excerpts.h"

namespace sallyport {
namespace {

using Lines = std::vector<std::string>;

/// `version DATE` of the feed, then its entries.
Lines lines_of(FeedFormat format, const std::string& bytes) {
  const auto feed = read_feed(format, bytes);
  if (!feed) return {"fault: " + feed.error().text()};
  Lines lines{feed->version + " " + feed->date};
  for (const FeedEntry& entry : feed->entries) lines.push_back(entry_text(*feed, entry));
  return lines;
}

Lines lines_of(FeedFormat format, const char* file) {
  return lines_of(format, excerpt(file));
}

TEST(FeedFormats, TheTableHasEveryFormatOnceAndAnExcerptOfEach) {
  std::size_t row = 0;
  for (const FormatRow& format : feed_formats()) {
    EXPECT_EQ(static_cast<std::size_t>(format.format), row++) << format.name;
    EXPECT_EQ(format_of(format.name), format.format);
    EXPECT_TRUE(format.json || format.text) << format.name;
    EXPECT_TRUE(has_field(format.format, FeedField::family));
    EXPECT_TRUE(std::ranges::any_of(excerpts(), [&](const Excerpt& one) {
      return one.format == format.format;
    })) << format.name;
  }
  EXPECT_EQ(row, 16u);
  EXPECT_FALSE(format_of("AWS"));
  EXPECT_FALSE(has_field(FeedFormat::fastly, FeedField::region));
}

TEST(FeedFormats, EntriesHaveOnlyFieldsOfTheTable) {
  for (const auto& [format, file] : excerpts()) {
    const auto feed = read_feed(format, excerpt(file));
    ASSERT_TRUE(feed) << file << ": " << feed.error().text();
    for (const auto& set : feed->attribute_sets) {
      for (const FeedAttribute& one : set) {
        EXPECT_TRUE(has_field(format, one.field)) << file << ": " << field_name(one.field);
      }
    }
  }
}

TEST(FeedFormats, AzureServiceTags) {
  EXPECT_EQ(lines_of(FeedFormat::azure_service_tags, "azure-service-tags.json"),
            (Lines{"363 ",
                   "4.200.251.84/30 tag=ActionGroup.AustraliaSoutheast region=australiasoutheast "
                   "service=ActionGroup",
                   "13.77.53.216/30 tag=ActionGroup.AustraliaSoutheast region=australiasoutheast "
                   "service=ActionGroup",
                   "20.92.5.114/31 tag=ActionGroup.AustraliaSoutheast region=australiasoutheast "
                   "service=ActionGroup",
                   "2603:1010:101::10c/126 tag=ActionGroup.AustraliaSoutheast "
                   "region=australiasoutheast service=ActionGroup",
                   "2603:1010:101:402::178/125 tag=ActionGroup.AustraliaSoutheast "
                   "region=australiasoutheast service=ActionGroup",
                   "4.199.88.16/29 tag=ServiceBus.AustraliaSoutheast region=australiasoutheast "
                   "service=AzureServiceBus",
                   "4.199.88.32/28 tag=ServiceBus.AustraliaSoutheast region=australiasoutheast "
                   "service=AzureServiceBus",
                   "13.77.50.16/28 tag=ServiceBus.AustraliaSoutheast region=australiasoutheast "
                   "service=AzureServiceBus",
                   "2603:1010:101:1::500/120 tag=ServiceBus.AustraliaSoutheast "
                   "region=australiasoutheast service=AzureServiceBus",
                   "2603:1010:101:402::170/125 tag=ServiceBus.AustraliaSoutheast "
                   "region=australiasoutheast service=AzureServiceBus"}));
}

TEST(FeedFormats, Aws) {
  EXPECT_EQ(
      lines_of(FeedFormat::aws, "aws.json"),
      (Lines{"1753388594 2025-07-24", "3.4.12.4 tag=eu-west-1 region=eu-west-1 service=AMAZON",
             "3.5.140.0/22 tag=ap-northeast-2 region=ap-northeast-2 service=AMAZON",
             "120.52.22.96/27 tag=GLOBAL region=GLOBAL service=CLOUDFRONT",
             "205.251.249.0/24 tag=GLOBAL region=GLOBAL service=CLOUDFRONT",
             "2600:1f69:7400::/40 tag=mx-central-1 region=mx-central-1 service=AMAZON",
             "2600:9000:5206::/48 tag=ap-northeast-2 region=ap-northeast-2 service=AMAZON"}));
}

TEST(FeedFormats, Google) {
  EXPECT_EQ(
      lines_of(FeedFormat::gcp, "gcp.json"),
      (Lines{"1753409788780 2025-07-24", "34.1.208.0/20 region=africa-south1 service=Google Cloud",
             "34.35.0.0/16 region=africa-south1 service=Google Cloud",
             "2600:1900:8000::/44 region=africa-south1 service=Google Cloud"}));
  EXPECT_EQ(lines_of(FeedFormat::gcp, "goog.json"),
            (Lines{"1753409788780 2025-07-24", "192.0.2.0/24", "2001:db8::/32"}));
}

TEST(FeedFormats, Microsoft365) {
  EXPECT_EQ(lines_of(FeedFormat::m365, "m365.json"),
            (Lines{" ",
                   "?.sharepoint.com tag=required service=SharePoint category=Optimize section=31 "
                   "port=tcp 443 port=tcp 80",
                   "*-my.sharepoint.com tag=required service=SharePoint category=Optimize "
                   "section=31 port=tcp 443 port=tcp 80",
                   "13.107.136.0/22 tag=required service=SharePoint category=Optimize section=31 "
                   "port=tcp 443 port=tcp 80",
                   "40.108.128.0/17 tag=required service=SharePoint category=Optimize section=31 "
                   "port=tcp 443 port=tcp 80",
                   "2603:1061:1300::/40 tag=required service=SharePoint category=Optimize "
                   "section=31 port=tcp 443 port=tcp 80",
                   "13.107.64.0/18 tag=required service=Skype category=Optimize section=11 "
                   "port=udp 3478 port=udp 3479 port=udp 3480 port=udp 3481",
                   "52.112.0.0/14 tag=required service=Skype category=Optimize section=11 port=udp "
                   "3478 port=udp 3479 port=udp 3480 port=udp 3481",
                   "2603:1063::/38 tag=required service=Skype category=Optimize section=11 "
                   "port=udp 3478 port=udp 3479 port=udp 3480 port=udp 3481",
                   "*cdn.onenote.net tag=required service=Common category=Default section=51 "
                   "port=tcp 443"}));
}

TEST(FeedFormats, GitHubMeta) {
  EXPECT_EQ(
      lines_of(FeedFormat::github_meta, "github-meta.json"),
      (Lines{" ",
             "192.30.252.0/22 category=addresses section=hooks",
             "185.199.108.0/22 category=addresses section=hooks",
             "2a0a:a440::/29 category=addresses section=hooks",
             "192.30.252.0/22 category=addresses section=web",
             "185.199.108.0/22 category=addresses section=web",
             "2a0a:a440::/29 category=addresses section=web",
             "192.30.252.0/22 category=addresses section=api",
             "185.199.108.0/22 category=addresses section=api",
             "2a0a:a440::/29 category=addresses section=api",
             "192.30.252.0/22 category=addresses section=git",
             "185.199.108.0/22 category=addresses section=git",
             "2a0a:a440::/29 category=addresses section=git",
             "4.148.0.0/16 category=addresses section=actions",
             "4.149.0.0/18 category=addresses section=actions",
             "2602:fd5e:1::/63 category=addresses section=actions",
             "*.github.com category=domains section=website",
             "*.github.dev category=domains section=website",
             "*.actions.githubusercontent.com category=domains section=actions",
             "productionresultssa0.blob.core.windows.net category=domains section=actions",
             "github.com category=domains section=actions_inbound",
             "*.githubusercontent.com category=domains section=actions_inbound",
             "*.actions.githubusercontent.com category=domains section=artifact_attestations"}));
}

TEST(FeedFormats, Cloudflare) {
  EXPECT_EQ(lines_of(FeedFormat::cloudflare, "cloudflare.txt"),
            (Lines{" ", "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22"}));
  EXPECT_EQ(lines_of(FeedFormat::cloudflare, "cloudflare.json"),
            (Lines{"38f79d050aa027e3be3865e495dcc9bc ", "192.0.2.0/24", "2001:db8::/32",
                   "198.51.100.0/24 section=jdcloud"}));
}

TEST(FeedFormats, Fastly) {
  EXPECT_EQ(lines_of(FeedFormat::fastly, "fastly.json"),
            (Lines{" ", "23.235.32.0/20", "43.249.72.0/22", "103.244.50.0/24", "2a04:4e40::/32",
                   "2a04:4e42::/32"}));
}

TEST(FeedFormats, Oracle) {
  EXPECT_EQ(
      lines_of(FeedFormat::oracle, "oracle.json"),
      (Lines{"2025-07-21T07:13:25.457838 2025-07-21", "129.80.0.0/16 tag=OCI region=us-ashburn-1",
             "64.181.152.0/21 tag=OSN region=us-ashburn-1",
             "134.70.24.0/21 tag=OBJECT_STORAGE tag=OSN region=us-ashburn-1",
             "129.146.0.0/21 tag=OCI region=us-phoenix-1",
             "129.146.12.128/25 tag=OSN region=us-phoenix-1",
             "134.70.8.0/21 tag=OBJECT_STORAGE tag=OSN region=us-phoenix-1"}));
}

TEST(FeedFormats, Atlassian) {
  EXPECT_EQ(lines_of(FeedFormat::atlassian, "atlassian.json"),
            (Lines{"1772356364 2026-03-01",
                   "192.0.2.0/25 tag=commercial region=eu-west-1 direction=egress "
                   "product=confluence product=jira",
                   "2001:db8::/32 tag=commercial region=global direction=egress "
                   "direction=ingress product=jira"}));
}

TEST(FeedFormats, Datadog) {
  EXPECT_EQ(lines_of(FeedFormat::datadog, "datadog.json"),
            (Lines{"87 2026-03-01", "192.0.2.0/25 section=agents", "2001:db8::/32 section=agents",
                   "198.51.100.1 section=synthetics", "198.51.100.2 section=synthetics",
                   "198.51.100.1 region=aws:eu-central-1 section=synthetics",
                   "198.51.100.2 region=aws:us-east-2 section=synthetics",
                   "203.0.113.7 section=webhooks"}));
}

TEST(FeedFormats, Okta) {
  EXPECT_EQ(lines_of(FeedFormat::okta, "okta.json"),
            (Lines{" ", "192.0.2.1 section=us_cell_1", "192.0.2.2 section=us_cell_1",
                   "198.51.100.0/28 section=emea_cell_1", "192.0.2.1 section=emea_cell_1"}));
}

TEST(FeedFormats, Salesforce) {
  EXPECT_EQ(lines_of(FeedFormat::salesforce, "salesforce.json"),
            (Lines{"1751821200 2026-07-06", "192.0.2.0/25 region=eu-central-1 service=aws",
                   "192.0.2.128/25 region=eu-central-1 service=aws",
                   "198.51.100.0/24 region=europe-west3 service=gcp"}));
}

TEST(FeedFormats, Zscaler) {
  EXPECT_EQ(lines_of(FeedFormat::zscaler, "zscaler.json"),
            (Lines{" ", "192.0.2.0/24 tag=required section=zscaler.net",
                   "2001:db8::/32 tag=required section=zscaler.net"}));
}

TEST(FeedFormats, Snowflake) {
  EXPECT_EQ(lines_of(FeedFormat::snowflake, "snowflake.json"),
            (Lines{" ", "acme.example.com category=SNOWFLAKE_DEPLOYMENT port=tcp 443",
                   "acme-stage.example.net category=STAGE port=tcp 443",
                   "ocsp.example.com category=OCSP_CACHE port=tcp 80",
                   "*.ocsp.example.org category=OCSP_RESPONDER port=tcp 80"}));
}

TEST(FeedFormats, Geofeed) {
  EXPECT_EQ(lines_of(FeedFormat::geofeed, "geofeed.csv"),
            (Lines{" ", "192.0.2.0/25 region=NL region=NL-NH section=Amsterdam",
                   "192.0.2.128/25 region=NL",
                   "198.51.100.0/24 region=US region=US-TX section=Richardson, North",
                   "2001:db8::/32", "203.0.113.7 region=DE region=DE-BE section=Berlin"}));
}

TEST(FeedFormats, CidrList) {
  EXPECT_EQ(lines_of(FeedFormat::cidr_list, "cidr-list.txt"),
            (Lines{" ", "192.0.2.0/25", "192.0.2.200", "198.51.100.16/28", "198.51.100.40/31",
                   "203.0.113.0/28", "203.0.113.32", "203.0.113.64/31", "2001:db8::/32"}));
}

TEST(FeedFormats, AnUnalignedDashRangeStaysWhatItIs) {
  EXPECT_EQ(lines_of(FeedFormat::cidr_list, std::string("192.0.2.3 - 192.0.2.9")),
            (Lines{" ", "192.0.2.3-192.0.2.9"}));
  EXPECT_EQ(lines_of(FeedFormat::cidr_list, std::string("2001:db8::1 -2001:db8::2\n")),
            (Lines{" ", "2001:db8::1-2001:db8::2"}));
}

// What a transfer or an editor does to a file changes nothing.
TEST(FeedFormats, TheSameWithAMarkCarriageReturnsTabsAndNoFinalNewline) {
  for (const auto& [format, file] : excerpts()) {
    std::string plain;
    for (const char c : excerpt(file)) {
      if (c != '\r') plain += c;
    }
    if (plain.starts_with("\xEF\xBB\xBF")) plain.erase(0, 3);
    while (plain.ends_with('\n')) plain.pop_back();
    const Lines expected = lines_of(format, plain);
    ASSERT_GT(expected.size(), 1u) << file;
    std::string crlf;
    std::string tabs;
    for (const char c : plain + "\n") {
      crlf += c == '\n' ? "\r\n" : std::string(1, c);
      tabs += c == '\n' ? " \t\n" : std::string(1, c);
    }
    EXPECT_EQ(lines_of(format, crlf), expected) << file;
    EXPECT_EQ(lines_of(format, tabs), expected) << file;
    EXPECT_EQ(lines_of(format, "\xEF\xBB\xBF" + crlf), expected) << file;
    EXPECT_EQ(lines_of(format, plain + "\n\n\n"), expected) << file;
    if (row_of(format).text && !file.ends_with(".json")) {
      EXPECT_EQ(lines_of(format, "# a comment\n\n" + plain + " # another"), expected) << file;
    }
  }
}

TEST(FeedSelection, TakesWhatMeetsEveryCondition) {
  const auto feed = read_feed(FeedFormat::atlassian, excerpt("atlassian.json"));
  ASSERT_TRUE(feed);
  const auto count = [&](std::vector<FeedCondition> conditions) {
    return feed->select(conditions).size();
  };
  EXPECT_EQ(count({}), 2u);
  EXPECT_EQ(count({{FeedField::product, {"jira"}}}), 2u);
  EXPECT_EQ(count({{FeedField::product, {"confluence"}}}), 1u);
  EXPECT_EQ(count({{FeedField::product, {"trello", "confluence"}}}), 1u);
  EXPECT_EQ(count({{FeedField::product, {"jira"}}, {FeedField::family, {"ipv6"}}}), 1u);
  EXPECT_EQ(count({{FeedField::product, {"confluence"}}, {FeedField::family, {"ipv6"}}}), 0u);
  EXPECT_EQ(count({{FeedField::family, {"ipv4", "ipv6"}}}), 2u);
  EXPECT_EQ(count({{FeedField::section, {"jira"}}}), 0u);
  EXPECT_EQ(count({{FeedField::product, {"Jira"}}}), 0u);  // as the vendor writes it
  EXPECT_EQ(feed->values(FeedField::product), (Lines{"confluence", "jira"}));
  EXPECT_EQ(feed->values(FeedField::family), (Lines{"ipv4", "ipv6"}));
}

TEST(FeedSelection, NamesHaveNoFamily) {
  const auto feed = read_feed(FeedFormat::snowflake, excerpt("snowflake.json"));
  ASSERT_TRUE(feed);
  const FeedCondition v4{FeedField::family, {"ipv4"}};
  EXPECT_TRUE(feed->select({&v4, 1}).empty());
  EXPECT_TRUE(feed->values(FeedField::family).empty());
}

}  // namespace
}  // namespace sallyport
