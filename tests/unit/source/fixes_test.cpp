// SPDX-License-Identifier: GPL-2.0-or-later
// Safe fixes are made at their places, and never two at one.
#include "compiler/source/fixes.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

const Source source("p.sally", "abc def ghi");

Span at(std::uint32_t begin, std::uint32_t end) {
  return {&source, begin, end};
}

FixedText fixed(const std::vector<std::vector<Fix>>& fixes) {
  Diagnostics diagnostics;
  for (const auto& of_one : fixes) diagnostics.error("url", at(0, 1), "x").fixes = of_one;
  return apply_safe_fixes(source, diagnostics);
}

TEST(Fixes, AreMadeAtTheirPlaces) {
  const FixedText one =
      fixed({{{"", {{at(8, 11), "G"}}, true}}, {{"", {{at(0, 3), "AAAA"}}, true}}});
  EXPECT_EQ(one.text, "AAAA def G");
  EXPECT_EQ(one.fixes, 2u);
  EXPECT_EQ(fixed({{{"", {{at(0, 3), ""}, {at(11, 11), "!"}}, true}}}).text, " def ghi!");
}

TEST(Fixes, ThatAreNotSafeAreLeftToTheAuthor) {
  EXPECT_EQ(fixed({{{"", {{at(0, 3), "x"}}, false}}}).text, source.text());
  // the first safe one of several
  EXPECT_EQ(fixed({{{"", {{at(0, 3), "x"}}, false},
                    {"", {{at(0, 3), "y"}}, true},
                    {"", {{at(0, 3), "z"}}, true}}})
                .text,
            "y def ghi");
}

TEST(Fixes, OfOnePlaceTheFirstIsMade) {
  const FixedText one = fixed({{{"", {{at(0, 7), "x"}}, true}}, {{"", {{at(4, 11), "y"}}, true}}});
  EXPECT_EQ(one.text, "x ghi");
  EXPECT_EQ(one.fixes, 1u);
}

TEST(Fixes, StayInTheirFile) {
  const Source other("q.sally", "abc");
  Diagnostics diagnostics;
  diagnostics.error("url", at(0, 1), "x").fixes = {{"", {{Span{&other, 0, 3}, "x"}}, true}};
  EXPECT_EQ(apply_safe_fixes(source, diagnostics).fixes, 0u);
}

}  // namespace
}  // namespace sallyport
