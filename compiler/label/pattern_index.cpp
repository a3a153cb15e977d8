// SPDX-License-Identifier: GPL-2.0-or-later
// PatternIndex: patterns filed under the part of the name that they fix, from a dot to the end.
#include "compiler/label/pattern_index.h"

#include <algorithm>
#include <string_view>

namespace sallyport {
namespace {

std::string fixed_ending(std::string_view pattern) {
  const auto last_wild = pattern.find_last_of("*?");
  const auto dot = pattern.find('.', last_wild == std::string_view::npos ? 0 : last_wild);
  return dot == std::string_view::npos ? std::string() : std::string(pattern.substr(dot));
}

}  // namespace

PatternIndex::PatternIndex(const std::vector<Group>& groups) {
  for (std::uint32_t group = 0; group < groups.size(); ++group) {
    for (const NamePattern& pattern : groups[group].patterns) {
      by_ending_[fixed_ending(pattern.text())].push_back({&pattern, &groups[group].via, group});
    }
  }
}

std::vector<std::uint32_t> PatternIndex::groups_of(const ViewedName& name) const {
  std::vector<std::uint32_t> groups;
  if (by_ending_.empty()) return groups;
  const auto collect = [&](const std::string& ending) {
    const auto found = by_ending_.find(ending);
    if (found == by_ending_.end()) return;
    for (const Entry& entry : found->second) {
      if (*entry.via == name.via && entry.pattern->matches(name.name))
        groups.push_back(entry.group);
    }
  };

  // The leading dot makes the apex of `.x` an ending like any other.
  const std::string dotted = "." + name.name.text();
  for (auto dot = dotted.find('.'); dot != std::string::npos; dot = dotted.find('.', dot + 1)) {
    collect(dotted.substr(dot));
  }
  collect({});

  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

}  // namespace sallyport
