// SPDX-License-Identifier: GPL-2.0-or-later
// Interner: gives equal vectors of numbers one index, in the order in which they first appear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sallyport {

class Interner {
 public:
  using Numbers = std::vector<std::uint32_t>;

  /// Indexes what `values` holds (all different) and appends to it; it must outlive the interner
  /// and be changed by nobody else.
  explicit Interner(std::vector<Numbers>& values) : values_(values) {
    for (std::uint32_t index = 0; index < values_.size(); ++index) {
      by_hash_.emplace(hash(values_[index]), index);
    }
  }

  std::uint32_t index_of(const Numbers& value) {
    const std::uint64_t key = hash(value);
    const auto [begin, end] = by_hash_.equal_range(key);
    for (auto entry = begin; entry != end; ++entry) {
      if (values_[entry->second] == value) return entry->second;
    }
    const auto index = static_cast<std::uint32_t>(values_.size());
    values_.push_back(value);
    by_hash_.emplace(key, index);
    return index;
  }

 private:
  static std::uint64_t hash(const Numbers& value) {
    std::uint64_t state = value.size();
    for (const std::uint32_t number : value) {
      state = (state ^ number) * 0x9e3779b97f4a7c15U;
      state ^= state >> 29;
    }
    return state;
  }

  std::vector<Numbers>& values_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
};

}  // namespace sallyport
