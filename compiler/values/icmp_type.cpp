// SPDX-License-Identifier: GPL-2.0-or-later
// The table of ICMP types that have a name in the language.
#include "compiler/values/icmp_type.h"

#include <array>

#include "compiler/values/service.h"

namespace sallyport {
namespace {

// RFC 792, 950, 1256; RFC 4443, 4861, 2710, 3810.
constexpr std::array named_types = {
    IcmpType{protocol_icmp, 0, "echo-reply"},
    IcmpType{protocol_icmp, 3, "destination-unreachable"},
    IcmpType{protocol_icmp, 5, "redirect"},
    IcmpType{protocol_icmp, 8, "echo-request"},
    IcmpType{protocol_icmp, 9, "router-advertisement"},
    IcmpType{protocol_icmp, 10, "router-solicitation"},
    IcmpType{protocol_icmp, 11, "time-exceeded"},
    IcmpType{protocol_icmp, 12, "parameter-problem"},
    IcmpType{protocol_icmp, 13, "timestamp-request"},
    IcmpType{protocol_icmp, 14, "timestamp-reply"},
    IcmpType{protocol_icmpv6, 1, "destination-unreachable"},
    IcmpType{protocol_icmpv6, 2, "packet-too-big"},
    IcmpType{protocol_icmpv6, 3, "time-exceeded"},
    IcmpType{protocol_icmpv6, 4, "parameter-problem"},
    IcmpType{protocol_icmpv6, 128, "echo-request"},
    IcmpType{protocol_icmpv6, 129, "echo-reply"},
    IcmpType{protocol_icmpv6, 130, "listener-query"},
    IcmpType{protocol_icmpv6, 131, "listener-report"},
    IcmpType{protocol_icmpv6, 132, "listener-done"},
    IcmpType{protocol_icmpv6, 133, "router-solicitation"},
    IcmpType{protocol_icmpv6, 134, "router-advertisement"},
    IcmpType{protocol_icmpv6, 135, "neighbor-solicitation"},
    IcmpType{protocol_icmpv6, 136, "neighbor-advertisement"},
    IcmpType{protocol_icmpv6, 137, "redirect"},
    IcmpType{protocol_icmpv6, 143, "listener-report-v2"},
};

}  // namespace

std::span<const IcmpType> icmp_types() {
  return named_types;
}

}  // namespace sallyport
