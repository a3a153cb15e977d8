// SPDX-License-Identifier: GPL-2.0-or-later
// Labeler: sets of groups to labels, and a label's rows from the rules of its groups. Only the
// rules of the label's own groups are looked at, never the whole list.
#include "compiler/label/labeler.h"

#include <algorithm>
#include <utility>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

bool has(const std::vector<std::uint32_t>& sorted, std::uint32_t value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

std::uint32_t rule_id(std::uint32_t index) {
  return index + 1;
}

/// Gives the cells of `services` that no earlier rule has.
void fill(std::vector<std::uint32_t>& cells, const std::vector<std::uint32_t>& services,
          std::uint32_t cell) {
  for (const std::uint32_t service : services) {
    if (cells[service] == 0) cells[service] = cell;
  }
}

}  // namespace

Labeler::Labeler(const Image& image, LabelTables& tables)
    : image_(image),
      tables_(tables),
      row_width_(row_width(image)),
      labels_(tables.remote_groups),
      rows_(tables.verdicts),
      patterns_(image.groups),
      rules_of_group_(image.groups.size()) {
  for (std::uint32_t index = 0; index < image.rules.size(); ++index) {
    rules_of_group_[image.rules[index].group].push_back(index);
  }
}

std::uint32_t Labeler::label_of(const std::vector<std::uint32_t>& groups) {
  const std::uint32_t label = labels_.index_of(groups);
  if (label < tables_.rows.size()) return label;

  std::vector<std::uint32_t> rows;
  const auto zones = static_cast<std::uint32_t>(image_.zone_sets.size());
  for (std::uint32_t entry = 0; entry < row_width_; ++entry) {
    const Side side{entry < zones ? Direction::outward : Direction::inward, entry % zones};
    rows.push_back(rows_.index_of(row_cells(groups, side)));
  }
  tables_.rows.push_back(std::move(rows));
  return label;
}

std::uint32_t Labeler::label_for(const Address& address, std::span<const ViewedName> names) {
  std::vector<std::uint32_t> groups = tables_.remote_groups[static_label(image_, address)];
  if (special_range_of(address, image_.nat64)) return label_of(groups);

  const auto forbidden = [this](const ViewedName& name) { return is_never(image_, name.name); };
  if (std::ranges::any_of(names, forbidden)) return label_of(groups);

  const bool needs_consent = is_private(address);
  for (const ViewedName& name : names) {
    std::vector<std::uint32_t> joined = groups_of(name);
    if (needs_consent) {
      std::erase_if(joined, [&](std::uint32_t group) { return !image_.groups[group].private_ok; });
    }
    groups.insert(groups.end(), joined.begin(), joined.end());
  }
  // Once, behind the loop: an address of a large CDN may have thousands of names.
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  return label_of(groups);
}

std::vector<std::uint32_t> Labeler::groups_of(const ViewedName& name) const {
  for (const auto* list : {&known_, &image_.names}) {
    const auto listed = std::ranges::lower_bound(*list, name, {}, &ImageName::name);
    if (listed != list->end() && listed->name == name) return listed->groups;
  }
  return patterns_.groups_of(name);
}

/// Sorted by index: the order in which they decide.
std::vector<std::uint32_t> Labeler::matching_rules(const std::vector<std::uint32_t>& groups,
                                                   const Side& side) const {
  const std::vector<std::uint32_t>& zones = image_.zone_sets[side.zone_label];
  std::vector<std::uint32_t> matching;
  for (const std::uint32_t group : groups) {
    for (const std::uint32_t index : rules_of_group_[group]) {
      if (image_.rules[index].direction != side.direction) continue;
      const auto& zone = image_.rules[index].zone;
      if (!zone || has(zones, *zone)) matching.push_back(index);
    }
  }
  std::sort(matching.begin(), matching.end());
  return matching;
}

std::vector<std::uint32_t> Labeler::row_cells(const std::vector<std::uint32_t>& groups,
                                              const Side& side) const {
  const bool is_resolver = !groups.empty() && groups.front() == resolver_group;
  const std::vector<std::uint32_t> matching = matching_rules(groups, side);
  std::vector<std::uint32_t> cells(image_.service_labels, 0);
  if (matching.empty()) return cells;

  std::vector<bool> guarded(image_.service_labels, false);
  for (const std::uint32_t index : matching) {
    const ImageRule& rule = image_.rules[index];
    if (rule.action == Action::deny) fill(cells, rule.services, rule_id(index) | SP_CELL_DENY);
  }
  for (const std::uint32_t index : matching) {
    const ImageRule& rule = image_.rules[index];
    if (rule.action == Action::deny) continue;
    fill(cells, rule.services, rule_id(index));
    if (is_resolver) fill(cells, rule.resolver_services, rule_id(index));
    for (const std::uint32_t service : rule.guarded_services) guarded[service] = true;
  }
  for (const FragmentService& fragment : image_.fragments) {
    cells[fragment.label] = fragment_cell(fragment, cells, guarded);
  }
  return cells;
}

/// `guarded` marks the services that lie in the ranges of a matching allow rule and that the DNS
/// guard closes: they do not keep a fragment out.
std::uint32_t Labeler::fragment_cell(const FragmentService& fragment,
                                     const std::vector<std::uint32_t>& cells,
                                     const std::vector<bool>& guarded) const {
  std::uint32_t first_deny = 0;
  std::uint32_t first_allow = 0;
  bool every_port_passes = true;
  for (const std::uint32_t port : fragment.ports) {
    const std::uint32_t cell = cells[port];
    if (cell == 0) {
      every_port_passes = every_port_passes && guarded[port];
      continue;
    }
    std::uint32_t& first = (cell & SP_CELL_DENY) != 0 ? first_deny : first_allow;
    if (first == 0 || cell < first) first = cell;
  }
  if (first_deny != 0) return first_deny;
  return every_port_passes ? first_allow : 0;
}

std::uint32_t static_label(const Image& image, const Address& address) {
  return address.family == Family::v4
             ? image.remote4.find(static_cast<std::uint32_t>(address.number))
             : image.remote6.find(address.number);
}

std::uint32_t cell_of(const Image& image, const LabelTables& tables, const Address& local,
                      std::uint32_t remote_label, std::uint32_t service_key, Direction direction,
                      std::uint16_t vlan) {
  std::size_t zone = zone_label(image, local, vlan);
  if (direction == Direction::inward) zone += image.zone_sets.size();
  const std::vector<std::uint32_t>& rows = tables.rows[remote_label];
  if (zone >= rows.size()) return 0;  // no rule is inward
  return tables.verdicts[rows[zone]][image.service.find(service_key)];
}

}  // namespace sallyport
