// SPDX-License-Identifier: GPL-2.0-or-later
// The algebra of address sets and service sets that reachability is computed in. Every set is
// canonical: sorted, disjoint, merged where adjacent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/values/address.h"
#include "compiler/values/service.h"

namespace sallyport {

/// Canonical, as canonical() leaves it.
using AddressSet = std::vector<AddressRange>;

AddressSet both_of(const AddressSet& a, const AddressSet& b);
AddressSet union_of(const AddressSet& a, const AddressSet& b);
/// What of `a` is not in `b`. Costs what `a` and the part of `b` beside it have, not all of `b`.
AddressSet without(const AddressSet& a, const AddressSet& b);
bool overlap(const AddressSet& a, const AddressSet& b);
/// Every address of both families.
AddressSet every_address();

/// Intervals of ports or ICMP types of each protocol; sorted by protocol, then port.
using ServiceSet = std::vector<Service>;

ServiceSet canonical_services(std::vector<Service> services);
/// All 256 protocols with all their ports and types: what `deny any` closes.
const ServiceSet& every_service();
ServiceSet both_of(const ServiceSet& a, const ServiceSet& b);
ServiceSet union_of(const ServiceSet& a, const ServiceSet& b);
ServiceSet without(const ServiceSet& a, const ServiceSet& b);
bool overlap(const ServiceSet& a, const ServiceSet& b);
bool contains(const ServiceSet& services, std::uint8_t protocol, std::uint16_t port);

/// VLAN ids as Zone has them; sorted and apart, but never empty for "all".
using VlanSet = std::vector<VlanRange>;
VlanSet every_vlan();
VlanSet both_of(const VlanSet& a, const VlanSet& b);
VlanSet union_of(const VlanSet& a, const VlanSet& b);
VlanSet without(const VlanSet& a, const VlanSet& b);

/// Days counted from 1970-01-01, both ends included; `first_day` and `last_day` stand for "since
/// ever" and "for ever".
struct DayRange {
  std::int32_t first = 0;
  std::int32_t last = 0;
  auto operator<=>(const DayRange&) const = default;
  bool operator==(const DayRange&) const = default;
};
inline constexpr std::int32_t first_day = -1'000'000;
inline constexpr std::int32_t last_day = 4'000'000;
using DaySet = std::vector<DayRange>;
DaySet days_of(const Validity& validity);
DaySet both_of(const DaySet& a, const DaySet& b);
DaySet union_of(const DaySet& a, const DaySet& b);
DaySet without(const DaySet& a, const DaySet& b);

/// `tcp 443, 8000-8010 or udp 53`; `every protocol` for every_service(), `any` as an allow means
/// it.
std::string services_text(const ServiceSet& services);

}  // namespace sallyport
