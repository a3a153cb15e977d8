// SPDX-License-Identifier: GPL-2.0-or-later
// read_feed(): the bytes of a vendor's file to a Feed. Strict: one thing that is not as the format
// has it, anywhere, refuses the whole file; there is never a smaller set than the file lists.
#pragma once

#include <expected>
#include <string_view>

#include "compiler/feeds/feed.h"
#include "compiler/feeds/formats.h"

namespace sallyport {

inline constexpr std::size_t largest_feed = std::size_t{64} << 20;  // bytes

/// A byte order mark, CRLF line ends, blanks at line ends and a missing final newline are read as
/// if they were not there; so are comments (`#`) in text formats.
std::expected<Feed, FeedFault> read_feed(FeedFormat format, std::string_view bytes);

}  // namespace sallyport
