// SPDX-License-Identifier: GPL-2.0-or-later
// names_with(): the names of an image once DNS has said what its aliases are aliases of.
#include <algorithm>
#include <map>
#include <utility>

#include "compiler/label/labeler.h"

namespace sallyport {
std::vector<ImageName> names_with(const Image& image, const Aliases& aliases) {
  if (image.derivations.empty()) return image.names;
  std::map<ViewedName, ImageName> names;
  for (const ImageName& name : image.names) names.emplace(name.name, name);
  const PatternIndex patterns(image.groups);
  for (const ImageDerivation& entry : image.derivations) {
    const auto label = derived_label(entry.derivation, entry.via, aliases);
    if (!label) continue;
    for (const auto& [head, tail, unless, groups, absent_ok] : entry.names) {
      const auto host = derived_name({0, head, tail, unless}, *label);
      if (!host || is_never(image, *host)) continue;
      const ViewedName name(*host, entry.via);
      auto [at, is_new] = names.try_emplace(name, ImageName{name, patterns.groups_of(name)});
      ImageName& made = at->second;
      made.absent_ok = absent_ok && (is_new || made.absent_ok);
      made.groups.insert(made.groups.end(), groups.begin(), groups.end());
    }
  }
  std::vector<ImageName> all;
  for (auto& [name, made] : names) {
    std::ranges::sort(made.groups);
    made.groups.erase(std::ranges::unique(made.groups).begin(), made.groups.end());
    all.push_back(std::move(made));
  }
  return all;
}

}  // namespace sallyport
