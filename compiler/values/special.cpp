// SPDX-License-Identifier: GPL-2.0-or-later
// The table of special ranges. Where rows nest, the narrower one stands first, so that the first
// row that holds an address is the one to speak of.
#include "compiler/values/special.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <utility>

namespace sallyport {
namespace {

struct Row {
  std::string_view range;
  std::string_view what;
};

constexpr Row special_rows[] = {
    {"169.254.169.254", "cloud metadata"},   // AWS, Azure, GCP and others
    {"100.100.100.200", "cloud metadata"},   // Alibaba Cloud
    {"168.63.129.16", "Azure wire server"},  // Azure platform
    {"255.255.255.255", "broadcast"},        // RFC 919
    {"0.0.0.0/8", "this network"},           // RFC 1122, 3.2.1.3
    {"127.0.0.0/8", "loopback"},             // RFC 1122, 3.2.1.3
    {"169.254.0.0/16", "link-local"},        // RFC 3927
    {"192.88.99.0/24", "6to4 relay"},        // RFC 7526
    {"224.0.0.0/4", "multicast"},            // RFC 5771
    {"240.0.0.0/4", "class E"},              // RFC 1112, 4
    {"192.0.0.192", "cloud metadata"},       // Oracle
    {"fd00:ec2::254", "cloud metadata"},     // AWS
    {"fd20:ce::254", "cloud metadata"},      // GCP
    {"fd00:42::42", "cloud metadata"},       // Scaleway
    {"::", "the unspecified address"},       // RFC 4291, 2.5.2
    {"::1", "loopback"},                     // RFC 4291, 2.5.3
    {"::ffff:0:0/96", "IPv4-mapped"},        // RFC 4291, 2.5.5.2
    {"::/96", "IPv4-compatible"},            // RFC 4291, 2.5.5.1
    {"64:ff9b::/96", "NAT64"},               // RFC 6052
    {"64:ff9b:1::/48", "NAT64"},             // RFC 8215
    {"2001::/32", "Teredo"},                 // RFC 4380
    {"2002::/16", "6to4"},                   // RFC 3056
    {"fe80::/10", "link-local"},             // RFC 4291, 2.5.6
    {"fec0::/10", "site-local"},             // RFC 3879
    {"ff00::/8", "multicast"},               // RFC 4291, 2.7
    // DNS over HTTPS (RFC 8484): public resolvers that would carry names past the DNS guard.
    {"8.8.8.8", "DoH resolver"},  // Google
    {"8.8.4.4", "DoH resolver"},
    {"2001:4860:4860::8888", "DoH resolver"},
    {"2001:4860:4860::8844", "DoH resolver"},
    {"1.1.1.1", "DoH resolver"},  // Cloudflare
    {"1.0.0.1", "DoH resolver"},
    {"2606:4700:4700::1111", "DoH resolver"},
    {"2606:4700:4700::1001", "DoH resolver"},
    {"9.9.9.9", "DoH resolver"},  // Quad9
    {"149.112.112.112", "DoH resolver"},
    {"2620:fe::fe", "DoH resolver"},
    {"2620:fe::9", "DoH resolver"},
    {"208.67.222.222", "DoH resolver"},  // OpenDNS
    {"208.67.220.220", "DoH resolver"},
    {"2620:119:35::35", "DoH resolver"},
    {"2620:119:53::53", "DoH resolver"},
    {"94.140.14.14", "DoH resolver"},  // AdGuard
    {"94.140.15.15", "DoH resolver"},
    {"2a10:50c0::ad1:ff", "DoH resolver"},
    {"2a10:50c0::ad2:ff", "DoH resolver"},
};

constexpr std::string_view private_rows[] = {
    "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",  // RFC 1918
    "100.64.0.0/10",                                     // RFC 6598
    "fc00::/7",                                          // RFC 4193
};

/// "This network", loopback, multicast, broadcast, the unspecified address, IPv4-mapped.
constexpr std::string_view impossible_rows[] = {
    "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255",
    "::",        "::1",         "ff00::/8",    "::ffff:0:0/96",
};

AddressRange range_of_row(std::string_view text) {
  const auto range = AddressRange::parse(text);
  assert(range);
  return *range;
}

std::vector<SpecialRange> read_special_rows() {
  std::vector<SpecialRange> ranges;
  for (const Row& row : special_rows) ranges.push_back({range_of_row(row.range), row.what});
  return ranges;
}

std::vector<AddressRange> read_rows(std::span<const std::string_view> rows) {
  std::vector<AddressRange> ranges;
  for (const std::string_view row : rows) ranges.push_back(range_of_row(row));
  return canonical(ranges);
}

}  // namespace

std::span<const SpecialRange> special_ranges() {
  static const std::vector<SpecialRange> ranges = read_special_rows();
  return ranges;
}

bool is_nat64_length(unsigned length) {
  constexpr std::array lengths = {32U, 40U, 48U, 56U, 64U, 96U};
  return std::ranges::find(lengths, length) != lengths.end();
}

bool meets_special(const AddressRange& range, Nat64 nat64) {
  static const std::vector<AddressRange> all = [] {
    std::vector<AddressRange> ranges;
    for (const SpecialRange& special : special_ranges()) ranges.push_back(special.range);
    return canonical(std::move(ranges));
  }();
  const auto after = std::ranges::upper_bound(all, range.last, {}, &AddressRange::first);
  if (after != all.begin() && std::prev(after)->last >= range.first) return true;
  return std::ranges::any_of(nat64,
                             [&](const AddressRange& prefix) { return prefix.overlaps(range); });
}

std::vector<AddressRange> opened_by(const AddressRange& written, Nat64 nat64) {
  if (!meets_special(written, nat64)) return {written};  // nearly always
  std::vector<AddressRange> closed;
  const auto close = [&](const AddressRange& special) {
    if (special.overlaps(written) && !special.contains(written)) closed.push_back(special);
  };
  for (const SpecialRange& special : special_ranges()) close(special.range);
  for (const AddressRange& prefix : nat64) close(prefix);
  return subtract({written}, closed);
}

bool opens(const AddressRange& written, const Address& address, Nat64 nat64) {
  if (!written.contains(address)) return false;
  const auto leaves_open = [&](const AddressRange& special) {
    return !special.contains(address) || special.contains(written);
  };
  return std::ranges::all_of(special_ranges(), leaves_open, &SpecialRange::range) &&
         std::ranges::all_of(nat64, leaves_open);
}

std::optional<SpecialRange> special_range_of(const Address& address, Nat64 nat64) {
  for (const SpecialRange& special : special_ranges()) {
    if (special.range.contains(address)) return special;
  }
  for (const AddressRange& prefix : nat64) {
    if (prefix.contains(address)) return SpecialRange{prefix, "NAT64"};
  }
  return std::nullopt;
}

const std::vector<AddressRange>& impossible_ranges() {
  static const std::vector<AddressRange> ranges = read_rows(impossible_rows);
  return ranges;
}

const std::vector<AddressRange>& private_ranges() {
  static const std::vector<AddressRange> ranges = read_rows(private_rows);
  return ranges;
}

bool is_private(const Address& address) {
  return contains(private_ranges(), address);
}

}  // namespace sallyport
