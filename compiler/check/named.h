// SPDX-License-Identifier: GPL-2.0-or-later
// Statements with a name: finding one among others, and all of their names.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// Null if none has the name.
template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
  const auto found =
      std::ranges::find_if(items, [&](const T& item) { return item.name.text == name; });
  return found == items.end() ? nullptr : &*found;
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& items) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name.text);
  return names;
}

}  // namespace sallyport
