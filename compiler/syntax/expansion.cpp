// SPDX-License-Identifier: GPL-2.0-or-later
// Braces inside words. A range counts in its last run of digits or in its last letter; what stands
// before that is the same at both ends.
#include "compiler/syntax/expansion.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace sallyport {
namespace {

using Member = Piece::Member;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_member_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

std::size_t end_of(std::string_view text, std::size_t at, bool (*belongs)(char)) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

std::size_t after_blanks(std::string_view text, std::size_t at) {
  return end_of(text, at, [](char c) { return c == ' ' || c == '\t'; });
}

/// `name` or `a..b` at `at`, which moves behind it; nothing if there is neither.
std::optional<Interpolation::Part> part_at(std::string_view text, std::size_t& at) {
  const std::size_t end = end_of(text, at, is_member_character);
  if (end == at) return {};
  Interpolation::Part part{text.substr(at, end - at), {}};
  at = end;
  if (!text.substr(end).starts_with("..")) return part;
  at = end_of(text, end + 2, is_member_character);
  part.last = text.substr(end + 2, at - end - 2);
  if (part.last.empty()) return {};
  return part;
}

/// A number in canonical decimal that fits 32 bits.
std::optional<std::uint32_t> number_of(std::string_view digits) {
  if (digits.size() > 1 && digits.front() == '0') return {};
  std::uint32_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) return {};
  return value;
}

/// Where the run of digits at the end begins.
std::size_t digits_of(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && is_digit(text[at - 1])) --at;
  return at;
}

std::expected<Member, std::string> numbers(std::string_view first, std::string_view last) {
  const std::size_t at = digits_of(first);
  const std::size_t last_at = digits_of(last);
  if (first.substr(0, at) != last.substr(0, last_at)) {
    return std::unexpected("before their numbers both ends must be the same");
  }
  const auto low = number_of(first.substr(at));
  const auto high = number_of(last.substr(last_at));
  if (!low || !high) {
    return std::unexpected("expected two decimal numbers without leading zeros, as in `{0..127}`");
  }
  if (*low > *high) return std::unexpected("the smaller number comes first");
  return Member{Member::Kind::numbers, std::string(first.substr(0, at)), *low, *high};
}

std::expected<Member, std::string> letters(std::string_view first, std::string_view last) {
  const std::string_view prefix = first.substr(0, first.size() - 1);
  if (prefix != last.substr(0, last.size() - 1)) {
    return std::unexpected("before their last letters both ends must be the same");
  }
  const char low = first.back();
  const char high = last.back();
  const auto is_upper = [](char c) { return c < 'a'; };
  if (is_upper(low) != is_upper(high)) {
    return std::unexpected("both letters are capitals, or neither is");
  }
  if (low > high) return std::unexpected("the earlier letter comes first");
  return Member{Member::Kind::letters, std::string(prefix), static_cast<unsigned char>(low),
                static_cast<unsigned char>(high)};
}

}  // namespace

Interpolation find_interpolation(std::string_view text, std::size_t at) {
  if (text[at] != '{') return {};
  Interpolation found;
  std::size_t end = at + 1;
  while (true) {
    const auto part = part_at(text, end);
    if (!part) return {};
    found.parts.push_back(*part);
    const std::size_t next = after_blanks(text, end);
    if (next < text.size() && text[next] == ',') {
      end = after_blanks(text, next + 1);
      continue;
    }
    if (!found.is_reference()) end = next;
    if (end == text.size() || text[end] != '}') return {};
    found.length = end + 1 - at;
    return found;
  }
}

std::expected<Member, std::string> member_of(const Interpolation::Part& part) {
  if (part.last.empty()) return Member{Member::Kind::word, std::string(part.first), 0, 0};
  const char first = part.first.back();
  const char last = part.last.back();
  if (is_digit(first) && is_digit(last)) return numbers(part.first, part.last);
  if (is_letter(first) && is_letter(last)) return letters(part.first, part.last);
  return std::unexpected(
      "a range runs over numbers, as in `{0..127}`, or over letters, as in "
      "`{a..d}`");
}

std::string member_text(const Member& member) {
  if (member.kind == Member::Kind::word) return member.prefix;
  return word_at(member, 0) + ".." + word_at(member, count_of(member) - 1);
}

std::size_t count_of(const Member& member) {
  return member.kind == Member::Kind::word ? 1 : std::size_t{member.last} - member.first + 1;
}

std::string word_at(const Member& member, std::size_t index) {
  if (member.kind == Member::Kind::word) return member.prefix;
  const std::size_t value = member.first + index;
  if (member.kind == Member::Kind::numbers) return member.prefix + std::to_string(value);
  return member.prefix + static_cast<char>(value);
}

}  // namespace sallyport
