// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of bindings: what bind() says, done to a copy of the table, is the table afterwards (F3);
// and what stays the same from one generation to the next.
#include "compiler/nft/ruleset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport::nft {
namespace {

/// Set by set, key to target: the chain of a verdict. Which counter a key has may stay as it was.
using Contents = std::map<std::string, std::map<Key, std::string>>;

std::string target_of(const Table& table, const Set& set, const Element& element) {
  const bool verdict = set.holds == Holds::jumps || set.holds == Holds::gotos;
  return verdict ? table.chains[element.target].name : "";
}

Contents contents_of(const Table& table) {
  Contents contents;
  for (const Set& set : table.sets) {
    auto& keys = contents[set.name];
    for (const Element& element : set.elements) {
      EXPECT_TRUE(keys.try_emplace(element.key, target_of(table, set, element)).second)
          << "a key twice in " << set.name;
    }
  }
  return contents;
}

/// A table as the kernel would hold it: what is done to it must be possible.
class Follower {
 public:
  explicit Follower(Table table) : table_(std::move(table)), contents_(contents_of(table_)) {}

  void follow(const Delta& delta) {
    table_.chains.insert(table_.chains.end(), delta.chains.begin(), delta.chains.end());
    std::set<std::pair<std::size_t, Key>> added;
    for (const SetChange& change : delta.added) {
      const Set& set = table_.sets.at(change.set);
      for (const Element& element : change.elements) {
        const std::string target = target_of(table_, set, element);
        EXPECT_TRUE(contents_[set.name].try_emplace(element.key, target).second)
            << "added though it is there, in " << set.name;
        added.insert({change.set, element.key});
      }
    }
    for (const SetChange& change : delta.removed) {
      const Set& set = table_.sets.at(change.set);
      for (const Element& element : change.elements) {
        EXPECT_FALSE(added.contains({change.set, element.key})) << "removed though it stays";
        EXPECT_EQ(contents_[set.name].erase(element.key), 1U)
            << "removed though it is not there, from " << set.name;
      }
    }
  }

  const Contents& contents() const { return contents_; }
  const Table& table() const { return table_; }

 private:
  Table table_;
  Contents contents_;
};

using Names = std::map<Address, std::vector<ViewedName>>;

Names by_address(const Bindings& bindings) {
  Names names;
  for (const auto& [name, addresses] : bindings) {
    for (const Address& address : addresses) names[address].push_back(name);
  }
  return names;
}

void expect_same(const Contents& followed, const Contents& wanted) {
  for (const auto& [set, keys] : wanted) {
    const auto found = followed.find(set);
    ASSERT_NE(found, followed.end()) << set;
    for (const auto& [key, target] : keys) {
      const auto same = found->second.find(key);
      ASSERT_NE(same, found->second.end()) << set << " lacks " << testing::PrintToString(key);
      EXPECT_EQ(same->second, target) << set << ": " << testing::PrintToString(key);
    }
    for (const auto& [key, target] : found->second) {
      EXPECT_TRUE(keys.contains(key)) << set << " still has " << testing::PrintToString(key);
    }
  }
  EXPECT_EQ(followed.size(), wanted.size());
}

std::vector<std::string> names_of_chains(const Table& table) {
  std::vector<std::string> names;
  for (const Chain& chain : table.chains) names.push_back(chain.name);
  return names;
}

class Changes : public testing::TestWithParam<bool> {};

TEST_P(Changes, F3_ADeltaLeadsToTheTableAndRemovesNothingThatStays) {
  std::mt19937_64 random(20240603);
  Options options;
  options.conntrack = GetParam();
  options.devices = {"lan0"};
  for (int round = 0; round < 250; ++round) {
    const Program program = random_program(random);
    SCOPED_TRACE("round " + std::to_string(round) + "\n" + program_text(program));
    Ruleset ruleset(make_image(program), options);
    Follower follower(ruleset.table());
    Names before;
    for (int change = 0; change < 4; ++change) {
      const Names after = change == 3 ? Names{} : by_address(random_bindings(random));
      std::set<Address> touched;
      for (const auto& [address, names] : before) touched.insert(address);
      for (const auto& [address, names] : after) touched.insert(address);
      for (const Address& address : touched) {
        const auto found = after.find(address);
        follower.follow(ruleset.bind(
            address, found == after.end() ? std::vector<ViewedName>{} : found->second));
        EXPECT_TRUE(
            ruleset.bind(address, found == after.end() ? std::vector<ViewedName>{} : found->second)
                .empty())
            << "nothing changed";
      }
      ASSERT_EQ(ruleset.bound(), after.size());
      const Table table = ruleset.table();
      expect_same(follower.contents(), contents_of(table));
      ASSERT_EQ(names_of_chains(follower.table()), names_of_chains(table));
      ASSERT_FALSE(HasFailure());
      before = after;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(NftRuleset, Changes, testing::Bool(), [](const auto& conntrack) {
  return std::string(conntrack.param ? "WithConntrack" : "WithoutConntrack");
});

Flow flow(const char* from, const char* to, std::uint16_t to_port,
          std::uint16_t from_port = 40000) {
  return {address(from), address(to), protocol_tcp, from_port, to_port};
}

TEST(NftRuleset, N14_FlowsThatMayFinishAreNamedByBothEndsAndByNothingElse) {
  Program program = program_of({allow({"tcp 443"}, {"a.example.com", "198.51.100.0/24"})});
  Options options;
  options.conntrack = true;
  Ruleset ruleset(make_image(program), options);
  const std::vector<ViewedName> names{HostName::parse("a.example.com").value()};
  const Flow one = flow("10.0.0.1", "192.0.2.7", 443);
  EXPECT_TRUE(ruleset.passes(one, names));
  EXPECT_FALSE(ruleset.passes(one, {}));
  EXPECT_FALSE(ruleset.passes(flow("10.0.0.1", "192.0.2.7", 80), names));
  EXPECT_TRUE(ruleset.passes(flow("10.0.0.1", "198.51.100.7", 443), {}));

  Follower follower(ruleset.table());
  const Flow same_end = flow("10.0.0.2", "192.0.2.7", 443);
  const Flow v6 = flow("2001:db8:20::1", "2001:db8::7", 443);
  for (const std::set<Flow>& flows :
       {std::set<Flow>{one}, {one, same_end, v6}, {same_end}, {}, {v6}, {}}) {
    follower.follow(ruleset.let_finish(flows));
    EXPECT_TRUE(ruleset.let_finish(flows).empty());
    expect_same(follower.contents(), contents_of(ruleset.table()));
  }
  (void)ruleset.let_finish({one});
  for (const Set& set : ruleset.table().sets) {
    if (set.name == "g1_outliving4_local") {
      ASSERT_EQ(set.elements.size(), 1U);
      EXPECT_EQ(set.elements[0].key, key_of(one.source, protocol_tcp, 40000));
    } else if (set.name == "g1_outliving4_remote") {
      ASSERT_EQ(set.elements.size(), 1U);
      EXPECT_EQ(set.elements[0].key, key_of(one.destination, protocol_tcp, 443));
    } else if (set.name.find("outliving") != std::string::npos) {
      EXPECT_TRUE(set.elements.empty()) << set.name;
    }
  }
}

TEST(NftRuleset, N14_ConntrackIsAskedAboutFlowsBehindEverythingThatAccepts) {
  Program program = program_of({allow({"tcp 443"}, {"a.example.com"})});
  for (const bool conntrack : {false, true}) {
    Options options;
    options.conntrack = conntrack;
    const Table table = Ruleset(make_image(program), options).table();
    std::vector<std::string> established;
    for (const Entry& entry : table.entries) {
      if (entry.rule.text.find("ct state established") != std::string::npos) {
        established.push_back(entry.chain + ": " + entry.rule.text);
        const bool last =
            std::none_of(&entry + 1, table.entries.data() + table.entries.size(),
                         [&](const Entry& next) { return next.chain == entry.chain; });
        EXPECT_TRUE(last) << entry.rule.text;
      }
    }
    if (!conntrack) {
      EXPECT_TRUE(established.empty());
      continue;
    }
    const std::string rule =
        "judge4: ip saddr . meta l4proto . th sport @g1_outliving4_local ip daddr . meta l4proto . "
        "th dport @g1_outliving4_remote ct state established ct direction original counter "
        "name \"outliving\" accept";
    ASSERT_EQ(established.size(), 2U);
    EXPECT_EQ(established[0], rule);
  }
}

/// At every moment of a change an address is in one of the sets that it was in before or is in
/// afterwards.
TEST(NftRuleset, F3_AnAddressThatChangesItsChainIsAlwaysInASet) {
  const Program program = program_of(
      {allow({"tcp 1000-2000"}, {"a.example.com"}), allow({"tcp 3000-4000"}, {"b.example.com"})});
  Ruleset ruleset(make_image(program), {});
  const Address bound = address("203.0.113.7");
  (void)ruleset.bind(bound, std::vector<ViewedName>{host("a.example.com")});
  for (const auto& names : {std::vector<ViewedName>{host("a.example.com"), host("b.example.com")},
                            std::vector<ViewedName>{host("b.example.com")},
                            std::vector<ViewedName>{host("a.example.com")}}) {
    const Delta delta = ruleset.bind(bound, names);
    std::size_t added = 0;
    std::size_t removed = 0;
    for (const SetChange& change : delta.added) added += change.elements.size();
    for (const SetChange& change : delta.removed) removed += change.elements.size();
    EXPECT_EQ(added, 1U);
    EXPECT_EQ(removed, 1U);
    ASSERT_FALSE(delta.added.empty() || delta.removed.empty());
    EXPECT_NE(delta.added[0].set, delta.removed[0].set);
  }
}

TEST(NftRuleset, C3_TheSameImageGivesTheSameTable) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    const Image image = make_image(random_program(random));
    const Names names = by_address(random_bindings(random));
    const auto make = [&] {
      Ruleset ruleset(image, {});
      for (const auto& [address, of_address] : names) (void)ruleset.bind(address, of_address);
      return ruleset.table();
    };
    EXPECT_EQ(make(), make());
  }
}

TEST(NftRuleset, CounterNamesDoNotDependOnTheGeneration) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 50; ++round) {
    const Program program = random_program(random);
    const Image image = make_image(program);
    Options first;
    Options second;
    second.generation = 17;
    const Table before = Ruleset(image, first).table();
    const Table after = Ruleset(image, second).table();
    EXPECT_EQ(before.counters, after.counters);
    EXPECT_NE(before.generation_prefix, after.generation_prefix);
    std::set<std::string> names;
    for (const ImageRule& rule : image.rules) names.insert(counter_name(rule));
    EXPECT_EQ(names.size(), image.rules.size()) << "two rules share a counter";

    // A rule keeps its counter when others come and go.
    if (program.rules.empty()) continue;
    Program shorter = program;
    shorter.rules.erase(shorter.rules.begin());
    const Image of_shorter = make_image(shorter);
    for (const ImageRule& rule : of_shorter.rules) {
      const auto same = std::ranges::find(image.rules, rule.identity, &ImageRule::identity);
      if (same != image.rules.end()) {
        EXPECT_EQ(counter_name(*same), counter_name(rule));
      }
    }
  }
}

TEST(LogPrefix, names_table_verdict_counter_and_place) {
  ImageRule rule;
  rule.action = sallyport::Action::deny;
  rule.origin.rule = {"gateway.sally", 14, 3};
  EXPECT_EQ(log_prefix("sallyport-main", rule),
            "sallyport-main log drop " + counter_name(rule) + " gateway.sally:14: ");
  rule.action = sallyport::Action::allow;
  rule.origin.rule.file = "my \"$files\"/x\n.sally";
  EXPECT_EQ(log_prefix("t", rule),
            "t log pass " + counter_name(rule) + " my___files_/x_.sally:14: ");
  rule.origin.rule.file = std::string(300, 'x') + "/end.sally";
  const std::string longest = log_prefix("sallyport-" + std::string(32, 'i'), rule);
  EXPECT_EQ(longest.size(), 127U);
  EXPECT_TRUE(longest.ends_with("xx/end.sally:14: "));
  EXPECT_NE(longest.find(" ...xx"), std::string::npos);
}

/// The sets that a table has because rules log, and how many rules tell.
std::pair<std::vector<std::string>, int> logging_parts(const Program& program) {
  Options options;
  options.devices = {"lan0"};
  const Table table = Ruleset(make_image(program), options).table();
  std::vector<std::string> sets;
  int rules = 0;
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) {
      rules += rule.text.find(" log drop ") != std::string::npos;
      rules += rule.text.find(" log pass ") != std::string::npos;
    }
  }
  for (const Set& set : table.sets) {
    if (set.name.find("logged") != std::string::npos) sets.push_back(set.name);
  }
  return {sets, rules};
}

TEST(LoggingRules, only_those_that_log_cost_something) {
  using Sets = std::vector<std::string>;
  Program program = program_of(
      {allow({"tcp 443"}, {"192.0.2.1", "a.example.com"}), deny({"tcp 443"}, {"192.0.2.66"})});
  EXPECT_EQ(logging_parts(program), std::pair(Sets{}, 0));
  program.rules[1].log = true;
  EXPECT_EQ(logging_parts(program), std::pair(Sets{}, 2))
      << "in the chain of what is denied, and in that of its later fragments";
  program.rules[0].log = true;
  const Sets sets{"g1_zone0_logged4_bound", "g1_zone0_logged4_moved", "g1_zone0_logged4",
                  "g1_zone0_logged6_bound", "g1_zone0_logged6_moved"};
  EXPECT_EQ(logging_parts(program), std::pair(sets, 3));
}

}  // namespace
}  // namespace sallyport::nft
