// SPDX-License-Identifier: GPL-2.0-or-later
// Inclusion of patterns, against matching every short name (C6, C8).
#include "compiler/analysis/name_language.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport {
namespace {

NamePattern pattern(const std::string& text) {
  return NamePattern::parse(text).value();
}
HostName name(const std::string& text) {
  return HostName::parse(text).value();
}

TEST(NameLanguage, inclusion_as_the_table_of_the_language_says) {
  const auto holds = [](const char* outer, const char* inner) {
    return includes(pattern(outer), pattern(inner));
  };
  EXPECT_TRUE(holds("*.example.com", "?.example.com"));
  EXPECT_TRUE(holds("*.example.com", "a.*.example.com"));
  EXPECT_TRUE(holds("*.example.com", "*.a.example.com"));
  EXPECT_TRUE(holds("*.example.com", ".a.example.com"));
  EXPECT_TRUE(holds(".example.com", "*.example.com"));
  EXPECT_TRUE(holds("?.example.com", "g*.example.com"));
  EXPECT_TRUE(holds("g*.example.com", "g1*.example.com"));
  EXPECT_TRUE(holds("*b.example.com", "a*b.example.com"));
  EXPECT_FALSE(holds("*.example.com", ".example.com"));  // the apex
  EXPECT_FALSE(holds("?.example.com", "*.example.com"));
  EXPECT_FALSE(holds("*.example.com", "*example.com"));  // evilexample.com
  EXPECT_FALSE(holds("g1*.example.com", "g*.example.com"));
  EXPECT_FALSE(holds("a*b.example.com", "*b.example.com"));
  EXPECT_TRUE(holds("*.org", ".org"));  // a name has two labels, so the apex is none
}

TEST(NameLanguage, several_sets_together_may_hold_a_pattern) {
  const std::vector names{name("example.com")};
  const std::vector below{pattern("*.example.com")};
  const NameSet sets[] = {{names, {}}, {{}, below}};
  EXPECT_FALSE(name_outside(pattern(".example.com"), sets));
  EXPECT_EQ(name_outside(pattern(".example.com"), std::span(sets).subspan(1)), "example.com");
  EXPECT_EQ(name_outside(pattern("*.example.com"), std::span(sets).first(1)), "a.example.com");

  const std::vector one{pattern("?.example.com")};
  const std::vector deeper{pattern("*.*.example.com")};
  const NameSet both[] = {{{}, one}, {{}, deeper}};
  EXPECT_FALSE(name_outside(pattern("*.example.com"), both));
  EXPECT_TRUE(name_outside(pattern("*.example.com"), std::span(both).first(1)));
}

/// Every well-formed name of at most `most` characters over a small alphabet.
std::vector<HostName> short_names(std::size_t most) {
  std::vector<HostName> names;
  std::vector<std::string> texts{""};
  for (std::size_t length = 1; length <= most; ++length) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const char c : {'a', 'b', '.'}) longer.push_back(text + c);
    }
    texts = std::move(longer);
    for (const std::string& text : texts) {
      if (text.ends_with('.')) continue;
      if (const auto parsed = HostName::parse(text)) names.push_back(*parsed);
    }
  }
  return names;
}

/// Every pattern that the grammar allows with these labels, up to three of them.
std::vector<NamePattern> small_patterns() {
  const char* const labels[] = {"a", "b", "*", "a*", "*b", "a*b", "*a*"};
  std::vector<std::string> tails;
  for (const std::string a : labels) {
    tails.push_back(a);
    for (const std::string b : labels) tails.push_back(a + "." + b);
  }
  std::vector<NamePattern> patterns;
  for (const std::string head : {"", "*.", "?.", "."}) {
    for (const std::string& tail : tails) {
      if (const auto parsed = NamePattern::parse(head + tail)) patterns.push_back(*parsed);
    }
  }
  std::ranges::sort(patterns);
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  return patterns;
}

/// For every pair: inclusion and meeting are what matching all names of up to eight characters
/// shows. Patterns of these sizes that differ do so in a name that short.
TEST(NameLanguage, agrees_with_matching_for_every_small_pattern) {
  const auto names = short_names(8);
  const auto patterns = small_patterns();
  ASSERT_GT(names.size(), 1000U);
  ASSERT_GT(patterns.size(), 80U);
  std::vector<std::vector<bool>> matched;
  for (const NamePattern& one : patterns) {
    auto& row = matched.emplace_back();
    for (const HostName& each : names) row.push_back(one.matches(each));
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    for (std::size_t j = 0; j < patterns.size(); ++j) {
      bool inside = true, meet = false;
      for (std::size_t n = 0; n < names.size(); ++n) {
        inside = inside && (!matched[i][n] || matched[j][n]);
        meet = meet || (matched[i][n] && matched[j][n]);
      }
      ASSERT_EQ(includes(patterns[j], patterns[i]), inside)
          << patterns[i].text() << " in " << patterns[j].text();
      ASSERT_EQ(have_common_name(patterns[i], patterns[j]), meet)
          << patterns[i].text() << " and " << patterns[j].text();
    }
  }
}

TEST(NameLanguage, the_example_is_a_name_of_the_pattern_and_of_no_other) {
  const auto patterns = small_patterns();
  for (const NamePattern& one : patterns) {
    for (const NamePattern& other : patterns) {
      const NameSet set{.names = {}, .patterns = {&other, 1}};
      const auto text = name_outside(one, {&set, 1});
      if (!text) continue;
      const auto example = HostName::parse(*text);
      ASSERT_TRUE(example) << *text;
      ASSERT_TRUE(one.matches(*example)) << one.text() << ' ' << *text;
      ASSERT_FALSE(other.matches(*example)) << other.text() << ' ' << *text;
    }
  }
}

}  // namespace
}  // namespace sallyport
