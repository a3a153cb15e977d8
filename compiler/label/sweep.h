// SPDX-License-Identifier: GPL-2.0-or-later
// partition(): one dimension cut at the edges of all sets into ranges that lie in the same sets.
// n log n in the intervals, times the number of sets that overlap at an edge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/image/image.h"

namespace sallyport {

/// Inclusive. The intervals of one set must not overlap each other.
template <class Number>
struct Interval {
  Number first;
  Number last;
  std::uint32_t set;
};

/// `label_of` turns a sorted list of sets into a label; it is asked once for each range, in order.
template <class Number, class LabelOf>
RangeTable<Number> partition(std::vector<Interval<Number>> intervals, Number domain_last,
                             LabelOf label_of) {
  std::vector<Interval<Number>> closings = intervals;
  const auto by_first = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto by_last = [](const auto& a, const auto& b) { return a.last < b.last; };
  std::sort(intervals.begin(), intervals.end(), by_first);
  std::sort(closings.begin(), closings.end(), by_last);

  RangeTable<Number> table{{}, {}};
  std::vector<std::uint32_t> active;
  auto opening = intervals.begin();
  auto closing = closings.begin();
  Number position = 0;
  for (bool more = true; more;) {
    for (; closing != closings.end() && closing->last < position; ++closing) {
      active.erase(std::lower_bound(active.begin(), active.end(), closing->set));
    }
    for (; opening != intervals.end() && opening->first <= position; ++opening) {
      active.insert(std::lower_bound(active.begin(), active.end(), opening->set), opening->set);
    }
    const std::uint32_t label = label_of(active);
    if (table.labels.empty() || table.labels.back() != label) {
      table.starts.push_back(position);
      table.labels.push_back(label);
    }

    more = false;
    Number next = domain_last;
    if (opening != intervals.end()) {
      next = opening->first;
      more = true;
    }
    if (closing != closings.end() && closing->last != domain_last) {
      const Number behind = closing->last + 1;
      next = more ? std::min(next, behind) : behind;
      more = true;
    }
    position = next;
  }
  return table;
}

}  // namespace sallyport
