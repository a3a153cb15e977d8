// SPDX-License-Identifier: GPL-2.0-or-later
// The life of a table: opening, generations, removal. Every step is planned from what the kernel
// holds and planned again after it, until nothing is left to do. Entry point: NftTable.
#include "runtime/nft_table.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>

#include "runtime/nft_rule.h"

namespace sallyport {
namespace {

#ifndef NFT_TABLE_F_OWNER
constexpr std::uint32_t NFT_TABLE_F_OWNER = 2;
#endif
constexpr std::uint32_t persist_flag = 4;  // NFT_TABLE_F_PERSIST, since 6.9

/// N of `g<N>_...`.
std::optional<std::uint64_t> generation_number(std::string_view name) {
  if (!name.starts_with('g')) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (error != std::errc{} || end == name.data() + name.size() || *end != '_') return std::nullopt;
  return number;
}

nft::Table without_elements(const nft::Table& table) {
  nft::Table skeleton;
  skeleton.name = table.name;
  skeleton.generation_prefix = table.generation_prefix;
  skeleton.counters = table.counters;
  skeleton.chains = table.chains;
  skeleton.entries = table.entries;
  for (const nft::Set& set : table.sets) {
    if (table.is_lasting(set.name)) {
      skeleton.sets.push_back(set);
      continue;
    }
    nft::Set& head = skeleton.sets.emplace_back();
    head.name = set.name;
    head.key = set.key;
    head.holds = set.holds;
    head.remembers = set.remembers;
    head.interval = set.interval;
  }
  return skeleton;
}

Error words(const std::string& table, std::string cause) {
  return {"change table " + table, std::move(cause), ""};
}

/// Adds and removes rules so that the chain has `wanted` and nothing else, in one step and with the
/// fewest changes that keep what is there in place.
void plan_rules(const std::string& chain, const std::vector<NftRuleFacts>& present,
                const std::vector<nft::Rule>& wanted, NftBatch& batch) {
  std::vector<std::uint64_t> doomed;
  std::size_t kept = 0;
  std::vector<std::string> texts;
  for (const nft::Rule& rule : wanted) texts.push_back(canonical_text(rule));
  for (const NftRuleFacts& rule : present) {
    if (kept < texts.size() && rule.text == texts[kept]) {
      ++kept;
    } else {
      doomed.push_back(rule.handle);
    }
  }
  for (const std::uint64_t handle : doomed) batch.remove_rule(chain, handle);
  for (std::size_t i = kept; i < wanted.size(); ++i) batch.add_rule(chain, wanted[i]);
}

/// `g12_zones_ip4`
bool is_of_generation(std::string_view name) {
  const std::size_t end = name.find_first_not_of("0123456789", 1);
  return name.starts_with('g') && end != std::string_view::npos && end > 1 && name[end] == '_';
}

}  // namespace

// ---- opening ----

Result<NftTable> NftTable::open(std::string table_name, Options options) {
  auto socket = NftSocket::open(options.receive_buffer);
  if (!socket) return std::unexpected(socket.error());
  return over(std::move(*socket), std::move(table_name), options.own);
}

Result<NftTable> NftTable::over(NftSocket socket, std::string table_name, bool own) {
  NftTable table(std::move(table_name), std::move(socket));
  if (auto taken = table.take_over(own); !taken) return std::unexpected(taken.error());
  return table;
}

/// Tries both flags on a table of another name, in a batch without an end.
Result<bool> NftTable::kernel_takes_ownership() {
  NftBatch batch("sallyport_probe_" + std::to_string(socket_.port()));
  batch.add_table(NFT_TABLE_F_OWNER | persist_flag);
  const NftOutcome outcome = socket_.check(batch);
  if (outcome.kind == NftOutcome::Kind::applied) return true;
  if (outcome.number == EOPNOTSUPP || outcome.number == EINVAL) return false;
  return std::unexpected(outcome.error);
}

Result<void> NftTable::take_over(bool own) {
  if (own) {
    const auto takes = kernel_takes_ownership();
    if (!takes) return std::unexpected(takes.error());
    own_ = *takes;
  }
  return settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    const bool orphan = (listing.flags & (persist_flag | NFT_TABLE_F_OWNER)) == persist_flag;
    if (own_ && listing.exists && orphan) batch.add_table(flags());
    return {};
  });
}

std::uint32_t NftTable::flags() const {
  return own_ ? NFT_TABLE_F_OWNER | persist_flag : 0;
}

/// What every step begins with: is the table still ours to change?
Result<void> NftTable::listed(const NftListing& listing) {
  exists_ = listing.exists;
  const bool has_owner = exists_ && (listing.flags & NFT_TABLE_F_OWNER) != 0;
  owned_ = has_owner && listing.owner == socket_.port();
  seen_ = {};
  for (const auto& [name, chain] : listing.chains) seen_.chains.insert(name);
  for (const auto& [name, shape] : listing.sets) seen_.sets.insert(name);
  for (const auto& [name, count] : listing.counters) seen_.counters.insert(name);
  if (!has_owner || owned_) return {};
  return std::unexpected(Error{"change table " + name_, "another process owns it",
                               "netlink port " + std::to_string(listing.owner)});
}

std::string NftTable::free_prefix() const {
  std::uint64_t highest = 0;
  const auto see = [&](std::string_view name) {
    highest = std::max(highest, generation_number(name).value_or(0));
  };
  for (const std::string& name : seen_.chains) see(name);
  for (const std::string& name : seen_.sets) see(name);
  for (const auto* table : {live_ ? &*live_ : nullptr, next_ ? &*next_ : nullptr}) {
    if (table) see(table->generation_prefix);
  }
  return "g" + std::to_string(highest + 1) + "_";
}

// ---- one step ----

/// What the kernel has taken is done, whatever becomes of reading it back: difference() looks
/// again.
Result<void> NftTable::settle(const Plan& plan) {
  Error last = words(name_, "other processes changed the rule set each time we did");
  bool applied = false;
  const auto failed = [&](Error error) -> Result<void> {
    if (applied) return {};
    return std::unexpected(std::move(error));
  };
  for (int attempt = 0; attempt <= nft_attempts; ++attempt) {
    const auto listing = read_listing(socket_, name_);
    if (!listing) return failed(listing.error());
    if (auto ours = listed(*listing); !ours) return ours;
    NftBatch batch(name_);
    if (auto planned = plan(*listing, batch); !planned) return failed(planned.error());
    generation_ = listing->generation;
    if (batch.empty()) return {};
    const NftOutcome outcome = socket_.commit(batch, listing->generation);
    generation_ = 0;
    if (outcome.kind == NftOutcome::Kind::refused) return std::unexpected(outcome.error);
    applied = outcome.kind == NftOutcome::Kind::applied;
    if (!applied) {
      ++retries_;
      last.detail = outcome.error.text();
    }
  }
  return failed(std::move(last));
}

// ---- generations ----

/// The rules that a chain should have now; a lasting one ends in the entries.
std::vector<nft::Rule> NftTable::rules_of(const nft::Chain& chain, bool lasting) const {
  std::vector<nft::Rule> rules = chain.rules;
  if (!lasting) return rules;
  const auto append = [&](const nft::Table& table) {
    for (const nft::Entry& entry : table.entries) {
      if (entry.chain == chain.name) rules.push_back(entry.rule);
    }
  };
  if (live_) append(*live_);
  if (next_ && widened_) append(*next_);
  return rules;
}

void NftTable::plan_all(const nft::Table& table, NftBatch& batch) const {
  batch.add_table(flags());
  for (const nft::Counter& counter : table.counters) batch.add_counter(counter);
  for (const nft::Chain& chain : table.chains) batch.add_chain(chain);
  for (const nft::Set& set : table.sets) batch.add_set(set);
  for (const nft::Set& set : table.sets) batch.add_elements(table, set);
  for (const nft::Chain& chain : table.chains) {
    for (const nft::Rule& rule : chain.rules) batch.add_rule(chain.name, rule);
  }
  for (const nft::Entry& entry : table.entries) batch.add_rule(entry.chain, entry.rule);
}

Result<void> NftTable::plan_objects(const nft::Table& next, const NftListing& listing,
                                    NftBatch& batch) {
  for (const nft::Counter& counter : next.counters) {
    if (!listing.counters.contains(counter.name)) batch.add_counter(counter);
  }
  std::vector<const nft::Chain*> chains;
  for (const nft::Chain& chain : next.chains) {
    const auto present = listing.chains.find(chain.name);
    if (next.is_lasting(chain.name))
      continue;  // enforced: they change when the generation goes live
    if (present == listing.chains.end()) {
      chains.push_back(&chain);
    } else if (present->second.shape != shape_of(chain)) {
      return std::unexpected(words(name_, "chain " + chain.name + " is there and another one"));
    }
  }
  std::vector<const nft::Set*> sets;
  for (const nft::Set& set : next.sets) {
    const auto present = listing.sets.find(set.name);
    if (present == listing.sets.end()) {
      sets.push_back(&set);
    } else if (present->second.shape != shape_of(set)) {
      return std::unexpected(words(name_, "set " + set.name + " is there and another one"));
    }
  }
  for (const nft::Chain* chain : chains) batch.add_chain(*chain);
  for (const nft::Set* set : sets) batch.add_set(*set);
  for (const nft::Set* set : sets) batch.add_elements(next, *set);
  for (const nft::Chain* chain : chains) {
    for (const nft::Rule& rule : chain->rules) batch.add_rule(chain->name, rule);
  }
  return {};
}

void NftTable::keep(const nft::Table& table, bool live) {
  if (live) {
    live_ = without_elements(table);
    next_.reset();
    widened_ = false;
    taken_out_.clear();
  } else {
    next_ = without_elements(table);
  }
  for (const nft::Set& set : table.sets) {
    if (live || !table.is_lasting(set.name)) digests_[set.name] = digest_of(table, set);
  }
}

Result<void> NftTable::prepare(const nft::Table& next) {
  assert(next.name == name_);
  if (const auto fault = nft::table_fault(next)) return std::unexpected(words(name_, *fault));
  if (widened_) return std::unexpected(words(name_, "the generation before is not live yet"));
  bool first = true;
  bool create = false;
  auto settled = settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    if (first) {
      first = false;
      create = !listing.exists;
      created_ = created_ || create;
      const auto taken = [&](const auto& names) {
        return std::ranges::any_of(names, [&](const auto& entry) {
          return entry.first.starts_with(next.generation_prefix);
        });
      };
      if (taken(listing.chains) || taken(listing.sets)) {
        return std::unexpected(words(name_, "it has a generation " + next.generation_prefix));
      }
    }
    if (create) {
      if (!listing.exists) plan_all(next, batch);
      return {};
    }
    return plan_objects(next, listing, batch);
  });
  if (!settled) return settled;
  keep(next, create);
  return check_sets(next, create);
}

/// What differs in the lasting sets; these are small.
Result<void> NftTable::plan_lasting_sets(NftBatch& batch, bool gone, bool come) {
  for (const nft::Set& set : next_->sets) {
    if (!next_->is_lasting(set.name)) continue;
    if (set.interval) {
      return std::unexpected(words(name_, "lasting set " + set.name + " holds intervals"));
    }
    std::map<nft::Key, NftElement> wanted;
    each_element(*next_, set, [&](const NftElement& element) { wanted[element.key] = element; });
    std::vector<NftElement> extra;
    auto read = read_elements(
        socket_, name_, set.name, [&] { extra.clear(); },
        [&](const NftElement& element) {
          if (wanted.erase(element.key) > 0) return;
          extra.push_back(element);
          extra.back().target = {};  // removal goes by key
          extra.back().verdict = 0;
        });
    if (!read) return read;
    if (gone) {
      for (const NftElement& element : extra) {
        batch.remove_element(set, element);
        taken_out_[set.name].push_back(element.key);
      }
    }
    if (come) {
      for (const auto& [key, element] : wanted) batch.add_element(set, element);
    }
  }
  return {};
}

void NftTable::plan_live(const NftListing& listing, NftBatch& batch) const {
  const auto present_as = [&](const nft::Chain& chain) {
    const auto present = listing.chains.find(chain.name);
    const bool same = present != listing.chains.end() && present->second.shape == shape_of(chain);
    return same ? present : listing.chains.end();
  };
  // All chains before any rule, which may lead to a later one.
  for (const nft::Chain& chain : next_->chains) {
    if (!next_->is_lasting(chain.name) || present_as(chain) != listing.chains.end()) continue;
    if (listing.chains.contains(chain.name)) {
      batch.remove_rules(chain.name);
      batch.remove_chain(chain.name);
    }
    batch.add_chain(chain);
  }
  // Before next_ goes live its entries follow those of live_, or whatever an earlier process left.
  for (const nft::Chain& chain : next_->chains) {
    if (!next_->is_lasting(chain.name)) continue;
    std::vector<nft::Rule> wanted = chain.rules;
    for (const nft::Entry& entry : next_->entries) {
      if (entry.chain == chain.name) wanted.push_back(entry.rule);
    }
    const auto present = present_as(chain);
    const bool there = present != listing.chains.end();
    plan_rules(chain.name, there ? present->second.rules : std::vector<NftRuleFacts>{}, wanted,
               batch);
  }
  const std::string no_hook = shape_of(nft::Chain{});
  for (const auto& [name, chain] : listing.chains) {
    const bool known = std::ranges::any_of(
        next_->chains, [&](const nft::Chain& other) { return other.name == name; });
    // A lasting chain that no generation uses any more must not hold what is to be retired.
    if (known || (chain.shape == no_hook && is_of_generation(name))) continue;
    if (!chain.rules.empty()) batch.remove_rules(name);
    if (chain.shape != no_hook) batch.remove_chain(name);
  }
}

Result<void> NftTable::go_live(bool add, bool take_away) {
  if (!next_) return live_ ? Result<void>{} : std::unexpected(words(name_, "nothing was prepared"));
  auto settled = settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    if (!listing.exists) return std::unexpected(words(name_, "it is gone"));
    if (auto planned = plan_lasting_sets(batch, add, take_away); !planned) return planned;
    if (take_away) {
      plan_live(listing, batch);
      return {};
    }
    for (const nft::Entry& entry : next_->entries) {
      const auto chain = listing.chains.find(entry.chain);
      if (chain == listing.chains.end()) continue;  // a new chain, which comes with narrow()
      const std::string text = canonical_text(entry.rule);
      const bool there = std::ranges::any_of(
          chain->second.rules, [&](const NftRuleFacts& rule) { return rule.text == text; });
      if (!there) batch.add_rule(entry.chain, entry.rule);
    }
    return {};
  });
  if (!settled) return settled;
  if (!take_away) {
    widened_ = true;
    return {};
  }
  for (const nft::Set& set : next_->sets) {
    if (next_->is_lasting(set.name)) digests_[set.name] = digest_of(*next_, set);
  }
  live_ = std::move(next_);
  next_.reset();
  widened_ = false;
  taken_out_.clear();
  return {};
}

Result<void> NftTable::widen() {
  return go_live(true, false);
}

Result<void> NftTable::narrow() {
  return go_live(false, true);
}

Result<void> NftTable::swap() {
  return go_live(true, true);
}

NftTable::Names NftTable::wanted() const {
  Names names;
  const auto take = [&](const nft::Table& table) {
    for (const nft::Chain& chain : table.chains) names.chains.insert(chain.name);
    for (const nft::Set& set : table.sets) names.sets.insert(set.name);
    for (const nft::Counter& counter : table.counters) names.counters.insert(counter.name);
  };
  if (live_) take(*live_);
  if (next_) take(*next_);
  return names;
}

Result<void> NftTable::abandon() {
  if (!next_) return {};
  const nft::Table gone = std::move(*next_);
  next_.reset();
  widened_ = false;
  std::set<std::string> entries;
  for (const nft::Entry& entry : gone.entries) entries.insert(canonical_text(entry.rule));
  const Names names = wanted();
  auto settled = settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    for (const auto& [name, chain] : listing.chains) {
      if (name.starts_with(gone.generation_prefix)) continue;
      for (const NftRuleFacts& rule : chain.rules) {
        if (entries.contains(rule.text)) batch.remove_rule(name, rule.handle);
      }
    }
    for (const nft::Chain& chain : gone.chains) {
      const auto there = listing.chains.find(chain.name);
      if (gone.is_lasting(chain.name) || there == listing.chains.end()) continue;
      if (!there->second.rules.empty()) batch.remove_rules(chain.name);
    }
    for (const nft::Set& set : gone.sets) {
      if (!listing.sets.contains(set.name)) continue;
      if (!gone.is_lasting(set.name)) batch.remove_set(set.name);
      if (!gone.is_lasting(set.name) || !taken_out_.contains(set.name)) continue;
      const auto found = find_elements(socket_, name_, set, taken_out_[set.name]);
      if (!found) return std::unexpected(found.error());
      for (std::size_t i = 0; i < found->size(); ++i) {
        NftElement element;
        element.key = taken_out_[set.name][i];
        element.size = static_cast<std::uint8_t>(set.key_size());
        if (!(*found)[i].present) batch.add_element(set, element);
      }
    }
    for (const nft::Chain& chain : gone.chains) {
      if (!gone.is_lasting(chain.name) && listing.chains.contains(chain.name)) {
        batch.remove_chain(chain.name);
      }
    }
    for (const nft::Counter& counter : gone.counters) {
      // Without a value of what is live nobody knows whose they are.
      if (live_ && !names.counters.contains(counter.name) &&
          listing.counters.contains(counter.name)) {
        batch.remove_counter(counter.name);
      }
    }
    return {};
  });
  if (!settled) {
    next_ = gone;
    return settled;
  }
  taken_out_.clear();
  std::erase_if(digests_, [&](const auto& entry) {
    return !gone.is_lasting(entry.first) && !names.sets.contains(entry.first);
  });
  return {};
}

Result<void> NftTable::retire() {
  if (!live_) return abandon();
  if (!widened_) next_.reset();
  const Names names = wanted();
  auto settled = settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    std::vector<std::string> chains;
    for (const auto& [name, chain] : listing.chains) {
      if (names.chains.contains(name)) continue;
      chains.push_back(name);
      if (!chain.rules.empty()) batch.remove_rules(name);
    }
    for (const auto& [name, shape] : listing.sets) {
      if (!names.sets.contains(name)) batch.remove_set(name);
    }
    for (const std::string& name : chains) batch.remove_chain(name);
    for (const auto& [name, count] : listing.counters) {
      if (!names.counters.contains(name)) batch.remove_counter(name);
    }
    return {};
  });
  if (!settled) return settled;
  std::erase_if(digests_, [&](const auto& entry) { return !names.sets.contains(entry.first); });
  return {};
}

Result<void> NftTable::remove() {
  auto settled = settle([&](const NftListing& listing, NftBatch& batch) -> Result<void> {
    if (listing.exists) batch.remove_table();
    return {};
  });
  if (!settled) return settled;
  live_.reset();
  next_.reset();
  widened_ = false;
  digests_.clear();
  return {};
}

Result<std::map<std::string, NftCount>> NftTable::counters() {
  return read_counts(socket_, name_);
}

}  // namespace sallyport
