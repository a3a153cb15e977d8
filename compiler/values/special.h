// SPDX-License-Identifier: GPL-2.0-or-later
// The address ranges that a wide destination never includes (DESIGN 4.8 and 4.9), and what a name
// may be bound to. The lists are data with their RFC beside each row.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/values/address.h"

namespace sallyport {

struct SpecialRange {
  AddressRange range;
  std::string_view what;  // "loopback", "cloud metadata", "DoH resolver"
};

/// Loopback, link-local, multicast, broadcast, class E, "this network", cloud metadata, NAT64,
/// 6to4, Teredo, v4-mapped, and the listed DoH resolvers. Rows may nest.
std::span<const SpecialRange> special_ranges();

/// NAT64 prefixes of the operator's own: special beside the rows above. Canonical.
using Nat64 = std::span<const AddressRange>;
/// True if an IPv6 prefix may have this length (RFC 6052, 2.2).
bool is_nat64_length(unsigned length);

/// True if some address of the range is special. Of the ranges that policies have by the million
/// hardly any is: ask this first, and such a range opens just what is written.
bool meets_special(const AddressRange& range, Nat64 nat64);

/// What a written destination opens: `written` without every special range that does not contain it
/// whole.
std::vector<AddressRange> opened_by(const AddressRange& written, Nat64 nat64);
/// True if the address is in opened_by(written, nat64); builds no list.
bool opens(const AddressRange& written, const Address& address, Nat64 nat64);

/// The special range that holds the address, the narrowest of the rows if several do.
std::optional<SpecialRange> special_range_of(const Address& address, Nat64 nat64);
/// No host sends from these, and on the local side no rule can mean them; canonical.
const std::vector<AddressRange>& impossible_ranges();

/// RFC 1918, RFC 6598, ULA; canonical.
const std::vector<AddressRange>& private_ranges();
bool is_private(const Address& address);

}  // namespace sallyport
