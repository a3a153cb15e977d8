// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges to prefixes, exhaustively in small spaces, and the pieces of tables.
#include "compiler/nft/pieces.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/build_rules.h"

namespace sallyport::nft {
namespace {

std::vector<Prefix> prefixes_of(const AddressRange& range) {
  std::vector<Prefix> prefixes;
  for_each_prefix(range, [&](const Prefix& prefix) { prefixes.push_back(prefix); });
  return prefixes;
}

/// The fewest aligned blocks that make up [first, last], by trying each.
std::size_t fewest(unsigned first, unsigned last) {
  std::vector<std::size_t> best(last - first + 2, 0);  // of the numbers from first + i on
  for (unsigned at = last + 1; at-- > first;) {
    std::size_t least = ~std::size_t{0};
    for (unsigned size = 1; at % size == 0 && at + size - 1 <= last; size *= 2) {
      least = std::min(least, 1 + best[at + size - first]);
    }
    best[at - first] = least;
  }
  return best[0];
}

TEST(NftPieces, C4_PrefixesOfEveryRangeOfASmallSpace) {
  constexpr unsigned space = 64;
  const Address bases[] = {
      address("0.0.0.0"),         address("198.51.100.64"),
      address("255.255.255.192"), address("::"),
      address("2001:db8::40"),    {Family::v6, last_number(Family::v6) - (space - 1)}};
  for (const Address& base : bases) {
    const unsigned width = width_of(base.family);
    for (unsigned first = 0; first < space; ++first) {
      for (unsigned last = first; last < space; ++last) {
        const AddressRange range{{base.family, base.number + first},
                                 {base.family, base.number + last}};
        SCOPED_TRACE(range.text());
        Uint128 next = range.first.number;
        const auto prefixes = prefixes_of(range);
        for (const Prefix& prefix : prefixes) {
          ASSERT_LE(prefix.length, width);
          ASSERT_TRUE(prefix.first.number == next) << "a gap, or an overlap";
          const Address end = last_of_prefix(prefix.first, prefix.length);
          const Uint128 size = end.number - prefix.first.number + 1;
          ASSERT_TRUE(prefix.first.number % size == 0) << "not aligned";
          ASSERT_TRUE(end <= range.last);
          next = end.number + 1;
        }
        ASSERT_TRUE(next == range.last.number + 1);
        ASSERT_EQ(prefixes.size(), fewest(first, last));
      }
    }
  }
}

TEST(NftPieces, TheWholeSpaceIsOnePrefix) {
  for (const Family family : {Family::v4, Family::v6}) {
    const AddressRange all = AddressRange::whole(family);
    EXPECT_EQ(prefixes_of(all), (std::vector<Prefix>{{all.first, 0}}));
    const AddressRange without_last{all.first, {family, all.last.number - 1}};
    EXPECT_EQ(prefixes_of(without_last).size(), width_of(family));
    EXPECT_TRUE(last_of_prefix(all.first, 0) == all.last);
    EXPECT_TRUE(last_of_prefix(all.last, width_of(family)) == all.last);
  }
}

TEST(NftPieces, OverlapsAreWhatTheTableSaysOfEachAddress) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    RangeTable<Uint128> table;
    Uint128 at = 0;
    for (std::uint32_t label = 1; label < 8; ++label) {
      at += 1 + random() % 6;
      table.starts.push_back(at);
      table.labels.push_back(label);
    }
    for (unsigned first = 0; first < 40; ++first) {
      for (unsigned last = first; last < 40; ++last) {
        Uint128 next = first;
        for_each_overlap(table, {{Family::v6, first}, {Family::v6, last}},
                         [&](const AddressRange& part, std::uint32_t label) {
                           ASSERT_TRUE(part.first.number == next);
                           ASSERT_EQ(table.find(part.first.number), label);
                           ASSERT_EQ(table.find(part.last.number), label);
                           next = part.last.number + 1;
                         });
        ASSERT_TRUE(next == last + 1);
      }
    }
  }
}

TEST(NftPieces, PiecesCoverTheFamily) {
  RangeTable<std::uint32_t> table;
  table.starts = {0, 5, 9};
  table.labels = {0, 3, 1};
  std::vector<std::string> seen;
  for_each_piece(table, Family::v4, [&](const AddressRange& piece, std::uint32_t label) {
    seen.push_back(piece.text() + " " + std::to_string(label));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"0.0.0.0-0.0.0.4 0", "0.0.0.5-0.0.0.8 3",
                                            "0.0.0.9-255.255.255.255 1"}));
}

}  // namespace
}  // namespace sallyport::nft
