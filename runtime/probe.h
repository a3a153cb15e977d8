// SPDX-License-Identifier: GPL-2.0-or-later
// Frames of our own for the self-test: a Probe is one packet in the policy's words, frame_of() its
// bytes; fixed_frames() are those that no policy changes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/values/address.h"

namespace sallyport {

enum class ProbeShape : std::uint8_t {
  whole,
  first_fragment,
  later_fragment,
  icmp_error,    // about an answer that the destination gave
  answer,        // from the port; what is left of the flow that it belongs to is on its other end
  false_answer,  // the same, but over TCP it asks to begin a flow
  flow_error,    // an ICMP error about a packet of a flow that the destination began
};

/// The service dimension of a probe.
struct Aim {
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  ProbeShape shape = ProbeShape::whole;
  auto operator<=>(const Aim&) const = default;
  bool operator==(const Aim&) const = default;
};

/// The VLAN ids of a frame's tags, the outermost first.
using VlanTags = std::vector<std::uint16_t>;

/// A packet met where packets of this direction come by; both addresses have one family.
struct Probe {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  ProbeShape shape = ProbeShape::whole;
  Direction direction = Direction::outward;
  VlanTags tags = {};

  const Address& remote() const { return direction == Direction::outward ? destination : source; }
  auto operator<=>(const Probe&) const = default;
  bool operator==(const Probe&) const = default;
  /// `tcp 10.20.0.0 -> 198.51.100.0:443`; `in vlan 40 tcp 198.51.100.0 -> 10.20.0.0:443`
  std::string text() const;
};

/// Lengths are valid, checksums are 0.
std::vector<std::uint8_t> frame_of(const Probe& probe);

struct FixedFrame {
  std::string_view what;
  std::vector<std::uint8_t> bytes;
};

/// Plumbing, what resembles it, and damaged frames.
std::vector<FixedFrame> fixed_frames();

}  // namespace sallyport
