// SPDX-License-Identifier: GPL-2.0-or-later
// cloudflare: the answer of the API. The plain lists ips-v4 and ips-v6 are read as a cidr-list.
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_cloudflare(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"result", "success"}, {"errors", "messages"}});
  file.boolean("success");
  if (!file.member("success").truth) feed.fail(file.member("success"), "the request had failed");
  if (!file.array("errors").empty()) feed.fail(file.member("errors"), "the request had failed");
  file.array("messages");
  const JsonObject result(file.member("result"), feed,
                          {{"ipv4_cidrs", "ipv6_cidrs"}, {"etag", "jdcloud_cidrs"}});
  feed.set_version(result.text("etag"));
  add_addresses(result, "ipv4_cidrs", feed, Family::v4);
  add_addresses(result, "ipv6_cidrs", feed, Family::v6);
  feed.set_attributes({{FeedField::section, "jdcloud"}});
  add_addresses(result, "jdcloud_cidrs", feed);
}

}  // namespace sallyport
