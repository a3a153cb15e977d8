// SPDX-License-Identifier: GPL-2.0-or-later
// The choice between JSON and text, and what is common to all formats.
#include "compiler/feeds/read_feed.h"

#include <string>

namespace sallyport {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The first byte that is no blank; NUL if there is none.
char first_character(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

std::unexpected<FeedFault> whole_file(std::string message) {
  return std::unexpected(
      FeedFault{.line = 0, .column = 0, .pointer = {}, .message = std::move(message)});
}

}  // namespace

std::expected<Feed, FeedFault> read_feed(FeedFormat format, std::string_view bytes) {
  if (bytes.size() > largest_feed) return whole_file("the file is larger than 64 MiB");
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  FeedBuilder feed(bytes);
  const char first = first_character(bytes);
  if (first == '\0') return whole_file("the file is empty");
  if (first == '<') {
    feed.fail(bytes.find('<'), "this is a web page, no feed");
    return feed.take();
  }
  const FormatRow& row = row_of(format);
  if (row.text && (!row.json || first != '{')) {
    row.text(feed);
    return feed.take();
  }
  const auto document = read_json(bytes);
  if (!document) {
    feed.fail(document.error().offset, document.error().message);
    return feed.take();
  }
  feed.set_root(document->root);
  row.json(document->root, feed);
  return feed.take();
}

}  // namespace sallyport
