// SPDX-License-Identifier: GPL-2.0-or-later
// Why a packet drops, by the rules that nearly let it pass. Entry points:
// near_misses(), with what refused_flow() gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/packet_text.h"

namespace sallyport {

/// A flow that did not pass.
struct Refused {
  Direction direction = Direction::outward;
  Address local;
  std::uint16_t vlan = 0;  // of its frame
  Address remote;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;        // the responder's, or the ICMP type
  std::optional<HostName> name;  // what the user called the remote
};

Refused refused_flow(const FlowText& flow, const Address& remote);

struct NearMiss {
  std::uint32_t rule = 0;  // the allow that nearly covers it
  std::string why;         // "allowed on tcp 443, not on udp 443"
  std::string advice;      // what would open it; empty if that is plain
  bool operator==(const NearMiss&) const = default;
};

/// The nearest first, at most `most`; empty if nothing in the program is near.
std::vector<NearMiss> near_misses(const Program& program, const Refused& refused,
                                  const Bindings& bindings, std::size_t most = 5);

}  // namespace sallyport
