// SPDX-License-Identifier: GPL-2.0-or-later
// decode_utf8(): one character of a text, strictly. Also says which characters deceive a reader and
// so may neither stand in a policy nor be shown raw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

struct Character {
  char32_t code = 0;
  std::uint8_t length = 1;  // bytes
  bool valid = false;       // false: the byte starts no well-formed sequence; length is 1
};

/// The character at `at`, which must be inside `text`. Refuses overlong forms, surrogates and
/// anything above U+10FFFF (RFC 3629).
Character decode_utf8(std::string_view text, std::size_t at);

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Controls, blanks that look like others, invisible characters and those that reorder a line.
/// Tab, line feed and carriage return count as controls here.
bool is_deceptive(char32_t code);

}  // namespace sallyport
