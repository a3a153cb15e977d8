// SPDX-License-Identifier: GPL-2.0-or-later
// Which lengths get a set: shapes with a known answer, and what holds for every choice.
#include "compiler/nft/lengths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace sallyport::nft {
namespace {

using Lengths = std::vector<unsigned>;
using Uses = std::vector<LengthUse>;

constexpr std::uint64_t most_intervals = 1024;

/// As the choice says where each prefix goes; empty if one has no place.
std::optional<std::uint64_t> elements_of(const Uses& uses, const LengthChoice& choice) {
  std::uint64_t elements = 0;
  for (const LengthUse& use : uses) {
    if (choice.is_rare(use.length)) continue;
    const bool has_set = !choice.hashed.empty() && choice.hashed.back() >= use.length;
    if (!has_set) return std::nullopt;
    elements += use.elements << (choice.set_for(use.length) - use.length);
  }
  return elements;
}

TEST(NftLengths, NothingNeedsNothing) {
  const LengthChoice choice = choose_lengths(Family::v4, {}, false);
  EXPECT_TRUE(choice.hashed.empty());
  EXPECT_TRUE(choice.rare.empty());
  EXPECT_EQ(choice.elements, 0U);
}

TEST(NftLengths, OneLengthIsOneSet) {
  for (const unsigned length : {8U, 24U, 32U}) {
    const LengthChoice choice = choose_lengths(Family::v4, {{length, 500, 1000}}, false);
    EXPECT_EQ(choice.hashed, Lengths{length});
    EXPECT_TRUE(choice.rare.empty());
    EXPECT_EQ(choice.elements, 1000U);
  }
}

TEST(NftLengths, NeighboursAreJoinedWhereThatIsCheap) {
  // Fourteen /23 more are 28 elements more, another set would be a lookup for every packet.
  const LengthChoice choice =
      choose_lengths(Family::v4, {{23, 2000, 2000}, {24, 3000, 3000}}, false);
  EXPECT_EQ(choice.hashed, Lengths{24});
  EXPECT_EQ(choice.elements, 7000U);
}

TEST(NftLengths, AFewOfManyLengthsGoToTheIntervals) {
  Uses uses;
  // Of many ports, so that to expand them would cost much.
  for (unsigned length = 9; length <= 20; ++length) uses.push_back({length, 1, 5000});
  uses.push_back({24, 5000, 5000});
  const LengthChoice choice = choose_lengths(Family::v4, uses, false);
  EXPECT_EQ(choice.hashed, Lengths{24});
  EXPECT_EQ(choice.rare.size(), 12U);
}

TEST(NftLengths, WhereIntervalsAreAskedAnywayAFewMoreCostLittle) {
  const Uses uses = {{24, 3, 3}};
  EXPECT_EQ(choose_lengths(Family::v4, uses, false).hashed, Lengths{24});
  // `anywhere` without the special ranges is such a set.
  const LengthChoice choice = choose_lengths(Family::v4, uses, false, 40);
  EXPECT_TRUE(choice.hashed.empty());
  EXPECT_EQ(choice.rare, Lengths{24});
}

TEST(NftLengths, NamesNeedWholeAddresses) {
  EXPECT_EQ(choose_lengths(Family::v4, {}, true).hashed, Lengths{32});
  EXPECT_EQ(choose_lengths(Family::v6, {}, true).hashed, Lengths{128});
  for (const std::uint64_t intervals : {0, 40}) {
    const LengthChoice one = choose_lengths(Family::v4, {{32, 1, 1}}, true, intervals);
    EXPECT_EQ(one.hashed, Lengths{32});
    EXPECT_FALSE(one.is_rare(32));
    const LengthChoice two = choose_lengths(Family::v6, {{48, 900, 900}}, true, intervals);
    ASSERT_FALSE(two.hashed.empty());
    EXPECT_EQ(two.hashed.back(), 128U);
  }
}

TEST(NftLengths, TextNamesEveryUse) {
  EXPECT_EQ(text_of({}), "none");
  EXPECT_EQ(text_of({{8, 1, 2}, {24, 2, 2}}), "/8 with 1 prefix, /24 with 2 prefixes");
}

TEST(NftLengths, C3_EveryPrefixHasAPlaceAndTheSumIsRight) {
  std::mt19937_64 random(20240601);
  for (int round = 0; round < 2000; ++round) {
    const Family family = round % 2 == 0 ? Family::v4 : Family::v6;
    Uses uses;
    for (unsigned length = 0; length <= width_of(family); ++length) {
      if (random() % 6 != 0) continue;
      const std::uint64_t prefixes = 1 + random() % (std::uint64_t{1} << (random() % 14));
      uses.push_back({length, prefixes, prefixes * (1 + random() % 4)});
    }
    const bool bound = random() % 2 == 0;
    const std::uint64_t intervals = random() % 3 == 0 ? random() % 600 : 0;
    const LengthChoice choice = choose_lengths(family, uses, bound, intervals);
    SCOPED_TRACE(text_of(uses));

    EXPECT_TRUE(std::ranges::is_sorted(choice.hashed));
    EXPECT_TRUE(std::ranges::is_sorted(choice.rare));
    const auto elements = elements_of(uses, choice);
    ASSERT_TRUE(elements);
    EXPECT_EQ(*elements, choice.elements);
    if (bound) {
      ASSERT_FALSE(choice.hashed.empty());
      EXPECT_EQ(choice.hashed.back(), width_of(family));
    }
    std::uint64_t rare = intervals;
    for (const LengthUse& use : uses) {
      if (choice.is_rare(use.length)) rare += use.prefixes;
    }
    if (!choice.rare.empty()) {
      EXPECT_LE(rare, most_intervals);
    }

    const LengthChoice again = choose_lengths(family, uses, bound, intervals);
    EXPECT_EQ(again.hashed, choice.hashed);
    EXPECT_EQ(again.rare, choice.rare);
  }
}

}  // namespace
}  // namespace sallyport::nft
