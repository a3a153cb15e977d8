// SPDX-License-Identifier: GPL-2.0-or-later
// Reading and writing addresses and ranges, and the arithmetic of sorted lists of ranges.
#include "compiler/values/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <charconv>

#include "compiler/values/address_text.h"

namespace sallyport {
namespace {

constexpr std::size_t groups_of_v6 = 8;
using Groups = std::array<std::uint16_t, groups_of_v6>;

std::size_t size_of(Family family) {
  return width_of(family) / 8;
}

void append_number(std::uint32_t number, std::string& text) {
  std::array<char, 10> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), result.ptr);
}

void append_dotted_quad(std::uint32_t number, std::string& text) {
  std::array<char, 15> digits;
  char* at = digits.data();
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    if (shift < 32) *at++ = '.';
    at = std::to_chars(at, digits.data() + digits.size(), (number >> (shift - 8)) & 0xffU).ptr;
  }
  text.append(digits.data(), at);
}

/// Four decimal numbers without leading zeros, with dots between them.
std::optional<std::uint32_t> parse_dotted_quad(std::string_view text) {
  std::uint32_t number = 0;
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == text.size() || text[at++] != '.')) return std::nullopt;
    const std::size_t begin = at;
    std::uint32_t byte = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      byte = byte * 10 + static_cast<std::uint32_t>(text[at] - '0');
      if (byte > 255 || (at > begin && text[begin] == '0')) return std::nullopt;
    }
    if (at == begin) return std::nullopt;
    number = number << 8 | byte;
  }
  if (at != text.size()) return std::nullopt;
  return number;
}

std::string hex(std::uint16_t number) {
  std::array<char, 4> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return {digits.data(), result.ptr};
}

/// Half-open range of group indices.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t length() const { return end - begin; }
};

/// The longest run of at least two zero groups, the first one of equals (RFC 5952, 4.2); empty if
/// none.
Run longest_zero_run(const Groups& groups) {
  Run longest;
  for (std::size_t begin = 0; begin < groups.size(); ++begin) {
    std::size_t end = begin;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - begin >= 2 && end - begin > longest.length()) longest = {begin, end};
  }
  return longest;
}

std::string v6_text(const Groups& groups) {
  const Run zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (zeros.length() > 0 && i == zeros.begin) {
      text += "::";
      i = zeros.end - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += hex(groups[i]);
  }
  return text;
}

/// The bits of a host part of `bits` bits, all set.
Uint128 host_mask(unsigned bits) {
  return bits >= 128 ? ~Uint128{0} : (Uint128{1} << bits) - 1;
}

std::optional<unsigned> parse_length(std::string_view text, Family family) {
  unsigned length = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, length);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  if (result.ec != std::errc{} || result.ptr != end || leading_zero) return std::nullopt;
  if (length > width_of(family)) return std::nullopt;
  return length;
}

std::optional<AddressRange> parse_prefix(std::string_view address_text,
                                         std::string_view length_text) {
  const auto address = Address::parse(address_text);
  if (!address) return std::nullopt;
  const auto length = parse_length(length_text, address->family);
  if (!length) return std::nullopt;
  const AddressRange range = AddressRange::prefix(*address, *length);
  if (range.first != *address) return std::nullopt;
  return range;
}

std::optional<AddressRange> parse_dash(std::string_view first_text, std::string_view last_text) {
  const auto first = Address::parse(first_text);
  const auto last = Address::parse(last_text);
  if (!first || !last || first->family != last->family || *last < *first) return std::nullopt;
  return AddressRange{*first, *last};
}

bool touches(const AddressRange& earlier, const AddressRange& later) {
  if (earlier.family() != later.family()) return false;
  if (later.first <= earlier.last) return true;
  return later.first.number - earlier.last.number == 1;
}

}  // namespace

void append_text(const Address& address, std::string& text) {
  const Uint128 number = address.number;
  if (address.family == Family::v4) {
    append_dotted_quad(static_cast<std::uint32_t>(number), text);
    return;
  }
  constexpr Uint128 mapped = Uint128{0xffff} << 32;
  if (number >> 32 == mapped >> 32) {
    text += "::ffff:";
    append_dotted_quad(static_cast<std::uint32_t>(number), text);
    return;
  }
  Groups groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<std::uint16_t>(number >> (112 - 16 * i));
  }
  text += v6_text(groups);
}

std::string Address::text() const {
  std::string text;
  append_text(*this, text);
  return text;
}

std::array<std::uint8_t, 16> Address::bytes() const {
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t size = size_of(family);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * (size - 1 - i)));
  }
  return bytes;
}

std::optional<Address> Address::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto number = parse_dotted_quad(text);
    if (!number) return std::nullopt;
    return v4(*number);
  }
  // inet_pton stops at a NUL byte, which would make a tail invisible.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) return std::nullopt;
  return from_bytes(Family::v6, bytes);
}

Address Address::from_bytes(Family family, std::span<const std::uint8_t> bytes) {
  assert(bytes.size() == size_of(family));
  Uint128 number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return {family, number};
}

void append_text(const AddressRange& range, std::string& text) {
  append_text(range.first, text);
  if (range.first == range.last) return;
  if (const auto length = range.prefix_length()) {
    text += '/';
    append_number(*length, text);
  } else {
    text += '-';
    append_text(range.last, text);
  }
}

std::string AddressRange::text() const {
  std::string text;
  append_text(*this, text);
  return text;
}

std::optional<unsigned> AddressRange::prefix_length() const {
  const Uint128 differing = first.number ^ last.number;
  // One prefix: the differing bits are the low ones, all clear in `first` and all set in `last`.
  if ((differing & (differing + 1)) != 0 || (first.number & differing) != 0) return std::nullopt;
  unsigned host_bits = 0;
  while (host_bits < width_of(family()) && (differing >> host_bits & 1) != 0) ++host_bits;
  return width_of(family()) - host_bits;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    return parse_prefix(text.substr(0, slash), text.substr(slash + 1));
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    return parse_dash(text.substr(0, dash), text.substr(dash + 1));
  }
  const auto address = Address::parse(text);
  if (!address) return std::nullopt;
  return single(*address);
}

AddressRange AddressRange::prefix(const Address& address, unsigned length) {
  assert(length <= width_of(address.family));
  const Uint128 mask = host_mask(width_of(address.family) - length);
  return {{address.family, address.number & ~mask}, {address.family, address.number | mask}};
}

std::vector<AddressRange> canonical(std::vector<AddressRange> ranges) {
  if (!std::ranges::is_sorted(ranges)) std::ranges::sort(ranges);
  std::size_t merged = 0;  // of the ranges at the front
  for (const AddressRange& range : ranges) {
    if (merged > 0 && touches(ranges[merged - 1], range)) {
      ranges[merged - 1].last = std::max(ranges[merged - 1].last, range.last);
    } else {
      ranges[merged++] = range;
    }
  }
  ranges.resize(merged);
  return ranges;
}

std::vector<AddressRange> subtract(const std::vector<AddressRange>& from,
                                   const std::vector<AddressRange>& taken) {
  const auto holes = canonical(taken);
  std::vector<AddressRange> left;
  for (const AddressRange& range : canonical(from)) {
    Address begin = range.first;
    bool open = true;  // false once a hole reaches the end of the range
    for (const AddressRange& hole : holes) {
      if (!hole.overlaps({begin, range.last})) continue;
      if (begin < hole.first) {
        left.push_back({begin, {hole.family(), hole.first.number - 1}});
      }
      open = hole.last < range.last;
      if (!open) break;
      begin.number = hole.last.number + 1;
    }
    if (open) left.push_back({begin, range.last});
  }
  return left;
}

bool contains(const std::vector<AddressRange>& ranges, const Address& address) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), address,
      [](const Address& wanted, const AddressRange& range) { return wanted < range.first; });
  return after != ranges.begin() && std::prev(after)->contains(address);
}

}  // namespace sallyport
