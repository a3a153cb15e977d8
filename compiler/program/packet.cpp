// SPDX-License-Identifier: GPL-2.0-or-later
// read_frame(): the strict reader of Ethernet frames. Each step takes bytes from a bounded cursor
// and answers with the reason to drop, or nothing to go on. Header fields are in network order.
#include "compiler/program/packet.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

#include "compiler/values/service.h"

namespace sallyport {
namespace {

// Ethertypes (IEEE 802).
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_arp = 0x0806;
constexpr std::uint16_t ethertype_vlan = 0x8100;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint16_t ethertype_service_vlan = 0x88a8;

// Sizes in bytes.
constexpr std::size_t ethernet_size = 14;
constexpr std::size_t vlan_tag_size = 4;
constexpr std::size_t arp_size = 28;
constexpr std::size_t ipv4_size = 20;
constexpr std::size_t ipv6_size = 40;
constexpr std::size_t tcp_size = 20;
constexpr std::size_t udp_size = 8;
constexpr std::size_t icmp_size = 8;
constexpr std::size_t quoted_transport_size = 8;
constexpr std::size_t least_extension_size = 8;
constexpr std::size_t least_authentication_size = 12;  // RFC 4302
constexpr std::size_t greatest_payload = 65535;

// IPv4 options (RFC 791).
constexpr std::uint8_t option_end = 0;
constexpr std::uint8_t option_no_operation = 1;
constexpr std::uint8_t option_loose_source_route = 131;
constexpr std::uint8_t option_strict_source_route = 137;

// IPv6 extension headers (IANA).
constexpr std::uint8_t extension_hop_by_hop = 0;
constexpr std::uint8_t extension_routing = 43;
constexpr std::uint8_t extension_fragment = 44;
constexpr std::uint8_t extension_authentication = 51;
constexpr std::uint8_t extension_destination = 60;
/// Mobility, HIP, Shim6 and the two for experiments.
constexpr std::array<std::uint8_t, 5> unknown_extensions = {135, 139, 140, 253, 254};

bool is_unknown_extension(std::uint8_t header) {
  return std::ranges::find(unknown_extensions, header) != unknown_extensions.end();
}

bool is_walked_extension(std::uint8_t header) {
  return header == extension_hop_by_hop || header == extension_routing ||
         header == extension_fragment || header == extension_authentication ||
         header == extension_destination;
}

bool is_extension(std::uint8_t header) {
  return is_walked_extension(header) || is_unknown_extension(header);
}

/// The bytes not read yet. Whoever reads has asked has() first.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  bool has(std::size_t count) const { return bytes_.size() >= count; }
  void skip(std::size_t count) {
    assert(has(count));
    bytes_ = bytes_.subspan(count);
  }
  /// What stands behind the first `count` bytes is no longer seen.
  void limit(std::size_t count) {
    assert(has(count));
    bytes_ = bytes_.first(count);
  }

  std::uint8_t u8(std::size_t at) const {
    assert(has(at + 1));
    return bytes_[at];
  }
  std::uint16_t u16(std::size_t at) const {
    return static_cast<std::uint16_t>(u8(at) << 8 | u8(at + 1));
  }
  Address v4(std::size_t at) const { return Address::from_bytes(Family::v4, part(at, 4)); }
  Address v6(std::size_t at) const { return Address::from_bytes(Family::v6, part(at, 16)); }

 private:
  std::span<const std::uint8_t> part(std::size_t at, std::size_t count) const {
    assert(has(at + count));
    return bytes_.subspan(at, count);
  }
  std::span<const std::uint8_t> bytes_;
};

/// Where a fragment lies in its packet; the fields that both families have.
struct Fragment {
  std::size_t offset = 0;  // in units of 8 bytes
  bool more = false;
  std::size_t payload = 0;

  FragmentClass kind() const {
    if (offset > 0) return FragmentClass::later;
    return more ? FragmentClass::first : FragmentClass::whole;
  }
  bool contradicts_itself() const {
    if (more && (payload == 0 || payload % 8 != 0)) return true;
    if (offset * 8 + payload > greatest_payload) return true;
    return offset > 0 && payload == 0;
  }
  /// RFC 3128: it would overwrite the flags of a TCP header.
  bool overwrites_header(std::uint8_t protocol) const {
    return offset == 1 && protocol == protocol_tcp;
  }
};

/// What has been read so far. Every step returns the reason to drop, if there is one.
class FrameReader {
 public:
  explicit FrameReader(std::span<const std::uint8_t> frame) : cursor_(frame) {}

  using Drop = std::optional<SpReason>;
  Drop read();
  const Packet& packet() const { return packet_; }

 private:
  Drop read_ipv4();
  static Drop check_ipv4_options(Cursor options);
  Drop read_ipv4_fragment(std::uint16_t field);

  Drop read_ipv6();
  Drop walk_extensions(std::uint8_t first_header);
  Drop check_routing() const;
  Drop read_ipv6_fragment();

  Drop read_transport();
  Drop read_tcp();
  Drop read_udp();
  Drop read_icmp();
  void read_quote();
  void read_ipv4_quote(Cursor quote);
  void read_ipv6_quote(Cursor quote);
  void set_quote(const Address& source, const Address& destination, std::uint8_t protocol,
                 const Cursor& transport);

  bool is_v4() const { return packet_.source.family == Family::v4; }
  SpReason short_transport() const {
    return packet_.fragment == FragmentClass::first ? SP_DROP_TINY_FRAGMENT
                                                    : SP_DROP_TRUNCATED_TRANSPORT;
  }

  Cursor cursor_;
  Packet packet_;
};

// --- A. Link --------------------------------------------------------------------------------

FrameReader::Drop FrameReader::read() {
  if (!cursor_.has(ethernet_size)) return SP_DROP_TRUNCATED_LINK;
  std::uint16_t ethertype = cursor_.u16(12);
  cursor_.skip(ethernet_size);
  for (int tags = 0; ethertype == ethertype_vlan || ethertype == ethertype_service_vlan; ++tags) {
    if (tags == SP_MAX_VLAN_TAGS) return SP_DROP_VLAN_DEPTH;
    if (!cursor_.has(vlan_tag_size)) return SP_DROP_TRUNCATED_LINK;
    constexpr unsigned id_mask = 0x0fff;
    if (packet_.vlan == 0) packet_.vlan = static_cast<std::uint16_t>(cursor_.u16(0) & id_mask);
    ethertype = cursor_.u16(2);
    cursor_.skip(vlan_tag_size);
  }
  switch (ethertype) {
    case ethertype_arp:
      if (!cursor_.has(arp_size)) return SP_DROP_TRUNCATED_LINK;
      packet_.arp = true;
      return std::nullopt;
    case ethertype_ipv4:
      return read_ipv4();
    case ethertype_ipv6:
      return read_ipv6();
    default:
      return SP_DROP_ETHERTYPE;
  }
}

// --- B. IPv4 --------------------------------------------------------------------------------

FrameReader::Drop FrameReader::read_ipv4() {
  if (!cursor_.has(ipv4_size)) return SP_DROP_TRUNCATED_IP;
  const unsigned version = cursor_.u8(0) >> 4;
  const std::size_t header_size = (cursor_.u8(0) & 0x0fU) * 4;
  const std::size_t total_length = cursor_.u16(2);
  if (version != 4 || header_size < ipv4_size) return SP_DROP_IP_HEADER;
  if (total_length < header_size) return SP_DROP_IP_HEADER;
  if (!cursor_.has(total_length)) return SP_DROP_TRUNCATED_IP;
  cursor_.limit(total_length);

  Cursor options = cursor_;
  options.limit(header_size);
  options.skip(ipv4_size);
  if (auto drop = check_ipv4_options(options)) return drop;

  const std::uint16_t fragment_field = cursor_.u16(6);
  packet_.hop_limit = cursor_.u8(8);
  packet_.protocol = cursor_.u8(9);
  packet_.source = cursor_.v4(12);
  packet_.destination = cursor_.v4(16);
  cursor_.skip(header_size);
  if (auto drop = read_ipv4_fragment(fragment_field)) return drop;
  if (packet_.protocol == protocol_icmpv6) return SP_DROP_TRANSPORT_HEADER;
  if (packet_.fragment == FragmentClass::later) return std::nullopt;
  return read_transport();
}

FrameReader::Drop FrameReader::check_ipv4_options(Cursor options) {
  while (options.has(1)) {
    const std::uint8_t type = options.u8(0);
    if (type == option_end) return std::nullopt;
    if (type == option_no_operation) {
      options.skip(1);
      continue;
    }
    if (type == option_loose_source_route || type == option_strict_source_route) {
      return SP_DROP_SOURCE_ROUTE;
    }
    if (!options.has(2)) return SP_DROP_IP_OPTIONS;
    const std::size_t length = options.u8(1);
    if (length < 2 || !options.has(length)) return SP_DROP_IP_OPTIONS;
    options.skip(length);
  }
  return std::nullopt;
}

FrameReader::Drop FrameReader::read_ipv4_fragment(std::uint16_t field) {
  constexpr unsigned more_flag = 0x2000;
  constexpr unsigned offset_mask = 0x1fff;
  const Fragment fragment{
      .offset = field & offset_mask, .more = (field & more_flag) != 0, .payload = cursor_.left()};
  if (fragment.contradicts_itself()) return SP_DROP_BAD_FRAGMENT;
  if (fragment.overwrites_header(packet_.protocol)) return SP_DROP_TINY_FRAGMENT;
  packet_.fragment = fragment.kind();
  return std::nullopt;
}

// --- C. IPv6 --------------------------------------------------------------------------------

FrameReader::Drop FrameReader::read_ipv6() {
  if (!cursor_.has(ipv6_size)) return SP_DROP_TRUNCATED_IP;
  if (cursor_.u8(0) >> 4 != 6) return SP_DROP_IP_HEADER;
  const std::size_t payload_length = cursor_.u16(4);
  if (!cursor_.has(ipv6_size + payload_length)) return SP_DROP_TRUNCATED_IP;
  cursor_.limit(ipv6_size + payload_length);

  const std::uint8_t first_header = cursor_.u8(6);
  packet_.hop_limit = cursor_.u8(7);
  packet_.source = cursor_.v6(8);
  packet_.destination = cursor_.v6(24);
  cursor_.skip(ipv6_size);
  if (auto drop = walk_extensions(first_header)) return drop;
  if (packet_.protocol == protocol_icmp) return SP_DROP_TRANSPORT_HEADER;
  if (packet_.fragment == FragmentClass::later) return std::nullopt;
  return read_transport();
}

/// Leaves the cursor at the transport header and its number in packet_.protocol; behind the header
/// of a later fragment there is nothing to walk.
FrameReader::Drop FrameReader::walk_extensions(std::uint8_t first_header) {
  std::uint8_t next = first_header;
  bool fragment_seen = false;
  for (int count = 0; is_extension(next); ++count) {
    if (is_unknown_extension(next)) return SP_DROP_EXTENSION_UNKNOWN;
    if (count == SP_MAX_EXTENSIONS) return SP_DROP_EXTENSION_DEPTH;
    if (next == extension_hop_by_hop && count > 0) return SP_DROP_EXTENSION_ORDER;
    if (!cursor_.has(least_extension_size)) return SP_DROP_TRUNCATED_EXTENSION;

    std::size_t length = (cursor_.u8(1) + 1U) * 8U;
    if (next == extension_fragment) length = least_extension_size;
    if (next == extension_authentication) {
      length = (cursor_.u8(1) + 2U) * 4U;
      if (length < least_authentication_size) return SP_DROP_EXTENSION_ORDER;
    }
    if (!cursor_.has(length)) return SP_DROP_TRUNCATED_EXTENSION;

    if (next == extension_routing) {
      if (auto drop = check_routing()) return drop;
    }
    const std::uint8_t behind = cursor_.u8(0);
    if (next == extension_fragment) {
      if (fragment_seen) return SP_DROP_BAD_FRAGMENT;
      fragment_seen = true;
      if (auto drop = read_ipv6_fragment()) return drop;
    }
    cursor_.skip(length);
    next = behind;
    if (packet_.fragment == FragmentClass::later) break;
  }
  packet_.protocol = next;
  return std::nullopt;
}

FrameReader::Drop FrameReader::check_routing() const {
  constexpr std::uint8_t type_source_route = 0;  // RFC 5095
  const std::uint8_t type = cursor_.u8(2);
  const std::uint8_t segments_left = cursor_.u8(3);
  if (type == type_source_route || segments_left != 0) return SP_DROP_SOURCE_ROUTE;
  return std::nullopt;
}

FrameReader::Drop FrameReader::read_ipv6_fragment() {
  const std::uint8_t behind = cursor_.u8(0);
  const std::uint16_t field = cursor_.u16(2);
  const Fragment fragment{.offset = static_cast<std::size_t>(field >> 3),
                          .more = (field & 1U) != 0,
                          .payload = cursor_.left() - least_extension_size};
  if (fragment.contradicts_itself()) return SP_DROP_BAD_FRAGMENT;
  packet_.fragment = fragment.kind();
  if (packet_.fragment == FragmentClass::whole) return std::nullopt;
  // A later fragment would not tell its transport protocol. A first one would have its ports behind
  // offset 8, where a later one that claims another protocol could overwrite them.
  if (is_extension(behind)) return SP_DROP_BAD_FRAGMENT;
  if (fragment.overwrites_header(behind)) return SP_DROP_TINY_FRAGMENT;
  return std::nullopt;
}

// --- D. Transport ---------------------------------------------------------------------------

FrameReader::Drop FrameReader::read_transport() {
  switch (packet_.protocol) {
    case protocol_tcp:
      return read_tcp();
    case protocol_udp:
      return read_udp();
    case protocol_icmp:
    case protocol_icmpv6:
      return read_icmp();
    default:
      return std::nullopt;
  }
}

FrameReader::Drop FrameReader::read_tcp() {
  if (!cursor_.has(tcp_size)) return short_transport();
  const std::size_t header_size = (cursor_.u8(12) >> 4) * 4U;
  if (header_size < tcp_size) return SP_DROP_TRANSPORT_HEADER;
  if (!cursor_.has(header_size)) return short_transport();
  packet_.source_port = cursor_.u16(0);
  packet_.destination_port = cursor_.u16(2);
  packet_.tcp_flags = cursor_.u8(13);
  return std::nullopt;
}

FrameReader::Drop FrameReader::read_udp() {
  if (!cursor_.has(udp_size)) return short_transport();
  const std::size_t length = cursor_.u16(4);
  if (length < udp_size) return SP_DROP_TRANSPORT_HEADER;
  const bool whole = packet_.fragment == FragmentClass::whole;
  if (whole && !cursor_.has(length)) return SP_DROP_TRANSPORT_HEADER;
  packet_.source_port = cursor_.u16(0);
  packet_.destination_port = cursor_.u16(2);
  return std::nullopt;
}

FrameReader::Drop FrameReader::read_icmp() {
  if (!cursor_.has(icmp_size)) return short_transport();
  packet_.destination_port = cursor_.u8(0);
  packet_.icmp_code = cursor_.u8(1);
  cursor_.skip(icmp_size);
  if (is_icmp_error(packet_)) read_quote();
  return std::nullopt;
}

/// A quote that cannot be read is none: no reason to drop by itself.
void FrameReader::read_quote() {
  if (is_v4()) {
    read_ipv4_quote(cursor_);
  } else {
    read_ipv6_quote(cursor_);
  }
}

void FrameReader::read_ipv4_quote(Cursor quote) {
  if (!quote.has(ipv4_size)) return;
  const std::size_t header_size = (quote.u8(0) & 0x0fU) * 4;
  const unsigned version = quote.u8(0) >> 4;
  const unsigned offset = quote.u16(6) & 0x1fffU;
  if (version != 4 || header_size < ipv4_size || offset != 0) return;
  if (!quote.has(header_size + quoted_transport_size)) return;
  Cursor transport = quote;
  transport.skip(header_size);
  const std::uint8_t protocol = quote.u8(9);
  if (has_ports(protocol) || protocol == protocol_icmp) {
    set_quote(quote.v4(12), quote.v4(16), protocol, transport);
  }
}

void FrameReader::read_ipv6_quote(Cursor quote) {
  if (!quote.has(ipv6_size + quoted_transport_size)) return;
  if (quote.u8(0) >> 4 != 6) return;
  Cursor transport = quote;
  transport.skip(ipv6_size);
  const std::uint8_t protocol = quote.u8(6);
  if (has_ports(protocol) || protocol == protocol_icmpv6) {
    set_quote(quote.v6(8), quote.v6(24), protocol, transport);
  }
}

void FrameReader::set_quote(const Address& source, const Address& destination,
                            std::uint8_t protocol, const Cursor& transport) {
  Quote quote{.source = source, .destination = destination, .protocol = protocol};
  if (has_ports(protocol)) {
    quote.source_port = transport.u16(0);
    quote.destination_port = transport.u16(2);
  } else {
    quote.source_port = transport.u8(0);
  }
  packet_.quote = quote;
}

}  // namespace

bool is_icmp_error(const Packet& packet) {
  if (packet.fragment != FragmentClass::whole) return false;
  const std::uint16_t type = packet.destination_port;
  if (packet.protocol == protocol_icmp) return type == 3 || type == 11 || type == 12;  // RFC 1122
  return packet.protocol == protocol_icmpv6 && type >= 1 && type <= 4;                 // RFC 4443
}

std::expected<Packet, SpReason> read_frame(std::span<const std::uint8_t> frame) {
  FrameReader reader(frame);
  if (const auto drop = reader.read()) return std::unexpected(*drop);
  return reader.packet();
}

}  // namespace sallyport
