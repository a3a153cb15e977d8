// SPDX-License-Identifier: GPL-2.0-or-later
// Replacements are collected first, so that each is made at its place in the original text.
#include "compiler/source/fixes.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace sallyport {
namespace {

/// Replacements by where they begin; none touches another.
using Changes = std::map<std::uint32_t, const Replacement*>;

bool touches(const Changes& changes, const Span& span) {
  const auto after = changes.lower_bound(span.begin);
  if (after != changes.end() && after->first <= span.end) return true;
  return after != changes.begin() && std::prev(after)->second->span.end >= span.begin;
}

bool can_apply(const Fix& fix, const Source& source, const Changes& changes) {
  return fix.safe && std::ranges::all_of(fix.replacements, [&](const Replacement& one) {
           return one.span.source == &source && !touches(changes, one.span);
         });
}

}  // namespace

FixedText apply_safe_fixes(const Source& source, const Diagnostics& diagnostics) {
  Changes changes;
  FixedText result;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const auto fix = std::ranges::find_if(
        diagnostic.fixes, [&](const Fix& one) { return can_apply(one, source, changes); });
    if (fix == diagnostic.fixes.end()) continue;
    for (const Replacement& one : fix->replacements) changes.emplace(one.span.begin, &one);
    ++result.fixes;
  }
  const std::string_view text = source.text();
  std::size_t at = 0;
  for (const auto& [begin, replacement] : changes) {
    result.text.append(text.substr(at, begin - at)).append(replacement->text);
    at = replacement->span.end;
  }
  result.text.append(text.substr(at));
  return result;
}

}  // namespace sallyport
