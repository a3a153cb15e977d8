// SPDX-License-Identifier: GPL-2.0-or-later
// openings(): for each allow, its packets are cut into scenes within which the same rules of both
// programs match; in each scene the remote sides are subtracted as sets.
#include "compiler/analysis/openings.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "compiler/analysis/meanings.h"
#include "compiler/analysis/name_language.h"
#include "compiler/analysis/rivals.h"
#include "compiler/analysis/scenes.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

/// What a cell says of the remote.
struct Remote {
  AddressSet addresses;
  std::vector<HostName> names;
  std::vector<NamePattern> patterns;
  std::vector<DerivedName> derived;
  bool unrestricted = false;
  std::string example;
  std::vector<std::uint32_t> lifted;
  auto operator<=>(const Remote&) const = default;
};

/// A Remote with the packets it holds for.
struct Part {
  AddressSet local;
  VlanSet vlans;
  DaySet days;
  ServiceSet services;
  Remote remote;
};

/// Joins parts that differ in `member` only.
template <class Set, class... Others>
void join(std::vector<Part>& parts, Set Part::*member, Others... others) {
  std::map<std::tuple<std::remove_reference_t<decltype(std::declval<Part>().*others)>..., Remote>,
           std::size_t>
      places;
  std::vector<Part> joined;
  for (Part& part : parts) {
    const auto [entry, is_new] = places.try_emplace({part.*others..., part.remote}, joined.size());
    if (is_new) {
      joined.push_back(std::move(part));
    } else {
      Set& set = joined[entry->second].*member;
      set = union_of(set, part.*member);
    }
  }
  parts = std::move(joined);
}

/// The addresses at which names open, split by what the other program asks of an address.
struct NameSpace {
  AddressSet addresses;
  std::vector<NameSet> holders;             // the names that the other program opens there
  std::vector<const DerivedName*> derived;  // and its derived names
};

/// A scene, and what was found out about it for the first of the rules that meet in it.
struct Stage {
  Scene scene;
  /// Where names of one consent and view open newly.
  std::map<std::pair<bool, std::string_view>, std::vector<NameSpace>> spaces = {};
};

bool has_names(const RemoteSet& remote) {
  return !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
}

class Comparison {
 public:
  Comparison(const Program& program, const Program& before)
      : now_(program),
        before_(before),
        meanings_now_(now_),
        meanings_before_(before_),
        own_denies_(now_, Action::deny),
        denies_(before_, Action::deny),
        allows_(before_, Action::allow) {
    for (std::uint32_t rule = 0; rule < before.rules.size(); ++rule) {
      if (before.rules[rule].action == Action::deny && !meanings_now_.hold(before_, rule))
        lifted_.insert(before_.kind_of(rule));
    }
    for (const Direction direction : {Direction::outward, Direction::inward}) {
      same_ground_[direction == Direction::inward] = now_.resolvers() == before_.resolvers() &&
                                                     program.nat64 == before.nat64 &&
                                                     now_.far(direction) == before_.far(direction);
    }
  }

  /// The cells of one rule.
  void tell(std::uint32_t rule, const TellCell& told) {
    if (now_.rule(rule).action != Action::allow || unchanged(rule)) return;
    for (Part& part : parts_of(rule)) told(cell_of(rule, std::move(part)));
  }

 private:
  bool unchanged(std::uint32_t rule);
  static Cell cell_of(std::uint32_t rule, Part part);
  std::vector<Part> parts_of(std::uint32_t rule);
  std::vector<Stage>& stages_of(std::uint32_t rule);

  void compare(std::uint32_t rule, Stage& stage, std::vector<Remote>& remotes);
  void compare_names(const Rule& rule, const std::vector<NameSpace>& spaces,
                     std::vector<Remote>& remotes) const;
  const std::vector<NameSpace>& name_spaces(const Rule& rule, Stage& stage);
  std::vector<NameSpace> find_name_spaces(const Rule& rule, const Scene& scene);
  NameSpace name_space(const Rule& rule, const Present& present, bool is_private, bool resolver);

  AddressSet guarded(AddressSet possible, const Scene& scene) const;
  AddressSet newly(AddressSet possible, const Present& present);
  AddressSet closed_before(const AddressSet& addresses, const Present& present);
  Numbers closing_before(const AddressSet& addresses, const Present& present);

  Extents now_, before_;
  Meanings meanings_now_, meanings_before_;
  Rivals own_denies_;
  Rivals denies_, allows_;          // of the other program
  std::set<std::uint32_t> lifted_;  // kinds of denies of the other program that are gone
  std::map<std::uint32_t, bool> under_lifted_;  // by kind
  bool same_ground_[2] = {};  // by direction: what rules stand on beside themselves
  std::map<std::uint32_t, std::vector<Stage>> stages_;  // by kind
};

/// A rule that was there before opens nothing new, unless a deny over it is gone.
bool Comparison::unchanged(std::uint32_t rule) {
  if (!same_ground_[now_.rule(rule).direction == Direction::inward]) return false;
  if (!meanings_before_.hold(now_, rule)) return false;
  if (lifted_.empty()) return true;
  const auto [entry, is_new] = under_lifted_.try_emplace(now_.kind_of(rule));
  if (is_new) {
    entry->second = std::ranges::any_of(
        lifted_, [&](std::uint32_t kind) { return overlap(before_.of_kind(kind), now_.of(rule)); });
  }
  return !entry->second;
}

Cell Comparison::cell_of(std::uint32_t rule, Part part) {
  Remote& remote = part.remote;
  return {.rule = rule,
          .local = std::move(part.local),
          .vlans = std::move(part.vlans),
          .days = std::move(part.days),
          .services = std::move(part.services),
          .addresses = std::move(remote.addresses),
          .names = std::move(remote.names),
          .patterns = std::move(remote.patterns),
          .derived = std::move(remote.derived),
          .unrestricted = remote.unrestricted,
          .example = std::move(remote.example),
          .lifted = std::move(remote.lifted)};
}

std::vector<Stage>& Comparison::stages_of(std::uint32_t rule) {
  const auto [entry, is_new] = stages_.try_emplace(now_.kind_of(rule));
  if (is_new) {
    for (Scene& scene : scenes_of(now_.of(rule), own_denies_, denies_, allows_))
      entry->second.push_back({std::move(scene)});
  }
  return entry->second;
}

/// What an allow newly opens in its scenes, joined again where they say the same.
std::vector<Part> Comparison::parts_of(std::uint32_t rule) {
  std::vector<Part> parts;
  for (Stage& stage : stages_of(rule)) {
    std::vector<Remote> remotes;
    compare(rule, stage, remotes);
    const Scene& scene = stage.scene;
    for (Remote& remote : remotes)
      parts.push_back({scene.local, scene.vlans, scene.days, scene.services, std::move(remote)});
  }
  if (parts.size() < 2) return parts;
  join(parts, &Part::services, &Part::local, &Part::vlans, &Part::days);
  join(parts, &Part::local, &Part::services, &Part::vlans, &Part::days);
  join(parts, &Part::days, &Part::services, &Part::vlans, &Part::local);
  join(parts, &Part::vlans, &Part::services, &Part::local, &Part::days);
  return parts;
}

// --- The remote side ------------------------------------------------------------------------

AddressSet Comparison::guarded(AddressSet possible, const Scene& scene) const {
  return scene.at_resolvers ? both_of(possible, now_.resolvers()) : std::move(possible);
}

/// What of the addresses denies of the other program close.
AddressSet Comparison::closed_before(const AddressSet& addresses, const Present& present) {
  AddressSet closed;
  for (const std::uint32_t deny : present.denies)
    closed = union_of(closed, both_of(addresses, denies_.remote(deny)));
  return closed;
}

/// What of the addresses is open now, if the rule opens them, and was not.
AddressSet Comparison::newly(AddressSet possible, const Present& present) {
  for (const std::uint32_t deny : present.own_denies) {
    if (possible.empty()) return possible;
    possible = without(possible, own_denies_.remote(deny));
  }
  const AddressSet closed = closed_before(possible, present);
  for (const std::uint32_t allow : present.allows) {
    if (possible.empty()) break;
    possible = without(possible, allows_.remote(allow));
  }
  for (const std::uint32_t allow : present.resolver_allows) {
    if (possible.empty()) break;
    possible = without(possible, both_of(allows_.remote(allow), before_.resolvers()));
  }
  return union_of(possible, closed);
}

/// The denies of the other program over the addresses, if they alone make the difference: else they
/// are not worth telling.
Numbers Comparison::closing_before(const AddressSet& addresses, const Present& present) {
  AddressSet open = addresses;
  for (const std::uint32_t deny : present.denies) open = without(open, denies_.remote(deny));
  Numbers rules;
  if (!open.empty()) return rules;
  for (const std::uint32_t deny : present.denies) {
    const Numbers more = denies_.meeting(deny, addresses);
    rules.insert(rules.end(), more.begin(), more.end());
  }
  std::ranges::sort(rules);
  return rules;
}

void Comparison::compare(std::uint32_t index, Stage& stage, std::vector<Remote>& remotes) {
  const Rule& rule = now_.rule(index);
  const Present& present = stage.scene.present;
  if (has_names(rule.remote)) compare_names(rule, name_spaces(rule, stage), remotes);
  if (!rule.remote.ranges.empty()) {
    Remote remote;
    remote.addresses = newly(guarded(now_.remote(index), stage.scene), present);
    if (!remote.addresses.empty()) remotes.push_back(std::move(remote));
  }
  for (Remote& remote : remotes) remote.lifted = closing_before(remote.addresses, present);
}

// --- Names ----------------------------------------------------------------------------------

const std::vector<NameSpace>& Comparison::name_spaces(const Rule& rule, Stage& stage) {
  const auto [entry, is_new] = stage.spaces.try_emplace({rule.private_ok, rule.via});
  if (is_new) entry->second = find_name_spaces(rule, stage.scene);
  return entry->second;
}

/// The addresses at which names of the rule may open newly, by which rules of the other program
/// would let a name open there.
std::vector<NameSpace> Comparison::find_name_spaces(const Rule& rule, const Scene& scene) {
  const AddressSet target =
      newly(guarded(now_.bindable(rule.direction, rule.private_ok), scene), scene.present);
  std::vector<NameSpace> spaces;
  const auto add = [&](NameSpace space, AddressSet addresses) {
    space.addresses = std::move(addresses);
    if (!space.addresses.empty()) spaces.push_back(std::move(space));
  };
  AddressSet closed = closed_before(target, scene.present);
  const AddressSet left = without(target, closed);
  add({}, std::move(closed));
  const AddressSet& of_both = before_.bindable(rule.direction, true);
  const AddressSet& of_public = before_.bindable(rule.direction, false);
  // What nothing could bind before: addresses that have been special until now.
  add({}, without(left, of_both));
  for (const bool is_private : {false, true}) {
    const AddressSet kind =
        both_of(left, is_private ? both_of(of_both, private_ranges()) : of_public);
    for (const bool resolver : {false, true}) {
      AddressSet here =
          resolver ? both_of(kind, before_.resolvers()) : without(kind, before_.resolvers());
      if (here.empty()) continue;
      add(name_space(rule, scene.present, is_private, resolver), std::move(here));
    }
  }
  return spaces;
}

/// The names that the other program opens at such addresses.
NameSpace Comparison::name_space(const Rule& rule, const Present& present, bool is_private,
                                 bool resolver) {
  NameSpace space;
  const auto add = [&](const Numbers& allows) {
    for (const std::uint32_t allow : allows) {
      if ((is_private && !allows_.private_ok(allow)) || allows_.via(allow) != rule.via) continue;
      const Rivals::Names& names = allows_.names(allow);
      if (!names.exact.empty() || !names.patterns.empty())
        space.holders.push_back({names.exact, names.patterns});
      space.derived.insert(space.derived.end(), names.derived.begin(), names.derived.end());
    }
  };
  add(present.allows);
  if (resolver) add(present.resolver_allows);
  return space;
}

bool holds(const std::vector<NameSet>& sets, const HostName& name) {
  return std::ranges::any_of(sets, [&](const NameSet& set) {
    return std::ranges::binary_search(set.names, name) ||
           std::ranges::any_of(set.patterns,
                               [&](const NamePattern& pattern) { return pattern.matches(name); });
  });
}

void Comparison::compare_names(const Rule& rule, const std::vector<NameSpace>& spaces,
                               std::vector<Remote>& remotes) const {
  std::map<std::vector<bool>, Remote> found;  // by the spaces in which a name is new
  const auto remote_at = [&](const std::vector<bool>& where) -> Remote* {
    if (std::ranges::find(where, true) == where.end()) return nullptr;
    const auto [entry, is_new] = found.try_emplace(where);
    if (is_new) {
      for (std::size_t i = 0; i < spaces.size(); ++i) {
        if (where[i])
          entry->second.addresses = union_of(entry->second.addresses, spaces[i].addresses);
      }
      entry->second.unrestricted =
          entry->second.addresses == now_.bindable(rule.direction, rule.private_ok);
    }
    return &entry->second;
  };

  for (const HostName& name : rule.remote.names) {
    std::vector<bool> where;
    for (const NameSpace& space : spaces) where.push_back(!holds(space.holders, name));
    if (Remote* remote = remote_at(where)) remote->names.push_back(name);
  }
  for (const NamePattern& pattern : rule.remote.patterns) {
    std::vector<bool> where;
    std::string example;
    for (const NameSpace& space : spaces) {
      const auto outside = name_outside(pattern, space.holders);
      where.push_back(outside.has_value());
      if (outside && !space.holders.empty()) example = *outside;
    }
    Remote* remote = remote_at(where);
    if (remote == nullptr) continue;
    if (remote->patterns.empty()) remote->example = std::move(example);
    remote->patterns.push_back(pattern);
  }
  for (const DerivedName& name : rule.remote.derived) {
    const auto around = pattern_around(name);
    std::vector<bool> where;
    for (const NameSpace& space : spaces) {
      const bool derived = std::ranges::any_of(space.derived, [&](const DerivedName* other) {
        return same_derived(now_.program(), name, before_.program(), *other);
      });
      where.push_back(!derived && (!around || name_outside(*around, space.holders).has_value()));
    }
    if (Remote* remote = remote_at(where)) remote->derived.push_back(name);
  }
  for (auto& [where, remote] : found) remotes.push_back(std::move(remote));
}

}  // namespace

std::optional<NamePattern> pattern_around(const DerivedName& name) {
  const std::string head = name.head.empty() && name.tail.starts_with('.') ? "?" : name.head + "*";
  const auto pattern = NamePattern::parse(head + name.tail);
  if (!pattern) return std::nullopt;
  return *pattern;
}

void each_opening(const Program& program, const Program* before, const WantsRule& wanted,
                  const TellCell& told) {
  static const Program nothing;
  Comparison comparison(program, before != nullptr ? *before : nothing);
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    if (wanted(rule)) comparison.tell(rule, told);
  }
}

std::vector<Cell> openings(const Program& program, const Program* before) {
  std::vector<Cell> cells;
  each_opening(
      program, before, [](std::uint32_t) { return true; },
      [&](Cell cell) { cells.push_back(std::move(cell)); });
  return cells;
}

std::vector<Never> nevers_lifted(const Program& program, const Program& before) {
  const auto still = [&](const Never& never) {
    return std::ranges::any_of(program.nevers, [&](const Never& other) {
      if (never.name && other.name) return *never.name == *other.name;
      if (never.name && other.pattern) return other.pattern->matches(*never.name);
      return never.pattern && other.pattern && includes(*other.pattern, *never.pattern);
    });
  };
  std::vector<Never> lifted;
  for (const Never& never : before.nevers) {
    if (!still(never)) lifted.push_back(never);
  }
  return lifted;
}

}  // namespace sallyport
