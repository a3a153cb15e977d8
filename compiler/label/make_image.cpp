// SPDX-License-Identifier: GPL-2.0-or-later
// make_image(): a Program's rules as groups of addresses, then each dimension cut into labels, then
// a row of verdicts for every label that a packet can have.
#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "compiler/label/labeler.h"
#include "compiler/label/services.h"
#include "compiler/label/sweep.h"
#include "compiler/program/identities.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

/// The canonical ranges of several sets of addresses, by set, as intervals of each family.
class Intervals {
 public:
  void add(const std::vector<AddressRange>& canonical_ranges, std::uint32_t set) {
    for (const AddressRange& range : canonical_ranges) {
      if (range.family() == Family::v4) {
        v4_.push_back({static_cast<std::uint32_t>(range.first.number),
                       static_cast<std::uint32_t>(range.last.number), set});
      } else {
        v6_.push_back({range.first.number, range.last.number, set});
      }
    }
  }

  template <class LabelOf>
  void partition_into(RangeTable<std::uint32_t>& table4, RangeTable<Uint128>& table6,
                      LabelOf label_of) const {
    table4 =
        partition(v4_, static_cast<std::uint32_t>(last_number(Family::v4)), std::ref(label_of));
    table6 = partition(v6_, last_number(Family::v6), std::ref(label_of));
  }

 private:
  std::vector<Interval<std::uint32_t>> v4_;
  std::vector<Interval<Uint128>> v6_;
};

/// Cuts the VLAN ids where some zone has them and another has not. What it gives is, for each
/// class, the zones that have VLANs and not these.
std::vector<Numbers> label_vlans(const Program& program, RangeTable<std::uint32_t>& table) {
  std::vector<Interval<std::uint32_t>> intervals;
  const auto close = [&](std::uint32_t first, std::uint32_t last, std::uint32_t zone) {
    if (first <= last) intervals.push_back({first, last, zone});
  };
  for (std::uint32_t zone = 0; zone < program.zones.size(); ++zone) {
    const std::vector<VlanRange>& vlans = program.zones[zone].vlans;
    if (vlans.empty()) continue;
    std::uint32_t next = 0;
    for (const VlanRange& range : vlans) {
      if (range.first > 0) close(next, range.first - 1U, zone);
      next = range.last + 1U;
    }
    close(next, SP_VLAN_IDS - 1, zone);
  }
  std::vector<Numbers> classes;
  Interner closed(classes);
  table = partition<std::uint32_t>(std::move(intervals), SP_VLAN_IDS - 1,
                                   [&](const Numbers& zones) { return closed.index_of(zones); });
  return classes;
}

void label_zones(const Program& program, Image& image) {
  Intervals intervals;
  for (std::uint32_t zone = 0; zone < program.zones.size(); ++zone) {
    image.zone_names.push_back(program.zones[zone].name);
    intervals.add(canonical(program.zones[zone].ranges), zone);
  }
  std::vector<Numbers> places;  // the zones whose ranges hold the addresses of each
  Interner place_sets(places);
  place_sets.index_of({});
  intervals.partition_into(image.zone4, image.zone6,
                           [&](const Numbers& active) { return place_sets.index_of(active); });

  const std::vector<Numbers> classes = label_vlans(program, image.vlan);
  image.place_zones.clear();
  Interner sets(image.zone_sets);
  for (const Numbers& place : places) {
    Numbers& labels = image.place_zones.emplace_back();
    for (const Numbers& closed : classes) {
      Numbers zones;
      std::ranges::set_difference(place, closed, std::back_inserter(zones));
      labels.push_back(sets.index_of(zones));
    }
  }
}

/// What the rules of one group share.
struct GroupKey {
  const Rule* rule;
  bool operator==(const GroupKey& other) const {
    const Rule& a = *rule;
    const Rule& b = *other.rule;
    return a.action == b.action && a.private_ok == b.private_ok && a.via == b.via &&
           a.remote == b.remote;
  }
};

struct GroupHash {
  std::size_t operator()(const GroupKey& key) const {
    std::size_t hash = 0;
    const auto mix = [&](std::size_t value) { hash = hash * 0x9e3779b97f4a7c15U + value; };
    const RemoteSet& remote = key.rule->remote;
    for (const AddressRange& range : remote.ranges)
      mix(static_cast<std::size_t>(range.first.number ^ range.last.number << 1));
    for (const HostName& name : remote.names) mix(std::hash<std::string>{}(name.text()));
    for (const NamePattern& pattern : remote.patterns)
      mix(std::hash<std::string>{}(pattern.text()));
    return hash ^ hash >> 31;
  }
};

std::vector<AddressRange> resolver_addresses(const Program& program) {
  std::vector<AddressRange> ranges;
  for (const Resolver& resolver : program.resolvers) {
    for (const Endpoint& server : resolver.servers) {
      ranges.push_back(AddressRange::single(server.address));
    }
  }
  return canonical(std::move(ranges));
}

/// The addresses that a group holds whatever the names are bound to.
std::vector<AddressRange> static_ranges(const Rule& rule, Nat64 nat64) {
  const auto is_special = [&](const AddressRange& range) { return meets_special(range, nat64); };
  if (rule.action == Action::deny || std::ranges::none_of(rule.remote.ranges, is_special))
    return canonical(rule.remote.ranges);
  std::vector<AddressRange> ranges;
  for (const AddressRange& written : rule.remote.ranges) {
    const std::vector<AddressRange> opened = opened_by(written, nat64);
    ranges.insert(ranges.end(), opened.begin(), opened.end());
  }
  return canonical(std::move(ranges));
}

/// Groups in order of first use, one rule that has each (none for the resolvers), and the rules.
/// `whole` has the rules as they are written, also those that `program` leaves out.
std::vector<const Rule*> add_groups_and_rules(const Program& whole, const Program& program,
                                              Image& image) {
  std::vector<std::string> texts;
  texts.reserve(whole.rules.size());
  for (const Rule& rule : whole.rules) texts.push_back(rule_text(rule, whole.derivations));
  std::vector<std::string> identities = rule_identities(whole, texts);
  image.rules.reserve(whole.rules.size());
  std::unordered_map<GroupKey, std::uint32_t, GroupHash> index;
  std::vector<const Rule*> examples{nullptr};
  image.groups.emplace_back();
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    const auto next = static_cast<std::uint32_t>(image.groups.size());
    const auto [entry, is_new] = index.try_emplace(GroupKey{&rule}, next);
    if (is_new) {
      image.groups.push_back({rule.private_ok, rule.remote.patterns, rule.via});
      examples.push_back(&rule);
    }
    assert(!rule.zone || *rule.zone < program.zones.size());
    ImageRule& made = image.rules.emplace_back();
    made.action = rule.action;
    made.direction = rule.direction;
    made.zone = rule.zone;
    made.group = entry->second;
    made.identity = std::move(identities[i]);
    made.text = std::move(texts[i]);
    made.origin = rule.origin;
    made.validity = whole.rules[i].validity;
    made.log = rule.log;
  }
  return examples;
}

void sort_unique(Numbers& numbers) {
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
}

/// The names for which some rule in force does not say `absent ok`.
std::vector<ViewedName> names_wanted(const Program& program,
                                     const std::vector<ViewedName>& all_names) {
  if (std::ranges::none_of(program.rules, &Rule::absent_ok)) return all_names;
  Program strict;
  for (const Rule& rule : program.rules) {
    if (rule.absent_ok) continue;
    Rule& kept = strict.rules.emplace_back();
    kept.remote.names = rule.remote.names;
    kept.remote.patterns = rule.remote.patterns;
    kept.via = rule.via;
  }
  return bound_names(strict);
}

/// The groups of the rules that list a name.
void add_written_groups(const std::vector<const Rule*>& examples, std::vector<ImageName>& names) {
  std::unordered_multimap<std::string_view, ImageName*> by_text;
  by_text.reserve(names.size());
  for (ImageName& name : names) by_text.emplace(name.name.name.text(), &name);
  for (std::uint32_t group = 1; group < examples.size(); ++group) {
    for (const HostName& name : examples[group]->remote.names) {
      const auto [first, last] = by_text.equal_range(name.text());
      for (auto entry = first; entry != last; ++entry) {
        if (entry->second->name.via == examples[group]->via) entry->second->groups.push_back(group);
      }
    }
  }
}

void add_names(const Program& program, const std::vector<const Rule*>& examples, Image& image) {
  const PatternIndex patterns(image.groups);
  const std::vector<ViewedName> bound = bound_names(program);
  const std::vector<ViewedName> wanted = names_wanted(program, bound);
  image.names.reserve(bound.size());
  for (const ViewedName& name : bound) {
    const bool absent_ok = !std::ranges::binary_search(wanted, name);
    image.names.push_back({name, patterns.groups_of(name), absent_ok});
  }
  for (const Never& never : program.nevers) {
    if (never.name && !std::ranges::binary_search(bound, ViewedName(*never.name)))
      image.names.push_back({ViewedName(*never.name), {}});
  }
  std::ranges::sort(image.names, {}, &ImageName::name);
  const auto repeated = std::ranges::unique(image.names, {}, &ImageName::name);
  image.names.erase(repeated.begin(), repeated.end());
  add_written_groups(examples, image.names);
  for (ImageName& made : image.names) {
    made.never = is_never(program, made.name.name);
    if (made.never) made.groups.clear();
    sort_unique(made.groups);
  }
}

/// Everything derived in one way and view together, names that differ in their rules only as one.
void add_derivations(const Program& program, const std::vector<const Rule*>& examples,
                     Image& image) {
  using Key = std::pair<std::uint32_t, std::string>;
  using NameKey = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::map<NameKey, ImageDerivation::Name>> found;
  const auto entry = [&](const DerivedName& name, const std::string& via) -> auto& {
    const NameKey key{name.head, name.tail, name.unless};
    const ImageDerivation::Name fresh{name.head, name.tail, name.unless, {}, true};
    return found[{name.derivation, via}].try_emplace(key, fresh).first->second;
  };
  for (std::uint32_t group = 1; group < examples.size(); ++group) {
    const Rule& rule = *examples[group];
    for (const DerivedName& name : rule.remote.derived) {
      entry(name, rule.via).groups.push_back(group);
    }
  }
  for (const Rule& rule : program.rules) {
    if (rule.absent_ok) continue;
    for (const DerivedName& name : rule.remote.derived) entry(name, rule.via).absent_ok = false;
  }
  for (auto& [key, names] : found) {
    ImageDerivation made{program.derivations[key.first], key.second, {}};
    for (auto& [order, name] : names) made.names.push_back(std::move(name));
    image.derivations.push_back(std::move(made));
  }
}

void label_remotes(const Program& program, const std::vector<const Rule*>& examples, Image& image) {
  Intervals intervals;
  intervals.add(resolver_addresses(program), resolver_group);
  for (std::uint32_t group = 1; group < examples.size(); ++group) {
    intervals.add(static_ranges(*examples[group], program.nat64), group);
  }
  Labeler labeler(image, image.labels);
  labeler.label_of({});
  intervals.partition_into(image.remote4, image.remote6,
                           [&](const Numbers& active) { return labeler.label_of(active); });
  // Most names bind addresses that no range covers: their labels are ready before the first answer.
  for (const ImageName& name : image.names) labeler.label_of(name.groups);
  for (const ImageDerivation& derivation : image.derivations) {
    for (const ImageDerivation::Name& name : derivation.names) labeler.label_of(name.groups);
  }
}

}  // namespace

Image make_image(const Program& whole, Day day) {
  // Hardly any policy has windows, and large ones should not be copied for nothing.
  const bool windows = std::ranges::any_of(
      whole.rules, [](const Rule& rule) { return rule.validity != Validity{}; });
  const Program on_day = windows ? program_on(whole, day) : Program{};
  const Program& program = windows ? on_day : whole;
  Image image;
  image.policy = program.policy;
  image.lifetimes = program.lifetimes;
  image.nat64 = program.nat64;
  image.resolvers = program.resolvers;
  label_zones(program, image);
  const std::vector<const Rule*> examples = add_groups_and_rules(whole, program, image);
  add_names(program, examples, image);
  add_derivations(program, examples, image);
  image.nevers = program.nevers;
  label_services(program, image);
  label_remotes(program, examples, image);
  return image;
}

}  // namespace sallyport
