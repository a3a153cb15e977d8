// SPDX-License-Identifier: GPL-2.0-or-later
// azure-service-tags: ServiceTags_Public.json and its siblings of the other clouds. One tag is a
// named list of prefixes; a prefix is in several tags.
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"

namespace sallyport {

void read_azure_service_tags(const JsonValue& root, FeedBuilder& feed) {
  const JsonObject file(root, feed, {{"changeNumber", "cloud", "values"}});
  feed.set_version(file.number("changeNumber"));
  file.text("cloud");
  for (const JsonValue& value : file.array("values")) {
    const JsonObject tag(value, feed, {{"name", "id", "properties"}});
    const JsonObject properties(
        tag.member("properties"), feed,
        {{"changeNumber", "region", "platform", "systemService", "addressPrefixes"},
         {"regionId", "networkFeatures"}});
    tag.text("id");
    properties.number("changeNumber");
    properties.number("regionId");
    properties.text("platform");
    properties.texts_or_null("networkFeatures");
    const std::string_view name = tag.text("name");
    if (name.empty()) feed.fail(tag.member("name"), "the name of the tag is empty");
    feed.set_attributes({{FeedField::tag, std::string(name)},
                         {FeedField::region, std::string(properties.text("region"))},
                         {FeedField::service, std::string(properties.text("systemService"))}});
    add_addresses(properties, "addressPrefixes", feed);
    if (feed.failed()) return;
  }
}

}  // namespace sallyport
