// SPDX-License-Identifier: GPL-2.0-or-later
// What a rule opens or closes on a remote address: a protocol with ports or ICMP types.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

// IANA protocol numbers used by name.
inline constexpr std::uint8_t protocol_icmp = 1;
inline constexpr std::uint8_t protocol_tcp = 6;
inline constexpr std::uint8_t protocol_udp = 17;
inline constexpr std::uint8_t protocol_icmpv6 = 58;

/// True for tcp and udp.
bool has_ports(std::uint8_t protocol);
/// The greatest port (65535) or ICMP type (255); 0 for a protocol that has neither.
std::uint16_t last_port(std::uint8_t protocol);
/// `tcp`, `gre`; a number where it has no name here.
std::string protocol_name(std::uint8_t protocol);
std::optional<std::uint8_t> protocol_number(std::string_view name);

/// One protocol with an inclusive range of ports or ICMP types; 0-0 for a protocol without either.
struct Service {
  std::uint8_t protocol = 0;
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  auto operator<=>(const Service&) const = default;
  bool operator==(const Service&) const = default;
  bool contains(std::uint8_t other, std::uint16_t port) const {
    return protocol == other && first <= port && port <= last;
  }
  /// `tcp 443`, `udp 10000-60000`, `tcp 0-65535`, `icmp 8`, `gre`.
  std::string text() const;
  static std::optional<Service> parse(std::string_view text);
};

/// `any` in an allow: tcp and udp on every port, and echo requests of both families.
std::vector<Service> any_service();

/// Ports of the DNS guard (DESIGN 4.9): open only to a service that names exactly that port.
bool is_guarded_port(std::uint8_t protocol, std::uint16_t port);

}  // namespace sallyport
