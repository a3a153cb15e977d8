// SPDX-License-Identifier: GPL-2.0-or-later
// The index over a table of ranges: it ends where a binary search over all ranges ends (C5), within
// its bounds of depth and memory.
#include "compiler/image/search_index.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>

namespace sallyport {
namespace {

template <class Number>
RangeTable<Number> table_from(const std::set<Number>& starts) {
  RangeTable<Number> table;
  for (const Number start : starts) {
    if (start == 0) continue;
    table.starts.push_back(start);
    table.labels.push_back(static_cast<std::uint32_t>(table.labels.size() % 7 + 1));
  }
  return table;
}

template <class Number>
std::uint64_t leading(Number key) {
  if constexpr (sizeof(Number) == 16) return static_cast<std::uint64_t>(key >> 64);
  return static_cast<std::uint64_t>(key);
}

struct Way {
  std::uint32_t label = 0;
  int branches = 0;
  std::uint32_t run = 0;
};

template <class Number>
Way walk(const SearchIndex& index, const RangeTable<Number>& table, Number key) {
  SpStep step = index.root;
  Way way;
  for (; SP_STEP_GOES_ON(step.form); ++way.branches) {
    const std::uint64_t head = leading(key) >> SP_STEP_SHIFT(step.form);
    std::uint64_t place = head & ((std::uint64_t{1} << SP_STEP_BITS(step.form)) - 1);
    if (SP_STEP_IS_PREFIX(step.form)) {
      const SpStep number = index.steps.at(step.at);
      const std::uint64_t prefix = std::uint64_t{number.form} << 32 | number.at;
      place = head == prefix ? 1 : head < prefix ? 2 : 3;
    }
    step = index.steps.at(step.at + place);
  }
  way.label = step.at;
  if (step.form == SP_STEP_LABEL) return way;
  way.run = step.form;
  std::size_t found = step.at;
  while (found + 1 < step.at + step.form && table.starts.at(found + 1) <= key) ++found;
  way.label = table.labels.at(found);
  return way;
}

/// Every edge, its neighbours, and the ends of the domain.
template <class Number>
void expect_same(const RangeTable<Number>& table) {
  const SearchIndex index = search_index(table);
  const std::size_t small = table.starts.size() <= 64 ? 8 * 256 : 0;
  EXPECT_LE(index.steps.size(), 8 * table.starts.size() + small) << "memory is not in proportion";
  for (const Number start : table.starts) {
    for (const Number key : {Number(start - 1), start, Number(start + 1)}) {
      const Way way = walk(index, table, key);
      ASSERT_EQ(way.label, table.find(key)) << leading(key);
      ASSERT_LT(way.branches, SP_MAX_STEPS);
    }
  }
}

TEST(SearchIndex, OfOneRangeIsItsLabel) {
  const SearchIndex index = search_index(RangeTable<std::uint32_t>{});
  EXPECT_EQ(index.root.form, SP_STEP_LABEL);
  EXPECT_EQ(index.root.at, 0U);
  EXPECT_TRUE(index.steps.empty());
}

TEST(SearchIndex, C5_EndsWhereASearchEnds) {
  std::mt19937_64 dice(1);
  for (const std::size_t count : {1, 2, 3, 4, 5, 17, 100, 3000}) {
    std::set<std::uint32_t> spread, crowded;
    std::set<Uint128> spread6, crowded6, same_half;
    for (std::size_t i = 0; i < count; ++i) {
      spread.insert(static_cast<std::uint32_t>(dice()));
      crowded.insert(0xc6336400 + static_cast<std::uint32_t>(dice() % (2 * count)));
      spread6.insert(Uint128{dice()} << 64 | dice());
      crowded6.insert(Uint128{0x20010db8'00000000 + (dice() % 64 << (dice() % 24))} << 64 | dice());
      same_half.insert(Uint128{0x20010db8'00000001} << 64 | dice());
    }
    spread.insert(0xffffffff);
    crowded.insert(0x80000000);
    spread6.insert(~Uint128{0});
    crowded6.insert(Uint128{1} << 127);
    for (const auto& starts : {spread, crowded}) expect_same(table_from(starts));
    for (const auto& starts : {spread6, crowded6, same_half}) expect_same(table_from(starts));
  }
}

TEST(SearchIndex, WhatAllBeginWithIsOneStep) {
  std::set<Uint128> starts;
  for (std::uint64_t i = 0; i < 128; ++i)
    starts.insert(Uint128{0xfd20'0000'0000'0000 + (i << 16)} << 64);
  const auto table = table_from(starts);
  const SearchIndex index = search_index(table);
  const Way way = walk(index, table, *std::next(starts.begin(), 70) + 5);
  EXPECT_LE(way.branches, 2);
  EXPECT_EQ(way.run, 0U);
}

TEST(SearchIndex, SpreadRangesAreFoundInAFewReads) {
  std::mt19937_64 dice(2);
  std::set<std::uint32_t> starts;
  while (starts.size() < 100'000) starts.insert(static_cast<std::uint32_t>(dice()));
  const auto table = table_from(starts);
  const SearchIndex index = search_index(table);
  std::size_t reads = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Way way = walk(index, table, static_cast<std::uint32_t>(dice()));
    reads += static_cast<std::size_t>(way.branches) + std::size_t(std::bit_width(way.run));
  }
  EXPECT_LT(reads, 40'000U) << "a binary search reads 170,000 times";
}

}  // namespace
}  // namespace sallyport
