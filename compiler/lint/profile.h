// SPDX-License-Identifier: GPL-2.0-or-later
// Profile: of many ranges with ranks, the lowest rank at every number. Entry point: find().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

namespace sallyport {

/// An inclusive range of numbers that `rank` covers.
template <class Number>
struct Ranked {
  Number first;
  Number last;
  std::uint32_t rank;
};

template <class Number>
class Profile {
 public:
  void add(const Ranked<Number>& range) { ranges_.push_back(range); }

  /// Makes the ranges apart from one another; add() ends, find() begins.
  void settle() {
    std::ranges::sort(ranges_, {}, &Ranked<Number>::first);
    const auto meet = [](const auto& one, const auto& next) { return one.last >= next.first; };
    if (std::ranges::adjacent_find(ranges_, meet) == ranges_.end()) return;
    std::vector<Ranked<Number>> apart;
    std::priority_queue<Open, std::vector<Open>, Later> open;
    std::size_t next = 0;
    Number at{};
    while (next < ranges_.size() || !open.empty()) {
      if (open.empty()) at = ranges_[next].first;
      for (; next < ranges_.size() && ranges_[next].first <= at; ++next) {
        open.push({ranges_[next].rank, ranges_[next].last});
      }
      while (!open.empty() && open.top().last < at) open.pop();
      if (open.empty()) continue;
      const Open& lowest = open.top();
      Number end = lowest.last;
      if (next < ranges_.size()) end = std::min<Number>(end, ranges_[next].first - 1);
      append(apart, {at, end, lowest.rank});
      if (end == static_cast<Number>(~Number{0})) break;
      at = end + 1;
    }
    ranges_ = std::move(apart);
  }

  /// The piece that holds `number`; null if none.
  const Ranked<Number>* find(Number number) const {
    const auto after = std::ranges::upper_bound(ranges_, number, {}, &Ranked<Number>::first);
    if (after == ranges_.begin() || std::prev(after)->last < number) return nullptr;
    return &*std::prev(after);
  }

 private:
  struct Open {
    std::uint32_t rank;
    Number last;
  };
  struct Later {
    bool operator()(const Open& a, const Open& b) const { return a.rank > b.rank; }
  };

  static void append(std::vector<Ranked<Number>>& pieces, const Ranked<Number>& piece) {
    const bool goes_on = !pieces.empty() && pieces.back().rank == piece.rank &&
                         pieces.back().last + 1 == piece.first;
    if (goes_on) {
      pieces.back().last = piece.last;
    } else {
      pieces.push_back(piece);
    }
  }

  std::vector<Ranked<Number>> ranges_;
};

}  // namespace sallyport
