// SPDX-License-Identifier: GPL-2.0-or-later
// The packets of a rule, but for the remote, cut into scenes: within each the same rivals match.
// Entry point: scenes_of().
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/analysis/rivals.h"

namespace sallyport {

/// Cohorts that match throughout a scene, ascending.
struct Present {
  std::vector<std::uint32_t> own_denies;
  std::vector<std::uint32_t> denies;           // of the other program
  std::vector<std::uint32_t> allows;           // of the other program
  std::vector<std::uint32_t> resolver_allows;  // of it, which open towards its resolvers only
};

struct Scene {
  AddressSet local;
  VlanSet vlans;
  DaySet days;
  ServiceSet services;
  bool at_resolvers = false;  // the rule opens towards resolvers only
  Present present;
};

std::vector<Scene> scenes_of(const Extent& extent, const Rivals& own_denies, const Rivals& denies,
                             const Rivals& allows);

}  // namespace sallyport
