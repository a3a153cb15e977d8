// SPDX-License-Identifier: GPL-2.0-or-later
// The whole table read back: what differs, and making it right again. Entry points:
// NftTable::difference(), NftTable::restore().
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <span>

#include "runtime/nft_rule.h"
#include "runtime/nft_table.h"

namespace sallyport {
namespace {

void append(std::string& faults, const std::string& fault) {
  constexpr std::size_t enough = 2000;
  if (faults.size() > enough) return;
  if (!faults.empty()) faults += "; ";
  faults += fault;
}

std::string count_text(const NftDigest& digest) {
  return std::to_string(digest.count) + (digest.count == 1 ? " element" : " elements");
}

std::string digest_fault(const std::string& set, const NftDigest& is, const NftDigest& should) {
  if (is == should) return "";
  std::string fault = "set " + set + " holds " + count_text(is);
  return is.count == should.count ? fault + ", some of them not ours"
                                  : fault + " instead of " + std::to_string(should.count);
}

std::span<const nft::Set> sets_of(const nft::Table* table) {
  return table ? std::span<const nft::Set>(table->sets) : std::span<const nft::Set>();
}

/// Too large to be listed often. Elements of an interval set cannot be looked up by their ends.
bool is_large(const nft::Set& set, const NftDigest& should) {
  constexpr std::uint64_t large = 20'000;
  return !set.interval && should.count > large;
}

bool same_rules(const std::vector<NftRuleFacts>& present, const std::vector<nft::Rule>& wanted) {
  return std::ranges::equal(present, wanted, [](const NftRuleFacts& one, const nft::Rule& other) {
    return one.text == canonical_text(other);
  });
}

}  // namespace

/// The kernel walks a hash table anew for each datagram of a dump and skips what it has told. While
/// the table grows, which goes on for a while after a large batch, some elements come twice and
/// others not at all. So what is not as it should be is believed when it was read twice.
Result<NftDigest> NftTable::read_digest(const std::string& set, const NftDigest& should) {
  std::optional<NftDigest> before;
  for (int attempt = 0; attempt < nft_attempts; ++attempt) {
    NftDigest digest;
    auto read = read_elements(
        socket_, name_, set, [&] { digest = {}; },
        [&](const NftElement& element) { digest.add(element); });
    if (!read) return std::unexpected(read.error());
    if (digest == should || digest == before) return digest;
    before = digest;
  }
  return std::unexpected(Error{"read set " + set, "it reads otherwise each time", ""});
}

/// Calls for each element that is missing or another one in the kernel; tells how many keys are
/// there.
Result<std::uint64_t> NftTable::look_up(
    const nft::Table& table, const nft::Set& set,
    const std::function<void(const NftElement&, const NftFound&)>& wrong) {
  constexpr std::size_t at_once = 4096;
  std::uint64_t there = 0;
  std::vector<nft::Key> keys;
  for (std::size_t at = 0; at < set.elements.size(); at += keys.size()) {
    keys.clear();
    const std::size_t end = std::min(set.elements.size(), at + at_once);
    for (std::size_t i = at; i < end; ++i) keys.push_back(set.elements[i].key);
    const auto found = find_elements(socket_, name_, set, keys);
    if (!found) return std::unexpected(found.error());
    for (std::size_t i = at; i < end; ++i) {
      const NftElement element = element_of(table, set, set.elements[i]);
      const NftFound& one = (*found)[i - at];
      there += one.present ? 1 : 0;
      if (!one.is(element)) wrong(element, one);
    }
  }
  return there;
}

/// What is wrong with the elements of a set. `table` has them, if it is given.
Result<std::string> NftTable::fault_of(const nft::Table* table, const nft::Set& set,
                                       const std::optional<std::uint32_t>& count) {
  const NftDigest should = digests_[set.name];
  const nft::Set* value = nullptr;
  for (const nft::Set& one : sets_of(table)) {
    if (one.name == set.name) value = &one;
  }
  if (!is_large(set, should) || !value) {
    const auto digest = read_digest(set.name, should);
    if (!digest) return std::unexpected(digest.error());
    return digest_fault(set.name, *digest, should);
  }
  // Older kernels do not count; there one that is too many in a large set is not seen.
  if (count && *count != should.count) {
    return digest_fault(set.name, {*count, 0}, should);
  }
  std::uint64_t wrong = 0;
  const auto there = look_up(*table, *value, [&](const NftElement&, const NftFound&) { ++wrong; });
  if (!there) return std::unexpected(there.error());
  if (wrong == 0) return std::string();
  return "of set " + set.name + " " + std::to_string(wrong) + " of " +
         std::to_string(should.count) + " elements are gone or not ours";
}

/// After a large batch: the sets of a generation, or with the lasting ones.
Result<void> NftTable::check_sets(const nft::Table& table, bool lasting) {
  std::string faults;
  for (const nft::Set& set : table.sets) {
    if (!lasting && table.is_lasting(set.name)) continue;
    const auto fault = fault_of(&table, set, std::nullopt);
    if (!fault) return std::unexpected(fault.error());
    if (!fault->empty()) append(faults, *fault);
  }
  if (faults.empty()) return {};
  return std::unexpected(Error{"load table " + name_, "it reads back otherwise", faults});
}

/// All but elements, names that are too many included.
std::string NftTable::faults_of(const nft::Table& table, const NftListing& listing) const {
  std::string faults;
  for (const nft::Counter& counter : table.counters) {
    if (!listing.counters.contains(counter.name)) {
      append(faults, "counter " + counter.name + " is gone");
    }
  }
  for (const nft::Chain& chain : table.chains) {
    const bool lasting = table.is_lasting(chain.name);
    const bool prepared = next_ && &table == &*next_;
    if (lasting && prepared) continue;  // not before it is live
    const auto present = listing.chains.find(chain.name);
    if (present == listing.chains.end()) {
      append(faults, "chain " + chain.name + " is gone");
    } else if (present->second.shape != shape_of(chain)) {
      append(faults, "chain " + chain.name + " has another hook, priority or policy");
    } else if (!same_rules(present->second.rules, rules_of(chain, lasting))) {
      append(faults, "chain " + chain.name + " has other rules");
    }
  }
  for (const nft::Set& set : table.sets) {
    const auto present = listing.sets.find(set.name);
    if (present == listing.sets.end()) {
      append(faults, "set " + set.name + " is gone");
    } else if (present->second.shape != shape_of(set)) {
      append(faults, "set " + set.name + " is of another kind");
    }
  }
  return faults;
}

Result<std::string> NftTable::difference(const nft::Table* live) {
  if (!live_ && !next_) return std::string();
  for (int attempt = 0; attempt < nft_attempts; ++attempt) {
    const auto listing = read_listing(socket_, name_);
    if (!listing) return std::unexpected(listing.error());
    exists_ = listing->exists;
    if (!exists_) return "table " + name_ + " is gone";
    std::string faults;
    if (owned_ && ((listing->flags & NFT_TABLE_F_OWNER) == 0 || listing->owner != port())) {
      append(faults, "table " + name_ + " has another owner");
    }
    if (listing->flags & NFT_TABLE_F_DORMANT) append(faults, "table " + name_ + " is dormant");
    for (const nft::Table* table : {live_ ? &*live_ : nullptr, next_ ? &*next_ : nullptr}) {
      if (table) {
        const std::string some = faults_of(*table, *listing);
        if (!some.empty()) append(faults, some);
      }
    }
    const Names names = wanted();
    const std::string no_hook = shape_of(nft::Chain{});
    for (const auto& [name, chain] : listing->chains) {
      // Others hang on nothing until retire() removes them.
      if (live_ && !names.chains.contains(name) && chain.shape != no_hook) {
        append(faults, "chain " + name + " is not ours");
      }
    }
    for (const nft::Table* table : {live_ ? &*live_ : nullptr, next_ ? &*next_ : nullptr}) {
      for (const nft::Set& set : sets_of(table)) {
        const auto present = listing->sets.find(set.name);
        const bool prepared = next_ && table == &*next_ && table->is_lasting(set.name);
        if (prepared || present == listing->sets.end()) continue;
        const bool of_live = live_ && table == &*live_;
        const auto fault = fault_of(of_live ? live : nullptr, set, present->second.count);
        if (!fault) return std::unexpected(fault.error());
        if (!fault->empty()) append(faults, *fault);
      }
    }
    const auto after = socket_.generation();
    if (!after) return std::unexpected(after.error());
    if (*after == listing->generation || (owned_ && faults.empty())) return faults;
  }
  return std::unexpected(
      Error{"compare table " + name_, "the rule set was changed each time while it was read", ""});
}

// ---- restoring ----

/// Chains and sets cannot be changed into others.
bool NftTable::needs_new_table(const nft::Table& table, const NftListing& listing) const {
  const auto other = [](const auto& present, const std::string& name, const std::string& shape,
                        const auto& shape_of_present) {
    const auto found = present.find(name);
    return found != present.end() && shape_of_present(found->second) != shape;
  };
  return (listing.flags & NFT_TABLE_F_DORMANT) != 0 ||
         std::ranges::any_of(table.chains,
                             [&](const nft::Chain& chain) {
                               return other(listing.chains, chain.name, shape_of(chain),
                                            [](const NftChainFacts& facts) { return facts.shape; });
                             }) ||
         std::ranges::any_of(table.sets, [&](const nft::Set& set) {
           return other(listing.sets, set.name, shape_of(set),
                        [](const NftSetFacts& facts) { return facts.shape; });
         });
}

/// Elements of a set that is there. Ends of intervals go by pairs, so these are removed and added
/// in one batch; else removals have a batch of their own (F9).
Result<void> NftTable::plan_elements(const nft::Table& table, const nft::Set& set,
                                     const NftSetFacts& facts, NftBatch& batch, bool removals) {
  const NftDigest& should = digests_[set.name];
  if (is_large(set, should)) {
    if (removals && facts.count.value_or(0) <= should.count) return {};
    if (!removals) {
      std::vector<NftElement> missing;
      const auto there = look_up(table, set, [&](const NftElement& element, const NftFound& found) {
        missing.push_back(element);
        if (found.present) batch.remove_element(set, element);
      });
      if (!there) return std::unexpected(there.error());
      for (const NftElement& element : missing) batch.add_element(set, element);
      return {};
    }
  }
  const auto digest = read_digest(set.name, should);
  if (!digest) return std::unexpected(digest.error());
  if (*digest == should) return {};
  struct Place {
    nft::Key key;
    bool end;
    auto operator<=>(const Place&) const = default;
  };
  struct Present {
    bool odd = false;
    std::int32_t verdict = 0;
    std::string target;
  };
  std::map<Place, Present> present;
  NftDigest listed;
  auto read = read_elements(
      socket_, name_, set.name,
      [&] {
        present.clear();
        listed = {};
      },
      [&](const NftElement& element) {
        listed.add(element);
        present[{element.key, element.end}] = {element.odd, element.verdict,
                                               std::string(element.target)};
      });
  if (!read) return read;
  if (listed != *digest) {
    return std::unexpected(Error{"read set " + set.name, "it reads otherwise each time", ""});
  }
  const auto bare = [&](const Place& place) {
    NftElement element;
    element.key = place.key;
    element.end = place.end;
    element.size = static_cast<std::uint8_t>(set.key_size());
    return element;
  };
  std::vector<NftElement> missing;
  std::vector<NftElement> replaced;
  each_element(table, set, [&](const NftElement& element) {
    const auto found = present.find({element.key, element.end});
    if (found == present.end()) {
      missing.push_back(element);
      return;
    }
    const Present& is = found->second;
    if (is.odd || is.verdict != element.verdict || is.target != element.target) {
      replaced.push_back(bare(found->first));
      missing.push_back(element);
    }
    present.erase(found);
  });
  if (!removals || set.interval) {
    for (const NftElement& element : replaced) batch.remove_element(set, element);
  }
  if (removals || set.interval) {
    for (const auto& [place, what] : present) batch.remove_element(set, bare(place));
  }
  if (!removals || set.interval) {
    for (const NftElement& element : missing) batch.add_element(set, element);
  }
  return {};
}

Result<void> NftTable::plan_restore(const nft::Table& table, const NftListing& listing,
                                    NftBatch& batch, bool removals) {
  if (!listing.exists || needs_new_table(table, listing)) {
    if (listing.exists) batch.remove_table();
    plan_all(table, batch);
    return {};
  }
  if (removals) {
    for (const nft::Set& set : table.sets) {
      const auto present = listing.sets.find(set.name);
      if (present == listing.sets.end()) continue;
      auto planned = plan_elements(table, set, present->second, batch, true);
      if (!planned) return planned;
    }
    return {};
  }
  for (const nft::Counter& counter : table.counters) {
    if (!listing.counters.contains(counter.name)) batch.add_counter(counter);
  }
  for (const nft::Chain& chain : table.chains) {
    if (!listing.chains.contains(chain.name)) batch.add_chain(chain);
  }
  for (const nft::Set& set : table.sets) {
    if (!listing.sets.contains(set.name)) batch.add_set(set);
  }
  for (const nft::Set& set : table.sets) {
    const auto present = listing.sets.find(set.name);
    if (present == listing.sets.end()) {
      batch.add_elements(table, set);
      continue;
    }
    if (auto planned = plan_elements(table, set, present->second, batch, false); !planned) {
      return planned;
    }
  }
  for (const nft::Chain& chain : table.chains) {
    const auto present = listing.chains.find(chain.name);
    const std::vector<nft::Rule> wanted = rules_of(chain, table.is_lasting(chain.name));
    const bool there = present != listing.chains.end();
    if (there && same_rules(present->second.rules, wanted)) continue;
    if (there && !present->second.rules.empty()) batch.remove_rules(chain.name);
    for (const nft::Rule& rule : wanted) batch.add_rule(chain.name, rule);
  }
  const Names names = wanted();
  const std::string no_hook = shape_of(nft::Chain{});
  for (const auto& [name, chain] : listing.chains) {
    if (names.chains.contains(name) || chain.shape == no_hook) continue;
    if (!chain.rules.empty()) batch.remove_rules(name);
    batch.remove_chain(name);
  }
  return {};
}

Result<void> NftTable::restore(const nft::Table& table) {
  if (const auto fault = nft::table_fault(table)) {
    return std::unexpected(Error{"restore table " + name_, *fault, ""});
  }
  keep(table, true);
  for (const bool removals : {false, true}) {
    auto settled = settle([&](const NftListing& listing, NftBatch& batch) {
      return plan_restore(table, listing, batch, removals);
    });
    if (!settled) return settled;
  }
  if (auto retired = retire(); !retired) return retired;
  const auto left = difference(&table);
  if (!left) return std::unexpected(left.error());
  if (left->empty()) return {};
  return std::unexpected(Error{"restore table " + name_, "it reads back otherwise", *left});
}

}  // namespace sallyport
