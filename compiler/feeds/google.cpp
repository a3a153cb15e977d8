// SPDX-License-Identifier: GPL-2.0-or-later
// gcp: cloud.json, and goog.json, whose rows have neither service nor scope.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_gcp(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"syncToken", "creationTime", "prefixes"}});
  feed.set_version(file.text("syncToken"));
  feed.set_date(file.member("creationTime"), file.text("creationTime"));
  for (const JsonValue& value : file.array("prefixes")) {
    const JsonObject row(value, feed, {{}, {"ipv4Prefix", "ipv6Prefix", "service", "scope"}});
    if (row.has("ipv4Prefix") == row.has("ipv6Prefix")) {
      feed.fail(value, "expected one of `ipv4Prefix` and `ipv6Prefix`");
    }
    if (feed.failed()) return;
    feed.set_attributes({{FeedField::region, std::string(row.text("scope"))},
                         {FeedField::service, std::string(row.text("service"))}});
    if (row.has("ipv4Prefix")) feed.add_address(row.member("ipv4Prefix"), Family::v4);
    if (row.has("ipv6Prefix")) feed.add_address(row.member("ipv6Prefix"), Family::v6);
  }
}

}  // namespace sallyport
