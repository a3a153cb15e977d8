// SPDX-License-Identifier: GPL-2.0-or-later
// PatternIndex finds the groups that trying every pattern finds (C8).
#include "compiler/label/pattern_index.h"

#include <gtest/gtest.h>

#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::vector<Group> groups_with(std::initializer_list<const char*> patterns) {
  std::vector<Group> groups(1);
  for (const char* text : patterns) {
    groups.push_back({false, {NamePattern::parse(text).value()}});
  }
  return groups;
}

TEST(PatternIndex, C8AgreesWithTryingEveryPattern) {
  const std::vector<Group> groups =
      groups_with({"*.example.com", "?.example.com", ".example.com", "x.*.example.com",
                   "a*.example.com", "a*b.*.example.com", ".com", "*.com", "g*.example.net",
                   "*.a.example.com", ".a.example.com", "www.oth*"});
  const PatternIndex index(groups);
  for (const char* text :
       {"example.com", "a.example.com", "b.a.example.com", "x.a.example.com", "ab.c.example.com",
        "axb.c.example.com", "evilexample.com", "a.evilexample.com", "g1.example.net",
        "example.net", "www.other.com", "www.other", "x.y.org", "deep.b.a.example.com"}) {
    const ViewedName name = host(text);
    Numbers wanted;
    for (std::uint32_t group = 0; group < groups.size(); ++group) {
      for (const NamePattern& pattern : groups[group].patterns) {
        if (pattern.matches(name.name)) wanted.push_back(group);
      }
    }
    EXPECT_EQ(index.groups_of(name), wanted) << text;
  }
}

TEST(PatternIndex, AGroupIsNamedOnceHoweverManyPatternsMatch) {
  std::vector<Group> groups = groups_with({"*.example.com"});
  groups[1].patterns.push_back(NamePattern::parse("?.example.com").value());
  EXPECT_EQ(PatternIndex(groups).groups_of(host("a.example.com")), Numbers{1});
  EXPECT_EQ(PatternIndex(groups).groups_of(host("example.com")), Numbers{});
}

}  // namespace
}  // namespace sallyport
