// SPDX-License-Identifier: GPL-2.0-or-later
// A packet as people write it: `tcp 10.20.1.1 -> relay.example.net:443`. Entry points:
// read_packet_text(), and read_flow_text() where both ends may be names.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "compiler/program/packet.h"
#include "compiler/program/program.h"

namespace sallyport {

using Host = std::variant<Address, HostName>;

/// The first packet of a flow between two hosts.
struct FlowText {
  std::uint16_t vlan = 0;  // 0: without a tag
  std::uint8_t protocol = 0;
  Host source;
  std::uint16_t source_port = 0;
  Host destination;
  std::uint16_t destination_port = 0;  // or the ICMP type
};

/// As read_packet_text(), with a name or an address at each end; addresses at both are of one
/// family. The ICMP type may also stand behind the protocol: `icmp echo-request A -> B`.
std::expected<FlowText, std::string> read_flow_text(std::string_view text);

struct PacketText {
  std::uint16_t vlan = 0;
  std::uint8_t protocol = 0;
  Address source;
  std::uint16_t source_port = 0;
  Host destination;
  std::uint16_t destination_port = 0;  // or the ICMP type
};

/// `tcp|udp SOURCE[:PORT] -> DESTINATION:PORT`, `icmp|icmpv6 SOURCE -> DESTINATION TYPE`,
/// `PROTOCOL SOURCE -> DESTINATION`; `vlan ID` in front where the frame has that tag. An IPv6
/// address with a port stands in brackets. The error says what was found and the form that was
/// expected.
std::expected<PacketText, std::string> read_packet_text(std::string_view text);

/// The packet to this destination, whole, with the hop limit that its sender would use.
Packet packet_to(const PacketText& text, const Address& destination);
/// `tcp 10.20.1.1 -> 198.51.100.7:443`
std::string text_of(const PacketText& text, const Address& destination);

/// `10.0.0.53`, `10.0.0.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`; the port is 53 if none is
/// written.
std::optional<Endpoint> read_endpoint(std::string_view text);

}  // namespace sallyport
