// SPDX-License-Identifier: GPL-2.0-or-later
// Readers of single words. What looks like an address is read as one and complained of as one;
// everything else is a host name.
#include "compiler/check/written.h"

#include <algorithm>
#include <charconv>

#include "compiler/check/urls.h"
#include "compiler/source/wording.h"
#include "compiler/values/icmp_type.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

std::unexpected<Complaint> complain(std::string_view code, std::string message, Hint hint = {}) {
  return std::unexpected(Complaint{code, std::move(message), std::move(hint)});
}

/// All of `text` as a decimal number without sign or leading zero.
std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || (text.size() > 1 && text[0] == '0')) return {};
  return value;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool looks_like_address(std::string_view text) {
  const bool has_colon = text.find(':') != std::string_view::npos;
  return all_of(text, has_colon ? "0123456789abcdefABCDEF:./-" : "0123456789./-");
}

Reading<AddressRange> read_prefix(std::string_view text, std::size_t slash) {
  const auto address = Address::parse(text.substr(0, slash));
  const auto length = number_of(text.substr(slash + 1));
  if (!address) {
    return complain("bad-address",
                    quote(text.substr(0, slash)) + " before the `/` is no IPv4 or IPv6 address");
  }
  const unsigned width = width_of(address->family);
  if (!length || *length > width) {
    return complain("bad-address", quote(text) + " needs a prefix length from 0 to " +
                                       std::to_string(width) + " behind the `/`");
  }
  const AddressRange range = AddressRange::prefix(*address, *length);
  if (range.first != *address) {
    const std::string network = range.first.text() + "/" + std::to_string(*length);
    const std::string host = address->text();
    const std::string written(text);
    return complain("host-bits", quote(text) + " has bits set behind its prefix",
                    {"did you mean " + quote(network) + ", or " + quote(host) + " alone?",
                     {{written, network, "write " + quote(network) + " for the whole network"},
                      {written, host, "write " + quote(host) + " for the one address"}}});
  }
  return range;
}

/// The range with its ends exchanged: nothing else can have been meant.
Hint turned(std::string_view text, const std::string& forwards) {
  return {"did you mean " + quote(forwards) + "?",
          {{std::string(text), forwards, "write " + quote(forwards), true}}};
}

Reading<AddressRange> read_dash_range(std::string_view text, const Address& first,
                                      const Address& last) {
  if (first.family != last.family) {
    return complain("bad-address", quote(text) + " begins and ends in different families");
  }
  if (last < first) {
    return complain("backwards-range", quote(text) + " runs backwards",
                    turned(text, last.text() + "-" + first.text()));
  }
  return AddressRange{first, last};
}

/// The range `a-b` if both sides are addresses; empty if `text` is no such thing.
std::optional<Reading<AddressRange>> try_dash_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = Address::parse(text.substr(0, dash));
  const auto last = Address::parse(text.substr(dash + 1));
  if (!first || !last) return {};
  return read_dash_range(text, *first, *last);
}

std::optional<Complaint> complaint_of_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (port.empty() || !all_of(port, "0123456789") || host.find(':') != std::string_view::npos) {
    return {};
  }
  if (!Address::parse(host) && !is_name_or_pattern(host)) return {};
  return Complaint{
      "port-in-destination", quote(text) + " has a port; a destination is only the host",
      "write the port in front: `tcp " + std::string(port) + " to " + std::string(host) + "`"};
}

/// The reasons of HostName and NamePattern either name what is wrong or lack their subject.
std::string sentence(const std::string& reason) {
  return reason.starts_with("has ") || reason.starts_with("is ") ? "it " + reason : reason;
}

Complaint bad_host(std::string_view text, const std::string& reason) {
  return {"bad-host", quote(text) + " is no host name: " + sentence(reason)};
}

}  // namespace

Reading<Address> read_address(std::string_view text) {
  if (const auto address = Address::parse(text)) return *address;
  std::string hint;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && Address::parse(text.substr(0, colon))) {
    hint = "write the port behind it: `" + std::string(text.substr(0, colon)) + " port " +
           std::string(text.substr(colon + 1)) + "`";
  }
  return complain("bad-address", quote(text) + " is no IPv4 or IPv6 address", std::move(hint));
}

Reading<AddressRange> read_range(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    return read_prefix(text, slash);
  }
  if (auto range = try_dash_range(text)) return *range;
  if (const auto address = Address::parse(text)) return AddressRange::single(*address);
  return complain("bad-address",
                  quote(text) + " is no address, prefix (`192.0.2.0/24`) or range (`a-b`)");
}

Reading<AddressRange> read_nat64_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto wrong = [&](std::string_view why) {
    return complain("bad-nat64", quote(text) + " is no NAT64 prefix: " + std::string(why));
  };
  if (slash == std::string_view::npos) {
    if (!looks_like_address(text))
      return wrong("an IPv6 prefix such as `2001:db8:64::/96` is expected");
    return wrong("its length is missing");
  }
  const auto prefix = read_prefix(text, slash);
  if (!prefix) return prefix;
  if (prefix->family() == Family::v4)
    return wrong("it is IPv4, and the addresses it makes are IPv6");
  if (!is_nat64_length(*number_of(text.substr(slash + 1)))) {
    return wrong("its length is one of 32, 40, 48, 56, 64 and 96");
  }
  return prefix;
}

Reading<HostName> read_host(std::string_view text) {
  if (const auto complaint = complaint_of_url(text)) return std::unexpected(*complaint);
  if (const auto complaint = complaint_of_port(text)) return std::unexpected(*complaint);
  if (NamePattern::looks_like_pattern(text)) {
    return complain("bad-host", quote(text) + " is a pattern; an exact host name is expected");
  }
  auto name = HostName::parse(text);
  if (!name) return std::unexpected(bad_host(text, name.error()));
  return *name;
}

Reading<Destination> read_destination(std::string_view text) {
  Destination destination;
  if (text == "anywhere") {
    destination.ranges = {AddressRange::whole(Family::v4), AddressRange::whole(Family::v6)};
    return destination;
  }
  if (text == "any") {
    return complain("bad-host", "`any` is no destination",
                    {"did you mean `anywhere`?", {{"any", "anywhere"}}});
  }
  if (const auto complaint = complaint_of_port(text)) return std::unexpected(*complaint);
  if (looks_like_address(text)) {
    const auto range = read_range(text);
    if (!range) return std::unexpected(range.error());
    destination.ranges = {*range};
    return destination;
  }
  if (const auto complaint = complaint_of_url(text)) return std::unexpected(*complaint);
  if (NamePattern::looks_like_pattern(text)) {
    const auto pattern = NamePattern::parse(text);
    if (!pattern) {
      return complain("bad-pattern", quote(text) + " is no pattern: " + sentence(pattern.error()));
    }
    destination.pattern = *pattern;
    return destination;
  }
  const auto name = HostName::parse(text);
  if (!name) return std::unexpected(bad_host(text, name.error()));
  destination.name = *name;
  return destination;
}

bool is_international(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

namespace {

/// `a` or `a-b` as two numbers; empty if the text is neither.
std::optional<std::pair<std::uint32_t, std::uint32_t>> read_numbers(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = number_of(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number_of(text.substr(dash + 1));
  if (!first || !last) return {};
  return std::pair{*first, *last};
}

Reading<PortRange> checked_range(std::string_view text, std::uint32_t first, std::uint32_t last) {
  if (first > last) {
    return complain("backwards-range", quote(text) + " runs backwards",
                    turned(text, std::to_string(last) + "-" + std::to_string(first)));
  }
  return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

}  // namespace

Reading<PortRange> read_ports(std::string_view text) {
  const auto numbers = read_numbers(text);
  const auto is_port = [](std::uint32_t number) { return number >= 1 && number <= 65535; };
  if (!numbers || !is_port(numbers->first) || !is_port(numbers->second)) {
    return complain("bad-port", quote(text) + " is no port: a number from 1 to 65535, a range " +
                                    "such as `8000-8010`, or `any` is expected");
  }
  return checked_range(text, numbers->first, numbers->second);
}

Reading<VlanRange> read_vlan(std::string_view text) {
  if (text == "untagged") return VlanRange{0, 0};
  const auto numbers = read_numbers(text);
  const auto is_id = [](std::uint32_t number) { return number >= 1 && number <= last_vlan; };
  if (!numbers || !is_id(numbers->first) || !is_id(numbers->second)) {
    const bool none = numbers && numbers->first == 0 && numbers->second == 0;
    return complain(
        "bad-vlan",
        quote(text) + " is no VLAN id: a number from 1 to " + std::to_string(last_vlan) +
            ", a range such as `50-59`, or `untagged` is "
            "expected",
        none ? Hint{"frames without a tag are `untagged`", {{"0", "untagged"}}} : Hint{});
  }
  const auto range = checked_range(text, numbers->first, numbers->second);
  if (!range) return std::unexpected(range.error());
  return VlanRange{range->first, range->last};
}

Reading<PortRange> read_icmp_types(std::uint8_t protocol, std::string_view text) {
  std::vector<std::string> names;
  for (const IcmpType& type : icmp_types()) {
    if (type.protocol != protocol) continue;
    if (type.name == text) return PortRange{type.number, type.number};
    names.emplace_back(type.name);
  }
  const auto numbers = read_numbers(text);
  if (!numbers || numbers->first > 255 || numbers->second > 255) {
    return complain("bad-icmp-type",
                    quote(text) + " is no " + protocol_name(protocol) +
                        " type: a name such as `echo-request`, a number from 0 to 255 or `any` " +
                        "is expected",
                    did_you_mean(text, names));
  }
  return checked_range(text, numbers->first, numbers->second);
}

Reading<Seconds> read_duration(std::string_view text) {
  constexpr std::uint32_t longest_days = 366;
  const auto wrong = [&](Hint hint = {}) {
    return complain("bad-duration",
                    quote(text) + " is no duration: a whole number with `s`, `m`, `h` or `d` is " +
                        "expected, at most " + std::to_string(longest_days) + "d",
                    std::move(hint));
  };
  if (text.empty()) return wrong();
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 86400;
      break;
    default:
      if (!number_of(text)) return wrong();
      return wrong({"did you mean " + quote(std::string(text) + "s") + "?",
                    {{std::string(text), std::string(text) + "s"}}});
  }
  const auto count = number_of(text.substr(0, text.size() - 1));
  if (!count || *count * unit > std::int64_t{longest_days} * 86400) return wrong();
  return Seconds{*count * unit};
}

}  // namespace sallyport
