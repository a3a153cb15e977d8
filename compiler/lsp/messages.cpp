// SPDX-License-Identifier: GPL-2.0-or-later
// Headers and bodies; entry points in messages.h.
#include "compiler/lsp/messages.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <limits>
#include <optional>
#include <ostream>

namespace sallyport::lsp {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::string_view length_field = "content-length:";

/// A header line without its end, cut if it is too long; nothing at the end of the stream.
std::optional<std::string> read_line(std::istream& in) {
  std::string line;
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (line.size() < longest_line) line += static_cast<char>(c);
  }
  return std::nullopt;
}

bool has_name(std::string_view line, std::string_view lower_name) {
  return line.size() >= lower_name.size() &&
         std::ranges::equal(line.substr(0, lower_name.size()), lower_name, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

std::optional<std::size_t> number(std::string_view digits) {
  const std::size_t begin = std::min(digits.find_first_not_of(" \t"), digits.size());
  digits.remove_prefix(begin);
  digits = digits.substr(0, digits.find_last_not_of(" \t") + 1);
  std::size_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Incoming malformed(std::string why) {
  return {Incoming::Kind::malformed, std::move(why)};
}

}  // namespace

Incoming read_message(std::istream& in) {
  std::optional<std::size_t> length;
  bool any = false;
  while (true) {
    const std::optional<std::string> line = read_line(in);
    if (!line) return {Incoming::Kind::end, {}};
    if (line->empty()) break;
    any = true;
    if (has_name(*line, length_field)) length = number(line->substr(length_field.size()));
  }
  if (!length) {
    return malformed(any ? "the header has no valid Content-Length"
                         : "an empty line where a header was expected");
  }
  if (*length > largest_message) {
    in.ignore(static_cast<std::streamsize>(
        std::min<std::size_t>(*length, std::numeric_limits<std::streamsize>::max() - 1)));
    return malformed("the message has " + std::to_string(*length) + " bytes, expected at most " +
                     std::to_string(largest_message));
  }
  // In pieces: a length that is announced costs nothing before it has come.
  std::string text;
  while (text.size() < *length) {
    const std::size_t before = text.size();
    const std::size_t piece = std::min<std::size_t>(*length - before, 1u << 20);
    text.resize(before + piece);
    in.read(text.data() + before, static_cast<std::streamsize>(piece));
    if (in.gcount() != static_cast<std::streamsize>(piece)) return {Incoming::Kind::end, {}};
  }
  return {Incoming::Kind::message, std::move(text)};
}

void write_message(std::ostream& out, std::string_view text) {
  out << "Content-Length: " << text.size() << "\r\n\r\n" << text << std::flush;
}

}  // namespace sallyport::lsp
