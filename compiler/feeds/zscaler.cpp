// SPDX-License-Identifier: GPL-2.0-or-later
// zscaler: the hub prefixes of one cloud.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_zscaler(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"hubPrefixes"}, {"cloudName", "type"}});
  feed.set_attributes({{FeedField::section, std::string(file.text("cloudName"))},
                       {FeedField::tag, std::string(file.text("type"))}});
  add_addresses(file, "hubPrefixes", feed);
}

}  // namespace sallyport
