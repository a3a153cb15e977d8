// SPDX-License-Identifier: GPL-2.0-or-later
// What the writer and the reader of a program text share: its first and last line, and the words of
// a line (numbers, bare words, strings in quotes) with one blank between them.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

inline constexpr std::string_view first_line = "sallyport program 1";
inline constexpr std::string_view last_line = "end";

/// In double quotes, with \" and \\ escaped, and control characters as \xHH.
std::string quoted(std::string_view text);

/// In backticks for a message: shortened, without control characters.
std::string shown(std::string_view found);

/// Takes the words of one line from the left.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }

  /// Up to the next blank; empty at the end.
  std::string_view word();
  /// A decimal number without sign or leading zeros.
  template <class Number>
  std::optional<Number> number(Number greatest);
  /// A string as quoted() writes it.
  std::optional<std::string> string();

 private:
  std::optional<char> character(std::size_t& at) const;

  std::string_view rest_;
};

template <class Number>
std::optional<Number> Words::number(Number greatest) {
  const std::string_view text = word();
  const char* end = text.data() + text.size();
  Number value = 0;
  const auto result = std::from_chars(text.data(), end, value);
  const bool canonical = text == "0" || (!text.empty() && text[0] >= '1' && text[0] <= '9');
  if (result.ec != std::errc{} || result.ptr != end || !canonical) return std::nullopt;
  if (value > greatest) return std::nullopt;
  return value;
}

}  // namespace sallyport
