// SPDX-License-Identifier: GPL-2.0-or-later
// cidr-list: addresses, prefixes and dash ranges, one on a line, or several with `;` between them
// and no blanks, as firewalls and relays take them.
#include <string>
#include <string_view>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/lines.h"

namespace sallyport {
namespace {

/// Without the blanks around the dash of a range; any other blank stays, and is refused with it.
std::string joined_range(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != ' ' && text[at] != '\t') {
      out += text[at];
      continue;
    }
    const auto next = text.find_first_not_of(" \t", at);
    const bool beside_dash = out.ends_with('-') || text.substr(next).starts_with('-');
    if (!beside_dash) out.append(text.substr(at, next - at));
    at = next - 1;
  }
  return out;
}

void read_items(const FeedLine& line, FeedBuilder& feed) {
  std::size_t begin = 0;
  while (begin <= line.text.size() && !feed.failed()) {
    const auto semicolon = line.text.find(';', begin);
    const bool last = semicolon == std::string_view::npos;
    const std::string_view item = line.text.substr(begin, last ? semicolon : semicolon - begin);
    const std::size_t offset = line.offset + begin;
    if (item.empty()) return feed.fail(offset, "there is no address beside the `;`");
    feed.add_address(offset, item);
    if (last) return;
    begin = semicolon + 1;
  }
}

}  // namespace

void read_cidr_list(FeedBuilder& feed) {
  for (const FeedLine& line : feed_lines(feed.text())) {
    if (feed.failed()) return;
    if (line.text.find(';') != std::string_view::npos) {
      read_items(line, feed);
    } else {
      feed.add_address(line.offset, joined_range(line.text));
    }
  }
}

}  // namespace sallyport
