// SPDX-License-Identifier: GPL-2.0-or-later
// label_services(): rules with equal services form one shape; service keys in the same shapes get
// one label. The DNS guard makes three sets of a shape: what it matches, what the guard closes, and
// what the guard closes except at the declared resolvers.
#include "compiler/label/services.h"

#include <map>
#include <set>
#include <utility>

#include "compiler/label/interner.h"
#include "compiler/label/sweep.h"

namespace sallyport {
namespace {

using Key = std::uint32_t;
using KeyInterval = Interval<Key>;
using Labels = std::vector<std::uint32_t>;

constexpr Key last_service_key = SP_SERVICE_KEY(0xff, 0xffff);

enum ShapeSet : std::uint32_t { matched, guarded, guarded_off_resolvers, shape_sets };

/// The guarded ports of a protocol, sorted.
std::vector<std::uint16_t> guarded_ports(std::uint8_t protocol) {
  std::vector<std::uint16_t> ports;
  for (std::uint32_t port = 0; port <= last_port(protocol); ++port) {
    const auto number = static_cast<std::uint16_t>(port);
    if (is_guarded_port(protocol, number)) ports.push_back(number);
  }
  return ports;
}

/// All guarded ports, computed once: the rule for them is a predicate.
class GuardedPorts {
 public:
  const std::vector<std::uint16_t>& of(std::uint8_t protocol) {
    const auto [entry, is_new] = ports_.try_emplace(protocol);
    if (is_new) entry->second = guarded_ports(protocol);
    return entry->second;
  }

 private:
  std::map<std::uint8_t, std::vector<std::uint16_t>> ports_;
};

/// What rules with the same action and services have in common.
struct Shape {
  Action action = Action::allow;
  bool every_service = false;
  std::vector<Service> services;
  auto operator<=>(const Shape&) const = default;
};

Shape shape_of(const Rule& rule) {
  Shape shape{rule.action, rule.every_service, rule.services};
  std::sort(shape.services.begin(), shape.services.end());
  return shape;
}

/// Sorts and joins what overlaps, so that partition() may take it.
std::vector<KeyInterval> merged(std::vector<KeyInterval> intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<KeyInterval> result;
  for (const KeyInterval& next : intervals) {
    if (!result.empty() && next.first <= result.back().last) {
      result.back().last = std::max(result.back().last, next.last);
    } else {
      result.push_back(next);
    }
  }
  return result;
}

/// The intervals of one shape; its sets are numbered from `set` on.
class ShapeIntervals {
 public:
  ShapeIntervals(const Shape& shape, std::uint32_t set, GuardedPorts& guarded_ports) : set_(set) {
    if (shape.every_service) {
      matched_.push_back({0, last_service_key, set + matched});
      return;
    }
    for (const Service& service : shape.services) {
      if (shape.action == Action::deny) {
        match(service.protocol, service.first, service.last);
      } else {
        add_guarded(service, guarded_ports.of(service.protocol));
      }
    }
  }

  std::vector<KeyInterval> intervals() const {
    std::vector<KeyInterval> result = merged(matched_);
    for (const auto& [key, kind] : guarded_) {
      const bool named = std::any_of(result.begin(), result.end(), [&, k = key](const auto& range) {
        return range.set == set_ + matched && range.first <= k && k <= range.last;
      });
      if (!named) result.push_back({key, key, set_ + kind});
    }
    return result;
  }

 private:
  void match(std::uint8_t protocol, std::uint32_t first, std::uint32_t last) {
    matched_.push_back(
        {SP_SERVICE_KEY(protocol, first), SP_SERVICE_KEY(protocol, last), set_ + matched});
  }

  /// Only a service that is exactly a guarded port opens it; a wider one is cut there.
  void add_guarded(const Service& service, const std::vector<std::uint16_t>& guarded_ports) {
    constexpr std::uint16_t dns_port = 53;
    std::uint32_t first = service.first;
    for (const std::uint16_t port : guarded_ports) {
      const bool inside = service.first <= port && port <= service.last;
      if (!inside || service.first == service.last) continue;
      if (first < port) match(service.protocol, first, port - 1U);
      first = port + 1U;
      guarded_.emplace(SP_SERVICE_KEY(service.protocol, port),
                       port == dns_port ? guarded_off_resolvers : guarded);
    }
    if (first <= service.last) match(service.protocol, first, service.last);
  }

  std::uint32_t set_;
  std::vector<KeyInterval> matched_;
  std::map<Key, ShapeSet> guarded_;
};

/// The distinct labels of the keys from `first` to `last`, sorted.
Labels labels_between(const RangeTable<Key>& table, Key first, Key last) {
  const auto after = std::upper_bound(table.starts.begin(), table.starts.end(), first);
  std::set<std::uint32_t> labels;
  for (auto i = static_cast<std::size_t>(after - table.starts.begin()) - 1;
       i < table.starts.size() && table.starts[i] <= last; ++i) {
    labels.insert(table.labels[i]);
  }
  return {labels.begin(), labels.end()};
}

/// The shapes of a program and the service labels that each of their sets covers.
class ShapeTable {
 public:
  explicit ShapeTable(const Program& program) {
    for (const Rule& rule : program.rules) {
      const auto next = static_cast<std::uint32_t>(shapes_.size());
      of_rule_.push_back(shapes_.try_emplace(shape_of(rule), next).first->second);
    }
  }

  /// Cuts the keys of whole packets; the label's number is its position in `sets`.
  RangeTable<Key> cut(std::vector<Labels>& sets) const {
    GuardedPorts guarded_ports;
    std::vector<KeyInterval> intervals;
    for (const auto& [shape, index] : shapes_) {
      const auto more = ShapeIntervals(shape, index * shape_sets, guarded_ports).intervals();
      intervals.insert(intervals.end(), more.begin(), more.end());
    }
    Interner labels(sets);
    labels.index_of({});
    return partition<Key>(std::move(intervals), last_service_key,
                          [&](const Labels& active) { return labels.index_of(active); });
  }

  void assign(const std::vector<Labels>& sets, std::vector<ImageRule>& rules) const {
    std::vector<Labels> labels_of_set(shapes_.size() * shape_sets);
    for (std::uint32_t label = 0; label < sets.size(); ++label) {
      for (const std::uint32_t set : sets[label]) labels_of_set[set].push_back(label);
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const Labels* of_shape = &labels_of_set[std::size_t{of_rule_[i]} * shape_sets];
      rules[i].services = of_shape[matched];
      rules[i].resolver_services = of_shape[guarded_off_resolvers];
      std::set_union(of_shape[guarded].begin(), of_shape[guarded].end(),
                     of_shape[guarded_off_resolvers].begin(), of_shape[guarded_off_resolvers].end(),
                     std::back_inserter(rules[i].guarded_services));
    }
  }

  /// The protocols that rules name, and whether a rule covers all others too.
  std::set<std::uint8_t> protocols() const {
    std::set<std::uint8_t> named;
    for (const auto& [shape, index] : shapes_) {
      for (const Service& service : shape.services) named.insert(service.protocol);
    }
    return named;
  }
  bool every_service() const {
    return std::any_of(shapes_.begin(), shapes_.end(),
                       [](const auto& entry) { return entry.first.every_service; });
  }

 private:
  std::map<Shape, std::uint32_t> shapes_;
  std::vector<std::uint32_t> of_rule_;
};

void append(RangeTable<Key>& table, Key start, std::uint32_t label) {
  if (table.labels.back() == label) return;
  table.starts.push_back(start);
  table.labels.push_back(label);
}

/// Appends the fragment keys: a label for each protocol named, one for all others under `deny any`.
void label_fragments(const ShapeTable& shapes, const std::set<std::uint32_t>& guarded_labels,
                     Image& image) {
  const RangeTable<Key> whole = image.service;
  const auto add = [&](std::uint8_t protocol) {
    FragmentService fragment;
    fragment.label = image.service_labels++;
    fragment.ports = labels_between(whole, SP_SERVICE_KEY(protocol, 0),
                                    SP_SERVICE_KEY(protocol, last_port(protocol)));
    std::set_intersection(fragment.ports.begin(), fragment.ports.end(), guarded_labels.begin(),
                          guarded_labels.end(), std::back_inserter(fragment.guarded));
    image.fragments.push_back(std::move(fragment));
    return image.fragments.back().label;
  };

  const std::set<std::uint8_t> named = shapes.protocols();
  std::uint32_t others = 0;
  for (std::uint32_t number = 0; number <= 0xff; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    if (named.contains(protocol)) {
      append(image.service, SP_FRAGMENT_KEY(number), add(protocol));
      continue;
    }
    if (others == 0 && shapes.every_service()) others = add(protocol);
    append(image.service, SP_FRAGMENT_KEY(number), others);
  }
}

}  // namespace

void label_services(const Program& program, Image& image) {
  const ShapeTable shapes(program);
  std::vector<Labels> sets;
  image.service = shapes.cut(sets);
  image.service_labels = static_cast<std::uint32_t>(sets.size());
  shapes.assign(sets, image.rules);

  std::set<std::uint32_t> guarded_labels;
  for (const ImageRule& rule : image.rules) {
    guarded_labels.insert(rule.guarded_services.begin(), rule.guarded_services.end());
  }
  label_fragments(shapes, guarded_labels, image);
}

}  // namespace sallyport
