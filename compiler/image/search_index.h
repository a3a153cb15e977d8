// SPDX-License-Identifier: GPL-2.0-or-later
// The way from a key to its range in a few reads: a trie over the leading bits of the keys, as wide
// at each place as there are ranges to tell apart, whose leaves are labels or short runs of ranges.
// The datapath walks it (bpf/label.bpf.h); the arena holds it. Entry point: search_index().
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/abi.h"
#include "compiler/image/image.h"

namespace sallyport {

struct SearchIndex {
  SpStep root;
  std::vector<SpStep> steps;  // the branches' arrays, one behind the other
};

/// Keys of 32 bits: all of them can be looked at.
SearchIndex search_index(const RangeTable<std::uint32_t>& table);
/// Only the first 64 bits are looked at; what differs behind them is a run of ranges, searched.
SearchIndex search_index(const RangeTable<Uint128>& table);

}  // namespace sallyport
