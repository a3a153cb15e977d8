// SPDX-License-Identifier: GPL-2.0-or-later
// Rules are grouped by zone and services; in each group the ranges become one profile of ranks, so
// that a question is a walk along the pieces under one range.
#include "compiler/lint/coverage.h"

#include <algorithm>
#include <functional>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

/// More groups, or more holders of one name, are not looked at: less is said, never something
/// wrong, and the work stays linear.
constexpr std::size_t most_looked_at = 64;

/// Stands for the services of a deny of `any`; holds all others.
constexpr Service everything{0, 0, 65535};

bool is_guarded(const Service& service) {
  return service.first == service.last && is_guarded_port(service.protocol, service.first);
}

/// Sorted, with neighbours joined. In an allow the guarded ports stay apart: they open only where
/// they are written by themselves.
std::vector<Service> merged_services(const Rule& rule) {
  if (rule.every_service) return {everything};
  const bool guarded = rule.action == Action::allow;
  std::vector<Service> services = rule.services;
  std::ranges::sort(services);
  std::vector<Service> merged;
  for (const Service& next : services) {
    const bool apart =
        guarded && (is_guarded(next) || (!merged.empty() && is_guarded(merged.back())));
    const bool joins = !merged.empty() && !apart && merged.back().protocol == next.protocol &&
                       next.first <= merged.back().last + 1u;
    if (joins) {
      merged.back().last = std::max(merged.back().last, next.last);
    } else {
      merged.push_back(next);
    }
  }
  return merged;
}

bool holds_service(const Service& outer, const Service& inner, bool denies) {
  if (outer == inner || outer == everything) return true;
  if (inner == everything || outer.protocol != inner.protocol) return false;
  if (!denies && is_guarded(inner)) return false;
  return outer.first <= inner.first && inner.last <= outer.last;
}

template <class Number>
Number number_of(const Address& address) {
  return static_cast<Number>(address.number);
}

/// What is behind the last label with a wildcard, and whether a name may lie at the apex itself.
struct Fixed {
  std::string_view suffix;
  bool with_apex;
};

Fixed fixed_suffix(std::string_view pattern) {
  if (pattern.starts_with('.')) return {pattern.substr(1), true};
  const std::size_t wild = pattern.find_last_of("*?");
  if (wild == std::string_view::npos) return {pattern, true};
  const std::size_t dot = pattern.find('.', wild);
  return {dot == std::string_view::npos ? std::string_view{} : pattern.substr(dot + 1), false};
}

/// Derived names of one text are the same name.
std::string text_of(const DerivedName& name) {
  return name.head + "{" + std::to_string(name.derivation) + "}" + name.tail + " " + name.unless;
}

}  // namespace

/// Visits what the rule opens (an allow), or closes (a deny), of one written range, until a visit
/// gives false.
template <class Visit>
bool Coverage::all_matched(const Rule& rule, const AddressRange& range, Visit visit) const {
  if (rule.action == Action::deny || !meets_special(range, program_.nat64)) return visit(range);
  return std::ranges::all_of(opened_by(range, program_.nat64), visit);
}

Coverage::Scope Coverage::scope_of(const Rule& rule) {
  return {rule.direction, rule.zone, rule.validity.from, rule.validity.until, rule.private_ok,
          rule.log,       rule.via};
}

/// Not the private addresses and the resolver: those are asked for where names are.
bool Coverage::holds(const Scope& outer, const Scope& inner) const {
  if (outer.direction != inner.direction || (inner.log && !outer.log)) return false;
  if (outer.from && (!inner.from || *inner.from < *outer.from)) return false;
  if (outer.until && (!inner.until || *inner.until > *outer.until)) return false;
  if (!outer.zone || outer.zone == inner.zone) return true;
  if (!inner.zone) return false;
  const Zone& wide = program_.zones[*outer.zone];
  const Zone& narrow = program_.zones[*inner.zone];
  if (!wide.vlans.empty() && wide.vlans != narrow.vlans) return false;
  return subtract(narrow.ranges, wide.ranges).empty();
}

std::uint32_t Coverage::group_of(const Rule& rule, std::uint32_t rank) {
  Services services = merged_services(rule);
  const auto number = static_cast<std::uint32_t>(groups_.size());
  const auto [entry, fresh] =
      group_index_.try_emplace({scope_of(rule), std::move(services)}, number);
  if (fresh) {
    groups_.push_back({scope_of(rule), rank, {}, {}});
    for (const Service& service : entry->first.second) {
      holders_of_service_[service].push_back(number);
    }
  }
  Group& group = groups_[entry->second];
  group.lowest_rank = std::min(group.lowest_rank, rank);
  return entry->second;
}

void Coverage::add(const Rule& rule, std::uint32_t rank) {
  denies_ = rule.action == Action::deny;
  const Holder holder{group_of(rule, rank), rank};
  Group& group = groups_[holder.group];
  const auto add_range = [&](const AddressRange& range) {
    if (range.family() == Family::v4) {
      group.v4.add(
          {number_of<std::uint32_t>(range.first), number_of<std::uint32_t>(range.last), rank});
    } else {
      group.v6.add({range.first.number, range.last.number, rank});
    }
    return true;
  };
  for (const AddressRange& written : rule.remote.ranges) all_matched(rule, written, add_range);
  for (const HostName& name : rule.remote.names) texts_[name.text()].push_back(holder);
  for (const DerivedName& name : rule.remote.derived) {
    texts_[derived_.emplace_back(text_of(name))].push_back(holder);
  }
  for (const NamePattern& pattern : rule.remote.patterns) texts_[pattern.text()].push_back(holder);
}

void Coverage::settle() {
  for (Group& group : groups_) {
    group.v4.settle();
    group.v6.settle();
  }
  for (const auto& [service, holders] : holders_of_service_) {
    if (service.first < service.last) wide_.push_back(service);
  }
  std::ranges::sort(wide_, std::greater{},
                    [](const Service& service) { return service.last - service.first; });
  if (wide_.size() > most_looked_at) wide_.resize(most_looked_at);
}

Coverage::Groups Coverage::find_groups_around(const Scope& scope, const Service& service) const {
  Groups found;
  const auto add_holders_of = [&](const Service& outer) {
    const auto holders = holders_of_service_.find(outer);
    if (holders == holders_of_service_.end()) return;
    for (const std::uint32_t group : holders->second) {
      if (holds(groups_[group].scope, scope)) found.push_back(group);
    }
  };
  add_holders_of(service);
  for (const Service& outer : wide_) {
    if (outer != service && holds_service(outer, service, denies_)) add_holders_of(outer);
  }
  std::ranges::sort(found);
  const auto rest = std::ranges::unique(found);
  found.erase(rest.begin(), rest.end());
  if (found.size() > most_looked_at) {
    std::ranges::nth_element(found, found.begin() + most_looked_at, {},
                             [this](std::uint32_t group) { return groups_[group].lowest_rank; });
    found.resize(most_looked_at);
    std::ranges::sort(found);
  }
  return found;
}

const Coverage::Groups& Coverage::groups_around(const Scope& scope, const Service& service) {
  const auto [entry, fresh] = around_.try_emplace({scope, service});
  if (fresh) entry->second = find_groups_around(scope, service);
  return entry->second;
}

// --- The remote side ------------------------------------------------------------------------

template <class Number>
bool Coverage::cover(Number first, Number last, const Groups& groups, Question& question) const {
  while (true) {
    const Ranked<Number>* best = nullptr;
    for (const std::uint32_t number : groups) {
      const Group& group = groups_[number];
      const Ranked<Number>* piece = nullptr;
      if constexpr (sizeof(Number) == 4) {
        piece = group.v4.find(first);
      } else {
        piece = group.v6.find(first);
      }
      const bool helps = piece != nullptr && piece->rank < question.rank;
      if (helps && (best == nullptr || piece->last > best->last)) best = piece;
    }
    if (best == nullptr) return false;
    if (question.found.empty() || question.found.back() != best->rank) {
      question.found.push_back(best->rank);
    }
    if (best->last >= last) return true;
    first = best->last + 1;
  }
}

bool Coverage::cover(const AddressRange& range, const Groups& groups, Question& question) const {
  if (range.family() == Family::v4) {
    return cover(number_of<std::uint32_t>(range.first), number_of<std::uint32_t>(range.last),
                 groups, question);
  }
  return cover(range.first.number, range.last.number, groups, question);
}

bool Coverage::cover_text(std::string_view text, const Groups& groups, Question& question) const {
  const auto found = texts_.find(text);
  if (found == texts_.end()) return false;
  std::size_t looked_at = 0;
  for (const Holder& holder : found->second) {
    if (++looked_at > most_looked_at) return false;
    const Scope& scope = groups_[holder.group].scope;
    const bool same_answers =
        (scope.private_ok || !question.scope.private_ok) && scope.via == question.scope.via;
    if (holder.rank < question.rank && same_answers &&
        std::ranges::binary_search(groups, holder.group)) {
      question.found.push_back(holder.rank);
      return true;
    }
  }
  return false;
}

bool Coverage::cover_pattern(const NamePattern& pattern, const Groups& groups,
                             Question& question) const {
  if (cover_text(pattern.text(), groups, question)) return true;
  auto [suffix, with_apex] = fixed_suffix(pattern.text());
  while (!suffix.empty()) {
    if (!with_apex && cover_text("*." + std::string(suffix), groups, question)) return true;
    if (cover_text("." + std::string(suffix), groups, question)) return true;
    const std::size_t dot = suffix.find('.');
    suffix = dot == std::string_view::npos ? std::string_view{} : suffix.substr(dot + 1);
    with_apex = false;
  }
  return false;
}

bool Coverage::cover_remote(const Rule& rule, const Groups& groups, Question& question) const {
  const RemoteSet& remote = rule.remote;
  const auto is_covered = [&](const AddressRange& range) { return cover(range, groups, question); };
  for (const AddressRange& written : remote.ranges) {
    if (!all_matched(rule, written, is_covered)) return false;
  }
  const bool has_names =
      !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
  if (!has_names) return true;
  if (denies_) {  // denied are the addresses, whatever name they have
    return cover(AddressRange::whole(Family::v4), groups, question) &&
           cover(AddressRange::whole(Family::v6), groups, question);
  }
  return std::ranges::all_of(
             remote.names,
             [&](const HostName& name) { return cover_text(name.text(), groups, question); }) &&
         std::ranges::all_of(remote.patterns,
                             [&](const NamePattern& pattern) {
                               return cover_pattern(pattern, groups, question);
                             }) &&
         std::ranges::all_of(remote.derived, [&](const DerivedName& name) {
           return cover_text(text_of(name), groups, question);
         });
}

std::vector<std::uint32_t> Coverage::covering(const Rule& rule, std::uint32_t rank) {
  Question question{rank, scope_of(rule), {}};
  for (const Service& service : merged_services(rule)) {
    const Groups& groups = groups_around(question.scope, service);
    if (groups.empty() || !cover_remote(rule, groups, question)) return {};
  }
  std::ranges::sort(question.found);
  const auto rest = std::ranges::unique(question.found);
  question.found.erase(rest.begin(), rest.end());
  return std::move(question.found);
}

}  // namespace sallyport
