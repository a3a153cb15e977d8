// SPDX-License-Identifier: GPL-2.0-or-later
// Frames of our own for the self-test: a Probe is one packet in the policy's words, frame_of() its
// bytes; fixed_frames() are those that no policy changes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/values/address.h"

namespace sallyport {

enum class ProbeShape : std::uint8_t {
  whole,
  first_fragment,
  later_fragment,
  icmp_error,  // about an answer that the destination gave
};

/// The service dimension of a probe.
struct Aim {
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  ProbeShape shape = ProbeShape::whole;
  auto operator<=>(const Aim&) const = default;
  bool operator==(const Aim&) const = default;
};

/// An outward packet; both addresses have one family.
struct Probe {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // the responder's, or the ICMP type
  ProbeShape shape = ProbeShape::whole;

  auto operator<=>(const Probe&) const = default;
  bool operator==(const Probe&) const = default;
  /// `tcp 10.20.0.0 -> 198.51.100.0:443`
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
