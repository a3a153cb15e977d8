// SPDX-License-Identifier: GPL-2.0-or-later
// IPv4 and IPv6 addresses and inclusive ranges of them, as numbers.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

__extension__ typedef unsigned __int128 Uint128;

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

constexpr unsigned width_of(Family family) {
  return family == Family::v4 ? 32 : 128;
}
/// The number with the low `width_of(family)` bits set.
constexpr Uint128 last_number(Family family) {
  return family == Family::v4 ? Uint128{0xffffffffU} : ~Uint128{0};
}

/// `number` is in host order; an IPv4 address occupies the low 32 bits. Ordered by family, then
/// number.
struct Address {
  Family family = Family::v4;
  Uint128 number = 0;

  auto operator<=>(const Address&) const = default;
  bool operator==(const Address&) const = default;

  std::string text() const;  // dotted quad; RFC 5952 for IPv6
  /// Network order, 4 or 16 bytes used according to the family.
  std::array<std::uint8_t, 16> bytes() const;

  /// Strict: no leading zeros, no zone ids, no short forms such as `10.1`.
  static std::optional<Address> parse(std::string_view text);
  /// Takes 4 or 16 bytes in network order.
  static Address from_bytes(Family family, std::span<const std::uint8_t> bytes);
  static constexpr Address v4(std::uint32_t number) { return {Family::v4, number}; }
};

/// Inclusive at both ends; both addresses have one family and first <= last.
struct AddressRange {
  Address first;
  Address last;

  auto operator<=>(const AddressRange&) const = default;
  bool operator==(const AddressRange&) const = default;

  Family family() const { return first.family; }
  bool contains(const Address& address) const { return first <= address && address <= last; }
  bool contains(const AddressRange& other) const {
    return first <= other.first && other.last <= last;
  }
  bool overlaps(const AddressRange& other) const {
    return first <= other.last && other.first <= last;
  }

  /// `a/len` where the range is one prefix (without `/len` for a single address), else `a-b`.
  std::string text() const;
  /// The length if this is exactly one prefix.
  std::optional<unsigned> prefix_length() const;

  /// Reads what text() writes. Host bits set in a prefix are refused.
  static std::optional<AddressRange> parse(std::string_view text);
  static AddressRange single(const Address& address) { return {address, address}; }
  /// Clears host bits.
  static AddressRange prefix(const Address& address, unsigned length);
  static AddressRange whole(Family family) { return {{family, 0}, {family, last_number(family)}}; }
};

/// Sorted, disjoint and merged where adjacent; families stay apart.
std::vector<AddressRange> canonical(std::vector<AddressRange> ranges);
/// What of `from` is outside every range of `taken`; canonical.
std::vector<AddressRange> subtract(const std::vector<AddressRange>& from,
                                   const std::vector<AddressRange>& taken);
/// Binary search; `ranges` must be canonical.
bool contains(const std::vector<AddressRange>& ranges, const Address& address);

}  // namespace sallyport
