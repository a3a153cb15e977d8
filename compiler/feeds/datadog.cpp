// SPDX-License-Identifier: GPL-2.0-or-later
// datadog: one section for each product; synthetic tests are listed by location as well.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {
namespace {

void read_locations(const JsonObject& section, std::string_view name, std::string_view key,
                    Family family, FeedBuilder& feed) {
  if (!section.has(key)) return;
  const JsonObject locations(section.member(key), feed);
  for (const std::string_view location : section.member(key).keys) {
    feed.set_attributes(
        {{FeedField::section, std::string(name)}, {FeedField::region, std::string(location)}});
    add_addresses(locations, location, feed, family);
  }
}

}  // namespace

void read_datadog(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed);
  for (const std::string_view key : {"version", "modified", "agents"}) {
    if (!file.has(key)) feed.fail(root, "the member " + shown_word(key) + " is missing");
  }
  feed.set_version(file.number("version"));
  feed.set_date(file.member("modified"), file.text("modified"));
  for (const std::string_view name : root.keys) {
    if (name == "version" || name == "modified") continue;
    if (feed.failed()) return;
    const JsonObject section(file.member(name), feed,
                             {{"prefixes_ipv4", "prefixes_ipv6"},
                              {"prefixes_ipv4_by_location", "prefixes_ipv6_by_location"}});
    feed.set_attributes({{FeedField::section, std::string(name)}});
    add_addresses(section, "prefixes_ipv4", feed, Family::v4);
    add_addresses(section, "prefixes_ipv6", feed, Family::v6);
    read_locations(section, name, "prefixes_ipv4_by_location", Family::v4, feed);
    read_locations(section, name, "prefixes_ipv6_by_location", Family::v6, feed);
  }
}

}  // namespace sallyport
