// SPDX-License-Identifier: GPL-2.0-or-later
// A map of intervals is a tree, whose depth every packet pays; a hash map costs the same whatever
// its size, but one is needed for each prefix length.
#include "compiler/nft/dispatch.h"

#include <algorithm>

#include "compiler/nft/lengths.h"
#include "compiler/nft/pieces.h"
#include "compiler/nft/rule_builder.h"

namespace sallyport::nft {
namespace {

constexpr std::size_t most_intervals = 1024;

KeyPart part_of(Family family) {
  return family == Family::v4 ? KeyPart::ipv4 : KeyPart::ipv6;
}

struct PrefixTarget {
  Prefix prefix;
  std::uint32_t chain = 0;
};

std::vector<PrefixTarget> prefixes_of(const std::vector<Target>& targets) {
  std::vector<PrefixTarget> prefixes;
  for (const Target& target : targets) {
    for_each_prefix(target.range, [&](const Prefix& prefix) {
      prefixes.push_back({prefix, target.chain});
    });
  }
  return prefixes;
}

std::vector<LengthUse> uses_of(const std::vector<PrefixTarget>& prefixes, Family family) {
  std::vector<LengthUse> uses(width_of(family) + 1);
  for (const PrefixTarget& target : prefixes) {
    LengthUse& use = uses[target.prefix.length];
    use.length = target.prefix.length;
    ++use.prefixes;
    ++use.elements;
  }
  std::erase_if(uses, [](const LengthUse& use) { return use.prefixes == 0; });
  return uses;
}

void add_intervals(Draft& draft, std::uint32_t from, const std::string& name, Holds holds,
                   Side side, const std::vector<Target>& targets) {
  const Family family = targets.front().range.family();
  Set set{.name = name, .key = {part_of(family)}, .holds = holds, .interval = true};
  for (const Target& target : targets) {
    set.intervals.push_back({key_of(target.range.first), key_of(target.range.last), target.chain});
  }
  draft.add_rule(from, RuleBuilder().obey(side, family, width_of(family), set.name).done());
  draft.add_set(std::move(set));
}

void add_hash(Draft& draft, std::uint32_t from, const std::string& name, Holds holds, Side side,
              const std::vector<Target>& targets) {
  const Family family = targets.front().range.family();
  const auto prefixes = prefixes_of(targets);
  const LengthChoice choice = choose_lengths(family, uses_of(prefixes, family), false);
  for (std::size_t level = choice.hashed.size(); level-- > 0;) {
    const unsigned length = choice.hashed[level];
    Set set{.name = name + "_" + std::to_string(length), .key = {part_of(family)}, .holds = holds};
    for (const auto& [prefix, chain] : prefixes) {
      if (choice.is_rare(prefix.length) || choice.set_for(prefix.length) != length) continue;
      const Address end = last_of_prefix(prefix.first, prefix.length);
      for (Address block = prefix.first;;) {
        set.elements.push_back({key_of(block), chain});
        const Address last = last_of_prefix(block, length);
        if (last == end) break;
        block.number = last.number + 1;
      }
    }
    std::ranges::sort(set.elements);
    draft.add_rule(from, RuleBuilder().obey(side, family, length, set.name).done());
    draft.add_set(std::move(set));
  }
  std::vector<Target> rare;
  for (const auto& [prefix, chain] : prefixes) {
    if (!choice.is_rare(prefix.length)) continue;
    rare.push_back({{prefix.first, last_of_prefix(prefix.first, prefix.length)}, chain});
  }
  if (!rare.empty()) add_intervals(draft, from, name, holds, side, rare);
}

}  // namespace

void add_dispatch(Draft& draft, std::uint32_t from, const std::string& name, Holds holds, Side side,
                  const std::vector<Target>& targets) {
  if (targets.empty()) return;
  if (targets.size() <= most_intervals) {
    add_intervals(draft, from, name, holds, side, targets);
  } else {
    add_hash(draft, from, name, holds, side, targets);
  }
}

}  // namespace sallyport::nft
