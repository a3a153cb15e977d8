// SPDX-License-Identifier: GPL-2.0-or-later
// What labels mean is read from the cells that the Labeler computes; nothing of it is decided here.
#include "compiler/nft/meaning.h"

#include <algorithm>

namespace sallyport::nft {
namespace {

/// Above this many elements, hash sets of services give way to maps from addresses to chains.
constexpr std::uint64_t most_elements = 1'000'000;

/// Whether a stage has something to say of what the rule decides.
bool is_asked(Stage stage, const ImageRule& rule) {
  const bool denies = rule.action == sallyport::Action::deny;
  switch (stage) {
    case Stage::deny:
      return denies;
    case Stage::later:
      return !denies || rule.log;  // what is denied drops anyhow, and may have to be told
    case Stage::logged:
      return !denies && rule.log;
    case Stage::wide:
    case Stage::quoted:
      return !denies;
  }
  return false;
}

bool names_anything(const Image& image) {
  return !image.names.empty() || !image.derivations.empty() ||
         std::ranges::any_of(image.groups,
                             [](const Group& group) { return !group.patterns.empty(); });
}

/// The least id of the class.
std::uint16_t first_vlan_of(const Image& image, std::uint32_t vlan_class) {
  const auto found = std::ranges::find(image.vlan.labels, vlan_class);
  const auto index = static_cast<std::size_t>(found - image.vlan.labels.begin());
  return static_cast<std::uint16_t>(image.vlan.starts[index]);
}

}  // namespace

Meaning::Meaning(const Image& image, Direction direction, std::vector<Way> ways)
    : image_(image),
      direction_(direction),
      first_row_(direction == Direction::outward ? 0 : image.zone_sets.size()),
      tables_(image.labels),
      labeler_(image_, tables_),
      ways_(std::move(ways)),
      zones_(zone_classes_of(image_, ways_, direction)),
      has_names_(names_anything(image_)) {
  for (const Family family : families) {
    items_[index_of(family)] = items_of(image_, family);
    fragments_[index_of(family)] = fragment_items_of(image_, family);
  }
  choose_levels();
  if (has_names_) find_dynamic_labels();
}

void Meaning::choose_levels() {
  std::uint64_t elements = 0;
  for (const Family family : families) {
    levels_.emplace_back(image_, labeler_, direction_, family, items_[index_of(family)],
                         has_names_);
    elements += levels_.back().choice().elements * zones_.size();
  }
  if (elements <= most_elements) return;
  by_chains_ = true;
  levels_.clear();
  for (const Family family : families) {
    for (Item& item : items_[index_of(family)]) item.exact = false;
    levels_.emplace_back(image_, labeler_, direction_, family, items_[index_of(family)], false);
  }
}

void Meaning::find_dynamic_labels() {
  std::vector<bool>& dynamic = dynamic_groups_;
  dynamic.assign(image_.groups.size(), false);
  std::vector<bool> allows(image_.groups.size(), false);
  for (std::size_t group = 0; group < image_.groups.size(); ++group) {
    dynamic[group] = !image_.groups[group].patterns.empty();
  }
  for (const ImageName& name : image_.names) {
    for (const std::uint32_t group : name.groups) dynamic[group] = true;
  }
  for (const ImageDerivation& derivation : image_.derivations) {
    for (const ImageDerivation::Name& name : derivation.names) {
      for (const std::uint32_t group : name.groups) dynamic[group] = true;
    }
  }
  for (const ImageRule& rule : image_.rules) {
    if (rule.action == sallyport::Action::allow) allows[rule.group] = true;
  }
  // A resolver's address may be bound, too, and then has ports that the DNS guard closes elsewhere.
  const auto label_of = [&](const std::vector<bool>& chosen) {
    std::vector<std::uint32_t> groups{resolver_group};
    for (std::uint32_t group = 1; group < chosen.size(); ++group) {
      if (chosen[group]) groups.push_back(group);
    }
    return labeler_.label_of(std::move(groups));
  };
  dynamic_label_ = label_of(dynamic);
  allowed_label_ = label_of(allows);
}

const std::vector<Item>& Meaning::items(Stage stage, Family family) const {
  return stage == Stage::later ? fragments_[index_of(family)] : items_[index_of(family)];
}

bool Meaning::passes(const Flow& flow, std::uint32_t label) const {
  return std::ranges::all_of(ways_, [&](const Way& way) {
    const std::uint32_t cell =
        cell_of(image_, tables_, flow.source, label, SP_SERVICE_KEY(flow.protocol, flow.port),
                Direction::outward, first_vlan_of(image_, way.vlan_class));
    return cell != 0 && (cell & SP_CELL_DENY) == 0;
  });
}

Class Meaning::class_of(Stage stage, Family family, std::size_t zone, std::uint32_t label,
                        std::uint32_t rare) const {
  Class members;
  const std::vector<Item>& all = items(stage, family);
  for (std::uint32_t index = 0; index < all.size(); ++index) {
    const Item& item = all[index];
    const std::uint32_t found = cell(label, zone, item.label);
    if (found == 0 || !is_asked(stage, image_.rules[SP_CELL_RULE(found) - 1])) continue;
    if (stage == Stage::wide && item.exact && allowed(rare, zone, item.label) == 0) continue;
    members.emplace_back(index, SP_CELL_RULE(found));
  }
  return members;
}

bool Meaning::may_bind(Stage stage, Family family, std::size_t zone) const {
  if (!has_names_) return false;
  if (stage == Stage::logged) return may_log(zone);
  // A name may complete the ports that let later fragments of a static address pass.
  const std::uint32_t most = stage == Stage::later ? allowed_label_ : dynamic_label_;
  return !class_of(stage, family, zone, most, 0).empty();
}

bool Meaning::may_log(std::size_t zone) const {
  const std::vector<std::uint32_t>& inside = image_.zone_sets[zones_[zone].zone_label];
  return std::ranges::any_of(image_.rules, [&](const ImageRule& rule) {
    return is_asked(Stage::logged, rule) && rule.direction == direction_ &&
           dynamic_groups_[rule.group] &&
           (!rule.zone || std::ranges::binary_search(inside, *rule.zone));
  });
}

bool Meaning::may_bind_services(Family family, std::size_t zone) const {
  return has_names_ && std::ranges::any_of(items_[index_of(family)], [&](const Item& item) {
           return item.exact && allowed(dynamic_label_, zone, item.label) != 0;
         });
}

}  // namespace sallyport::nft
