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

std::expected<void, std::string> read_source(std::string_view word, bool may_be_name,
                                             FlowText& flow) {
  const HostPort source = split(word);
  if (!may_be_name && !Address::parse(source.host)) {
    return Fault(quoted(source.host) + " is no address: the source is one of a client, such as " +
                 "`10.20.1.1`");
  }
  const auto host = read_host(source.host);
  if (!host) return Fault(host.error());
  flow.source = *host;
  if (!source.port) return {};
  if (!has_ports(flow.protocol)) return Fault(both_ports(flow.protocol, word));
  const auto port = read_port(*source.port);
  if (!port) return Fault(port.error());
  flow.source_port = *port;
  return {};
}

std::expected<void, std::string> read_destination(std::string_view word, FlowText& flow) {
  const HostPort destination = split(word);
  const auto read = read_host(destination.host);
  if (!read) return Fault(read.error());
  flow.destination = *read;
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

/// The family that the addresses and the protocol demand; empty where all are open.
std::expected<std::optional<Family>, std::string> family_of(const FlowText& flow) {
  const auto* source = std::get_if<Address>(&flow.source);
  const auto* destination = std::get_if<Address>(&flow.destination);
  if (source && destination && source->family != destination->family)
    return Fault(source->text() + " and " + destination->text() + " are of two families");
  std::optional<Family> family;
  if (source) family = source->family;
  if (destination) family = destination->family;
  if (family == Family::v6 && flow.protocol == protocol_icmp)
    return Fault("icmp is for IPv4: say `icmpv6`");
  if (family == Family::v4 && flow.protocol == protocol_icmpv6)
    return Fault("icmpv6 is for IPv6: say `icmp`");
  return family;
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

std::expected<FlowText, std::string> read_flow(std::string_view text, bool source_may_be_name) {
  auto words = words_of(text);
  FlowText flow;
  const auto vlan = take_vlan(words);
  if (!vlan) return Fault(vlan.error());
  flow.vlan = *vlan;
  put_type_last(words);
  if (words.size() < 4 || words[2] != "->") return Fault(form);
  const auto protocol = read_protocol(words[0]);
  if (!protocol) return Fault(protocol.error());
  flow.protocol = *protocol;
  if (auto source = read_source(words[1], source_may_be_name, flow); !source)
    return Fault(source.error());
  if (auto end = read_destination(words[3], flow); !end) return Fault(end.error());
  if (const auto family = family_of(flow); !family) return Fault(family.error());

  const bool icmp = *protocol == protocol_icmp || *protocol == protocol_icmpv6;
  if (words.size() != (icmp ? 5 : 4))
    return Fault(icmp && words.size() == 4 ? "the ICMP type is missing; " + form : form);
  if (!icmp) return flow;
  const auto type = read_icmp_type(*protocol, words[4]);
  if (!type) return Fault(type.error());
  flow.destination_port = *type;
  return flow;
}

}  // namespace

std::expected<FlowText, std::string> read_flow_text(std::string_view text) {
  return read_flow(text, true);
}

std::expected<PacketText, std::string> read_packet_text(std::string_view text) {
  const auto flow = read_flow(text, false);
  if (!flow) return Fault(flow.error());
  return PacketText{flow->vlan,        flow->protocol,    std::get<Address>(flow->source),
                    flow->source_port, flow->destination, flow->destination_port};
}

Packet packet_to(const PacketText& text, const Address& destination) {
  Packet packet;
  packet.vlan = text.vlan;
  packet.source = text.source;
  packet.destination = destination;
  packet.protocol = text.protocol;
  packet.source_port = text.source_port;
  packet.destination_port = text.destination_port;
  const bool neighbour_discovery = text.protocol == protocol_icmpv6 &&
                                   text.destination_port >= 133 && text.destination_port <= 137;
  packet.hop_limit = neighbour_discovery ? neighbour_hop_limit : usual_hop_limit;
  return packet;
}

std::string text_of(const PacketText& text, const Address& destination) {
  const auto with_port = [](const Address& address, std::uint16_t port) {
    const std::string host =
        address.family == Family::v6 ? '[' + address.text() + ']' : address.text();
    return host + ':' + std::to_string(port);
  };
  const std::string source =
      text.source_port == 0 ? text.source.text() : with_port(text.source, text.source_port);
  std::string words = text.vlan == 0 ? "" : "vlan " + std::to_string(text.vlan) + ' ';
  words += protocol_name(text.protocol) + ' ' + source + " -> ";
  if (has_ports(text.protocol)) return words + with_port(destination, text.destination_port);
  words += destination.text();
  if (text.protocol == protocol_icmp || text.protocol == protocol_icmpv6)
    words += ' ' + std::to_string(text.destination_port);
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
