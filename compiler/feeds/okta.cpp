// SPDX-License-Identifier: GPL-2.0-or-later
// okta: ip_ranges.json, the addresses of each cell.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_okta(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed);
  for (const std::string_view cell : root.keys) {
    if (feed.failed()) return;
    const JsonObject ranges(file.member(cell), feed, {{"ip_ranges"}});
    feed.set_attributes({{FeedField::section, std::string(cell)}});
    add_addresses(ranges, "ip_ranges", feed);
  }
}

}  // namespace sallyport
