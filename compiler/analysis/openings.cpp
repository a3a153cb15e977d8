// SPDX-License-Identifier: GPL-2.0-or-later
// openings(): for each allow, its packets are cut into pieces within which the same rules of both
// programs match; in each piece the remote sides are subtracted as sets.
#include "compiler/analysis/openings.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "compiler/analysis/extent.h"
#include "compiler/analysis/name_language.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

using Rules = std::vector<std::uint32_t>;

// --- Rules that mean the same ---------------------------------------------------------------

const Derivation& derivation_of(const Program& program, const DerivedName& name) {
  return program.derivations[name.derivation];
}

bool same_derived(const Program& a, const DerivedName& x, const Program& b, const DerivedName& y) {
  return derivation_of(a, x) == derivation_of(b, y) && x.head == y.head && x.tail == y.tail &&
         x.unless == y.unless;
}

bool same_remote(const Program& a, const RemoteSet& x, const Program& b, const RemoteSet& y) {
  return x.ranges == y.ranges && x.names == y.names && x.patterns == y.patterns &&
         std::ranges::equal(x.derived, y.derived,
                            [&](const DerivedName& left, const DerivedName& right) {
                              return same_derived(a, left, b, right);
                            });
}

bool same_extent(const Extent& a, const Extent& b) {
  return a.direction == b.direction && a.local == b.local && a.vlans == b.vlans &&
         a.days == b.days && a.services == b.services && a.at_resolvers == b.at_resolvers;
}

bool same_meaning(const Extents& a, std::uint32_t x, const Extents& b, std::uint32_t y) {
  const Rule& left = a.rule(x);
  const Rule& right = b.rule(y);
  return left.action == right.action && left.private_ok == right.private_ok &&
         left.via == right.via && same_extent(a.of(x), b.of(y)) &&
         same_remote(a.program(), left.remote, b.program(), right.remote);
}

/// Equal for rules of the same meaning, and seldom else.
std::size_t meaning_hash(const Rule& rule) {
  std::size_t hash = rule.action == Action::allow ? 1 : 2;
  const auto mix = [&](std::size_t value) { hash = hash * 1'000'003 + value; };
  mix(rule.remote.ranges.size());
  for (const AddressRange& range : rule.remote.ranges)
    mix(static_cast<std::size_t>(range.first.number ^ range.last.number));
  for (const HostName& name : rule.remote.names) mix(std::hash<std::string>{}(name.text()));
  for (const NamePattern& pattern : rule.remote.patterns)
    mix(std::hash<std::string>{}(pattern.text()));
  return hash;
}

class Meanings {
 public:
  explicit Meanings(const Extents& extents) : extents_(extents) {
    for (std::uint32_t rule = 0; rule < extents.program().rules.size(); ++rule)
      by_hash_.emplace(meaning_hash(extents.rule(rule)), rule);
  }
  bool hold(const Extents& others, std::uint32_t rule) const {
    const auto [first, last] = by_hash_.equal_range(meaning_hash(others.rule(rule)));
    return std::any_of(first, last, [&](const auto& entry) {
      return same_meaning(extents_, entry.second, others, rule);
    });
  }

 private:
  const Extents& extents_;
  std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

// --- Cutting into pieces --------------------------------------------------------------------

/// A part of a set, and which of the keys hold it.
template <class Set>
struct Piece {
  Set set;
  std::vector<bool> inside;
};

/// Distinct sets that a base is cut by.
template <class Set>
class Keys {
 public:
  std::size_t add(const Set& set) {
    const auto [entry, is_new] = indices_.try_emplace(set, sets_.size());
    if (is_new) sets_.push_back(set);
    return entry->second;
  }
  /// The pieces of `base` within which no key begins or ends.
  std::vector<Piece<Set>> cut(const Set& base) const {
    std::vector<Piece<Set>> pieces;
    if (!base.empty()) pieces.push_back({base, {}});
    for (const Set& key : sets_) {
      std::vector<Piece<Set>> next;
      for (Piece<Set>& piece : pieces) {
        for (const bool inside : {true, false}) {
          Set part = inside ? both_of(piece.set, key) : without(piece.set, key);
          if (part.empty()) continue;
          next.push_back({std::move(part), piece.inside});
          next.back().inside.push_back(inside);
        }
      }
      pieces = std::move(next);
    }
    return pieces;
  }

 private:
  std::map<Set, std::size_t> indices_;
  std::vector<Set> sets_;
};

/// A rule that shares packets with the one looked at, and where its sets stand among the keys.
struct Rival {
  std::uint32_t rule = 0;
  std::size_t local = 0, vlans = 0, days = 0, services = 0, at_resolvers = 0;
};

/// Rivals that match throughout a piece.
struct Present {
  Rules own_denies;
  Rules denies;           // of the other program
  Rules allows;           // of the other program
  Rules resolver_allows;  // of the other program, which open towards its resolvers only
  auto operator<=>(const Present&) const = default;
};

// --- One rule -------------------------------------------------------------------------------

/// What a cell says of the remote.
struct Remote {
  AddressSet addresses;
  std::vector<HostName> names;
  std::vector<NamePattern> patterns;
  std::vector<DerivedName> derived;
  bool unrestricted = false;
  std::string example;
  Rules lifted;
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
  std::vector<NameSet> holders;       // the names that the other program opens there
  std::vector<const Rule*> derivers;  // and its rules with derived names
};

Rules rules_with(const Program& program, Action action) {
  Rules rules;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    if (program.rules[rule].action == action) rules.push_back(rule);
  }
  return rules;
}

class Comparison {
 public:
  Comparison(const Program& program, const Program& before)
      : now_(program), before_(before), meanings_now_(now_), meanings_before_(before_) {
    for (std::uint32_t rule = 0; rule < before.rules.size(); ++rule) {
      if (before.rules[rule].action == Action::deny && !meanings_now_.hold(before_, rule))
        lifted_.push_back(rule);
    }
    for (const Direction direction : {Direction::outward, Direction::inward}) {
      same_ground_[direction == Direction::inward] = now_.resolvers() == before_.resolvers() &&
                                                     program.nat64 == before.nat64 &&
                                                     now_.far(direction) == before_.far(direction);
    }
    denies_now_ = rules_with(program, Action::deny);
    denies_before_ = rules_with(before, Action::deny);
    allows_before_ = rules_with(before, Action::allow);
  }

  std::vector<Cell> cells() {
    std::vector<Cell> cells;
    for (std::uint32_t rule = 0; rule < now_.program().rules.size(); ++rule) {
      if (now_.rule(rule).action != Action::allow || unchanged(rule)) continue;
      for (Part& part : parts_of(rule)) cells.push_back(cell_of(rule, std::move(part)));
    }
    return cells;
  }

 private:
  /// A rule that was there before opens nothing new, unless a deny over it is gone.
  bool unchanged(std::uint32_t rule) const {
    if (!same_ground_[now_.rule(rule).direction == Direction::inward]) return false;
    if (!meanings_before_.hold(now_, rule)) return false;
    return std::ranges::none_of(
        lifted_, [&](std::uint32_t deny) { return overlap(before_.of(deny), now_.of(rule)); });
  }

  static Cell cell_of(std::uint32_t rule, Part part) {
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

  std::vector<Part> parts_of(std::uint32_t rule);
  void compare(std::uint32_t rule, bool at_resolvers, const Present& present,
               std::vector<Remote>& remotes);
  void compare_names(const Rule& rule, const AddressSet& target, const Present& present,
                     std::vector<Remote>& remotes);
  std::vector<NameSpace> name_spaces(const Rule& rule, const AddressSet& target,
                                     const Present& present);

  const AddressSet& remote_now(std::uint32_t rule);
  const AddressSet& remote_before(std::uint32_t rule);
  AddressSet closed(const Extents& extents, const Rules& denies);
  const AddressSet& open_before(const Present& present);

  Extents now_, before_;
  Meanings meanings_now_, meanings_before_;
  Rules lifted_;
  Rules denies_now_, denies_before_, allows_before_;
  bool same_ground_[2] = {};  // by direction: what rules stand on beside themselves
  std::map<std::uint32_t, AddressSet> remotes_now_, remotes_before_;
  std::map<Present, AddressSet> open_before_;  // by what matters of it
};

const AddressSet& Comparison::remote_now(std::uint32_t rule) {
  const auto [entry, is_new] = remotes_now_.try_emplace(rule);
  if (is_new) entry->second = now_.remote(rule);
  return entry->second;
}

const AddressSet& Comparison::remote_before(std::uint32_t rule) {
  const auto [entry, is_new] = remotes_before_.try_emplace(rule);
  if (is_new) entry->second = before_.remote(rule);
  return entry->second;
}

AddressSet Comparison::closed(const Extents& extents, const Rules& denies) {
  AddressSet all;
  for (const std::uint32_t deny : denies) {
    const auto& ranges = extents.rule(deny).remote.ranges;
    all.insert(all.end(), ranges.begin(), ranges.end());
  }
  return canonical(std::move(all));
}

/// What the other program opens by addresses in a piece.
const AddressSet& Comparison::open_before(const Present& present) {
  Present key = present;
  key.own_denies.clear();
  const auto [entry, is_new] = open_before_.try_emplace(std::move(key));
  if (!is_new) return entry->second;
  AddressSet all, resolvers_only;
  for (const std::uint32_t allow : present.allows) {
    const AddressSet& one = remote_before(allow);
    all.insert(all.end(), one.begin(), one.end());
  }
  for (const std::uint32_t allow : present.resolver_allows) {
    const AddressSet& one = remote_before(allow);
    resolvers_only.insert(resolvers_only.end(), one.begin(), one.end());
  }
  const AddressSet guarded = both_of(canonical(std::move(resolvers_only)), before_.resolvers());
  entry->second =
      without(union_of(canonical(std::move(all)), guarded), closed(before_, present.denies));
  return entry->second;
}

/// The pieces of an allow, joined again where they say the same.
std::vector<Part> Comparison::parts_of(std::uint32_t index) {
  const Extent& extent = now_.of(index);
  Keys<AddressSet> locals;
  Keys<VlanSet> vlans;
  Keys<DaySet> days;
  Keys<ServiceSet> services;
  const auto rivals_in = [&](const Extents& extents, const Rules& rules) {
    std::vector<Rival> rivals;
    for (const std::uint32_t rule : rules) {
      const Extent& other = extents.of(rule);
      if (!overlap(other, extent)) continue;
      rivals.push_back({rule, locals.add(other.local), vlans.add(other.vlans), days.add(other.days),
                        services.add(other.services), services.add(other.at_resolvers)});
    }
    return rivals;
  };
  const auto own_denies = rivals_in(now_, denies_now_);
  const auto denies = rivals_in(before_, denies_before_);
  const auto allows = rivals_in(before_, allows_before_);

  const auto local_pieces = locals.cut(extent.local);
  const auto vlan_pieces = vlans.cut(extent.vlans);
  const auto day_pieces = days.cut(extent.days);
  std::vector<Part> parts;
  for (const bool at_resolvers : {false, true}) {
    const auto service_pieces = services.cut(at_resolvers ? extent.at_resolvers : extent.services);
    for (const auto& vlan : vlan_pieces) {
      for (const auto& day : day_pieces) {
        for (const auto& local : local_pieces) {
          const auto here = [&](const Rival& rival) {
            return local.inside[rival.local] && vlan.inside[rival.vlans] && day.inside[rival.days];
          };
          for (const auto& service : service_pieces) {
            Present present;
            for (const Rival& rival : own_denies) {
              if (here(rival) && service.inside[rival.services])
                present.own_denies.push_back(rival.rule);
            }
            for (const Rival& rival : denies) {
              if (here(rival) && service.inside[rival.services])
                present.denies.push_back(rival.rule);
            }
            for (const Rival& rival : allows) {
              if (!here(rival)) continue;
              if (service.inside[rival.services]) present.allows.push_back(rival.rule);
              if (service.inside[rival.at_resolvers]) present.resolver_allows.push_back(rival.rule);
            }
            std::vector<Remote> remotes;
            compare(index, at_resolvers, present, remotes);
            for (Remote& remote : remotes) {
              parts.push_back({local.set, vlan.set, day.set, service.set, std::move(remote)});
            }
          }
        }
      }
    }
  }
  join(parts, &Part::services, &Part::local, &Part::vlans, &Part::days);
  join(parts, &Part::local, &Part::services, &Part::vlans, &Part::days);
  join(parts, &Part::days, &Part::services, &Part::vlans, &Part::local);
  join(parts, &Part::vlans, &Part::services, &Part::local, &Part::days);
  return parts;
}

void Comparison::compare(std::uint32_t index, bool at_resolvers, const Present& present,
                         std::vector<Remote>& remotes) {
  const Rule& rule = now_.rule(index);
  const AddressSet closed_now = closed(now_, present.own_denies);
  const auto newly = [&](const AddressSet& possible) {
    return without(without(possible, closed_now), open_before(present));
  };
  const auto guarded = [&](const AddressSet& possible) {
    return at_resolvers ? both_of(possible, now_.resolvers()) : possible;
  };
  const bool names =
      !rule.remote.names.empty() || !rule.remote.patterns.empty() || !rule.remote.derived.empty();
  if (names) {
    const AddressSet target = newly(guarded(now_.bindable(rule.direction, rule.private_ok)));
    if (!target.empty()) compare_names(rule, target, present, remotes);
  }
  if (!rule.remote.ranges.empty()) {
    Remote remote;
    remote.addresses = newly(guarded(remote_now(index)));
    if (!remote.addresses.empty()) remotes.push_back(std::move(remote));
  }
  const AddressSet closed_before = closed(before_, present.denies);
  for (Remote& remote : remotes) {
    // Denies are worth telling where they alone make the difference.
    if (!without(remote.addresses, closed_before).empty()) continue;
    for (const std::uint32_t deny : present.denies) {
      if (overlap(canonical(before_.rule(deny).remote.ranges), remote.addresses))
        remote.lifted.push_back(deny);
    }
  }
}

/// `target` by which rules of the other program would let a name open there.
std::vector<NameSpace> Comparison::name_spaces(const Rule& rule, const AddressSet& target,
                                               const Present& present) {
  std::vector<NameSpace> spaces;
  const AddressSet closed_before = closed(before_, present.denies);
  if (auto both = both_of(target, closed_before); !both.empty())
    spaces.push_back({std::move(both), {}, {}});
  const AddressSet left = without(target, closed_before);
  const AddressSet of_privates = both_of(before_.bindable(rule.direction, true), private_ranges());
  const AddressSet& of_public = before_.bindable(rule.direction, false);
  // What nothing could bind before: addresses that have been special until now.
  if (auto special = without(left, before_.bindable(rule.direction, true)); !special.empty())
    spaces.push_back({std::move(special), {}, {}});
  for (const bool is_private : {false, true}) {
    const AddressSet kind = both_of(left, is_private ? of_privates : of_public);
    for (const bool resolver : {false, true}) {
      NameSpace space;
      space.addresses =
          resolver ? both_of(kind, before_.resolvers()) : without(kind, before_.resolvers());
      if (space.addresses.empty()) continue;
      const auto add = [&](const Rules& allows) {
        for (const std::uint32_t allow : allows) {
          const Rule& other = before_.rule(allow);
          if ((is_private && !other.private_ok) || other.via != rule.via) continue;
          if (!other.remote.names.empty() || !other.remote.patterns.empty())
            space.holders.push_back({other.remote.names, other.remote.patterns});
          if (!other.remote.derived.empty()) space.derivers.push_back(&other);
        }
      };
      add(present.allows);
      if (resolver) add(present.resolver_allows);
      spaces.push_back(std::move(space));
    }
  }
  return spaces;
}

bool holds(const std::vector<NameSet>& sets, const HostName& name) {
  return std::ranges::any_of(sets, [&](const NameSet& set) {
    return std::ranges::binary_search(set.names, name) ||
           std::ranges::any_of(set.patterns,
                               [&](const NamePattern& pattern) { return pattern.matches(name); });
  });
}

void Comparison::compare_names(const Rule& rule, const AddressSet& target, const Present& present,
                               std::vector<Remote>& remotes) {
  const auto spaces = name_spaces(rule, target, present);
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
      const bool derived = std::ranges::any_of(space.derivers, [&](const Rule* other) {
        return std::ranges::any_of(other->remote.derived, [&](const DerivedName& candidate) {
          return same_derived(now_.program(), name, before_.program(), candidate);
        });
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

std::vector<Cell> openings(const Program& program, const Program* before) {
  static const Program nothing;
  return Comparison(program, before != nullptr ? *before : nothing).cells();
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
