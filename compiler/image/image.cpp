// SPDX-License-Identifier: GPL-2.0-or-later
// is_never(), and image_fault(): the checks that let engines index an Image's tables without
// looking.
#include "compiler/image/image.h"

#include <initializer_list>
#include <numeric>
#include <tuple>

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;
using Fault = std::optional<std::string>;

constexpr std::uint32_t first_fragment_key = SP_FRAGMENT_KEY(0);

bool sorted_below(const Numbers& numbers, std::size_t limit) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] >= limit || (i > 0 && numbers[i - 1] >= numbers[i])) return false;
  }
  return true;
}

bool overlap(const Numbers& a, const Numbers& b) {
  return std::any_of(a.begin(), a.end(), [&](std::uint32_t number) {
    return std::binary_search(b.begin(), b.end(), number);
  });
}

bool includes(const Numbers& all, const Numbers& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

/// True if no two of the vectors are equal.
bool distinct(const std::vector<Numbers>& vectors) {
  std::vector<std::size_t> order(vectors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return vectors[a] < vectors[b]; });
  return std::adjacent_find(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
           return vectors[a] == vectors[b];
         }) == order.end();
}

template <class Number>
Fault table_fault(const char* name, const RangeTable<Number>& table, Number last_start,
                  std::size_t labels) {
  const auto fault = [&](const char* what) { return std::string("table ") + name + ": " + what; };
  if (table.starts.size() != table.labels.size()) return fault("starts and labels differ in size");
  if (table.starts.empty() || table.starts[0] != 0) return fault("does not begin at 0");
  if (table.starts.back() > last_start) return fault("a range begins outside the domain");
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    if (table.labels[i] >= labels) return fault("no such label");
    if (i == 0) continue;
    if (table.starts[i - 1] >= table.starts[i]) return fault("ranges are not sorted");
    if (table.labels[i - 1] == table.labels[i]) return fault("neighbours have one label");
  }
  return std::nullopt;
}

Fault tables_fault(const Image& image) {
  const auto last4 = static_cast<std::uint32_t>(last_number(Family::v4));
  const auto last6 = last_number(Family::v6);
  const std::size_t places = image.place_zones.size();
  const std::size_t remotes = image.labels.remote_groups.size();
  for (const Fault& fault :
       {table_fault("zone4", image.zone4, last4, places),
        table_fault("zone6", image.zone6, last6, places),
        table_fault<std::uint32_t>("vlan", image.vlan, SP_VLAN_IDS - 1, vlan_classes(image)),
        table_fault("remote4", image.remote4, last4, remotes),
        table_fault("remote6", image.remote6, last6, remotes),
        table_fault<std::uint32_t>("service", image.service, SP_SERVICE_KEY_LAST,
                                   image.service_labels)}) {
    if (fault) return fault;
  }
  return std::nullopt;
}

Fault lifetimes_fault(const Image& image) {
  // Nanoseconds of any of these fit into 63 bits.
  constexpr Seconds longest{3'000'000'000};
  const auto& [ttl_floor, grace, max_stale] = image.lifetimes;
  for (const Seconds lifetime : {ttl_floor, grace.value_or(Seconds{0}), max_stale}) {
    if (lifetime < Seconds{0} || lifetime > longest) return "a lifetime is out of range";
  }
  return std::nullopt;
}

Fault zones_fault(const Image& image) {
  const auto& sets = image.zone_sets;
  if (sets.empty() || !sets[0].empty()) return "zone label 0 is not the empty set";
  for (const Numbers& set : sets) {
    if (!sorted_below(set, image.zone_names.size())) return "zone set: no such zone, or unsorted";
  }
  if (!distinct(sets)) return "two zone labels have one set";
  return std::nullopt;
}

Fault places_fault(const Image& image) {
  const auto& places = image.place_zones;
  if (places.empty() || places[0].empty()) return "no place, or no VLAN class";
  const std::size_t classes = vlan_classes(image);
  // Engines leave the table out where there is nothing to look up.
  const bool plain = classes == 1;
  if (classes > SP_VLAN_IDS) return "more VLAN classes than VLAN ids";
  if (plain && places.size() != image.zone_sets.size()) return "a zone label of no place";
  for (std::uint32_t place = 0; place < places.size(); ++place) {
    if (places[place].size() != classes) return "place: wrong number of VLAN classes";
    for (const std::uint32_t label : places[place]) {
      if (label >= image.zone_sets.size()) return "place: no such zone label";
      if (plain && label != place) return "place: another zone label, and no VLAN class";
      if (place == 0 && label != 0) return "place 0 is in a zone";
    }
  }
  return std::nullopt;
}

Fault nat64_fault(const Image& image) {
  for (const AddressRange& prefix : image.nat64) {
    const bool v6 = prefix.first.family == Family::v6 && prefix.last.family == Family::v6;
    if (!v6 || prefix.last < prefix.first) return "nat64: no IPv6 range";
  }
  return canonical(image.nat64) == image.nat64 ? Fault() : "nat64 is not merged";
}

Fault view_fault(const Image& image, const std::string& via) {
  const bool known = via.empty() || std::ranges::find(image.resolvers, via, &Resolver::name) !=
                                        image.resolvers.end();
  return known ? Fault() : "a view of no resolver";
}

Fault names_fault(const Image& image) {
  const std::size_t groups = image.groups.size();
  if (groups == 0) return "no resolver group";
  // A name that joined the resolvers would lift the DNS guard for whatever it is bound to.
  if (!image.groups[resolver_group].patterns.empty()) return "resolver group has patterns";
  for (std::size_t i = 0; i < image.names.size(); ++i) {
    const ImageName& entry = image.names[i];
    if (i > 0 && !(image.names[i - 1].name < entry.name)) return "names are not sorted";
    if (!sorted_below(entry.groups, groups)) return "name: no such group, or unsorted";
    if (!entry.groups.empty() && entry.groups[0] == resolver_group) {
      return "name in the resolver group";
    }
    if (entry.never && !entry.groups.empty()) return "a forbidden name in a group";
    if (auto fault = view_fault(image, entry.name.via)) return fault;
    for (const std::uint32_t group : entry.groups) {
      if (image.groups[group].via != entry.name.via) return "name in a group of another view";
    }
  }
  for (const Group& group : image.groups) {
    if (auto fault = view_fault(image, group.via)) return fault;
  }
  for (const Never& never : image.nevers) {
    if (never.name.has_value() == never.pattern.has_value()) return "a never of not one name";
  }
  return std::nullopt;
}

Fault derivations_fault(const Image& image) {
  const auto key = [](const ImageDerivation& entry) {
    return std::tie(entry.derivation, entry.via);
  };
  const auto order = [](const ImageDerivation::Name& name) {
    return std::tie(name.head, name.tail, name.unless);
  };
  for (std::size_t i = 0; i < image.derivations.size(); ++i) {
    const ImageDerivation& entry = image.derivations[i];
    if (i > 0 && !(key(image.derivations[i - 1]) < key(entry))) return "derivations are not sorted";
    if (auto fault = view_fault(image, entry.via)) return fault;
    for (std::size_t j = 0; j < entry.names.size(); ++j) {
      const ImageDerivation::Name& name = entry.names[j];
      if (j > 0 && !(order(entry.names[j - 1]) < order(name)))
        return "derived names are not sorted";
      if (!sorted_below(name.groups, image.groups.size()) ||
          (!name.groups.empty() && name.groups[0] == resolver_group)) {
        return "derived name: no such group, or unsorted";
      }
      for (const std::uint32_t group : name.groups) {
        if (image.groups[group].via != entry.via) return "derived name in a group of another view";
      }
    }
  }
  return std::nullopt;
}

/// The labels of fragment keys, marked; they are apart from those of ports.
std::vector<bool> fragment_labels(const Image& image) {
  std::vector<bool> marks(image.service_labels, false);
  for (const FragmentService& fragment : image.fragments) {
    if (fragment.label < marks.size()) marks[fragment.label] = true;
  }
  return marks;
}

Fault fragments_fault(const Image& image, const std::vector<bool>& is_fragment) {
  std::vector<bool> seen(image.service_labels, false);
  for (const FragmentService& fragment : image.fragments) {
    if (fragment.label == 0 || fragment.label >= image.service_labels || seen[fragment.label]) {
      return "fragment: no such label, or twice";
    }
    seen[fragment.label] = true;
    if (fragment.ports.empty()) return "fragment without ports";
    if (!sorted_below(fragment.ports, image.service_labels)) {
      return "fragment: no such port label, or unsorted";
    }
    for (const std::uint32_t port : fragment.ports) {
      if (is_fragment[port]) return "fragment made of fragments";
    }
    if (!sorted_below(fragment.guarded, image.service_labels) ||
        !includes(fragment.ports, fragment.guarded)) {
      return "fragment: guarded labels are not among its ports";
    }
  }
  const auto& [starts, labels] = image.service;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const bool reaches_fragments = i + 1 == starts.size() || starts[i + 1] > first_fragment_key;
    const bool begins_before = starts[i] < first_fragment_key;
    if (is_fragment[labels[i]] ? begins_before : reaches_fragments && labels[i] != 0) {
      return "table service: ports and fragments share a label";
    }
  }
  return std::nullopt;
}

Fault rules_fault(const Image& image, const std::vector<bool>& is_fragment) {
  if (image.rules.size() >= SP_CELL_DENY) return "too many rules";
  for (const ImageRule& rule : image.rules) {
    if (rule.zone && *rule.zone >= image.zone_names.size()) return "rule: no such zone";
    if (rule.group == resolver_group || rule.group >= image.groups.size()) {
      return "rule: no such group";
    }
    for (const Numbers* services : std::initializer_list<const Numbers*>{
             &rule.services, &rule.guarded_services, &rule.resolver_services}) {
      if (!sorted_below(*services, image.service_labels)) {
        return "rule: no such service, or unsorted";
      }
      for (const std::uint32_t service : *services) {
        if (service == 0 || is_fragment[service]) return "rule: a service label it cannot match";
      }
    }
    if (overlap(rule.services, rule.guarded_services)) return "rule: a guarded service it matches";
    if (!includes(rule.guarded_services, rule.resolver_services)) {
      return "rule: a resolver service that is not guarded";
    }
    if (rule.action == Action::deny && !rule.guarded_services.empty()) return "a guarded deny";
  }
  return std::nullopt;
}

Fault cells_fault(const Image& image) {
  for (const Numbers& cells : image.labels.verdicts) {
    if (cells.size() != image.service_labels) return "verdict row: wrong number of services";
    for (const std::uint32_t cell : cells) {
      if (cell == 0) continue;
      const std::uint32_t id = SP_CELL_RULE(cell);
      if (id == 0 || id > image.rules.size()) return "verdict: no such rule";
      const bool denies = (cell & SP_CELL_DENY) != 0;
      if (denies != (image.rules[id - 1].action == Action::deny)) {
        return "verdict: not its rule's action";
      }
    }
  }
  if (!distinct(image.labels.verdicts)) return "two equal verdict rows";
  return std::nullopt;
}

Fault labels_fault(const Image& image) {
  const auto& [remote_groups, rows, verdicts] = image.labels;
  if (remote_groups.empty() || !remote_groups[0].empty()) {
    return "remote label 0 is not the empty set";
  }
  if (rows.size() != remote_groups.size()) return "rows: wrong number of remote labels";
  for (const Numbers& groups : remote_groups) {
    if (!sorted_below(groups, image.groups.size())) {
      return "remote label: no such group, or unsorted";
    }
  }
  if (!distinct(remote_groups)) return "two remote labels have one set";
  const std::size_t width = row_width(image);
  for (const Numbers& row : rows) {
    if (row.size() != width) return "rows: wrong number of zone labels";
    for (const std::uint32_t index : row) {
      if (index >= verdicts.size()) return "rows: no such verdict row";
    }
  }
  // Unused labels of an arena have row 0, so it must open nothing.
  const auto is_zero = [](std::uint32_t number) { return number == 0; };
  if (!std::all_of(rows[0].begin(), rows[0].end(), is_zero) ||
      !std::all_of(verdicts[0].begin(), verdicts[0].end(), is_zero)) {
    return "remote label 0 has a verdict";
  }
  return std::nullopt;
}

}  // namespace

bool is_never(const Image& image, const HostName& name) {
  return std::ranges::any_of(image.nevers, [&](const Never& never) {
    return never.name ? *never.name == name : never.pattern->matches(name);
  });
}

std::size_t vlan_classes(const Image& image) {
  return image.place_zones.front().size();
}

std::uint32_t zone_label(const Image& image, const Address& local, std::uint16_t vlan) {
  const std::uint32_t place = local.family == Family::v4
                                  ? image.zone4.find(static_cast<std::uint32_t>(local.number))
                                  : image.zone6.find(local.number);
  return image.place_zones[place][image.vlan.find(vlan)];
}

bool has_inward_rules(const Image& image) {
  return std::any_of(image.rules.begin(), image.rules.end(),
                     [](const ImageRule& rule) { return rule.direction == Direction::inward; });
}

bool binds_names(const Image& image) {
  return !image.names.empty() || !image.derivations.empty() ||
         std::any_of(image.groups.begin(), image.groups.end(),
                     [](const Group& group) { return !group.patterns.empty(); });
}

std::uint32_t log_rules(const Image& image) {
  return static_cast<std::uint32_t>(std::ranges::count_if(image.rules, &ImageRule::log));
}

std::size_t row_width(const Image& image) {
  return image.zone_sets.size() * (has_inward_rules(image) ? 2 : 1);
}

std::optional<std::string> image_fault(const Image& image) {
  // The sizes come first: what follows makes vectors of service_labels.
  if (image.labels.verdicts.empty() || image.labels.verdicts[0].size() != image.service_labels) {
    return "verdict row: wrong number of services";
  }
  if (image.service_labels == 0) return "no service label";
  for (const auto check : {lifetimes_fault, nat64_fault, zones_fault, places_fault, names_fault,
                           derivations_fault, labels_fault, tables_fault, cells_fault}) {
    if (Fault fault = check(image)) return fault;
  }
  const std::vector<bool> is_fragment = fragment_labels(image);
  if (Fault fault = fragments_fault(image, is_fragment)) return fault;
  return rules_fault(image, is_fragment);
}

}  // namespace sallyport
