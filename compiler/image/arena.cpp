// SPDX-License-Identifier: GPL-2.0-or-later
// build_arena() and append_labels(): the tables of bpf/abi.h, in the order in which the header
// names them, each on a multiple of 8 bytes.
#include "compiler/image/arena.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>

#include "compiler/image/search_index.h"
#include "compiler/image/service_pages.h"

namespace sallyport {
namespace {

constexpr std::uint32_t least_headroom = 1024;

std::uint32_t with_headroom(std::size_t used) {
  const auto count = static_cast<std::uint32_t>(used);
  return count + std::max(count, least_headroom);
}

/// Hands out offsets. 64 bits wide, so that no sum wraps before it is compared with the limit.
class Layout {
 public:
  std::uint32_t reserve(std::uint64_t count, std::uint64_t each) {
    const std::uint64_t offset = end_;
    end_ += (count * each + 7) / 8 * 8;
    return static_cast<std::uint32_t>(offset);
  }
  SpTable table(std::size_t ranges, std::size_t each, const SearchIndex& index) {
    SpTable placed{};
    placed.ranges = reserve(ranges, each);
    placed.count = static_cast<std::uint32_t>(ranges);
    placed.steps = reserve(index.steps.size(), sizeof(SpStep));
    placed.step_count = static_cast<std::uint32_t>(index.steps.size());
    placed.root = index.root;
    return placed;
  }
  std::uint64_t end() const { return end_; }

 private:
  std::uint64_t end_ = sizeof(SpArenaHeader);
};

std::vector<SpRange4> ranges_of(const RangeTable<std::uint32_t>& table) {
  std::vector<SpRange4> ranges;
  ranges.reserve(table.starts.size());
  for (std::size_t i = 0; i < table.starts.size(); ++i) {
    ranges.push_back({table.starts[i], table.labels[i]});
  }
  return ranges;
}

std::vector<SpRange6> ranges_of(const RangeTable<Uint128>& table) {
  std::vector<SpRange6> ranges;
  ranges.reserve(table.starts.size());
  for (std::size_t i = 0; i < table.starts.size(); ++i) {
    ranges.push_back({static_cast<std::uint64_t>(table.starts[i] >> 64),
                      static_cast<std::uint64_t>(table.starts[i]), table.labels[i], 0});
  }
  return ranges;
}

template <class Values>
void copy(std::span<std::byte> arena, std::uint32_t offset, const Values& values) {
  const auto bytes = std::as_bytes(std::span(values));
  std::ranges::copy(bytes, arena.subspan(offset).begin());
}

/// A table of the header with its place and what it holds.
template <class Number>
class PlacedTable {
 public:
  PlacedTable(Layout& layout, const RangeTable<Number>& table)
      : ranges_(ranges_of(table)),
        index_(search_index(table)),
        place_(layout.table(ranges_.size(), sizeof ranges_[0], index_)) {}

  const SpTable& place() const { return place_; }
  void copy_into(std::span<std::byte> arena) const {
    copy(arena, place_.ranges, ranges_);
    copy(arena, place_.steps, index_.steps);
  }

 private:
  decltype(ranges_of(RangeTable<Number>{})) ranges_;
  SearchIndex index_;
  SpTable place_;
};

/// The program may be reading the word at this moment.
void store(std::span<std::byte> arena, std::uint64_t offset, std::uint32_t value) {
  auto* word = reinterpret_cast<std::uint32_t*>(&arena[static_cast<std::size_t>(offset)]);
  std::atomic_ref(*word).store(value, std::memory_order_relaxed);
}

void store_verdicts(std::span<std::byte> arena, const SpArenaHeader& header,
                    const LabelTables& labels, std::size_t first_row) {
  for (std::size_t row = first_row; row < labels.verdicts.size(); ++row) {
    std::uint64_t offset = header.verdicts + std::uint64_t{row} * header.services * 4;
    for (const std::uint32_t cell : labels.verdicts[row]) {
      store(arena, offset, cell);
      offset += sizeof cell;
    }
  }
}

void store_rows(std::span<std::byte> arena, const SpArenaHeader& header, const LabelTables& labels,
                std::size_t first_label) {
  for (std::size_t label = first_label; label < labels.rows.size(); ++label) {
    for (std::uint32_t zone = 0; zone < labels.rows[label].size(); ++zone) {
      const std::uint64_t index = std::uint64_t{zone} * header.remotes + label;
      store(arena, header.rows + index * 4, labels.rows[label][zone]);
    }
  }
}

void copy_places(std::span<std::byte> arena, const SpArenaHeader& header, const Image& image) {
  if (header.vlan_classes == 1) return;
  for (std::uint32_t id = 0; id < SP_VLAN_IDS; ++id) {
    const auto vlan_class = static_cast<std::uint16_t>(image.vlan.find(id));
    std::memcpy(&arena[header.vlans + id * sizeof vlan_class], &vlan_class, sizeof vlan_class);
  }
  std::uint32_t offset = header.place_zones;
  for (const std::vector<std::uint32_t>& zones : image.place_zones) {
    copy(arena, offset, zones);
    offset += static_cast<std::uint32_t>(zones.size() * sizeof(std::uint32_t));
  }
}

/// By rule id; empty if no rule logs.
std::vector<std::uint32_t> log_slots_of(const Image& image) {
  if (log_rules(image) == 0) return {};
  std::vector<std::uint32_t> slots{SP_NO_LOG_SLOT};
  std::uint32_t next = 0;
  for (const ImageRule& rule : image.rules) slots.push_back(rule.log ? next++ : SP_NO_LOG_SLOT);
  return slots;
}

std::unexpected<Error> does_not_fit(const std::string& detail) {
  return std::unexpected(Error{"lay out the tables", "the policy is too large", detail});
}

}  // namespace

ArenaCapacity capacity_for(const LabelTables& labels) {
  return {with_headroom(labels.remote_groups.size()), with_headroom(labels.verdicts.size())};
}

Result<std::vector<std::byte>> build_arena(const Image& image, const LabelTables& labels,
                                           ArenaCapacity capacity) {
  if (labels.rows.size() > capacity.remote_labels || labels.verdicts.size() > capacity.rows) {
    return does_not_fit("more labels than room was asked for");
  }

  Layout layout;
  SpArenaHeader header{};
  header.magic = SP_ARENA_MAGIC;
  header.version = SP_ABI_VERSION;
  header.zones = static_cast<std::uint32_t>(image.zone_sets.size());
  header.remotes = capacity.remote_labels;
  header.services = image.service_labels;
  header.row_capacity = capacity.rows;
  header.directions = has_inward_rules(image) ? 2 : 1;
  const PlacedTable zone4(layout, image.zone4);
  const PlacedTable zone6(layout, image.zone6);
  const PlacedTable remote4(layout, image.remote4);
  const PlacedTable remote6(layout, image.remote6);
  const ServicePages service = service_pages(image.service);
  header.zone4 = zone4.place();
  header.zone6 = zone6.place();
  header.remote4 = remote4.place();
  header.remote6 = remote6.place();
  header.service.protocols = layout.reserve(SP_PROTOCOLS, sizeof(std::uint32_t));
  header.service.tables = layout.reserve(service.tables.size(), sizeof(ServicePages::Page));
  header.service.pages = layout.reserve(service.pages.size(), sizeof(ServicePages::Page));
  header.rows = layout.reserve(std::uint64_t{header.directions} * header.zones * header.remotes, 4);
  header.verdicts = layout.reserve(std::uint64_t{header.row_capacity} * header.services, 4);
  header.places = static_cast<std::uint32_t>(image.place_zones.size());
  header.vlan_classes = static_cast<std::uint32_t>(vlan_classes(image));
  if (header.vlan_classes > 1) {
    header.vlans = layout.reserve(SP_VLAN_IDS, sizeof(std::uint16_t));
    header.place_zones = layout.reserve(std::uint64_t{header.places} * header.vlan_classes, 4);
  }
  header.rules = static_cast<std::uint32_t>(image.rules.size());
  const std::vector<std::uint32_t> log_slots = log_slots_of(image);
  if (!log_slots.empty()) header.log_slots = layout.reserve(log_slots.size(), 4);
  if (layout.end() > SP_ARENA_MAX_SIZE) {
    return does_not_fit(std::to_string(layout.end()) + " bytes of tables, at most " +
                        std::to_string(SP_ARENA_MAX_SIZE) + " are possible");
  }
  header.size =
      std::bit_ceil(std::max(static_cast<std::uint32_t>(layout.end()), SP_ARENA_MIN_SIZE));

  std::vector<std::byte> arena(header.size);
  std::memcpy(arena.data(), &header, sizeof header);
  zone4.copy_into(arena);
  zone6.copy_into(arena);
  remote4.copy_into(arena);
  remote6.copy_into(arena);
  copy(arena, header.service.protocols, service.protocols);
  copy(arena, header.service.tables, service.tables);
  copy(arena, header.service.pages, service.pages);
  copy_places(arena, header, image);
  copy(arena, header.log_slots, log_slots);
  store_verdicts(arena, header, labels, 0);
  store_rows(arena, header, labels, 0);
  return arena;
}

bool append_labels(std::span<std::byte> arena, const LabelTables& labels,
                   std::size_t first_new_label, std::size_t first_new_row) {
  SpArenaHeader header;
  if (arena.size() < sizeof header) return false;
  std::memcpy(&header, arena.data(), sizeof header);
  if (header.magic != SP_ARENA_MAGIC || header.size > arena.size()) return false;
  if (labels.rows.size() > header.remotes || labels.verdicts.size() > header.row_capacity) {
    return false;
  }
  store_verdicts(arena, header, labels, first_new_row);
  // A reader that sees a row must see its cells, and one that sees the label must see its rows.
  std::atomic_thread_fence(std::memory_order_release);
  store_rows(arena, header, labels, first_new_label);
  std::atomic_thread_fence(std::memory_order_release);
  return true;
}

}  // namespace sallyport
