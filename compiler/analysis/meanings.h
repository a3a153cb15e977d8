// SPDX-License-Identifier: GPL-2.0-or-later
// Rules that mean the same in two programs, wherever they stand there. Entry point: Meanings.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "compiler/analysis/extent.h"

namespace sallyport {

/// True if the derived names are the same, each in its own program.
bool same_derived(const Program& a, const DerivedName& x, const Program& b, const DerivedName& y);

/// The rules of a program by what they mean. Refers to the extents, which must outlive it.
class Meanings {
 public:
  explicit Meanings(const Extents& extents);

  /// True if some rule means what this rule of the other program means.
  bool hold(const Extents& others, std::uint32_t rule) const;

 private:
  const Extents& extents_;
  std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

}  // namespace sallyport
