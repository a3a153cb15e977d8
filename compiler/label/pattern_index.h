// SPDX-License-Identifier: GPL-2.0-or-later
// PatternIndex: the groups whose patterns match a name, without trying every pattern.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/image/image.h"

namespace sallyport {

class PatternIndex {
 public:
  /// Refers to the patterns in `groups`, which must outlive the index unchanged.
  explicit PatternIndex(const std::vector<Group>& groups);

  /// Sorted.
  std::vector<std::uint32_t> groups_of(const ViewedName& name) const;

 private:
  struct Entry {
    const NamePattern* pattern;
    const std::string* via;
    std::uint32_t group;
  };
  /// By the fixed end of the pattern: `.example.com` for `*.example.com`, `a*b.example.com` and
  /// `.example.com`; empty where the last label is not fixed.
  std::unordered_map<std::string, std::vector<Entry>> by_ending_;
};

}  // namespace sallyport
