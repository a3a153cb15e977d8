// SPDX-License-Identifier: GPL-2.0-or-later
// From the labels of an Image back to the prefixes of each group, and from those to one table of
// labels for each kept length.
#include "compiler/nft/levels.h"

#include <algorithm>
#include <cassert>

#include "compiler/label/sweep.h"

namespace sallyport::nft {
namespace {

/// The addresses of every group that has exact ports, as few ranges as possible.
std::vector<std::vector<AddressRange>> ranges_of_groups(const Image& image, Family family,
                                                        const std::vector<std::uint64_t>& ports) {
  std::vector<std::vector<AddressRange>> ranges(image.groups.size());
  for_each_remote_piece(image, family, [&](const AddressRange& piece, std::uint32_t label) {
    for (const std::uint32_t group : image.labels.remote_groups[label]) {
      if (ports[group] == 0) continue;
      auto& own = ranges[group];
      if (!own.empty() && own.back().last.number + 1 == piece.first.number) {
        own.back().last = piece.last;
      } else {
        own.push_back(piece);
      }
    }
  });
  return ranges;
}

}  // namespace

Levels::Levels(const Image& image, Labeler& labeler, Direction direction, Family family,
               const std::vector<Item>& items, bool bound)
    : image_(image), direction_(direction), family_(family) {
  const std::vector<std::uint64_t> ports = exact_ports_of_groups(items);
  const std::uint64_t intervals = find_prefixes(ports);
  count_uses(ports);
  choice_ = choose_lengths(family, uses_, bound, intervals);
  for (GroupPrefix& entry : prefixes_) {
    entry.rare = entry.rare || choice_.is_rare(entry.prefix.length);
  }
  build_tables(labeler);
}

/// How many keys an address of each group has in the sets, over all its allow rules.
std::vector<std::uint64_t> Levels::exact_ports_of_groups(const std::vector<Item>& items) const {
  std::vector<std::uint64_t> of_label(image_.service_labels, 0);
  for (const Item& item : items) {
    if (item.exact) of_label[item.label] += item.width();
  }
  std::vector<std::uint64_t> ports(image_.groups.size(), 0);
  for (const ImageRule& rule : image_.rules) {
    if (rule.action == sallyport::Action::deny || rule.direction != direction_) continue;
    for (const std::uint32_t label : rule.services) ports[rule.group] += of_label[label];
    for (const std::uint32_t label : rule.resolver_services) ports[rule.group] += of_label[label];
  }
  return ports;
}

/// `anywhere` without the special ranges is a few dozen ranges and many times as many prefixes.
std::uint64_t Levels::find_prefixes(const std::vector<std::uint64_t>& ports) {
  constexpr std::uint64_t most_ranges = 512;
  constexpr std::size_t most_prefixes_of_range = 4;
  std::uint64_t intervals = 0;
  const auto ranges = ranges_of_groups(image_, family_, ports);
  for (std::uint32_t group = 0; group < ranges.size(); ++group) {
    const std::size_t begin = prefixes_.size();
    for (const AddressRange& range : ranges[group]) {
      for_each_prefix(range, [&](const Prefix& prefix) { prefixes_.push_back({prefix, group}); });
    }
    const std::size_t count = prefixes_.size() - begin;
    if (count <= most_prefixes_of_range * ranges[group].size()) continue;
    if (intervals + ranges[group].size() > most_ranges) continue;
    intervals += ranges[group].size();
    for (std::size_t i = begin; i < prefixes_.size(); ++i) prefixes_[i].rare = true;
  }
  return intervals;
}

void Levels::count_uses(const std::vector<std::uint64_t>& ports) {
  std::vector<LengthUse> all(width_of(family_) + 1);
  for (const GroupPrefix& entry : prefixes_) {
    if (entry.rare) continue;
    LengthUse& use = all[entry.prefix.length];
    use.length = entry.prefix.length;
    ++use.prefixes;
    use.elements += ports[entry.group];
  }
  std::erase_if(all, [](const LengthUse& use) { return use.prefixes == 0; });
  uses_ = std::move(all);
}

/// `active` has hashed groups below the number of groups, rare ones above it.
std::uint32_t Levels::pair_of(Labeler& labeler, const std::vector<std::uint32_t>& active) {
  const auto groups = static_cast<std::uint32_t>(image_.groups.size());
  std::vector<std::uint32_t> hashed;
  std::vector<std::uint32_t> all;
  for (const std::uint32_t set : active) {
    if (set < groups) hashed.push_back(set);
    all.push_back(set < groups ? set : set - groups);
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  Provided provided;
  provided.hashed = labeler.label_of(std::move(hashed));
  provided.all = labeler.label_of(std::move(all));
  const auto next = static_cast<std::uint32_t>(pairs_.size());
  const auto [found, is_new] = index_of_pair_.try_emplace(provided, next);
  if (is_new) pairs_.push_back(provided);
  return found->second;
}

void Levels::build_tables(Labeler& labeler) {
  const auto groups = static_cast<std::uint32_t>(image_.groups.size());
  std::vector<sallyport::Interval<Uint128>> rare;
  for (const GroupPrefix& entry : prefixes_) {
    if (!entry.rare) continue;
    const Address last = last_of_prefix(entry.prefix.first, entry.prefix.length);
    rare.push_back({entry.prefix.first.number, last.number, entry.group});
  }
  rare_ = partition(rare, last_number(family_), [&](const std::vector<std::uint32_t>& active) {
    return labeler.label_of(active);
  });

  for (const unsigned length : choice_.hashed) {
    std::vector<sallyport::Interval<Uint128>> intervals;
    for (const GroupPrefix& entry : prefixes_) {
      if (entry.prefix.length > length) continue;
      const Address last = last_of_prefix(entry.prefix.first, entry.prefix.length);
      intervals.push_back({entry.prefix.first.number, last.number,
                           entry.rare ? groups + entry.group : entry.group});
    }
    tables_.push_back(partition(
        std::move(intervals), last_number(family_),
        [&](const std::vector<std::uint32_t>& active) { return pair_of(labeler, active); }));
  }
}

Provided Levels::below(std::size_t level, const Address& address) const {
  assert(level <= tables_.size());
  return level == 0 ? Provided{} : pairs_[tables_[level - 1].find(address.number)];
}

}  // namespace sallyport::nft
