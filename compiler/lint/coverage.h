// SPDX-License-Identifier: GPL-2.0-or-later
// Coverage: the union of many rules of one action, asked whether it holds another rule. Exact where
// it says yes; no rule is compared with each other one. Entry points: add(), settle(), covering().
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/lint/profile.h"
#include "compiler/program/program.h"

namespace sallyport {

class Coverage {
 public:
  /// `program` has the zones and special ranges of the rules, and must outlive this, as the rules
  /// must. A name is covered by the same name only: a pattern that matches it does not ask for it.
  explicit Coverage(const Program& program) : program_(program) {}

  /// Rules of one action. The rank decides who covers whom: a rule asks for those below its own.
  void add(const Rule& rule, std::uint32_t rank);
  /// Between the last add() and the first covering().
  void settle();

  /// Ranks below `rank` that together hold the rule, ascending; empty if there are none.
  std::vector<std::uint32_t> covering(const Rule& rule, std::uint32_t rank);

 private:
  using Services = std::vector<Service>;
  using Groups = std::vector<std::uint32_t>;

  /// Everything but remote and services that decides when a rule matches.
  struct Scope {
    Direction direction = Direction::outward;
    std::optional<std::uint32_t> zone;
    std::optional<Day> from;
    std::optional<Day> until;
    bool private_ok = false;
    bool log = false;
    std::string_view via;
    auto operator<=>(const Scope&) const = default;
  };
  struct Group {
    Scope scope;
    std::uint32_t lowest_rank = 0;
    Profile<std::uint32_t> v4;
    Profile<Uint128> v6;
  };
  struct Holder {
    std::uint32_t group;
    std::uint32_t rank;
  };
  struct Question {
    std::uint32_t rank;
    Scope scope;
    std::vector<std::uint32_t> found;
  };

  static Scope scope_of(const Rule& rule);
  bool holds(const Scope& outer, const Scope& inner) const;
  std::uint32_t group_of(const Rule& rule, std::uint32_t rank);
  const Groups& groups_around(const Scope& scope, const Service& service);
  Groups find_groups_around(const Scope& scope, const Service& service) const;

  bool cover(const AddressRange& range, const Groups& groups, Question& question) const;
  template <class Number>
  bool cover(Number first, Number last, const Groups& groups, Question& question) const;
  bool cover_text(std::string_view text, const Groups& groups, Question& question) const;
  bool cover_pattern(const NamePattern& pattern, const Groups& groups, Question& question) const;
  bool cover_remote(const Rule& rule, const Groups& groups, Question& question) const;

  template <class Visit>
  bool all_matched(const Rule& rule, const AddressRange& range, Visit visit) const;

  const Program& program_;
  bool denies_ = false;
  std::deque<Group> groups_;
  std::map<std::pair<Scope, Services>, std::uint32_t> group_index_;
  std::map<Service, Groups> holders_of_service_;  // services as they stand in the groups
  std::vector<Service> wide_;                     // those that can hold others
  std::map<std::pair<Scope, Service>, Groups> around_;
  std::unordered_map<std::string_view, std::vector<Holder>> texts_;  // names and patterns
  std::deque<std::string> derived_;                                  // the texts of such names
};

}  // namespace sallyport
