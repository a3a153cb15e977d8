// SPDX-License-Identifier: GPL-2.0-or-later
// aws: ip-ranges.json. One row for each prefix and service; `AMAZON` repeats what the others list.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {
namespace {

void read_row(const JsonValue& value, std::string_view prefix, Family family, FeedBuilder& feed) {
  const JsonObject row(value, feed, {{prefix, "region", "service", "network_border_group"}});
  feed.set_attributes({{FeedField::tag, std::string(row.text("network_border_group"))},
                       {FeedField::region, std::string(row.text("region"))},
                       {FeedField::service, std::string(row.text("service"))}});
  feed.add_address(row.member(prefix), family);
}

}  // namespace

void read_aws(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"syncToken", "createDate", "prefixes", "ipv6_prefixes"}});
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
