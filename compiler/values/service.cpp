// SPDX-License-Identifier: GPL-2.0-or-later
// Protocol names and the text of services.
#include "compiler/values/service.h"

#include <charconv>

namespace sallyport {
namespace {

struct ProtocolName {
  std::uint8_t number;
  std::string_view name;
};

/// IANA protocol numbers that a policy may write by name.
constexpr ProtocolName protocol_names[] = {
    {protocol_icmp, "icmp"},
    {2, "igmp"},
    {4, "ipip"},
    {protocol_tcp, "tcp"},
    {protocol_udp, "udp"},
    {41, "ipv6"},
    {47, "gre"},
    {50, "esp"},
    {51, "ah"},
    {protocol_icmpv6, "icmpv6"},
    {89, "ospf"},
    {97, "etherip"},
    {103, "pim"},
    {112, "vrrp"},
    {115, "l2tp"},
    {132, "sctp"},
};

/// A decimal number without leading zeros or sign, at most `greatest`.
std::optional<std::uint16_t> parse_number(std::string_view text, std::uint16_t greatest) {
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  if (result.ec != std::errc{} || result.ptr != end || leading_zero) return std::nullopt;
  if (number > greatest) return std::nullopt;
  return number;
}

}  // namespace

bool has_ports(std::uint8_t protocol) {
  return protocol == protocol_tcp || protocol == protocol_udp;
}

std::uint16_t last_port(std::uint8_t protocol) {
  if (has_ports(protocol)) return 65535;
  return protocol == protocol_icmp || protocol == protocol_icmpv6 ? 255 : 0;
}

std::string protocol_name(std::uint8_t protocol) {
  for (const ProtocolName& row : protocol_names) {
    if (row.number == protocol) return std::string(row.name);
  }
  return std::to_string(protocol);
}

std::optional<std::uint8_t> protocol_number(std::string_view name) {
  for (const ProtocolName& row : protocol_names) {
    if (row.name == name) return row.number;
  }
  const auto number = parse_number(name, 255);
  if (!number) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

std::string Service::text() const {
  std::string text = protocol_name(protocol);
  if (last_port(protocol) == 0) return text;
  text += " " + std::to_string(first);
  if (first != last) text += "-" + std::to_string(last);
  return text;
}

std::optional<Service> Service::parse(std::string_view text) {
  const auto space = text.find(' ');
  const auto protocol = protocol_number(text.substr(0, space));
  if (!protocol) return std::nullopt;
  const std::uint16_t greatest = last_port(*protocol);
  const bool ports_written = space != std::string_view::npos;
  if (ports_written != (greatest > 0)) return std::nullopt;
  if (!ports_written) return Service{*protocol, 0, 0};

  const std::string_view ports = text.substr(space + 1);
  const auto dash = ports.find('-');
  const auto first = parse_number(ports.substr(0, dash), greatest);
  const auto last =
      dash == std::string_view::npos ? first : parse_number(ports.substr(dash + 1), greatest);
  if (!first || !last || *first > *last) return std::nullopt;
  return Service{*protocol, *first, *last};
}

std::vector<Service> any_service() {
  constexpr std::uint16_t echo_request_v4 = 8;    // RFC 792
  constexpr std::uint16_t echo_request_v6 = 128;  // RFC 4443
  return {{protocol_tcp, 0, 65535},
          {protocol_udp, 0, 65535},
          {protocol_icmp, echo_request_v4, echo_request_v4},
          {protocol_icmpv6, echo_request_v6, echo_request_v6}};
}

bool is_guarded_port(std::uint8_t protocol, std::uint16_t port) {
  constexpr std::uint16_t dns = 53;            // RFC 1035
  constexpr std::uint16_t dns_over_tls = 853;  // RFC 7858, RFC 9250
  return has_ports(protocol) && (port == dns || port == dns_over_tls);
}

}  // namespace sallyport
