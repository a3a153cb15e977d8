// SPDX-License-Identifier: GPL-2.0-or-later
// Counters: per-CPU maps of the datapath, summed, and the map of what earlier generations counted.
#include "runtime/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

namespace sallyport {
namespace {

Error counter_error(int number) {
  return Error::from_errno("read the counters", number);
}

Result<std::uint32_t> entries_of(int map) {
  bpf_map_info facts{};
  __u32 size = sizeof(facts);
  if (bpf_obj_get_info_by_fd(map, &facts, &size) != 0) {
    return std::unexpected(counter_error(errno));
  }
  return facts.max_entries;
}

std::size_t possible_cpus() {
  static const auto cpus = static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1));
  return cpus;
}

/// Adds entry `index` of a per-CPU map, summed, and entry `carried_index` of what was carried.
Result<Counter> read_counter(int map, std::uint32_t index, int carried,
                             std::uint32_t carried_index) {
  std::vector<SpCounter> parts(possible_cpus() + 1);  // one for each CPU, and what was carried
  if (bpf_map_lookup_elem(map, &index, parts.data()) != 0 ||
      bpf_map_lookup_elem(carried, &carried_index, &parts.back()) != 0) {
    return std::unexpected(counter_error(errno));
  }
  Counter sum;
  for (const SpCounter& part : parts) {
    sum.packets += part.packets;
    sum.bytes += part.bytes;
  }
  return sum;
}

}  // namespace

Result<Counters> read_counters(const CounterMaps& maps) {
  const auto entries = entries_of(maps.rules);
  if (!entries) return std::unexpected(entries.error());
  const std::uint32_t rules = *entries - 1;  // entry 0 stands for "no rule"
  Counters counters;
  for (std::uint32_t rule = 0; rule < rules; ++rule) {
    const auto counter = read_counter(maps.rules, rule + 1, maps.carried, rule);
    if (!counter) return std::unexpected(counter.error());
    counters.rules.push_back(*counter);
  }
  for (std::uint32_t reason = 0; reason < SP_REASON_COUNT; ++reason) {
    const auto counter = read_counter(maps.reasons, reason, maps.carried, rules + reason);
    if (!counter) return std::unexpected(counter.error());
    counters.reasons.push_back(*counter);
  }
  return counters;
}

Result<Fd> make_carried(std::uint32_t rules) {
  Fd map{bpf_map_create(BPF_MAP_TYPE_ARRAY, "carried", sizeof(std::uint32_t), sizeof(SpCounter),
                        rules + SP_REASON_COUNT, nullptr)};
  if (!map) return std::unexpected(Error::from_errno("create the map of carried counters", errno));
  return map;
}

Result<void> clear_counters(const CounterMaps& maps) {
  const std::vector<SpCounter> zeros(possible_cpus());
  for (const int map : {maps.rules, maps.reasons}) {
    const auto entries = entries_of(map);
    if (!entries) return std::unexpected(entries.error());
    for (std::uint32_t index = 0; index < *entries; ++index) {
      if (bpf_map_update_elem(map, &index, zeros.data(), BPF_ANY) != 0) {
        return std::unexpected(Error::from_errno("clear the counters", errno));
      }
    }
  }
  return {};
}

Result<void> add_carried(int map, const Counters& counters) {
  assert(counters.reasons.size() <= SP_REASON_COUNT);
  std::vector<Counter> entries = counters.rules;
  entries.insert(entries.end(), counters.reasons.begin(), counters.reasons.end());
  for (std::uint32_t index = 0; index < entries.size(); ++index) {
    SpCounter sum{};
    if (bpf_map_lookup_elem(map, &index, &sum) == 0) {
      sum.packets += entries[index].packets;
      sum.bytes += entries[index].bytes;
      if (bpf_map_update_elem(map, &index, &sum, BPF_ANY) == 0) continue;
    }
    return std::unexpected(Error::from_errno("carry the counters over", errno));
  }
  return {};
}

Result<Counters> pinned_counters(const std::string& directory) {
  std::array<Fd, 3> maps;
  const std::array<const char*, 3> names = {"rule_counters", "reason_counters", "carried"};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::string path = directory + "/" + names[i];
    maps[i] = Fd{bpf_obj_get(path.c_str())};
    if (!maps[i]) return std::unexpected(Error::from_errno("open " + path, errno));
  }
  return read_counters({maps[0].get(), maps[1].get(), maps[2].get()});
}

}  // namespace sallyport
