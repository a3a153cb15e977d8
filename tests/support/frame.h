// SPDX-License-Identifier: GPL-2.0-or-later
// Frames for tests: a line of text to the bytes of an Ethernet frame. Entry: frame_of().
//
//   ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443
//   vlan 10 ip6 2001:db8::1 > 2001:db8::7 hbh dst frag 0 more udp 4000 > 53 payload 64
//
// Words are separated by blanks, numbers are decimal or 0x-hexadecimal, and what is not said is
// valid. In order, each line starting with one of these words:
//
//   link        vlan ID | svlan ID          a tag of type 0x8100 or 0x88a8; any number of them
//               arp                         a whole ARP body; ends the line
//               ethertype N                 that type and nothing else
//               ip4 A > B | ip6 A > B       what follows describes the IP packet
//   ip4 fields  version N, ihl N, total N, ttl N, df, frag OFFSET [more]   (OFFSET counts 8 bytes)
//               opts BYTES                  padded with zeros to 4 bytes; sets ihl
//   ip6 fields  version N, total N (the payload length), hoplimit N
//   extensions  hbh, dst                    8 bytes; `size N` behind it: 8 * (N + 1)
//   (ip6 only)  rh TYPE left N              routing
//               ah                          24 bytes; `size N`: 4 * (N + 2)
//               frag OFFSET [more]
//               ext NUMBER                  8 bytes under any number
//               len N                       behind any: only the length byte says so
//   transport   tcp A > B, udp A > B        with `doff N` or `udplen N`, which change only the
//                                           field; tcp with `flags N` or `ack`, else it is a SYN
//               icmp TYPE[/CODE]            also icmpv6; echo-request and echo-reply are names
//               quote [ ip4|ip6 ... ]       the packet that an ICMP error is about
//               proto NUMBER|NAME           nothing but the protocol
//   anything    payload N                   N bytes
//               bytes BYTES
//   at last     pad N                       bytes behind the IP packet
//               trunc N                     the first N bytes of the frame only
//
// BYTES is 0x and hexadecimal digits, with `*N` behind it to repeat them: 0x01*40.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/values/address.h"
#include "compiler/values/error.h"

namespace sallyport {

using Bytes = std::vector<std::uint8_t>;

Result<Bytes> frame_of(std::string_view text);

/// One IPv6 extension header; the first byte, the number of what follows, is filled in later.
struct Extension {
  std::uint8_t number = 0;
  Bytes bytes;
};

/// An IP packet in parts. What is empty is computed.
struct PacketParts {
  Address source;
  Address destination;
  std::optional<std::uint8_t> version;
  std::optional<std::uint8_t> header_words;  // IPv4
  std::optional<std::uint16_t> length;       // IPv4 total length, IPv6 payload length
  std::uint8_t hop_limit = 64;
  Bytes options;                      // IPv4, a multiple of 4 bytes
  std::uint16_t fragment = 0;         // IPv4: flags and offset as in the header
  std::vector<Extension> extensions;  // IPv6
  std::uint8_t protocol = 59;
  Bytes body;  // the transport header and what follows
};

struct VlanTag {
  std::uint16_t type = 0x8100;
  std::uint16_t id = 0;
};

struct FrameParts {
  std::vector<VlanTag> tags;
  std::uint16_t ethertype = 0;  // 0: that of the packet
  std::optional<PacketParts> packet;
  Bytes rest;  // behind the packet
};

Bytes assemble(const PacketParts& parts);
Bytes assemble(const FrameParts& parts);

Extension extension_of(std::uint8_t number, std::uint8_t size);
Extension fragment_header(std::uint16_t offset, bool more);
Bytes tcp_header(std::uint16_t source_port, std::uint16_t destination_port);
/// The length counts `payload` more bytes.
Bytes udp_header(std::uint16_t source_port, std::uint16_t destination_port, std::size_t payload);
Bytes icmp_header(std::uint8_t type, std::uint8_t code);

}  // namespace sallyport
