// SPDX-License-Identifier: GPL-2.0-or-later
// A packet as people write it: `tcp 10.20.1.1 -> relay.example.net:443`. Entry point:
// read_flow_text().
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

/// The first packet of a flow between one of ours and somebody else.
struct FlowText {
  Direction direction = Direction::outward;
  std::uint16_t vlan = 0;  // of its frame; 0: without a tag
  std::uint8_t protocol = 0;
  Address local;  // the source of an outward flow, the destination of an inward one
  Host remote;
  std::uint16_t source_port = 0;       // 0: not written
  std::uint16_t destination_port = 0;  // or the ICMP type
};

/// `tcp|udp SOURCE[:PORT] -> DESTINATION:PORT`, `icmp|icmpv6 SOURCE -> DESTINATION TYPE` or with
/// the type behind the protocol, `PROTOCOL SOURCE -> DESTINATION`; `vlan ID` in front where the
/// frame has that tag. An IPv6 address with a port stands in brackets. The local end is an address,
/// and addresses at both are of one family. The error says what was found and the form that was
/// expected.
std::expected<FlowText, std::string> read_flow_text(std::string_view text, Direction direction);

/// The packet from or to this remote address, whole, with the hop limit that its sender would use.
Packet first_packet(const FlowText& flow, const Address& remote);
/// `tcp 10.20.1.1 -> 198.51.100.7:443`
std::string text_of(const FlowText& flow, const Address& remote);

/// `10.0.0.53`, `10.0.0.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`; the port is 53 if none is
/// written.
std::optional<Endpoint> read_endpoint(std::string_view text);

}  // namespace sallyport
