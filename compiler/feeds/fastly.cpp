// SPDX-License-Identifier: GPL-2.0-or-later
// fastly: the public address list of the API.
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_fastly(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"addresses", "ipv6_addresses"}});
  add_addresses(file, "addresses", feed, Family::v4);
  add_addresses(file, "ipv6_addresses", feed, Family::v6);
}

}  // namespace sallyport
