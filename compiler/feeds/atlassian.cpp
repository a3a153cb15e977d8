// SPDX-License-Identifier: GPL-2.0-or-later
// atlassian: prefixes with their products, regions and directions as seen from the vendor.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"
#include "compiler/values/address.h"

namespace sallyport {
namespace {

/// Each item says its prefix in parts as well; a file in which the two differ is torn.
void check_parts(const JsonValue& value, const JsonObject& item, FeedBuilder& feed) {
  const std::string_view cidr = item.text("cidr");
  const std::string_view length = item.number("mask_len");
  const std::string parts = std::string(item.text("network")) + "/" + std::string(length);
  if (item.has("network") && item.has("mask_len") && cidr != parts) {
    feed.fail(value,
              shown_word(cidr) + " is not " + shown_word(parts) + ", which the item says as well");
  }
  const auto range = AddressRange::parse(cidr);
  const auto mask = Address::parse(item.text("mask"));
  if (!item.has("mask") || !range) return;
  const Uint128 host = range->first.number ^ range->last.number;
  const Address expected{range->family(), last_number(range->family()) ^ host};
  if (mask != expected) {
    feed.fail(item.member("mask"), "expected " + shown_word(expected.text()) + ", the mask of " +
                                       shown_word(cidr) + ", found " +
                                       shown_word(item.text("mask")));
  }
}

}  // namespace

void read_atlassian(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"creationDate", "syncToken", "items"}});
  feed.set_date(file.member("creationDate"), file.text("creationDate"));
  const bool number = file.member("syncToken").kind == JsonValue::Kind::number;
  feed.set_version(number ? file.number("syncToken") : file.text("syncToken"));
  for (const JsonValue& value : file.array("items")) {
    const JsonObject item(
        value, feed,
        {{"cidr", "region", "product", "direction"}, {"network", "mask", "mask_len", "perimeter"}});
    check_parts(value, item, feed);
    std::vector<FeedAttribute> attributes{{FeedField::tag, std::string(item.text("perimeter"))}};
    append(attributes, FeedField::region, item.texts("region"));
    append(attributes, FeedField::product, item.texts("product"));
    append(attributes, FeedField::direction, item.texts("direction"));
    feed.set_attributes(std::move(attributes));
    feed.add_address(item.member("cidr"));
    if (feed.failed()) return;
  }
}

}  // namespace sallyport
