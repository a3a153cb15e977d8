// SPDX-License-Identifier: GPL-2.0-or-later
// Policies of many vendors for the packet rate: the same made policy as a Program, as rulesets a
// person would write by hand, and as the frames that it allows and forbids. Entry points:
// make_vendors(), program_of(), hand_written(), one_verdict_map(), frames_of(). Header-only.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/values/special.h"
#include "tests/support/frame.h"

namespace sallyport::test {

struct Vendor {
  std::vector<AddressRange> prefixes;
  std::vector<Service> services;
};
/// No two prefixes overlap, so that an interval map can hold them as they are.
struct VendorPolicy {
  Family family = Family::v4;
  std::vector<Vendor> vendors;
};

enum class Prefixes { exact, mixed };
enum class Mix { allowed, forbidden };

inline const std::vector<Service>& service_catalogue() {
  static const std::vector<Service> catalogue = {
      {protocol_tcp, 22, 22},     {protocol_tcp, 80, 80},     {protocol_tcp, 443, 443},
      {protocol_tcp, 587, 587},   {protocol_tcp, 993, 993},   {protocol_tcp, 5061, 5061},
      {protocol_tcp, 5432, 5432}, {protocol_tcp, 8443, 8443}, {protocol_udp, 123, 123},
      {protocol_udp, 443, 443},   {protocol_udp, 3478, 3478}, {protocol_udp, 4500, 4500},
  };
  return catalogue;
}

namespace vendor_policy {

using Dice = std::mt19937_64;

inline constexpr std::size_t prefixes_of_a_vendor = 30;

inline std::size_t below(Dice& dice, std::size_t end) {
  return dice() % end;
}

/// Somewhere in the wide parts of each family that are given to the public.
inline Address public_address(Dice& dice, Family family) {
  if (family == Family::v4) {
    return Address::v4(static_cast<std::uint32_t>(0x14000000 + below(dice, 0x20000000)));
  }
  const std::uint64_t high = 0x2a00'0000'0000'0000 + below(dice, 0x0010'0000'0000'0000);
  return {family, Uint128{high} << 64 | dice()};
}

inline unsigned length_of(Dice& dice, Family family, Prefixes prefixes) {
  if (prefixes == Prefixes::exact) return width_of(family);
  const std::size_t percent = below(dice, 100);
  if (percent < 60) return width_of(family);
  if (percent < 85) return family == Family::v4 ? 24 : 64;
  return family == Family::v4 ? static_cast<unsigned>(20 + below(dice, 11)) : 56;
}

/// All prefixes of a policy, to find the one that holds an address.
class Taken {
 public:
  explicit Taken(const VendorPolicy& policy) {
    for (const Vendor& vendor : policy.vendors) {
      for (const AddressRange& prefix : vendor.prefixes) add(prefix);
    }
  }
  void add(const AddressRange& prefix) { last_of_.emplace(prefix.first, prefix.last); }
  bool touches(const AddressRange& range) const {
    const auto behind = last_of_.upper_bound(range.last);
    return behind != last_of_.begin() && std::prev(behind)->second >= range.first;
  }

 private:
  std::map<Address, Address> last_of_;
};

inline bool is_special(const AddressRange& range) {
  return std::ranges::any_of(special_ranges(), [&range](const SpecialRange& special) {
    return special.range.overlaps(range);
  });
}

inline Address member(Dice& dice, const AddressRange& prefix) {
  const Uint128 hosts = prefix.last.number - prefix.first.number;  // all ones
  return {prefix.family(), prefix.first.number + ((Uint128{dice()} << 64 | dice()) & hosts)};
}

/// 64 bytes of IPv4, 80 of IPv6: the beginning of a flow.
inline Bytes frame_to(Dice& dice, const Address& remote, const Service& service) {
  PacketParts packet;
  packet.destination = remote;
  const std::uint64_t host = 0x100 + below(dice, 0xf000);
  packet.source = remote.family == Family::v4
                      ? Address::v4(0x0a140000 + static_cast<std::uint32_t>(host))
                      : Address{Family::v6, Uint128{0xfd20'0000'0000'0000} << 64 | host};
  packet.protocol = service.protocol;
  const auto source_port = static_cast<std::uint16_t>(1024 + below(dice, 60'000));
  const std::size_t size = remote.family == Family::v4 ? 30 : 26;
  packet.body = service.protocol == protocol_tcp ? tcp_header(source_port, service.first)
                                                 : udp_header(source_port, service.first, size - 8);
  packet.body.resize(size);
  FrameParts parts;
  parts.packet = packet;
  Bytes frame = assemble(parts);
  if (remote.family == Family::v4) {
    constexpr std::size_t begin = 14;
    std::uint32_t sum = 0;
    for (std::size_t i = begin; i < begin + 20; i += 2) sum += frame[i] * 256U + frame[i + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    frame[begin + 10] = static_cast<std::uint8_t>(~sum >> 8 & 0xff);
    frame[begin + 11] = static_cast<std::uint8_t>(~sum & 0xff);
  }
  return frame;
}

inline std::string words(Family family, const char* v4, const char* v6) {
  return family == Family::v4 ? v4 : v6;
}

/// The elements, in one set or map.
template <class Texts>
std::string braces(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",\n") + text;
  return "elements = {\n" + all + "\n}\n";
}

inline std::string protocol_and_port(const Service& service, const char* between) {
  return protocol_name(service.protocol) + between + std::to_string(service.first);
}

/// What stands before the rules of vendors in a strict ruleset.
inline constexpr const char* strict_chains =
    "chain pieces {\niifname != \"lan0\" accept\ncounter drop\n}\n"
    "chain prerouting {\ntype filter hook prerouting priority -450;\n"
    "ip frag-off & 0x3fff != 0 jump pieces\nexthdr frag exists jump pieces\n}\n";
inline constexpr const char* strict_rules =
    "iifname != \"lan0\" accept\n"
    "ip option lsrr exists counter drop\nip option ssrr exists counter drop\n"
    "exthdr rt exists counter drop\n"
    "ip saddr { 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4, 255.255.255.255 } counter drop\n"
    "ip6 saddr { ::/127, ::ffff:0:0/96, ff00::/8 } counter drop\n";

inline std::string table_with(const std::string& family, const std::string& objects,
                              const std::string& rules) {
  return "table " + family + " hand {\n" + objects +
         "chain forward {\ntype filter hook forward priority 0; policy drop;\n" + rules + "}\n}\n";
}

}  // namespace vendor_policy

/// Each with 30 prefixes and 1 to 4 services.
inline VendorPolicy make_vendors(Family family, std::size_t count, Prefixes prefixes) {
  using namespace vendor_policy;
  Dice dice(count * 2 + (prefixes == Prefixes::mixed ? 1 : 0));
  VendorPolicy policy{family, std::vector<Vendor>(count)};
  Taken taken(policy);
  for (Vendor& vendor : policy.vendors) {
    vendor.services = service_catalogue();
    std::shuffle(vendor.services.begin(), vendor.services.end(), dice);
    vendor.services.resize(1 + below(dice, 4));
    std::ranges::sort(vendor.services);
    while (vendor.prefixes.size() < prefixes_of_a_vendor) {
      const AddressRange prefix =
          AddressRange::prefix(public_address(dice, family), length_of(dice, family, prefixes));
      if (taken.touches(prefix) || is_special(prefix)) continue;
      taken.add(prefix);
      vendor.prefixes.push_back(prefix);
    }
    std::ranges::sort(vendor.prefixes);
  }
  return policy;
}

inline Program program_of(const VendorPolicy& policy) {
  Program program;
  program.policy = "bench";
  for (const Vendor& vendor : policy.vendors) {
    Rule rule;
    rule.services = vendor.services;
    rule.remote.ranges = vendor.prefixes;
    program.rules.push_back(std::move(rule));
  }
  return program;
}

/// `bare`: in a table of the family itself, which spares each rule the question for it, and without
/// counters. `counting`: as ours, one table for both families, and every verdict counted. `strict`:
/// and it does all else that ours does: it lets other devices alone, judges fragments before
/// anybody defragments, drops source routes and impossible sources, and logs what it drops.
enum class ByHand { bare, counting, strict };

/// By the book: a set for each vendor, a rule for each of its services.
inline std::string hand_written(const VendorPolicy& policy, Prefixes prefixes, ByHand style) {
  using namespace vendor_policy;
  const bool counts = style != ByHand::bare;
  const std::string type = words(policy.family, "ipv4_addr", "ipv6_addr");
  std::string sets;
  std::string rules;
  for (std::size_t i = 0; i < policy.vendors.size(); ++i) {
    const std::string name = "v" + std::to_string(i);
    std::vector<std::string> elements;
    for (const AddressRange& prefix : policy.vendors[i].prefixes) elements.push_back(prefix.text());
    sets += "set " + name + " {\ntype " + type + "\n" +
            (prefixes == Prefixes::mixed ? "flags interval\n" : "") + braces(elements) + "}\n";
    for (const Service& service : policy.vendors[i].services) {
      rules += words(policy.family, "ip", "ip6") + " daddr @" + name + " " +
               protocol_name(service.protocol) + " dport " + std::to_string(service.first) +
               (counts ? " counter accept\n" : " accept\n");
    }
  }
  if (style == ByHand::strict) {
    return table_with(
        "inet", sets + strict_chains,
        strict_rules + rules + "limit rate 10/second log prefix \"hand drop: \"\ncounter drop\n");
  }
  if (counts) return table_with("inet", sets, rules + "counter drop\n");
  return table_with(words(policy.family, "ip", "ip6"), sets, rules);
}

/// The best known form without splitting by length: one interval map to a chain for each
/// combination of services.
inline std::string one_verdict_map(const VendorPolicy& policy) {
  using namespace vendor_policy;
  std::map<std::vector<Service>, std::string> chain_of;
  std::vector<std::string> elements;
  for (const Vendor& vendor : policy.vendors) {
    const std::string next = "s" + std::to_string(chain_of.size());
    const std::string& chain = chain_of.emplace(vendor.services, next).first->second;
    for (const AddressRange& prefix : vendor.prefixes) {
      elements.push_back(prefix.text() + " : jump " + chain);
    }
  }
  std::string objects;
  for (const auto& [services, name] : chain_of) {
    std::string list;
    for (const Service& service : services) {
      list += (list.empty() ? "" : ", ") + protocol_and_port(service, " . ");
    }
    objects += "chain " + name + " {\nmeta l4proto . th dport { " + list + " } accept\n}\n";
  }
  objects += "map remotes {\ntype " + words(policy.family, "ipv4_addr", "ipv6_addr") +
             " : verdict\nflags interval\n" + braces(elements) + "}\n";
  const std::string family = words(policy.family, "ip", "ip6");
  return table_with(family, objects, family + " daddr vmap @remotes\n");
}

/// Allowed: to a service of the vendor that the destination belongs to. Forbidden: three of four to
/// nobody's address, the others to a service of other vendors.
inline std::vector<Bytes> frames_of(const VendorPolicy& policy, Mix mix, std::size_t count) {
  using namespace vendor_policy;
  Dice dice(count);
  const Taken taken(policy);
  const std::vector<Service>& catalogue = service_catalogue();
  std::vector<Bytes> frames;
  while (frames.size() < count) {
    const Vendor& vendor = policy.vendors[below(dice, policy.vendors.size())];
    const Address known = member(dice, vendor.prefixes[below(dice, vendor.prefixes.size())]);
    const Address unknown = public_address(dice, policy.family);
    const Service& own = vendor.services[below(dice, vendor.services.size())];
    const Service& any = catalogue[below(dice, catalogue.size())];
    if (mix == Mix::allowed) {
      frames.push_back(frame_to(dice, known, own));
    } else if (frames.size() % 4 == 0) {
      if (!std::ranges::count(vendor.services, any)) frames.push_back(frame_to(dice, known, any));
    } else if (!taken.touches(AddressRange::single(unknown))) {
      frames.push_back(frame_to(dice, unknown, any));
    }
  }
  return frames;
}

}  // namespace sallyport::test
