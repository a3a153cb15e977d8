// SPDX-License-Identifier: GPL-2.0-or-later
// The list of diagnostic codes is well formed: no code twice, all lower case words with dashes,
// each with a meaning.
#include "compiler/source/codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sallyport {
namespace {

TEST(Codes, AreUniqueAndWellFormed) {
  std::set<std::string_view> seen;
  for (const CodeRow& row : diagnostic_codes) {
    EXPECT_TRUE(seen.insert(row.code).second) << row.code << " stands twice";
    EXPECT_TRUE(std::ranges::all_of(row.code, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '-';
    })) << row.code;
    EXPECT_FALSE(row.meaning.empty()) << row.code;
    EXPECT_FALSE(row.meaning.ends_with('.')) << row.code;
  }
}

}  // namespace
}  // namespace sallyport
