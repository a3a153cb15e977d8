// SPDX-License-Identifier: GPL-2.0-or-later
// See meanings.h. Found by a hash of what rules say, then compared.
#include "compiler/analysis/meanings.h"

#include <algorithm>
#include <functional>

namespace sallyport {
namespace {

const Derivation& derivation_of(const Program& program, const DerivedName& name) {
  return program.derivations[name.derivation];
}

bool same_remote(const Program& a, const RemoteSet& x, const Program& b, const RemoteSet& y) {
  return x.ranges == y.ranges && x.names == y.names && x.patterns == y.patterns &&
         std::ranges::equal(x.derived, y.derived,
                            [&](const DerivedName& left, const DerivedName& right) {
                              return same_derived(a, left, b, right);
                            });
}

bool same_extent(const Extent& a, const Extent& b) {
  return a.direction == b.direction && a.local == b.local && a.vlans == b.vlans &&
         a.days == b.days && a.services == b.services && a.at_resolvers == b.at_resolvers;
}

bool same_meaning(const Extents& a, std::uint32_t x, const Extents& b, std::uint32_t y) {
  const Rule& left = a.rule(x);
  const Rule& right = b.rule(y);
  return left.action == right.action && left.private_ok == right.private_ok &&
         left.via == right.via && same_extent(a.of(x), b.of(y)) &&
         same_remote(a.program(), left.remote, b.program(), right.remote);
}

/// Equal for rules of the same meaning, and seldom else.
std::size_t meaning_hash(const Rule& rule) {
  std::size_t hash = rule.action == Action::allow ? 1 : 2;
  const auto mix = [&](std::size_t value) { hash = hash * 1'000'003 + value; };
  mix(rule.remote.ranges.size());
  for (const AddressRange& range : rule.remote.ranges)
    mix(static_cast<std::size_t>(range.first.number ^ range.last.number));
  for (const HostName& name : rule.remote.names) mix(std::hash<std::string>{}(name.text()));
  for (const NamePattern& pattern : rule.remote.patterns)
    mix(std::hash<std::string>{}(pattern.text()));
  return hash;
}

}  // namespace

bool same_derived(const Program& a, const DerivedName& x, const Program& b, const DerivedName& y) {
  return derivation_of(a, x) == derivation_of(b, y) && x.head == y.head && x.tail == y.tail &&
         x.unless == y.unless;
}

Meanings::Meanings(const Extents& extents) : extents_(extents) {
  const auto count = static_cast<std::uint32_t>(extents.program().rules.size());
  by_hash_.reserve(count);
  for (std::uint32_t rule = 0; rule < count; ++rule)
    by_hash_.emplace(meaning_hash(extents.rule(rule)), rule);
}

bool Meanings::hold(const Extents& others, std::uint32_t rule) const {
  const auto [first, last] = by_hash_.equal_range(meaning_hash(others.rule(rule)));
  return std::any_of(first, last, [&](const auto& entry) {
    return same_meaning(extents_, entry.second, others, rule);
  });
}

}  // namespace sallyport
