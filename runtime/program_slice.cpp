// SPDX-License-Identifier: GPL-2.0-or-later
// Moves over the remote addresses upwards, and holds the ranges that cover where it stands.
#include "runtime/program_slice.h"

#include <algorithm>
#include <set>

namespace sallyport {
namespace {

bool covers_name(const Rule& rule, const ViewedName& name) {
  if (rule.via != name.via) return false;
  return std::ranges::binary_search(rule.remote.names, name.name) ||
         std::ranges::any_of(rule.remote.patterns, [&](const NamePattern& pattern) {
           return pattern.matches(name.name);
         });
}

}  // namespace

ProgramSlice::ProgramSlice(const Program& program, const Bindings& bindings) : program_(program) {
  part_.policy = program.policy;
  part_.resolvers = program.resolvers;
  part_.nat64 = program.nat64;
  part_.zones = program.zones;
  part_.nevers = program.nevers;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    for (const AddressRange& range : program.rules[rule].remote.ranges) {
      mentions_.push_back({range, rule});
    }
  }
  std::ranges::sort(mentions_, {}, [](const Mention& mention) { return mention.range; });
  for (const auto& [name, addresses] : bindings) {
    for (const Address& address : addresses) names_[address].push_back(name);
    for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
      if (covers_name(program.rules[rule], name)) rules_of_name_[name].push_back(rule);
    }
  }
}

std::size_t ProgramSlice::depth() const {
  std::vector<Address> ends;
  for (const Mention& mention : mentions_) ends.push_back(mention.range.last);
  std::ranges::sort(ends);
  std::size_t deepest = 1;
  std::size_t ended = 0;
  for (std::size_t begun = 0; begun < mentions_.size(); ++begun) {
    while (ends[ended] < mentions_[begun].range.first) ++ended;
    deepest = std::max(deepest, begun + 1 - ended);
  }
  return deepest;
}

void ProgramSlice::move_to(const Address& remote) {
  std::erase_if(live_, [&](const Mention& mention) { return mention.range.last < remote; });
  for (; next_ < mentions_.size() && mentions_[next_].range.first <= remote; ++next_) {
    if (mentions_[next_].range.contains(remote)) live_.push_back(mentions_[next_]);
  }
  std::set<std::uint32_t> rules;
  for (const Mention& mention : live_) rules.insert(mention.rule);
  surroundings_.bindings.clear();
  const auto names = names_.find(remote);
  if (names != names_.end()) {
    for (const ViewedName& name : names->second) {
      surroundings_.bindings[name] = {remote};
      const auto covering = rules_of_name_.find(name);
      if (covering != rules_of_name_.end()) {
        rules.insert(covering->second.begin(), covering->second.end());
      }
    }
  }

  part_.rules.clear();
  original_.assign(rules.begin(), rules.end());
  for (const std::uint32_t index : original_) {
    const Rule& whole = program_.rules[index];
    Rule& rule = part_.rules.emplace_back();
    rule.action = whole.action;
    rule.direction = whole.direction;
    rule.zone = whole.zone;
    rule.every_service = whole.every_service;
    rule.services = whole.services;
    rule.private_ok = whole.private_ok;
    rule.via = whole.via;
    rule.validity = whole.validity;
    for (const auto& [name, address] : surroundings_.bindings) {
      if (covers_name(whole, name)) rule.remote.names.push_back(name.name);
    }
  }
  for (const Mention& mention : live_) part_of(mention.rule).remote.ranges.push_back(mention.range);
}

Rule& ProgramSlice::part_of(std::uint32_t rule) {
  const auto found = std::ranges::lower_bound(original_, rule);
  return part_.rules[static_cast<std::size_t>(found - original_.begin())];
}

Outcome ProgramSlice::judge(std::span<const std::uint8_t> frame, Direction direction) {
  surroundings_.direction = direction;
  Outcome outcome = evaluate_frame(part_, frame, surroundings_);
  if (outcome.rule) outcome.rule = original_[*outcome.rule];
  return outcome;
}

}  // namespace sallyport
