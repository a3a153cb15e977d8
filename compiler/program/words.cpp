// SPDX-License-Identifier: GPL-2.0-or-later
// Quoting, and taking words from a line.
#include "compiler/program/words.h"

#include <algorithm>

namespace sallyport {
namespace {

bool needs_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (needs_escape(c)) {
      const auto byte = static_cast<unsigned char>(c);
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string shown(std::string_view found) {
  std::size_t size = std::min<std::size_t>(found.size(), 60);
  // Not through the middle of a UTF-8 sequence.
  while (size > 0 && size < found.size() && (found[size] & 0xc0) == 0x80) --size;
  std::string text;
  for (const char c : found.substr(0, size)) text += needs_escape(c) ? '?' : c;
  return "`" + text + (found.size() > size ? "..." : "") + "`";
}

std::string_view Words::word() {
  const auto blank = rest_.find(' ');
  const std::string_view word = rest_.substr(0, blank);
  // A blank at the end of a line stays, so that it is found to be too much.
  const bool more = blank != std::string_view::npos && blank + 1 < rest_.size();
  rest_.remove_prefix(more ? blank + 1 : word.size());
  return word;
}

std::optional<std::string> Words::string() {
  if (!rest_.starts_with('"')) return std::nullopt;
  std::string text;
  std::size_t at = 1;
  while (at < rest_.size() && rest_[at] != '"') {
    const auto c = character(at);
    if (!c) return std::nullopt;
    text += *c;
  }
  if (at >= rest_.size()) return std::nullopt;
  ++at;  // the closing quote
  if (at < rest_.size()) {
    const bool more = rest_[at] == ' ' && at + 1 < rest_.size();
    if (!more) return std::nullopt;
    ++at;
  }
  rest_.remove_prefix(at);
  return text;
}

/// One character of a string, escaped or plain; moves `at` behind it.
std::optional<char> Words::character(std::size_t& at) const {
  if (rest_[at] != '\\') {
    if (needs_escape(rest_[at])) return std::nullopt;
    return rest_[at++];
  }
  const std::string_view escape = rest_.substr(at + 1, 3);
  if (escape.starts_with('"') || escape.starts_with('\\')) {
    at += 2;
    return escape[0];
  }
  unsigned byte = 0;
  const char* end = escape.data() + escape.size();
  if (escape.size() != 3 || escape[0] != 'x') return std::nullopt;
  const auto result = std::from_chars(escape.data() + 1, end, byte, 16);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  at += 4;
  return static_cast<char>(byte);
}

}  // namespace sallyport
