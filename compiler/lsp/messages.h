// SPDX-License-Identifier: GPL-2.0-or-later
// The base protocol (LSP 3.17): messages in a stream, each behind a header with its length.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace sallyport::lsp {

/// Longer messages are skipped, so that memory stays bounded.
inline constexpr std::size_t largest_message = 64u << 20;

struct Incoming {
  enum class Kind { message, malformed, end } kind = Kind::end;
  std::string text;  // the message, or what is wrong with it
};

/// The next message. After a malformed one the stream stands behind it, as far as that can be told.
Incoming read_message(std::istream& in);
void write_message(std::ostream& out, std::string_view text);

}  // namespace sallyport::lsp
