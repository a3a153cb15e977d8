// SPDX-License-Identifier: GPL-2.0-or-later
// snowflake: what SYSTEM$ALLOWLIST() returns for one account. Names only, each with one TCP port.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"
#include "compiler/values/service.h"

namespace sallyport {

void read_snowflake(const JsonValue& root, FeedBuilder& feed) {
  for (const JsonValue& value : elements(root, feed)) {
    const JsonObject row(value, feed, {{"type", "host", "port"}});
    const std::string port = "tcp " + std::string(row.number("port"));
    if (!Service::parse(port)) {
      feed.fail(row.member("port"), shown_word(row.number("port")) + " is no port");
    }
    feed.set_attributes(
        {{FeedField::category, std::string(row.text("type"))}, {FeedField::port, port}});
    feed.add_name(row.member("host"));
    if (feed.failed()) return;
  }
}

}  // namespace sallyport
