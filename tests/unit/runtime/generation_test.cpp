// SPDX-License-Identifier: GPL-2.0-or-later
// Counters carried from one generation to the next, by the identity of the rules.
#include "runtime/generation.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::vector<ImageRule> rules(const std::vector<std::string>& identities) {
  std::vector<ImageRule> made;
  for (const std::string& identity : identities) {
    made.emplace_back().identity = identity;
  }
  return made;
}

struct Case {
  const char* what;
  std::vector<std::string> before;
  std::vector<Counter> counted;
  std::vector<std::string> after;
  std::vector<Counter> carried;
};

TEST(CarriedCounters, rules_meet_by_identity) {
  const std::vector<Case> cases{
      {"unchanged", {"a", "b"}, {{1, 10}, {2, 20}}, {"a", "b"}, {{1, 10}, {2, 20}}},
      {"reordered", {"a", "b"}, {{1, 10}, {2, 20}}, {"b", "a"}, {{2, 20}, {1, 10}}},
      {"one added in front", {"a"}, {{1, 10}}, {"new", "a"}, {{0, 0}, {1, 10}}},
      {"one gone", {"a", "b"}, {{1, 10}, {2, 20}}, {"b"}, {{2, 20}}},
      {"repetitions", {"a", "a #2"}, {{1, 10}, {2, 20}}, {"a #2"}, {{2, 20}}},
      {"fewer counted than rules", {"a", "b"}, {{1, 10}}, {"a", "b"}, {{1, 10}, {0, 0}}},
      {"everything new", {"a"}, {{1, 10}}, {"b"}, {{0, 0}}},
      {"none left", {"a"}, {{1, 10}}, {}, {}},
  };
  for (const Case& c : cases) {
    Counters before;
    before.rules = c.counted;
    EXPECT_EQ(carried_counters(before, rules(c.before), rules(c.after)).rules, c.carried) << c.what;
  }
}

TEST(CarriedCounters, reasons_stay_as_they_are) {
  Counters before;
  before.reasons = {{1, 2}, {3, 4}};
  EXPECT_EQ(carried_counters(before, {}, rules({"a"})).reasons, before.reasons);
}

}  // namespace
}  // namespace sallyport
