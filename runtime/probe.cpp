// SPDX-License-Identifier: GPL-2.0-or-later
// A small writer of Ethernet frames, from the transport outwards. Header fields are in network
// order. Entry points: frame_of() and fixed_frames().
#include "runtime/probe.h"

#include <algorithm>

#include "compiler/program/packet.h"
#include "compiler/values/service.h"

namespace sallyport {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t client_port = 40000;
constexpr std::uint8_t usual_hop_limit = 64;
constexpr std::uint8_t neighbour_hop_limit = 255;
constexpr std::ptrdiff_t addresses_size = 12;  // of Ethernet; the tags stand behind them
constexpr std::size_t quoted_transport_size = 8;
constexpr std::size_t first_fragment_size = 24;  // a multiple of 8 that holds a TCP header
constexpr std::uint16_t later_offset = 185;      // in 8 bytes: behind 1480 bytes

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_arp = 0x0806;
constexpr std::uint16_t ethertype_vlan = 0x8100;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint16_t ethertype_service_vlan = 0x88a8;
constexpr std::uint16_t ethertype_lldp = 0x88cc;

void put16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void put_address(Bytes& bytes, const Address& address) {
  const auto octets = address.bytes();
  bytes.insert(bytes.end(), octets.begin(), octets.begin() + width_of(address.family) / 8);
}

Bytes icmp(std::uint8_t type, std::uint8_t code) {
  return {type, code, 0, 0, 0, 0, 0, 0};
}

struct Ports {
  std::uint16_t source = 0;  // or the ICMP type
  std::uint16_t destination = 0;
};

Bytes transport(std::uint8_t protocol, Ports ports) {
  if (protocol == protocol_icmp || protocol == protocol_icmpv6) {
    return icmp(static_cast<std::uint8_t>(ports.source), 0);
  }
  Bytes bytes;
  if (!has_ports(protocol)) return Bytes(8);
  put16(bytes, ports.source);
  put16(bytes, ports.destination);
  if (protocol == protocol_udp) {
    put16(bytes, 8);
    bytes.resize(8);
  } else {
    bytes.resize(20);
    bytes[12] = 5 << 4;
    bytes[13] = tcp_syn;
  }
  return bytes;
}

/// The packet that answers a request to `port`, or to this ICMP type.
Bytes answer(const Probe& probe) {
  std::uint16_t from = probe.port;
  if (probe.protocol == protocol_icmp && from == 8) from = 0;
  if (probe.protocol == protocol_icmpv6 && from == 128) from = 129;
  Bytes bytes = transport(probe.protocol, {from, client_port});
  const bool asks = probe.shape == ProbeShape::false_answer;
  if (probe.protocol == protocol_tcp && !asks) bytes[13] = tcp_ack;
  return bytes;
}

/// What an IP header says, whatever its version.
struct Header {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = usual_hop_limit;
  std::uint16_t fragment_offset = 0;  // in 8 bytes
  bool more_fragments = false;

  bool is_fragment() const { return fragment_offset > 0 || more_fragments; }
};

Bytes ipv4(const Header& header, const Bytes& body) {
  Bytes bytes{0x45, 0};
  put16(bytes, 20 + body.size());
  put16(bytes, 1);
  put16(bytes, header.fragment_offset | (header.more_fragments ? 0x2000U : 0U));
  bytes.insert(bytes.end(), {header.hop_limit, header.protocol, 0, 0});
  put_address(bytes, header.source);
  put_address(bytes, header.destination);
  append(bytes, body);
  return bytes;
}

Bytes ipv6(const Header& header, Bytes body) {
  constexpr std::uint8_t fragment_header = 44;
  std::uint8_t next = header.protocol;
  if (header.is_fragment()) {
    Bytes fragment{next, 0};
    put16(fragment, std::size_t{header.fragment_offset} << 3 | (header.more_fragments ? 1U : 0U));
    fragment.insert(fragment.end(), {0, 0, 0, 1});
    body.insert(body.begin(), fragment.begin(), fragment.end());
    next = fragment_header;
  }
  Bytes bytes{0x60, 0, 0, 0};
  put16(bytes, body.size());
  bytes.insert(bytes.end(), {next, header.hop_limit});
  put_address(bytes, header.source);
  put_address(bytes, header.destination);
  append(bytes, body);
  return bytes;
}

Bytes ip(const Header& header, const Bytes& body) {
  return header.source.family == Family::v4 ? ipv4(header, body) : ipv6(header, body);
}

Bytes ethernet(std::uint16_t ethertype, const Bytes& payload) {
  Bytes bytes{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  put16(bytes, ethertype);
  append(bytes, payload);
  return bytes;
}

Bytes ethernet(const Header& header, const Bytes& body) {
  return ethernet(header.source.family == Family::v4 ? ethertype_ipv4 : ethertype_ipv6,
                  ip(header, body));
}

/// Port unreachable, with the header and the first 8 bytes of the packet that met a closed port.
Bytes icmp_error(const Probe& probe) {
  const bool v4 = probe.source.family == Family::v4;
  const bool of_flow = probe.shape == ProbeShape::flow_error && has_ports(probe.protocol);
  const Ports ports = of_flow ? Ports{client_port, probe.port} : Ports{probe.port, client_port};
  Bytes quoted =
      ip({probe.destination, probe.source, probe.protocol}, transport(probe.protocol, ports));
  quoted.resize((v4 ? 20 : 40) + quoted_transport_size);
  Bytes message = v4 ? icmp(3, 3) : icmp(1, 4);
  append(message, quoted);
  return ethernet({probe.source, probe.destination, v4 ? protocol_icmp : protocol_icmpv6}, message);
}

Bytes cut(Bytes frame, std::size_t size) {
  frame.resize(std::min(frame.size(), size));
  return frame;
}

Address address(std::string_view text) {
  return Address::parse(text).value();
}

Bytes udp_frame(std::string_view from, std::string_view to, Ports ports) {
  return ethernet({address(from), address(to), protocol_udp}, transport(protocol_udp, ports));
}

Bytes icmpv6_frame(std::string_view to, std::uint8_t type, std::uint8_t hop_limit) {
  return ethernet({address("fe80::2"), address(to), protocol_icmpv6, hop_limit}, icmp(type, 0));
}

}  // namespace

std::string Probe::text() const {
  constexpr const char* shapes[] = {
      "",        "first fragment of ", "later fragment of ",        "ICMP error about ",
      "answer ", "false answer ",      "ICMP error about the flow "};
  std::string words = direction == Direction::inward ? "in " : "";
  for (const std::uint16_t id : tags) words += "vlan " + std::to_string(id) + ' ';
  words += shapes[static_cast<std::size_t>(shape)];
  words += protocol_name(protocol) + ' ' + source.text() + " -> ";
  const bool v6 = destination.family == Family::v6;
  if (shape == ProbeShape::later_fragment || last_port(protocol) == 0) {
    return words + destination.text();
  }
  if (!has_ports(protocol)) return words + destination.text() + ' ' + std::to_string(port);
  if (shape == ProbeShape::answer || shape == ProbeShape::false_answer) {
    return words + destination.text() + " from port " + std::to_string(port);
  }
  const std::string host = v6 ? '[' + destination.text() + ']' : destination.text();
  return words + host + ':' + std::to_string(port);
}

namespace {

Bytes untagged_frame_of(const Probe& probe) {
  Header header{probe.source, probe.destination, probe.protocol};
  switch (probe.shape) {
    case ProbeShape::later_fragment:
      header.fragment_offset = later_offset;
      return ethernet(header, Bytes(8));
    case ProbeShape::icmp_error:
    case ProbeShape::flow_error:
      return icmp_error(probe);
    case ProbeShape::answer:
    case ProbeShape::false_answer:
      return ethernet(header, answer(probe));
    case ProbeShape::first_fragment:
      header.more_fragments = true;
      break;
    case ProbeShape::whole:
      break;
  }
  const Ports ports =
      has_ports(probe.protocol) ? Ports{client_port, probe.port} : Ports{probe.port, 0};
  Bytes body = transport(probe.protocol, ports);
  if (header.more_fragments) body.resize(first_fragment_size);
  return ethernet(header, body);
}

}  // namespace

std::vector<std::uint8_t> frame_of(const Probe& probe) {
  Bytes frame = untagged_frame_of(probe);
  Bytes tags;
  for (std::size_t i = 0; i < probe.tags.size(); ++i) {
    const bool outer_of_two = i + 1 < probe.tags.size();
    put16(tags, outer_of_two ? ethertype_service_vlan : ethertype_vlan);
    put16(tags, probe.tags[i]);
  }
  frame.insert(frame.begin() + addresses_size, tags.begin(), tags.end());
  return frame;
}

std::vector<FixedFrame> fixed_frames() {
  const Bytes tcp4 = frame_of({address("192.0.2.1"), address("198.51.100.1"), protocol_tcp, 443});
  const Bytes tcp6 = frame_of({address("2001:db8::1"), address("2001:db8::2"), protocol_tcp, 443});
  Bytes contradictory = tcp4;
  contradictory[14] = 0x55;
  Bytes tags;
  for (const std::uint16_t next : {ethertype_vlan, ethertype_vlan, ethertype_ipv4}) {
    put16(tags, 10);
    put16(tags, next);
  }
  return {
      {"an ARP request", ethernet(ethertype_arp, Bytes(28))},
      {"a truncated ARP request", ethernet(ethertype_arp, Bytes(20))},
      {"a neighbour solicitation", icmpv6_frame("ff02::1:ff00:1", 135, neighbour_hop_limit)},
      {"a neighbour solicitation from afar", icmpv6_frame("fe80::1", 135, usual_hop_limit)},
      {"a multicast listener report", icmpv6_frame("ff02::16", 143, 1)},
      {"a DHCP request", udp_frame("0.0.0.0", "255.255.255.255", {68, 67})},
      {"a DHCP request to one host", udp_frame("0.0.0.0", "192.0.2.1", {68, 67})},
      {"a DHCPv6 request", udp_frame("fe80::2", "ff02::1:2", {546, 547})},
      {"a DHCP answer", udp_frame("192.0.2.1", "255.255.255.255", {67, 68})},
      {"a DHCPv6 answer", udp_frame("fe80::2", "ff02::1:2", {547, 546})},
      {"a frame without payload", ethernet(ethertype_ipv4, {})},
      {"a frame of zeros", Bytes(60)},
      {"an LLDP frame", ethernet(ethertype_lldp, Bytes(46))},
      {"three VLAN tags", ethernet(ethertype_vlan, tags)},
      {"a truncated IPv4 header", cut(tcp4, 14 + 19)},
      {"a truncated IPv6 header", cut(tcp6, 14 + 39)},
      {"a truncated TCP header over IPv4", cut(tcp4, 14 + 20 + 19)},
      {"a truncated TCP header over IPv6", cut(tcp6, 14 + 40 + 19)},
      {"an IPv4 header of version 5", contradictory},
      {"a loopback source", udp_frame("127.0.0.1", "198.51.100.1", {client_port, 123})},
      {"a loopback destination", udp_frame("198.51.100.1", "127.0.0.1", {client_port, 123})},
      {"a multicast destination", udp_frame("2001:db8::1", "ff05::1", {client_port, 123})},
      {"ICMPv6 over IPv4",
       frame_of({address("192.0.2.1"), address("198.51.100.1"), protocol_icmpv6, 128})},
  };
}

}  // namespace sallyport
