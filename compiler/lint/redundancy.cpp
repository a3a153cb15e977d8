// SPDX-License-Identifier: GPL-2.0-or-later
// Who covers whom is a question of ranks: rules are ranked from broad to narrow, and each asks for
// those before it. What is covered by rules that are covered themselves is covered by the rest.
#include "compiler/lint/redundancy.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string_view>
#include <tuple>

#include "compiler/lint/coverage.h"

namespace sallyport {
namespace {

/// If one rule alone covers another, it is at least as large in every component.
using Breadth = std::tuple<double, std::uint64_t, double, double, int, std::size_t, bool, bool,
                           bool, std::chrono::days>;

double addresses_in(const std::vector<AddressRange>& ranges, Family family) {
  double count = 0;
  for (const AddressRange& range : ranges) {
    if (range.family() == family)
      count += static_cast<double>(range.last.number - range.first.number) + 1;
  }
  return count;
}

std::uint64_t ports_in(const Rule& rule) {
  if (rule.every_service) return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t count = 0;
  for (const Service& service : rule.services) count += service.last - service.first + 1u;
  return count;
}

/// Of the broadest pattern, the more the broader; 0 without patterns.
int reach_of_patterns(const RemoteSet& remote) {
  constexpr int more_than_labels = 128;
  int reach = 0;
  for (const NamePattern& pattern : remote.patterns) {
    const std::string_view behind_head = std::string_view(pattern.text()).substr(1);
    const auto dots = std::ranges::count(behind_head, '.');
    reach = std::max(reach, more_than_labels - static_cast<int>(dots));
  }
  return reach;
}

std::chrono::days days_in(const Validity& validity) {
  constexpr Day first = std::chrono::year{1} / 1 / 1;
  constexpr Day last = std::chrono::year{9999} / 12 / 31;
  return validity.until.value_or(last) - validity.from.value_or(first);
}

Breadth breadth_of(const Rule& rule, const std::vector<double>& zone_sizes) {
  const RemoteSet& remote = rule.remote;
  return {rule.zone ? zone_sizes[*rule.zone] : std::numeric_limits<double>::infinity(),
          ports_in(rule),
          addresses_in(remote.ranges, Family::v6),
          addresses_in(remote.ranges, Family::v4),
          reach_of_patterns(remote),
          remote.names.size() + remote.patterns.size() + remote.derived.size(),
          rule.private_ok,
          rule.log,
          rule.via.empty(),
          days_in(rule.validity)};
}

/// The rules of the action, broad ones first, equals in source order.
std::vector<std::uint32_t> by_breadth(const Program& program, Action action) {
  std::vector<double> zone_sizes;
  for (const Zone& zone : program.zones) {
    zone_sizes.push_back(addresses_in(zone.ranges, Family::v4) +
                         addresses_in(zone.ranges, Family::v6));
  }
  std::vector<std::pair<Breadth, std::uint32_t>> order;
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    const Rule& rule = program.rules[index];
    if (rule.action == action) order.emplace_back(breadth_of(rule, zone_sizes), index);
  }
  std::ranges::stable_sort(order, std::greater{}, [](const auto& entry) { return entry.first; });
  std::vector<std::uint32_t> rules;
  for (const auto& entry : order) rules.push_back(entry.second);
  return rules;
}

void add_redundant(const Program& program, Action action, std::vector<Covered>& list) {
  const std::vector<std::uint32_t> order = by_breadth(program, action);
  if (order.size() < 2) return;
  Coverage coverage(program);
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) {
    coverage.add(program.rules[order[rank]], rank);
  }
  coverage.settle();
  for (std::uint32_t rank = 1; rank < order.size(); ++rank) {
    const auto found = coverage.covering(program.rules[order[rank]], rank);
    if (found.empty()) continue;
    Covered covered{order[rank], {}};
    for (const std::uint32_t other : found) covered.by.push_back(order[other]);
    list.push_back(std::move(covered));
  }
}

}  // namespace

std::vector<Covered> redundant_rules(const Program& program) {
  std::vector<Covered> list;
  add_redundant(program, Action::allow, list);
  add_redundant(program, Action::deny, list);
  std::ranges::sort(list, {}, &Covered::rule);
  return list;
}

std::vector<Covered> denied_rules(const Program& program) {
  std::vector<std::uint32_t> denies;
  Coverage coverage(program);
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    if (program.rules[index].action != Action::deny) continue;
    coverage.add(program.rules[index], static_cast<std::uint32_t>(denies.size()));
    denies.push_back(index);
  }
  if (denies.empty()) return {};
  coverage.settle();
  std::vector<Covered> list;
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    if (program.rules[index].action == Action::deny) continue;
    const auto found =
        coverage.covering(program.rules[index], static_cast<std::uint32_t>(denies.size()));
    if (found.empty()) continue;
    Covered covered{index, {}};
    for (const std::uint32_t deny : found) covered.by.push_back(denies[deny]);
    list.push_back(std::move(covered));
  }
  return list;
}

}  // namespace sallyport
