// SPDX-License-Identifier: GPL-2.0-or-later
// The names that people use for ICMP and ICMPv6 types.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport {

struct IcmpType {
  std::uint8_t protocol = 0;  // protocol_icmp or protocol_icmpv6
  std::uint16_t number = 0;
  std::string_view name;  // `echo-request`
};

/// Sorted by protocol and number (IANA).
std::span<const IcmpType> icmp_types();

}  // namespace sallyport
