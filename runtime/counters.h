// SPDX-License-Identifier: GPL-2.0-or-later
// What the datapath has counted. Entry points: Datapath::counters(), and pinned_counters() for a
// generation of any process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "compiler/values/error.h"
#include "runtime/fd.h"

namespace sallyport {

struct Counter {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Counter&) const = default;
};

/// Sums over CPUs, with what earlier generations counted.
struct Counters {
  std::vector<Counter> rules;    // by rule index
  std::vector<Counter> reasons;  // by SpReason
};

/// Descriptors of the maps that count.
struct CounterMaps {
  int rules = -1;    // per CPU, by rule id: entry 0 stands for "no rule"
  int reasons = -1;  // per CPU, by SpReason
  int carried = -1;  // of earlier generations: rules by rule index, then reasons
};

Result<Counters> read_counters(const CounterMaps& maps);
/// Sets to zero what the datapath counted; what was carried stays.
Result<void> clear_counters(const CounterMaps& maps);

/// A map for what `rules` rules and every reason carry over, all zero.
Result<Fd> make_carried(std::uint32_t rules);
Result<void> add_carried(int map, const Counters& counters);

/// Counters of a pinned generation, whoever loaded it: rules by rule index.
Result<Counters> pinned_counters(const std::string& directory);

}  // namespace sallyport
