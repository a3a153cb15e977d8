// SPDX-License-Identifier: GPL-2.0-or-later
// Flow: one conversation, as connection tracking tells it from others.
#pragma once

#include <compare>
#include <cstdint>

#include "compiler/values/address.h"

namespace sallyport {

/// Seen from the side that began it, where its packets are forwarded: `source` before a translation
/// of sources, `destination` behind one of destinations. `port` is the responder's; of ICMP it is
/// not used, the flow is an echo.
struct Flow {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;      // tcp, udp, or the ICMP of the family
  std::uint16_t source_port = 0;  // or the identifier of an echo
  std::uint16_t port = 0;
  auto operator<=>(const Flow&) const = default;
};

}  // namespace sallyport
