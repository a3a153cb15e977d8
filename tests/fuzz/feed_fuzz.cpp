// SPDX-License-Identifier: GPL-2.0-or-later
// read_feed() on any bytes: the first byte chooses the format. It never fails but by its answer: a
// feed with entries that are what they say, or a fault with a message; and line ends do not matter.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "compiler/feeds/read_feed.h"

namespace {

using namespace sallyport;

void check_entry(const Feed& feed, const FeedEntry& entry) {
  if (entry.attributes >= feed.attribute_sets.size()) std::abort();
  if (const auto* range = std::get_if<AddressRange>(&entry.remote)) {
    if (AddressRange::parse(range->text()) != *range) std::abort();
  } else if (const auto* name = std::get_if<HostName>(&entry.remote)) {
    if (HostName::parse(name->text()) != *name) std::abort();
  } else if (const auto* pattern = std::get_if<NamePattern>(&entry.remote)) {
    if (NamePattern::parse(pattern->text()) != *pattern) std::abort();
  }
}

void check_fields(FeedFormat format, const Feed& feed) {
  for (const auto& set : feed.attribute_sets) {
    for (const FeedAttribute& one : set) {
      if (one.value.empty() || !has_field(format, one.field)) std::abort();
      const FeedCondition condition{one.field, {one.value}};
      if (feed.attribute_sets.size() < 50) feed.select({&condition, 1});
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto rows = feed_formats();
  const FeedFormat format = rows[bytes[0] % rows.size()].format;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto feed = read_feed(format, text);
  const auto again = read_feed(format, std::string(text) + "\r\n");
  if (!feed) {
    if (feed.error().message.empty()) std::abort();
    return 0;
  }
  if (feed->entries.empty()) std::abort();
  if (!again || again->entries.size() != feed->entries.size()) std::abort();
  for (const FeedEntry& entry : feed->entries) check_entry(*feed, entry);
  check_fields(format, *feed);
  return 0;
}
