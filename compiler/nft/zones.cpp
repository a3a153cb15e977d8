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

std::vector<ZoneClass> zone_classes_of(const Image& image, Direction direction) {
  std::vector<bool> named(image.zone_names.size(), false);
  for (const ImageRule& rule : image.rules) {
    if (rule.zone && rule.direction == direction) named[*rule.zone] = true;
  }
  std::map<Numbers, std::size_t> index{{{}, 0}};
  std::vector<ZoneClass> classes{{0, words_of(image, {}), {}}};
  std::vector<std::size_t> class_of_label;
  for (std::uint32_t label = 0; label < image.zone_sets.size(); ++label) {
    Numbers zones = image.zone_sets[label];
    std::erase_if(zones, [&](std::uint32_t zone) { return !named[zone]; });
    const auto [found, is_new] = index.try_emplace(zones, classes.size());
    if (is_new) classes.push_back({label, words_of(image, zones), {}});
    class_of_label.push_back(found->second);
  }
  for (const Family family : {Family::v4, Family::v6}) {
    for_each_local_piece(image, family, [&](const AddressRange& piece, std::uint32_t label) {
      classes[class_of_label[label]].ranges.push_back(piece);
    });
  }
  for (ZoneClass& zone : classes) zone.ranges = canonical(std::move(zone.ranges));
  return classes;
}

}  // namespace sallyport::nft
