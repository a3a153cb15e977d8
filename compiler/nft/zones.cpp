// SPDX-License-Identifier: GPL-2.0-or-later
// Zones that no rule names make no difference, and so neither does a label that has only those
// more.
#include "compiler/nft/zones.h"

#include <algorithm>
#include <map>

#include "compiler/nft/pieces.h"

namespace sallyport::nft {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::string words_of(const Image& image, const Numbers& zones) {
  std::string words;
  for (const std::uint32_t zone : zones) {
    if (!words.empty()) words += ", ";
    words += image.zone_names[zone];
  }
  if (!words.empty()) return words;
  return image.zone_names.empty() ? "every local address" : "no zone";
}

}  // namespace

std::vector<Way> ways_of(const Image& image, const std::vector<VlanDevice>& devices) {
  std::vector<Way> ways{{image.vlan.find(0), {}}};
  for (const VlanDevice& entry : devices) {
    const std::uint32_t vlan_class = image.vlan.find(entry.vlan);
    if (vlan_class == ways.front().vlan_class) continue;  // as all others
    auto way = std::ranges::find(ways, vlan_class, &Way::vlan_class);
    if (way == ways.end()) way = ways.insert(ways.end(), Way{vlan_class, {}});
    way->devices.push_back(entry.device);
  }
  for (Way& way : ways) std::ranges::sort(way.devices);
  return ways;
}

std::string vlans_without_device(const Image& image, const std::vector<VlanDevice>& devices) {
  const std::uint32_t untagged = image.vlan.find(0);
  const std::uint32_t of_no_zone = image.vlan.find(SP_VLAN_IDS - 1);
  std::string text;
  for (std::size_t i = 0; i < image.vlan.starts.size(); ++i) {
    const std::uint32_t vlan_class = image.vlan.labels[i];
    if (vlan_class == untagged || vlan_class == of_no_zone) continue;
    const std::uint32_t first = image.vlan.starts[i];
    const std::uint32_t last = image.vlan.starts[i + 1] - 1;  // the last range is of no zone
    const bool found = std::ranges::any_of(devices, [&](const VlanDevice& entry) {
      return first <= entry.vlan && entry.vlan <= last;
    });
    if (found) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(first);
    if (first < last) text += '-' + std::to_string(last);
  }
  return text;
}

std::vector<ZoneClass> zone_classes_of(const Image& image, const std::vector<Way>& ways,
                                       Direction direction) {
  std::vector<bool> named(image.zone_names.size(), false);
  for (const ImageRule& rule : image.rules) {
    if (rule.zone && rule.direction == direction) named[*rule.zone] = true;
  }
  std::map<Numbers, std::size_t> index{{{}, 0}};
  const std::vector<std::vector<AddressRange>> nothing(ways.size());
  std::vector<ZoneClass> classes{{0, words_of(image, {}), nothing}};
  std::vector<std::size_t> class_of_label;
  for (std::uint32_t label = 0; label < image.zone_sets.size(); ++label) {
    Numbers zones = image.zone_sets[label];
    std::erase_if(zones, [&](std::uint32_t zone) { return !named[zone]; });
    const auto [found, is_new] = index.try_emplace(zones, classes.size());
    if (is_new) classes.push_back({label, words_of(image, zones), nothing});
    class_of_label.push_back(found->second);
  }
  for (const Family family : {Family::v4, Family::v6}) {
    for_each_local_piece(image, family, [&](const AddressRange& piece, std::uint32_t place) {
      for (std::size_t way = 0; way < ways.size(); ++way) {
        const std::uint32_t label = image.place_zones[place][ways[way].vlan_class];
        classes[class_of_label[label]].ranges[way].push_back(piece);
      }
    });
  }
  for (ZoneClass& zone : classes) {
    for (auto& ranges : zone.ranges) ranges = canonical(std::move(ranges));
  }
  return classes;
}

}  // namespace sallyport::nft
