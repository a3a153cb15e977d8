// SPDX-License-Identifier: GPL-2.0-or-later
// FrameDice: how often each complication falls is chosen so that about half of the frames reach
// the rules and every reason to drop is met in a million.
#include "tests/support/random_frame.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "compiler/values/service.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

constexpr std::size_t least_frame = 14;
constexpr std::size_t most_frame = 3000;

constexpr std::array<std::string_view, 23> odd_addresses = {"0.0.0.0",
                                                            "0.255.255.255",
                                                            "127.0.0.1",
                                                            "128.0.0.0",
                                                            "223.255.255.255",
                                                            "224.0.0.1",
                                                            "240.0.0.1",
                                                            "239.255.255.255",
                                                            "255.255.255.254",
                                                            "255.255.255.255",
                                                            "10.0.0.1",
                                                            "192.0.2.1",
                                                            "::",
                                                            "::1",
                                                            "::2",
                                                            "::ffff:192.0.2.1",
                                                            "::ffff:10.0.0.1",
                                                            "::fffe:192.0.2.1",
                                                            "fe80::1",
                                                            "fec0::1",
                                                            "ff02::1:2",
                                                            "ff05::1",
                                                            "2001:db8::1"};
constexpr std::array<std::uint8_t, 12> odd_protocols = {0,  1,  2,  4,  6,   17,
                                                        41, 50, 58, 59, 132, 255};
constexpr std::array<std::uint8_t, 11> extension_numbers = {0,  43,  44,  51,  60, 60,
                                                            60, 135, 139, 253, 254};
constexpr std::array<std::uint8_t, 12> icmp4_types = {0, 3, 3, 3, 8, 8, 11, 11, 12, 5, 13, 255};
constexpr std::array<std::uint8_t, 16> icmp6_types = {1,   1,   2,   2,   3,   4,   128, 129,
                                                      130, 132, 133, 134, 135, 136, 143, 255};
constexpr std::array<std::uint16_t, 8> odd_ports = {0, 53, 67, 68, 443, 547, 853, 65535};
constexpr std::array<std::uint8_t, 7> option_types = {0, 1, 7, 68, 131, 137, 148};

std::vector<Address> parsed(std::span<const std::string_view> texts) {
  std::vector<Address> addresses;
  for (const std::string_view text : texts) addresses.push_back(Address::parse(text).value());
  return addresses;
}

}  // namespace

FrameDice::FrameDice(std::mt19937_64& random, const Program& program,
                     const Surroundings& surroundings)
    : random_(random),
      direction_(surroundings.direction),
      locals_(local_boundaries(program)),
      remotes_(remote_boundaries(program, surroundings.bindings)),
      services_(service_boundaries(program)),
      vlans_(vlan_boundaries(program)),
      by_vlan_(std::ranges::any_of(program.zones,
                                   [](const Zone& zone) { return !zone.vlans.empty(); })) {
  for (const Rule& rule : program.rules) {
    Target target = target_of(program, rule, surroundings);
    if (target.locals.empty() || target.remotes.empty() || target.services.empty()) continue;
    targets_.push_back(std::move(target));
  }
  const std::vector<Address> odd = parsed(odd_addresses);
  remotes_.insert(remotes_.end(), odd.begin(), odd.end());
  remotes_.insert(remotes_.end(), surroundings.own.begin(), surroundings.own.end());
}

FrameDice::Target FrameDice::target_of(const Program& program, const Rule& rule,
                                       const Surroundings& surroundings) const {
  Target target;
  target.direction = rule.direction;
  std::ranges::copy_if(locals_, std::back_inserter(target.locals), [&](const Address& address) {
    return !rule.zone || contains(program.zones[*rule.zone].ranges, address);
  });
  std::ranges::copy_if(remotes_, std::back_inserter(target.remotes), [&](const Address& address) {
    return covers(program, rule, address, surroundings);
  });
  std::ranges::copy_if(services_, std::back_inserter(target.services),
                       [&](const Service& candidate) {
                         return rule.every_service ||
                                std::ranges::any_of(rule.services, [&](const Service& service) {
                                  return service.contains(candidate.protocol, candidate.first);
                                });
                       });
  return target;
}

/// Not of the other family: a frame has one.
Address FrameDice::local(Family family) {
  if (one_in(16)) {
    const Address odd =
        Address::parse(pick(std::span<const std::string_view>(odd_addresses))).value();
    if (odd.family == family) return odd;
  }
  for (int tries = 0; tries < 20; ++tries) {
    const Address address = pick(std::span<const Address>(locals_));
    if (address.family == family) return address;
  }
  return {family, random_() & last_number(family)};
}

Service FrameDice::service(Family family) {
  if (one_in(8)) {
    const std::uint8_t protocol = pick(std::span<const std::uint8_t>(odd_protocols));
    return {protocol, pick(std::span<const std::uint16_t>(odd_ports)), 0};
  }
  if (one_in(8)) {
    return family == Family::v4
               ? Service{protocol_icmp, pick(std::span<const std::uint8_t>(icmp4_types)), 0}
               : Service{protocol_icmpv6, pick(std::span<const std::uint8_t>(icmp6_types)), 0};
  }
  const std::uint8_t foreign = family == Family::v4 ? protocol_icmpv6 : protocol_icmp;
  const Service service = pick(std::span<const Service>(services_));
  return service.protocol == foreign ? Service{protocol_tcp, 443, 443} : service;
}

/// The packet that the other side would have sent to a local host.
Bytes FrameDice::quote(const PacketParts& packet, const Service& answered) {
  PacketParts quoted;
  quoted.source = one_in(8) ? local(packet.source.family) : packet.destination;
  quoted.destination = one_in(2) ? packet.source : local(packet.source.family);
  quoted.protocol = answered.protocol;
  if (has_ports(answered.protocol)) {
    quoted.body = one_in(3) ? tcp_header(40000, answered.first) : tcp_header(answered.first, 40000);
  } else {
    const std::uint8_t reply = packet.source.family == Family::v4 ? 0 : 129;
    quoted.body = icmp_header(one_in(3) ? static_cast<std::uint8_t>(answered.first) : reply, 0);
  }
  if (packet.source.family == Family::v4 && one_in(6))
    quoted.options = Bytes(4U * (1 + below(10)), 1);
  if (packet.source.family == Family::v6 && one_in(10)) quoted.extensions = {extension_of(60, 0)};
  if (one_in(10)) fragment(quoted);
  Bytes bytes = assemble(quoted);
  if (one_in(6)) bytes.resize(below(bytes.size() + 1));
  return bytes;
}

Bytes FrameDice::icmp_error(const PacketParts& packet, const Service& answered) {
  const std::uint8_t type = packet.source.family == Family::v4 ? 3 : 1;
  Bytes bytes = icmp_header(type, static_cast<std::uint8_t>(below(5)));
  const Bytes quoted = quote(packet, answered);
  bytes.insert(bytes.end(), quoted.begin(), quoted.end());
  return bytes;
}

Bytes FrameDice::body(const PacketParts& packet, const Service& service) {
  Bytes bytes;
  const std::size_t payload = one_in(2) ? 0 : below(64);
  const auto source_port =
      one_in(4) ? pick(std::span<const std::uint16_t>(odd_ports)) : std::uint16_t{40000};
  if (service.protocol == protocol_tcp) {
    bytes = tcp_header(source_port, service.first);
  } else if (service.protocol == protocol_udp) {
    bytes = udp_header(source_port, service.first, payload);
  } else if (service.protocol == protocol_icmp || service.protocol == protocol_icmpv6) {
    bytes = icmp_header(static_cast<std::uint8_t>(service.first),
                        static_cast<std::uint8_t>(one_in(4) ? 1 : 0));
    const Bytes quoted = quote(packet, this->service(packet.source.family));
    if (!one_in(3)) bytes.insert(bytes.end(), quoted.begin(), quoted.end());
  }
  bytes.resize(bytes.size() + payload, 0x5a);
  return bytes;
}

/// A packet from the service, or one that seems to be.
Bytes FrameDice::answer(const Service& service) {
  constexpr std::array<std::uint8_t, 8> flags = {0x10, 0x18, 0x12, 0x04, 0x14, 0x02, 0x06, 0x01};
  if (service.protocol == protocol_udp) return udp_header(service.first, 40000, 0);
  if (service.protocol == protocol_tcp) {
    Bytes bytes = tcp_header(service.first, 40000);
    bytes[13] = one_in(8) ? static_cast<std::uint8_t>(random_())
                          : pick(std::span<const std::uint8_t>(flags));
    return bytes;
  }
  if (service.protocol == protocol_icmp) return icmp_header(0, 0);
  if (service.protocol == protocol_icmpv6) return icmp_header(129, 0);
  return Bytes(8);
}

void FrameDice::place(PacketParts& packet, const Address& local, const Address& remote) const {
  packet.source = direction_ == Direction::outward ? local : remote;
  packet.destination = direction_ == Direction::outward ? remote : local;
}

void FrameDice::fragment(PacketParts& packet) {
  const bool more = one_in(2);
  const auto offset = static_cast<std::uint16_t>(one_in(2) ? below(3) : below(0x2000));
  // A fragment that another follows carries a multiple of 8 bytes, mostly.
  if (more && !one_in(6)) packet.body.resize((packet.body.size() + 7) / 8 * 8);
  if (offset > 1 && packet.body.empty()) packet.body.resize(8);
  if (packet.source.family == Family::v6) {
    packet.extensions.push_back(fragment_header(offset, more));
  } else {
    packet.fragment = static_cast<std::uint16_t>(offset | (more ? 0x2000 : 0));
  }
}

/// Options or a chain of extension headers.
void FrameDice::complicate(PacketParts& packet) {
  if (packet.source.family == Family::v4) {
    for (Bytes& options = packet.options; options.size() < 40 && !one_in(3);) {
      const std::size_t size = one_in(8) ? below(256) : 2 + below(6);
      options.push_back(pick(std::span<const std::uint8_t>(option_types)));
      if (options.back() > 1) options.push_back(static_cast<std::uint8_t>(size));
      if (options.back() > 2 && one_in(2)) options.resize(options.size() + options.back() - 2U);
    }
    packet.options.resize(std::min<std::size_t>((packet.options.size() + 3) / 4 * 4, 40));
    return;
  }
  const bool ordinary = !one_in(3);
  const std::size_t count = one_in(8) ? 5 + below(4) : 1 + below(3);
  if (one_in(3)) packet.extensions.push_back(extension_of(0, 0));
  while (packet.extensions.size() < count) {
    const auto number =
        ordinary ? std::uint8_t{60} : pick(std::span<const std::uint8_t>(extension_numbers));
    if (number == 44) {
      fragment(packet);
      continue;
    }
    const auto size = static_cast<std::uint8_t>(one_in(20) ? below(256) : below(4));
    packet.extensions.push_back(extension_of(number, size));
    if (number == 43) {
      packet.extensions.back().bytes[2] = static_cast<std::uint8_t>(below(4));
      packet.extensions.back().bytes[3] = static_cast<std::uint8_t>(one_in(4) ? 1 : 0);
    }
  }
}

/// Neighbour and listener discovery and DHCP, or nearly.
PacketParts FrameDice::plumbing() {
  PacketParts packet;
  const bool v4 = one_in(4);
  packet.source = local(v4 ? Family::v4 : Family::v6);
  packet.destination = pick(std::span<const Address>(remotes_));
  if (packet.destination.family != packet.source.family || one_in(2)) {
    packet.destination = Address::parse(v4          ? "255.255.255.255"
                                        : one_in(2) ? "ff02::1"
                                                    : "fe80::9")
                             .value();
  }
  packet.hop_limit = one_in(4) ? 64 : 255;
  if (v4 || one_in(4)) {
    packet.protocol = protocol_udp;
    const std::uint16_t client = v4 ? 68 : 546;
    const std::uint16_t server = v4 ? 67 : 547;
    const bool asks = (direction_ == Direction::outward) != one_in(4);
    packet.body = udp_header(asks ? client : server, asks ? server : client, 0);
  } else {
    packet.protocol = protocol_icmpv6;
    packet.body = icmp_header(pick(std::span<const std::uint8_t>(icmp6_types)), one_in(6) ? 1 : 0);
  }
  return packet;
}

/// One that the rule decides, unless another is before it.
PacketParts FrameDice::aimed_packet(const Target& target) {
  PacketParts packet;
  const Address remote = pick(std::span<const Address>(target.remotes));
  Address near = pick(std::span<const Address>(target.locals));
  if (near.family != remote.family) near = local(remote.family);
  place(packet, near, remote);
  const Service wanted = pick(std::span<const Service>(target.services));
  const bool answers = target.direction != direction_;
  if ((answers && !one_in(4)) || one_in(24)) {
    packet.protocol = wanted.protocol;
    packet.body = answer(wanted);
  } else if (one_in(12)) {
    packet.protocol = packet.source.family == Family::v4 ? protocol_icmp : protocol_icmpv6;
    packet.body = icmp_error(packet, wanted);
  } else {
    packet.protocol = wanted.protocol;
    packet.body = body(packet, wanted);
  }
  return packet;
}

PacketParts FrameDice::packet() {
  if (one_in(24)) return plumbing();
  PacketParts packet;
  const Address remote = pick(std::span<const Address>(remotes_));
  place(packet, local(remote.family), remote);
  const Service wanted = service(remote.family);
  packet.protocol = wanted.protocol;
  packet.body = body(packet, wanted);
  if (!targets_.empty() && !one_in(3)) {
    packet = aimed_packet(targets_[below(targets_.size())]);
  }
  if (one_in(8)) packet.hop_limit = 255;
  if (one_in(6)) complicate(packet);
  if (one_in(6)) fragment(packet);
  if (one_in(12)) complicate(packet);
  return packet;
}

void FrameDice::damage(Bytes& frame) {
  switch (below(4)) {
    case 0:
      frame.resize(below(frame.size() + 1));
      break;
    case 1:  // a length or an offset that lies is most likely in the first bytes
      for (std::uint32_t i = 0; i <= below(4); ++i) {
        frame[below(std::min<std::size_t>(frame.size(), 90))] =
            static_cast<std::uint8_t>(random_());
      }
      break;
    case 2:
      for (std::uint32_t i = 0; i <= below(3); ++i) {
        frame[below(frame.size())] ^= static_cast<std::uint8_t>(1U << below(8));
      }
      break;
    default:
      frame.resize(frame.size() + below(32), 0x11);
  }
}

Bytes FrameDice::roll() {
  FrameParts parts;
  const bool untagged = by_vlan_ ? one_in(3) : !one_in(6);
  const std::uint32_t tags = untagged ? 0 : one_in(by_vlan_ ? 32 : 8) ? 3 : 1 + below(2);
  for (std::uint32_t i = 0; i < tags; ++i) {
    const std::uint16_t type = one_in(2) ? 0x8100 : 0x88a8;
    const bool anything = one_in(4);
    parts.tags.push_back({type, anything ? static_cast<std::uint16_t>(below(0x1000))
                                         : pick(std::span<const std::uint16_t>(vlans_))});
  }
  if (one_in(64)) {
    parts.ethertype = one_in(2) ? 0x0806 : static_cast<std::uint16_t>(random_());
    parts.rest = Bytes(20 + below(20));
  } else {
    parts.packet = packet();
  }
  Bytes frame = assemble(parts);
  if (one_in(5)) damage(frame);
  frame.resize(std::clamp(frame.size(), least_frame, most_frame));
  return frame;
}

}  // namespace sallyport
