// SPDX-License-Identifier: GPL-2.0-or-later
// The cost model, in nanoseconds a packet, from the measurements in tests/bench/RESULTS.md: every
// candidate for the rare lengths times every number of sets, the best split of each found by
// dynamic programming.
#include "compiler/nft/lengths.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>

namespace sallyport::nft {
namespace {

constexpr double set_cost = 25;            // one more hash lookup, sometimes a hit before it
constexpr double doubling_cost = 30;       // per doubling of the elements beyond the cache
constexpr std::uint64_t in_cache = 16384;  // elements
constexpr double interval_cost = 45;       // the tree of intervals, empty
constexpr double interval_doubling_cost = 9;
constexpr std::uint64_t most_intervals = 1024;
constexpr std::uint64_t most_growth = 4;        // times the elements without any expansion, but
constexpr std::uint64_t free_elements = 65536;  // so many are always fine
constexpr unsigned most_sets = 8;
constexpr unsigned most_expansion = 8;  // bits: a prefix becomes 256 at most

using Uses = std::vector<LengthUse>;
constexpr std::uint64_t too_many = std::numeric_limits<std::uint64_t>::max();

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return a == too_many || b == too_many ? too_many : a + b;
}

/// Elements of the uses from `first` to `last`, all expanded to the length of the last.
std::uint64_t merged(const Uses& uses, std::size_t first, std::size_t last) {
  std::uint64_t sum = 0;
  for (std::size_t i = first; i <= last; ++i) {
    const unsigned bits = uses[last].length - uses[i].length;
    if (uses[i].elements > 0 && bits > most_expansion) return too_many;
    if (uses[i].elements > 0) sum += uses[i].elements << bits;
  }
  return sum;
}

struct Split {
  std::vector<unsigned> lengths;
  std::uint64_t elements = 0;
};

/// The best splits of all uses into 1, 2, ... sets; empty where there is none.
std::vector<std::optional<Split>> best_splits(const Uses& uses) {
  const std::size_t count = uses.size();
  const std::size_t sets = std::min<std::size_t>(most_sets, count);
  // best[k][i]: the first i uses in k sets; from[k][i]: how many of them lie before the last set.
  std::vector best(sets + 1, std::vector<std::uint64_t>(count + 1, too_many));
  std::vector from(sets + 1, std::vector<std::size_t>(count + 1, 0));
  best[0][0] = 0;
  for (std::size_t k = 1; k <= sets; ++k) {
    for (std::size_t i = k; i <= count; ++i) {
      for (std::size_t before = k - 1; before < i; ++before) {
        const std::uint64_t sum = plus(best[k - 1][before], merged(uses, before, i - 1));
        if (sum < best[k][i]) {
          best[k][i] = sum;
          from[k][i] = before;
        }
      }
    }
  }
  std::vector<std::optional<Split>> splits;
  for (std::size_t k = 1; k <= sets; ++k) {
    splits.emplace_back();
    if (best[k][count] == too_many) continue;
    Split split{{}, best[k][count]};
    for (std::size_t i = count, left = k; left > 0; i = from[left--][i]) {
      split.lengths.insert(split.lengths.begin(), uses[i - 1].length);
    }
    splits.back() = std::move(split);
  }
  return splits;
}

double doublings(std::uint64_t count, std::uint64_t from) {
  return count <= from ? 0 : std::log2(static_cast<double>(count) / static_cast<double>(from));
}

struct Candidate {
  LengthChoice choice;
  double cost = std::numeric_limits<double>::infinity();
};

/// The best choice if lengths with at most `most_rare` prefixes are rare.
Candidate candidate_for(Family family, const Uses& uses, bool bound, std::uint64_t intervals,
                        std::uint64_t most_rare) {
  Candidate best;
  Uses hashed;
  std::uint64_t plain = 0;
  LengthChoice choice;
  for (const LengthUse& use : uses) {
    const bool always = bound && use.length == width_of(family);
    if (use.prefixes <= most_rare && !always) {
      choice.rare.push_back(use.length);
      intervals += use.prefixes;
    } else {
      hashed.push_back(use);
      plain += use.elements;
    }
  }
  if (!choice.rare.empty() && intervals > most_intervals) return best;
  const double rare_cost =
      intervals == 0 ? 0 : interval_cost + interval_doubling_cost * doublings(intervals, 1);
  if (hashed.empty()) return {std::move(choice), rare_cost};
  for (const auto& split : best_splits(hashed)) {
    if (!split || split->elements > std::max(free_elements, most_growth * plain)) continue;
    const double cost = rare_cost + set_cost * static_cast<double>(split->lengths.size()) +
                        doubling_cost * doublings(split->elements, in_cache);
    if (cost >= best.cost) continue;
    best.cost = cost;
    best.choice = choice;
    best.choice.hashed = split->lengths;
    best.choice.elements = split->elements;
  }
  return best;
}

}  // namespace

bool LengthChoice::is_rare(unsigned length) const {
  return std::ranges::binary_search(rare, length);
}

unsigned LengthChoice::set_for(unsigned length) const {
  const auto found = std::ranges::lower_bound(hashed, length);
  assert(found != hashed.end());
  return *found;
}

LengthChoice choose_lengths(Family family, const std::vector<LengthUse>& uses, bool bound,
                            std::uint64_t intervals) {
  Uses all = uses;
  const unsigned full = width_of(family);
  if (bound && (all.empty() || all.back().length != full)) all.push_back({full, 0, 0});
  if (all.empty()) return {};
  Candidate best;
  for (const unsigned most_rare : {0U, 1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 256U, 512U, 1024U}) {
    Candidate next = candidate_for(family, all, bound, intervals, most_rare);
    if (next.cost < best.cost) best = std::move(next);
  }
  if (best.cost != std::numeric_limits<double>::infinity()) return best.choice;
  // Too spread for every bound: a set for each length expands nothing.
  LengthChoice plain;
  for (const LengthUse& use : all) {
    plain.hashed.push_back(use.length);
    plain.elements += use.elements;
  }
  return plain;
}

std::string text_of(const std::vector<LengthUse>& uses) {
  std::string text;
  for (const LengthUse& use : uses) {
    if (!text.empty()) text += ", ";
    text += "/" + std::to_string(use.length) + " with " + std::to_string(use.prefixes) +
            (use.prefixes == 1 ? " prefix" : " prefixes");
  }
  return text.empty() ? "none" : text;
}

}  // namespace sallyport::nft
