// SPDX-License-Identifier: GPL-2.0-or-later
// Readers of single written words, parameters already applied: addresses, destinations, ports
// and durations. Each gives the value or a complaint in the author's terms.
#pragma once

#include <expected>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/program/program.h"

namespace sallyport {

template <class T>
using Reading = std::expected<T, Complaint>;

/// An address, a prefix without host bits, or a dash range.
Reading<AddressRange> read_range(std::string_view text);
Reading<Address> read_address(std::string_view text);
/// An exact host name (C9).
Reading<HostName> read_host(std::string_view text);

/// Exactly one of the three is set; `anywhere` is the one word with two ranges.
struct Destination {
  std::vector<AddressRange> ranges;
  std::optional<HostName> name;
  std::optional<NamePattern> pattern;
};
Reading<Destination> read_destination(std::string_view text);

/// True if the host name or pattern needs conversion to A-labels.
bool is_international(std::string_view text);

/// A NAT64 prefix: IPv6, of a length that RFC 6052 has.
Reading<AddressRange> read_nat64_prefix(std::string_view text);
/// `40` or `50-59`, each 1 to 4094, or `untagged`.
Reading<VlanRange> read_vlan(std::string_view text);

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};
/// `443` or `8000-8010`, each 1 to 65535.
Reading<PortRange> read_ports(std::string_view text);
/// A name or number (or a range of numbers) of ICMP types of `protocol`.
Reading<PortRange> read_icmp_types(std::uint8_t protocol, std::string_view text);
/// A whole number with `s`, `m`, `h` or `d`.
Reading<Seconds> read_duration(std::string_view text);

}  // namespace sallyport
