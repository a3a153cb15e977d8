// SPDX-License-Identifier: GPL-2.0-or-later
// From an address to a chain: one map of intervals while they are few, else a hash map for each
// prefix length that is kept. Entry point: add_dispatch().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/nft/draft.h"
#include "compiler/nft/rule_builder.h"

namespace sallyport::nft {

struct Target {
  AddressRange range;
  std::uint32_t chain = 0;  // index in the draft
};

/// Appends rules to `from`, and the maps they look into with the address of one side; their names
/// begin with `name`. `targets` are sorted and disjoint, of one family; none, and nothing is added.
/// With Holds::jumps a packet comes back that its chain does not decide.
void add_dispatch(Draft& draft, std::uint32_t from, const std::string& name, Holds holds, Side side,
                  const std::vector<Target>& targets);

}  // namespace sallyport::nft
