// SPDX-License-Identifier: GPL-2.0-or-later
// What is no feed gives nothing, and says where it is wrong: one fault anywhere refuses the file.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compiler/feeds/read_feed.h"
#include "tests/unit/feeds/excerpts.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

std::string fault_of(FeedFormat format, const std::string& bytes) {
  const auto feed = read_feed(format, bytes);
  return feed ? "read, " + std::to_string(feed->entries.size()) + " entries" : feed.error().text();
}

TEST(FeedRefusals, OfText) {
  struct Row {
    FeedFormat format;
    std::string text;
    const char* fault;
  };
  const FeedFormat list = FeedFormat::cidr_list;
  const FeedFormat geo = FeedFormat::geofeed;
  const Row rows[] = {
      // A real one: the line end between two files was lost.
      {list, "170.114.45.0/24\n170.114.46.0/243.7.35.0/25\n3.7.35.0/25\n",
       "line 2, column 1: `170.114.46.0/243.7.35.0/25` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.1/24",
       "line 1, column 1: `192.0.2.1/24` has host bits set; the prefix is "
       "`192.0.2.0/24`"},
      {list, "192.0.2.0/24 198.51.100.0/24",
       "line 1, column 1: `192.0.2.0/24 198.51.100.0/24` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.0/24,198.51.100.0/24",
       "line 1, column 1: `192.0.2.0/24,198.51.100.0/24` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.0/24; 198.51.100.0/24",
       "line 1, column 14: ` 198.51.100.0/24` is no address, no prefix and no range of addresses"},
      {list, "192.0.2.0/24;;198.51.100.0/24",
       "line 1, column 14: there is no address beside the "
       "`;`"},
      {list, "192.0.2.0/24;", "line 1, column 14: there is no address beside the `;`"},
      {list, "192.0.2.9-192.0.2.3",
       "line 1, column 1: `192.0.2.9-192.0.2.3` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.3-2001:db8::1",
       "line 1, column 1: `192.0.2.3-2001:db8::1` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.0/33",
       "line 1, column 1: `192.0.2.0/33` is no address, no prefix and no "
       "range of addresses"},
      {list, "192.0.2.0/024",
       "line 1, column 1: `192.0.2.0/024` has host bits set; the prefix is "
       "`192.0.2.0/24`"},
      {list, "192.0.2",
       "line 1, column 1: `192.0.2` is no address, no prefix and no range of "
       "addresses"},
      {list, "192.0.2.01",
       "line 1, column 1: `192.0.2.01` is no address, no prefix and no range "
       "of addresses"},
      {list, std::string("192.0.2.1\0x", 11),
       "line 1, column 1: `192.0.2.1?x` is no address, no prefix and no range of addresses"},
      {list, "0.0.0.0/0",
       "line 1, column 1: `0.0.0.0/0` is every address there is, which no feed "
       "lists"},
      {list, "::/0", "line 1, column 1: `::/0` is every address there is, which no feed lists"},
      {list, "a.example.com",
       "line 1, column 1: `a.example.com` is no address, no prefix and no "
       "range of addresses"},
      {list, "\xC3\xA9 192.0.2.0/24x",
       "line 1, column 1: `\xC3\xA9 192.0.2.0/24x` is no address, "
       "no prefix and no range of addresses"},
      {list, "192.0.2.0/24\r198.51.100.0/24",
       "line 1, column 1: `192.0.2.0/24?198.51.100.0/24` is no address, no prefix and no range of "
       "addresses"},
      {list, "", "the file is empty"},
      {list, "\xEF\xBB\xBF \r\n\t", "the file is empty"},
      {list, "# nothing but a comment\n", "there is no entry in it"},
      {list, " \n <html>", "line 2, column 2: this is a web page, no feed"},
      {FeedFormat::aws, "<!DOCTYPE html>", "line 1, column 1: this is a web page, no feed"},
      {FeedFormat::cloudflare, "error code: 522",
       "line 1, column 1: `error code: 522` is no "
       "address, no prefix and no range of addresses"},
      {geo, "192.0.2.0/24",
       "line 1, column 1: expected a prefix, country, region, city and postal "
       "code, found 1 column"},
      {geo, "192.0.2.0/24,NL,NL-NH,Amsterdam,1098 XH,x",
       "line 1, column 1: expected a prefix, country, region, city and postal code, found 6 "
       "columns"},
      {geo, "192.0.2.0/24,Netherlands",
       "line 1, column 1: `Netherlands` is no country code (ISO "
       "3166-1)"},
      {geo, "192.0.2.0/24,NL,DE-BE",
       "line 1, column 1: `DE-BE` is no region of the country (ISO "
       "3166-2)"},
      {geo, "192.0.2.0/24,,NL-NH",
       "line 1, column 1: `NL-NH` is no region of the country (ISO "
       "3166-2)"},
      {geo, "192.0.2.0/24,NL\n192.0.2.0/24,DE",
       "line 2, column 1: `192.0.2.0/24` stands here for "
       "the second time"},
      {geo, "192.0.2.0/24,NL,,\"Amsterdam",
       "line 1, column 1: a quote is not closed, or inside of "
       "a column"},
      {geo, "192.0.2.0/24,NL,,\"Amster\"dam",
       "line 1, column 1: a quote is not closed, or inside "
       "of a column"},
      {geo, "192.0.2.0/24,NL,,Amster\"dam",
       "line 1, column 1: a quote is not closed, or inside of "
       "a column"},
      {geo, "192.0.2.0/24,NL,,Amster\rdam", "line 1, column 1: a control character in the line"},
      {geo, "a.example.com,NL",
       "line 1, column 1: `a.example.com` is no address, no prefix and no "
       "range of addresses"},
  };
  for (const Row& row : rows) EXPECT_EQ(fault_of(row.format, row.text), row.fault);
}

TEST(FeedRefusals, OfJson) {
  struct Row {
    FeedFormat format;
    const char* text;
    const char* fault;
  };
  const Row rows[] = {
      {FeedFormat::fastly, R"({"addresses":["2001:db8::/32"],"ipv6_addresses":[]})",
       "line 1, column 15 (/addresses/0): `2001:db8::/32` is IPv6, in a list of IPv4"},
      {FeedFormat::fastly, R"({"addresses":[],"ipv6_addresses":["192.0.2.0/24"]})",
       "line 1, column 35 (/ipv6_addresses/0): `192.0.2.0/24` is IPv4, in a list of IPv6"},
      {FeedFormat::fastly, R"({"addresses":[],"ipv6_addresses":[]})", "there is no entry in it"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24"]})",
       "line 1, column 1: the member `ipv6_addresses` is missing"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24"],"ipv6_adresses":[]})",
       "line 1, column 1: the member `ipv6_addresses` is missing, and `ipv6_adresses` is unknown"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24"],"ipv6_addresses":[],"more":[]})",
       "line 1, column 58 (/more): the member `more` is unknown"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24"],"ipv6_addresses":null})",
       "line 1, column 48 (/ipv6_addresses): expected an array, found null"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24",7],"ipv6_addresses":[]})",
       "line 1, column 30 (/addresses/1): expected an address or a prefix as a string, found a "
       "number"},
      {FeedFormat::fastly, R"({"addresses":["192.0.2.0/24"],"addresses":[],"ipv6_addresses":[]})",
       "line 1, column 31: the key stands here for the second time"},
      {FeedFormat::fastly, "{\"addresses\":[\n\"192.0.2.0/24\"\n\"192.0.2.0/25\"]}",
       "line 3, column 1: expected `,` or `]`, found `\"`"},
      {FeedFormat::fastly, "[]", "line 1, column 1: expected an object, found an array"},
      {FeedFormat::m365, "{}", "line 1, column 1: expected an array, found an object"},
      {FeedFormat::m365, "[]", "there is no entry in it"},
      {FeedFormat::aws, "192.0.2.0/24\n",
       "line 1, column 6: expected nothing more after the value, found `.`"},
      {FeedFormat::gcp,
       R"({"syncToken":"1","creationTime":"2026-03-31T00:00","prefixes":[{"scope":"x"}]})",
       "line 1, column 64 (/prefixes/0): expected one of `ipv4Prefix` and `ipv6Prefix`"},
      {FeedFormat::gcp,
       R"({"syncToken":"1","creationTime":"yesterday","prefixes":[{"ipv4Prefix":"192.0.2.0/24"}]})",
       "line 1, column 33 (/creationTime): expected a date such as 2026-03-31, found `yesterday`"},
      {FeedFormat::gcp,
       R"({"syncToken":"1","creationTime":"2026-02-30","prefixes":[{"ipv4Prefix":"192.0.2.0/24"}]})",
       "line 1, column 33 (/creationTime): expected a date such as 2026-03-31, found `2026-02-30`"},
      {FeedFormat::cloudflare, R"({"result":null,"success":false,"errors":[{"code":10000}]})",
       "line 1, column 26 (/success): the request had failed"},
      {FeedFormat::okta, R"({"us_cell_1":{"ip_ranges":["192.0.2.1/32"]},"us_cell_2":[]})",
       "line 1, column 57 (/us_cell_2): expected an object, found an array"},
      {FeedFormat::snowflake, R"([{"type":"STAGE","host":"https://a.example.com/","port":443}])",
       "line 1, column 25 (/0/host): `https://a.example.com/`: has the character `:`, which no "
       "host name has"},
      {FeedFormat::snowflake, R"([{"type":"STAGE","host":"a.example.com","port":70000}])",
       "line 1, column 48 (/0/port): `70000` is no port"},
      {FeedFormat::snowflake, R"([{"type":"STAGE","host":"192.0.2.1","port":443}])",
       "line 1, column 25 (/0/host): `192.0.2.1`: is an address, not a name"},
      {FeedFormat::atlassian,
       R"({"creationDate":"2026-03-01","syncToken":1,"items":[{"network":"192.0.2.0",)"
       R"("mask_len":24,"cidr":"192.0.2.0/25","region":[],"product":[],"direction":[]}]})",
       "line 1, column 53 (/items/0): `192.0.2.0/25` is not `192.0.2.0/24`, which the item says "
       "as well"},
  };
  for (const Row& row : rows) EXPECT_EQ(fault_of(row.format, row.text), row.fault);
}

// One feed in place of another is no feed either.
TEST(FeedRefusals, OfTheFeedOfAnotherVendor) {
  for (const auto& [format, file] : excerpts()) {
    for (const FormatRow& row : feed_formats()) {
      const bool plain_list = file.ends_with(".txt") && row.text == read_cidr_list;
      if (row.format == format || plain_list) continue;
      EXPECT_FALSE(read_feed(row.format, excerpt(file))) << file << " as " << row.name;
    }
  }
}

TEST(FeedRefusals, OfSizes) {
  EXPECT_EQ(fault_of(FeedFormat::cidr_list, std::string(largest_feed + 1, '\n')),
            "the file is larger than 64 MiB");
  EXPECT_EQ(fault_of(FeedFormat::fastly, std::string(100'000, '[')),
            "line 1, column 33: nested deeper than any feed is");
  std::string deep = "{\"addresses\":";
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  EXPECT_EQ(read_feed(FeedFormat::fastly, deep).error().message, "nested deeper than any feed is");
}

/// Every value of the document, root first, as pointers.
void collect(const Json& value, const Json::json_pointer& at,
             std::vector<Json::json_pointer>& into) {
  into.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) collect(item, at / key, into);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, into);
  }
}

std::string without_mark(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

// In every place of every JSON excerpt: another type is refused with a place.
TEST(FeedRefusals, AnotherTypeAnywhereIsRefused) {
  std::size_t tried = 0;
  for (const auto& [format, file] : excerpts()) {
    if (!file.ends_with(".json")) continue;
    const Json document = Json::parse(without_mark(excerpt(file)));
    std::vector<Json::json_pointer> places;
    collect(document, Json::json_pointer(), places);
    for (const auto& place : places) {
      Json changed = document;
      Json& value = changed[place];
      // `networkFeatures` may be null; what a vendor's free text says is not judged.
      value = value.is_object() ? Json(Json::array({7})) : Json(Json::object({{"x", 7}}));
      const auto feed = read_feed(format, changed.dump());
      EXPECT_FALSE(feed) << file << " with " << changed.dump();
      if (feed) continue;
      EXPECT_GT(feed.error().line, 0u) << file << " " << place.to_string();
      ++tried;
    }
  }
  EXPECT_GT(tried, 250u);
}

// The keys of these are data: sections, cells, locations.
bool key_is_data(const std::string& file, const Json::json_pointer& parent) {
  const std::string at = parent.to_string();
  if (file == "okta.json") return at.empty();
  if (file == "datadog.json") return at.empty() || at.ends_with("_by_location");
  if (file == "github-meta.json") {
    return at.empty() || at.starts_with("/domains") || at == "/ssh_key_fingerprints";
  }
  return false;
}

TEST(FeedRefusals, AMisnamedMemberAnywhereIsRefused) {
  std::size_t tried = 0;
  for (const auto& [format, file] : excerpts()) {
    if (!file.ends_with(".json")) continue;
    const Json document = Json::parse(without_mark(excerpt(file)));
    std::vector<Json::json_pointer> places;
    collect(document, Json::json_pointer(), places);
    for (const auto& place : places) {
      if (place.empty()) continue;
      const Json::json_pointer parent = place.parent_pointer();
      if (!document[parent].is_object() || key_is_data(file, parent)) continue;
      Json changed = document;
      changed[parent][place.back() + "_"] = changed[place];
      changed[parent].erase(place.back());
      EXPECT_FALSE(read_feed(format, changed.dump())) << file << " " << place.to_string();
      ++tried;
    }
  }
  EXPECT_GT(tried, 100u);
}

// One entry that cannot be read, anywhere, refuses all the others with it.
TEST(FeedRefusals, ACorruptEntryAnywhereIsRefused) {
  std::size_t tried = 0;
  for (const auto& [format, file] : excerpts()) {
    const auto feed = read_feed(format, excerpt(file));
    ASSERT_TRUE(feed) << file;
    const std::string text = excerpt(file);
    for (std::size_t at = text.find_first_of(".:"); at != std::string::npos;
         at = text.find_first_of(".:", at + 1)) {
      // A dot or colon between digits belongs to an address (or to a time, which may say anything).
      const auto is_digit = [&](std::size_t i) { return i < text.size() && isxdigit(text[i]); };
      const bool in_address = is_digit(at - 1) && is_digit(at + 1) && text[at] == '.';
      if (!in_address || text.rfind("\"20", at) > text.rfind('\n', at)) continue;
      std::string changed = text;
      changed[at] = '!';
      EXPECT_FALSE(read_feed(format, changed)) << file << " at " << at;
      ++tried;
    }
  }
  EXPECT_GT(tried, 130u);
}

}  // namespace
}  // namespace sallyport
