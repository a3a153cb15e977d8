// SPDX-License-Identifier: GPL-2.0-or-later
// A packet as the policy sees it, and the strict reader of frames that makes one (DESIGN 4.2). The
// reader is the definition for bpf/parse.bpf.h, and is written independently of it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "bpf/abi.h"
#include "compiler/values/address.h"

namespace sallyport {

enum class FragmentClass : std::uint8_t { whole, first, later };

// Flags of a TCP segment (RFC 9293).
inline constexpr std::uint8_t tcp_syn = 0x02;
inline constexpr std::uint8_t tcp_rst = 0x04;
inline constexpr std::uint8_t tcp_ack = 0x10;

/// The transport part of a packet that an ICMP error quotes.
struct Quote {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  std::uint16_t source_port = 0;       // or the ICMP type
  std::uint16_t destination_port = 0;  // 0 for ICMP
};

struct Packet {
  bool arp = false;        // then nothing else but the VLAN is set
  std::uint16_t vlan = 0;  // the id of the first tag that has one; 0: there is none
  Address source;
  Address destination;
  std::uint8_t protocol = 0;  // the transport protocol behind any IPv6 extension headers
  FragmentClass fragment = FragmentClass::whole;
  std::uint8_t hop_limit = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port =
      0;  // or the ICMP type; 0 for a later fragment or another protocol
  std::uint8_t icmp_code = 0;
  std::uint8_t tcp_flags = 0;  // tcp_syn and the like; 0 for other protocols
  std::optional<Quote> quote;  // only for a whole ICMP error whose quote could be read
};

/// A whole ICMP message about another packet (v4: types 3, 11, 12; v6: 1 to 4).
bool is_icmp_error(const Packet& packet);

/// Reads an Ethernet frame. Bytes after the IP length are padding. A tag with id 0 has a priority
/// and is of no VLAN. The error is the drop reason.
std::expected<Packet, SpReason> read_frame(std::span<const std::uint8_t> frame);

}  // namespace sallyport
