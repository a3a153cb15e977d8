// SPDX-License-Identifier: GPL-2.0-or-later
// partition() against a look at every single number of a small domain.
#include "compiler/label/sweep.h"

#include <gtest/gtest.h>

#include <random>

#include "compiler/label/interner.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

TEST(Sweep, NoIntervalsGiveOneRange) {
  const auto table = partition<std::uint32_t>({}, 9, [](const Numbers&) { return 7U; });
  EXPECT_EQ(table.starts, Numbers{0});
  EXPECT_EQ(table.labels, Numbers{7});
}

TEST(Sweep, TheWholeDomainDoesNotWrapAround) {
  const Uint128 last = last_number(Family::v6);
  const auto table =
      partition<Uint128>({{0, last, 0}, {last, last, 1}}, last,
                         [](const Numbers& s) { return static_cast<std::uint32_t>(s.size()); });
  EXPECT_EQ(table.starts, (std::vector<Uint128>{0, last}));
  EXPECT_EQ(table.labels, (Numbers{1, 2}));
}

TEST(Sweep, AdjacentIntervalsOfOneSetStayOneRange) {
  const auto table = partition<std::uint32_t>({{2, 3, 0}, {4, 5, 0}}, 9, [](const Numbers& s) {
    return static_cast<std::uint32_t>(s.size());
  });
  EXPECT_EQ(table.starts, (Numbers{0, 2, 6}));
  EXPECT_EQ(table.labels, (Numbers{0, 1, 0}));
}

/// Up to six sets of disjoint intervals in 0..63.
std::vector<Interval<std::uint32_t>> random_intervals(std::mt19937& random) {
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  std::vector<Interval<std::uint32_t>> intervals;
  for (std::uint32_t sets = below(7), set = 0; set < sets; ++set) {
    for (std::uint32_t first = below(20); first < 64;) {
      const std::uint32_t last = std::min(63U, first + below(20));
      intervals.push_back({first, last, set});
      first = last + 1 + below(20);
    }
  }
  std::shuffle(intervals.begin(), intervals.end(), random);
  return intervals;
}

TEST(Sweep, AgreesWithEveryNumberOfASmallDomain) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto intervals = random_intervals(random);
    std::vector<Numbers> sets;
    Interner interner(sets);
    const auto table = partition<std::uint32_t>(
        intervals, 63, [&](const Numbers& active) { return interner.index_of(active); });

    for (std::uint32_t number = 0; number < 64; ++number) {
      Numbers wanted;
      for (const auto& interval : intervals) {
        if (interval.first <= number && number <= interval.last) wanted.push_back(interval.set);
      }
      std::ranges::sort(wanted);
      ASSERT_EQ(sets[table.find(number)], wanted) << number;
    }
    for (std::size_t i = 1; i < table.labels.size(); ++i) {
      ASSERT_NE(table.labels[i - 1], table.labels[i]);
    }
  }
}

}  // namespace
}  // namespace sallyport
