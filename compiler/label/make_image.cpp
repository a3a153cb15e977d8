// SPDX-License-Identifier: GPL-2.0-or-later
// make_image(): a Program's rules as groups of addresses, then each dimension cut into labels, then
// a row of verdicts for every label that a packet can have.
#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "compiler/label/labeler.h"
#include "compiler/label/services.h"
#include "compiler/label/sweep.h"
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

void label_zones(const Program& program, Image& image) {
  Intervals intervals;
  for (std::uint32_t zone = 0; zone < program.zones.size(); ++zone) {
    image.zone_names.push_back(program.zones[zone].name);
    intervals.add(canonical(program.zones[zone].ranges), zone);
  }
  Interner sets(image.zone_sets);
  sets.index_of({});
  intervals.partition_into(image.zone4, image.zone6,
                           [&](const Numbers& active) { return sets.index_of(active); });
}

/// What the rules of one group share.
struct GroupKey {
  const Rule* rule;
  bool operator<(const GroupKey& other) const {
    const auto tied = [](const Rule& r) {
      return std::tie(r.action, r.private_ok, r.via, r.remote.names, r.remote.patterns,
                      r.remote.derived, r.remote.ranges);
    };
    return tied(*rule) < tied(*other.rule);
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
std::vector<AddressRange> static_ranges(const Rule& rule) {
  if (rule.action == Action::deny) return canonical(rule.remote.ranges);
  std::vector<AddressRange> ranges;
  for (const AddressRange& written : rule.remote.ranges) {
    const std::vector<AddressRange> opened = opened_by(written);
    ranges.insert(ranges.end(), opened.begin(), opened.end());
  }
  return canonical(std::move(ranges));
}

/// Groups in order of first use, one rule that has each (none for the resolvers), and the rules.
/// `whole` has the rules as they are written, also those that `program` leaves out.
std::vector<const Rule*> add_groups_and_rules(const Program& whole, const Program& program,
                                              Image& image) {
  const std::vector<std::string> identities = rule_identities(whole);
  std::map<GroupKey, std::uint32_t> index;
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
    made.identity = identities[i];
    made.text = rule_text(whole.rules[i]);
    made.origin = rule.origin;
    made.validity = whole.rules[i].validity;
  }
  return examples;
}

void sort_unique(Numbers& numbers) {
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
}

/// The names for which some rule in force does not say `absent ok`.
std::set<ViewedName> names_wanted(const Program& program) {
  Program strict;
  for (const Rule& rule : program.rules) {
    if (!rule.absent_ok) strict.rules.push_back(rule);
  }
  const auto names = bound_names(strict);
  return {names.begin(), names.end()};
}

void add_names(const Program& program, const std::vector<const Rule*>& examples, Image& image) {
  std::map<ViewedName, ImageName> listed;
  const auto entry = [&](const ViewedName& name) -> ImageName& {
    return listed.try_emplace(name, ImageName{name, {}}).first->second;
  };
  const PatternIndex patterns(image.groups);
  const std::set<ViewedName> wanted = names_wanted(program);
  for (const ViewedName& name : bound_names(program)) {
    entry(name).groups = patterns.groups_of(name);
    entry(name).absent_ok = !wanted.contains(name);
  }
  for (std::uint32_t group = 1; group < examples.size(); ++group) {
    for (const HostName& name : examples[group]->remote.names) {
      entry({name, examples[group]->via}).groups.push_back(group);
    }
  }
  for (const Never& never : program.nevers) {
    if (never.name) entry(*never.name);
  }
  for (auto& [name, made] : listed) {
    made.never = is_never(program, name.name);
    if (made.never) made.groups.clear();
    sort_unique(made.groups);
    image.names.push_back(std::move(made));
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
    intervals.add(static_ranges(*examples[group]), group);
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
  const Program program = program_on(whole, day);
  Image image;
  image.policy = program.policy;
  image.lifetimes = program.lifetimes;
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
