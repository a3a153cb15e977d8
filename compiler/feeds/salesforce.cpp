// SPDX-License-Identifier: GPL-2.0-or-later
// salesforce: ip-ranges.json of Hyperforce. `ip_prefix` is one prefix or an array of them.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {
namespace {

void read_row(const JsonValue& value, std::string_view key, Family family, FeedBuilder& feed) {
  const JsonObject row(value, feed, {{"region", key}, {"provider", "service"}});
  row.text("service");
  feed.set_attributes({{FeedField::region, std::string(row.text("region"))},
                       {FeedField::service, std::string(row.text("provider"))}});
  if (row.member(key).kind == JsonValue::Kind::array) {
    add_addresses(row, key, feed, family);
  } else {
    feed.add_address(row.member(key), family);
  }
}

}  // namespace

void read_salesforce(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"syncToken", "createDate", "prefixes"}, {"ipv6_prefixes"}});
  feed.set_version(file.text("syncToken"));
  feed.set_date(file.member("createDate"), file.text("createDate"));
  for (const JsonValue& row : file.array("prefixes")) {
    if (feed.failed()) return;
    read_row(row, "ip_prefix", Family::v4, feed);
  }
  for (const JsonValue& row : file.array("ipv6_prefixes")) {
    if (feed.failed()) return;
    read_row(row, "ipv6_prefix", Family::v6, feed);
  }
}

}  // namespace sallyport
