// SPDX-License-Identifier: GPL-2.0-or-later
// Rules that make no difference, since others cover them. Entry points: redundant_rules(),
// denied_rules().
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport {

/// A rule and others that together match all that it matches; indices into Program::rules.
struct Covered {
  std::uint32_t rule = 0;
  std::vector<std::uint32_t> by;
};

/// Rules that could be taken away, all at once, without changing a verdict: others of their action
/// cover them. Of equal rules the later is listed. In source order.
std::vector<Covered> redundant_rules(const Program& program);

/// The allows of which the denies leave nothing. In source order.
std::vector<Covered> denied_rules(const Program& program);

}  // namespace sallyport
