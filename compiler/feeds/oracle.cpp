// SPDX-License-Identifier: GPL-2.0-or-later
// oracle: public_ip_ranges.json, prefixes with tags, by region.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_oracle(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"last_updated_timestamp", "regions"}});
  feed.set_version(file.text("last_updated_timestamp"));
  feed.set_date(file.member("last_updated_timestamp"), file.text("last_updated_timestamp"));
  for (const JsonValue& value : file.array("regions")) {
    const JsonObject region(value, feed, {{"region", "cidrs"}});
    for (const JsonValue& row : region.array("cidrs")) {
      const JsonObject cidr(row, feed, {{"cidr", "tags"}});
      std::vector<FeedAttribute> attributes{
          {FeedField::region, std::string(region.text("region"))}};
      append(attributes, FeedField::tag, cidr.texts("tags"));
      feed.set_attributes(std::move(attributes));
      feed.add_address(cidr.member("cidr"));
      if (feed.failed()) return;
    }
  }
}

}  // namespace sallyport
