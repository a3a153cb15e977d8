// SPDX-License-Identifier: GPL-2.0-or-later
// Quoting the author's words, and guessing which word was meant.
#include "compiler/source/wording.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

TEST(Wording, QuotesAndCutsAtACharacter) {
  EXPECT_EQ(quote("tcp"), "`tcp`");
  EXPECT_EQ(quote(""), "``");
  EXPECT_EQ(quote(std::string(60, 'a')), "`" + std::string(60, 'a') + "`");
  const std::string cut = quote(std::string(1000, 'a'));
  EXPECT_LT(cut.size(), 70u);
  EXPECT_TRUE(cut.ends_with("…`"));
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "é";
  const std::string cut_accents = quote(accents);
  EXPECT_EQ((cut_accents.size() - std::string("`…`").size()) % 2, 0u) << "half a character";
}

TEST(Wording, FindsTheWordThatWasMeant) {
  static constexpr std::string_view words[] = {"allow", "deny",      "policy",
                                               "zone",  "ttl-floor", "to"};
  const struct {
    std::string_view typed;
    std::string_view meant;
  } rows[] = {
      {"alow", "allow"},
      {"alllow", "allow"},
      {"alolw", "allow"},
      {"allaw", "allow"},
      {"plicy", "policy"},
      {"polcyi", "policy"},
      {"ttl-flor", "ttl-floor"},
      {"zoen", "zone"},
      {"dney", "deny"},
      {"block", ""},
      {"x", ""},
      {"too", ""},
      {"permit", ""},
      {"", ""},
      {"allow", "allow"},
  };
  for (const auto& row : rows) EXPECT_EQ(closest(row.typed, words), row.meant) << row.typed;
  EXPECT_EQ(closest(std::string(100000, 'a'), words), "");
}

}  // namespace
}  // namespace sallyport
