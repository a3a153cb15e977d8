// SPDX-License-Identifier: GPL-2.0-or-later
// Classes: what the addresses of one label need beyond the hash sets, as a chain of rules. Labels
// with the same rules for the same items share it. Entry point: Classes::chain_for().
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/nft/draft.h"
#include "compiler/nft/items.h"
#include "compiler/nft/rule_builder.h"

namespace sallyport::nft {

/// In which part of the judging a class is asked.
enum class Stage : std::uint8_t {
  deny,    // first: what a deny rule closes; the rest goes on to the allow rules
  wide,    // what hash sets do not hold: wide port ranges, ICMP, other protocols, rare prefixes
  later,   // fragments without ports
  quoted,  // the packet that an ICMP error is about
  logged,  // before the allow rules: what those that log let pass; decides nothing
};
inline constexpr std::size_t stages = 5;

/// `deny`: what the names of its chains and sets begin with.
const char* stage_name(Stage stage);

/// A rule of the policy, as the chains need it.
struct Decider {
  std::string counter;
  std::string log_prefix;  // empty if the rule does not log
  bool denies = false;
};

/// An index into the stage's items, and the rule that decides about it, by id. Sorted by item.
using Class = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

class Classes {
 public:
  /// The rules, by index. Both must outlive it.
  Classes(Draft& draft, const std::vector<Decider>& deciders)
      : draft_(draft), deciders_(deciders) {}

  /// The chain of a class that is not empty; made if there is none yet.
  /// `fall_to` is where a packet goes that matches nothing: of a deny class the allow rules of the
  /// zone, else nowhere, and the chain returns. `port` says on which side of a packet the ports of
  /// the rules are: the source of an answer.
  std::uint32_t chain_for(Stage stage, Side port, Family family, const std::vector<Item>& items,
                          const Class& members, const std::string& fall_to);

 private:
  void add_rules(std::uint32_t chain, Stage stage, Side port, Family family,
                 const std::vector<Item>& items, const Class& members);
  void add_echo_rule(std::uint32_t chain, Stage stage, const Item& item, const Decider& decider);
  void add_quoted_rule(std::uint32_t chain, Family family, const Item& item,
                       const Decider& decider);
  /// Of a packet that matches, and that the rule decides.
  void decide(std::uint32_t chain, Stage stage, const RuleBuilder& match, const Decider& decider);

  Draft& draft_;
  const std::vector<Decider>& deciders_;
  std::map<std::tuple<Stage, Side, Family, Class, std::string>, std::uint32_t> chains_;
};

}  // namespace sallyport::nft
