// SPDX-License-Identifier: GPL-2.0-or-later
// search_index(): from the root down, each block of keys becomes a label, a run of ranges, or a
// branch into smaller blocks where that is worth its memory.
#include "compiler/image/search_index.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace sallyport {
namespace {

/// So few ranges lie in a cache line or two; no branch finds the one faster.
constexpr std::size_t short_run = 3;
constexpr unsigned widest_branch = 16;
/// Of a table of zones or of some addresses, no branch is too large.
constexpr std::size_t small_table = 64;
constexpr unsigned small_branch = 8;
/// Bits that all have in common are compared at once: in one step, where branches would take two.
constexpr unsigned long_prefix = 5;

/// What a binary search among so many ranges costs, in reads that wait for each other; a branch
/// costs one.
unsigned cost_of_run(std::size_t ranges) {
  return static_cast<unsigned>(std::bit_width(ranges - 1));
}

template <class Number>
class Builder {
 public:
  explicit Builder(const RangeTable<Number>& table) : table_(table) {}

  SearchIndex build() {
    index_.root = step({0, key_bits, 0, table_.starts.size() - 1}, 0);
    return std::move(index_);
  }

 private:
  static constexpr unsigned key_bits = sizeof(Number) * 8;
  /// The datapath looks at the bits above these.
  static constexpr unsigned unseen_bits = key_bits > 64 ? key_bits - 64 : 0;

  /// All keys that begin with the same bits.
  struct Block {
    Number begin = 0;       // those bits, then zeros
    unsigned width = 0;     // bits that differ
    std::size_t first = 0;  // the range of the least key
    std::size_t last = 0;   // the range of the greatest
    std::size_t ranges() const { return last - first + 1; }
  };

  static std::uint64_t place_of(const Block& block, Number key, unsigned bits) {
    return static_cast<std::uint64_t>((key - block.begin) >> (block.width - bits));
  }

  static Number low_bits(unsigned width) {
    return width == key_bits ? static_cast<Number>(~Number{0})
                             : static_cast<Number>((Number{1} << width) - 1);
  }

  Block common_part(const Block& block) const;
  SpStep prefix(const Block& block, const Block& common, int level);
  std::optional<unsigned> best_width(const Block& block) const;
  SpStep branch(const Block& block, unsigned bits, int level);
  SpStep step(const Block& block, int level);

  const RangeTable<Number>& table_;
  SearchIndex index_;
};

/// The least block that all ranges begin in, but for the one that the block begins with.
template <class Number>
auto Builder<Number>::common_part(const Block& block) const -> Block {
  const Number least = table_.starts[block.first + 1], greatest = table_.starts[block.last];
  Block common = block;
  common.width = unseen_bits;
  while (common.width < block.width && (least >> common.width) != (greatest >> common.width))
    ++common.width;
  common.begin = least & static_cast<Number>(~low_bits(common.width));
  if (least == common.begin) ++common.first;
  return common;
}

template <class Number>
SpStep Builder<Number>::prefix(const Block& block, const Block& common, int level) {
  const std::size_t at = index_.steps.size();
  index_.steps.resize(at + 4);
  const auto value = static_cast<std::uint64_t>(common.begin >> common.width);
  index_.steps[at] = {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  index_.steps[at + 1] = step(common, level + 1);
  index_.steps[at + 2] = {table_.labels[block.first], SP_STEP_LABEL};
  index_.steps[at + 3] = {table_.labels[block.last], SP_STEP_LABEL};
  return {static_cast<std::uint32_t>(at), SP_STEP_PREFIX(common.width - unseen_bits)};
}

/// How many leading bits tell the most for their memory; none if a search does as well.
template <class Number>
std::optional<unsigned> Builder<Number>::best_width(const Block& block) const {
  // Not more than two places for each range: memory stays in proportion.
  auto affordable = static_cast<unsigned>(std::bit_width(block.ranges()));
  if (table_.starts.size() <= small_table) affordable = std::max(affordable, small_branch);
  const unsigned widest = std::min({block.width - unseen_bits, widest_branch, affordable});
  std::vector<std::uint32_t> begin_inside(std::size_t{1} << widest);
  for (std::size_t i = block.first + 1; i <= block.last; ++i) {
    ++begin_inside[place_of(block, table_.starts[i], widest)];
  }
  const std::size_t inside = block.ranges() - 1;
  std::optional<unsigned> best;
  // Sums over all keys, if they are spread as the ranges are.
  std::size_t least = cost_of_run(block.ranges()) * inside;
  for (unsigned bits = widest; bits > 0; --bits) {
    std::size_t cost = inside;
    for (const std::uint32_t count : begin_inside)
      cost += count * std::size_t{cost_of_run(count + 1)};
    if (cost <= least) {
      least = cost;
      best = bits;
    }
    for (std::size_t i = 0; i < begin_inside.size() / 2; ++i) {
      begin_inside[i] = begin_inside[2 * i] + begin_inside[2 * i + 1];
    }
    begin_inside.resize(begin_inside.size() / 2);
  }
  return best;
}

template <class Number>
SpStep Builder<Number>::branch(const Block& block, unsigned bits, int level) {
  const std::size_t at = index_.steps.size();
  index_.steps.resize(at + (std::size_t{1} << bits));
  Block part{block.begin, block.width - bits, block.first, block.first};
  for (std::size_t place = 0; place < std::size_t{1} << bits; ++place) {
    const bool is_last = place + 1 == std::size_t{1} << bits;
    const Number next = part.begin + (Number{1} << part.width);
    part.last = is_last ? block.last : part.first;
    while (!is_last && part.last < block.last && table_.starts[part.last + 1] < next) ++part.last;
    index_.steps[at + place] = step(part, level + 1);
    const bool begins_next = part.last < block.last && table_.starts[part.last + 1] == next;
    part.first = part.last + (begins_next ? 1 : 0);
    part.begin = next;
  }
  return {static_cast<std::uint32_t>(at), SP_STEP_BRANCH(part.width - unseen_bits, bits)};
}

template <class Number>
SpStep Builder<Number>::step(const Block& block, int level) {
  if (block.first == block.last) return {table_.labels[block.first], SP_STEP_LABEL};
  const SpStep run{static_cast<std::uint32_t>(block.first),
                   static_cast<std::uint32_t>(block.ranges())};
  if (block.ranges() <= short_run || block.width == unseen_bits || level + 1 == SP_MAX_STEPS)
    return run;
  const Block common = common_part(block);
  if (block.width - common.width >= long_prefix) return prefix(block, common, level);
  const auto bits = best_width(block);
  return bits ? branch(block, *bits, level) : run;
}

}  // namespace

SearchIndex search_index(const RangeTable<std::uint32_t>& table) {
  return Builder(table).build();
}

SearchIndex search_index(const RangeTable<Uint128>& table) {
  return Builder(table).build();
}

}  // namespace sallyport
