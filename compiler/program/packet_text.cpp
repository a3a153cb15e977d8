// SPDX-License-Identifier: GPL-2.0-or-later
// Reader of packets written by people: words first, then what each must be.
#include "compiler/program/packet_text.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "compiler/values/icmp_type.h"
#include "compiler/values/service.h"

namespace sallyport {
namespace {

using Fault = std::unexpected<std::string>;

constexpr std::uint8_t usual_hop_limit = 64;
constexpr std::uint8_t neighbour_hop_limit = 255;  // RFC 4861

std::string quoted(std::string_view text) {
  return '`' + std::string(text) + '`';
}

std::optional<std::uint16_t> read_number(std::string_view text, std::uint16_t most) {
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number > most) return std::nullopt;
  return number;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// A host and what follows its colon; an unbracketed IPv6 address has no port.
struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
};
HostPort split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    const std::string_view rest =
        close == std::string_view::npos ? std::string_view{} : text.substr(close + 1);
    if (close == std::string_view::npos || (!rest.empty() && rest.front() != ':'))
      return {text, {}};
    if (rest.empty()) return {text.substr(1, close - 1), {}};
    return {text.substr(1, close - 1), rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::expected<std::uint16_t, std::string> read_port(std::string_view text) {
  if (const auto port = read_number(text, 65535)) return *port;
  return Fault(quoted(text) + " is no port: a number from 0 to 65535 was expected");
}

std::expected<std::uint8_t, std::string> read_protocol(std::string_view text) {
  if (const auto known = protocol_number(text)) return *known;
  if (const auto number = read_number(text, 255)) return static_cast<std::uint8_t>(*number);
  return Fault(quoted(text) +
               " is no protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `gre` or a number "
               "was expected");
}

/// In the words of the language.
std::expected<std::uint16_t, std::string> read_icmp_type(std::uint8_t protocol,
                                                         std::string_view text) {
  for (const IcmpType& type : icmp_types()) {
    if (type.protocol == protocol && type.name == text) return type.number;
  }
  if (const auto number = read_number(text, 255)) return static_cast<std::uint16_t>(*number);
  return Fault(quoted(text) + " is no type of " + protocol_name(protocol) +
               ": `echo-request` or a number from 0 to 255 was expected");
}

std::string both_ports(std::uint8_t protocol, std::string_view word) {
  return protocol_name(protocol) + " has no ports, but " + quoted(word) + " names one";
}

std::expected<Host, std::string> read_host(std::string_view text) {
  if (const auto address = Address::parse(text)) return *address;
  if (const auto name = HostName::parse(text)) return *name;
  return Fault(quoted(text) +
               " is neither an address nor a host name: " + HostName::parse(text).error());
}

std::expected<Address, std::string> read_local(std::string_view text, Direction direction) {
  if (const auto address = Address::parse(text)) return *address;
  const std::string end =
      direction == Direction::outward ? "source" : "destination of what comes in";
  return Fault(quoted(text) + " is no address: the " + end +
               " is one of ours, such as `10.20.1.1`");
}

std::expected<void, std::string> read_hosts(std::string_view source, std::string_view destination,
                                            FlowText& flow) {
  const bool outward = flow.direction == Direction::outward;
  const auto local = read_local(outward ? source : destination, flow.direction);
  if (!local) return Fault(local.error());
  const auto remote = read_host(outward ? destination : source);
  if (!remote) return Fault(remote.error());
  flow.local = *local;
  flow.remote = *remote;
  return {};
}

std::expected<void, std::string> read_source_port(std::string_view word, FlowText& flow) {
  const HostPort source = split(word);
  if (!source.port) return {};
  if (!has_ports(flow.protocol)) return Fault(both_ports(flow.protocol, word));
  const auto port = read_port(*source.port);
  if (!port) return Fault(port.error());
  flow.source_port = *port;
  return {};
}

std::expected<void, std::string> read_destination_port(std::string_view word, FlowText& flow) {
  const HostPort destination = split(word);
  if (!has_ports(flow.protocol)) {
    if (!destination.port) return {};
    return Fault(both_ports(flow.protocol, word));
  }
  if (!destination.port) {
    const bool is_v6 = destination.host.find(':') != std::string_view::npos;
    const std::string host(destination.host);
    return Fault(quoted(word) + " has no port: " +
                 quoted((is_v6 ? '[' + host + ']' : host) + ":443") + " was expected");
  }
  const auto port = read_port(*destination.port);
  if (!port) return Fault(port.error());
  flow.destination_port = *port;
  return {};
}

std::expected<void, std::string> check_family(const FlowText& flow) {
  const auto* remote = std::get_if<Address>(&flow.remote);
  if (remote && remote->family != flow.local.family) {
    const bool outward = flow.direction == Direction::outward;
    const Address& source = outward ? flow.local : *remote;
    const Address& destination = outward ? *remote : flow.local;
    return Fault(source.text() + " and " + destination.text() + " are of two families");
  }
  if (flow.local.family == Family::v6 && flow.protocol == protocol_icmp)
    return Fault("icmp is for IPv4: say `icmpv6`");
  if (flow.local.family == Family::v4 && flow.protocol == protocol_icmpv6)
    return Fault("icmpv6 is for IPv6: say `icmp`");
  return {};
}

const std::string form =
    "a packet is written `tcp 10.20.1.1 -> relay.example.net:443`, "
    "`icmp 10.20.1.1 -> 198.51.100.7 echo-request` or `gre 10.20.1.1 -> 198.51.100.7`";

/// Moves an ICMP type from behind the protocol to the end.
void put_type_last(std::vector<std::string_view>& words) {
  if (words.size() == 5 && words[3] == "->")
    std::rotate(words.begin() + 1, words.begin() + 2, words.end());
}

/// Takes `vlan ID` off the front.
std::expected<std::uint16_t, std::string> take_vlan(std::vector<std::string_view>& words) {
  if (words.size() < 2 || words[0] != "vlan") return std::uint16_t{0};
  const auto id = read_number(words[1], last_vlan);
  if (!id || *id == 0)
    return Fault(quoted(words[1]) + " is no VLAN id: a number from 1 to " +
                 std::to_string(last_vlan) + " was expected");
  words.erase(words.begin(), words.begin() + 2);
  return *id;
}

}  // namespace

std::expected<FlowText, std::string> read_flow_text(std::string_view text, Direction direction) {
  auto words = words_of(text);
  FlowText flow;
  flow.direction = direction;
  const auto vlan = take_vlan(words);
  if (!vlan) return Fault(vlan.error());
  flow.vlan = *vlan;
  put_type_last(words);
  if (words.size() < 4 || words[2] != "->") return Fault(form);
  const auto protocol = read_protocol(words[0]);
  if (!protocol) return Fault(protocol.error());
  flow.protocol = *protocol;
  const HostPort source = split(words[1]), destination = split(words[3]);
  if (auto hosts = read_hosts(source.host, destination.host, flow); !hosts)
    return Fault(hosts.error());
  if (auto port = read_source_port(words[1], flow); !port) return Fault(port.error());
  if (auto port = read_destination_port(words[3], flow); !port) return Fault(port.error());
  if (const auto family = check_family(flow); !family) return Fault(family.error());

  const bool icmp = *protocol == protocol_icmp || *protocol == protocol_icmpv6;
  if (words.size() != (icmp ? 5 : 4))
    return Fault(icmp && words.size() == 4 ? "the ICMP type is missing; " + form : form);
  if (!icmp) return flow;
  const auto type = read_icmp_type(*protocol, words[4]);
  if (!type) return Fault(type.error());
  flow.destination_port = *type;
  return flow;
}

Packet first_packet(const FlowText& flow, const Address& remote) {
  const bool outward = flow.direction == Direction::outward;
  Packet packet;
  packet.vlan = flow.vlan;
  packet.source = outward ? flow.local : remote;
  packet.destination = outward ? remote : flow.local;
  packet.protocol = flow.protocol;
  packet.source_port = flow.source_port;
  packet.destination_port = flow.destination_port;
  const bool neighbour_discovery = flow.protocol == protocol_icmpv6 &&
                                   flow.destination_port >= 133 && flow.destination_port <= 137;
  packet.hop_limit = neighbour_discovery ? neighbour_hop_limit : usual_hop_limit;
  return packet;
}

std::string text_of(const FlowText& flow, const Address& remote) {
  const auto with_port = [](const Address& address, std::uint16_t port) {
    const std::string host =
        address.family == Family::v6 ? '[' + address.text() + ']' : address.text();
    return host + ':' + std::to_string(port);
  };
  const bool outward = flow.direction == Direction::outward;
  const Address& from = outward ? flow.local : remote;
  const Address& to = outward ? remote : flow.local;
  std::string words = flow.vlan == 0 ? "" : "vlan " + std::to_string(flow.vlan) + ' ';
  words += protocol_name(flow.protocol) + ' ' +
           (flow.source_port == 0 ? from.text() : with_port(from, flow.source_port)) + " -> ";
  if (has_ports(flow.protocol)) return words + with_port(to, flow.destination_port);
  words += to.text();
  if (flow.protocol == protocol_icmp || flow.protocol == protocol_icmpv6)
    words += ' ' + std::to_string(flow.destination_port);
  return words;
}

std::optional<Endpoint> read_endpoint(std::string_view text) {
  const HostPort parts = split(text);
  const auto address = Address::parse(parts.host);
  if (!address) return std::nullopt;
  if (!parts.port) return Endpoint{*address};
  const auto port = read_number(*parts.port, 65535);
  if (!port || *port == 0) return std::nullopt;
  return Endpoint{*address, *port};
}

}  // namespace sallyport
