// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of a generation: a few elements among many. Entry point: NftTable::change().
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>

#include "runtime/nft_table.h"

namespace sallyport {

/// What one batch does to one key.
struct NftTable::Edit {
  std::size_t set = 0;
  nft::Element element;
  enum class Kind : std::uint8_t { add, replace, remove } kind = Kind::add;
  nft::Element before;  // of `replace` and `remove`
  // What the kernel was last seen to hold.
  bool done = false;
  bool in_the_way = false;  // another element with this key
};

namespace {

const nft::Element* find(const nft::Set& set, const nft::Key& key) {
  const auto found = std::ranges::lower_bound(set.elements, key, {}, &nft::Element::key);
  return found != set.elements.end() && found->key == key ? &*found : nullptr;
}

/// Merges sorted elements into sorted ones; moves nothing in front of the first.
void insert_sorted(std::vector<nft::Element>& elements, const std::vector<nft::Element>& added) {
  std::size_t from = elements.size();
  std::size_t left = added.size();
  elements.resize(from + left);
  std::size_t to = elements.size();
  while (left > 0) {
    if (from > 0 && added[left - 1].key < elements[from - 1].key) {
      elements[--to] = elements[--from];
    } else {
      elements[--to] = added[--left];
    }
  }
}

/// The keys that a delta of the table would change, each once.
template <class Edit>
std::pair<std::vector<Edit>, std::vector<Edit>> edits_of(const nft::Table& table,
                                                         const nft::Delta& delta) {
  std::map<std::pair<std::size_t, nft::Key>, nft::Element> wanted;
  for (const nft::SetChange& change : delta.added) {
    for (const nft::Element& element : change.elements) wanted[{change.set, element.key}] = element;
  }
  std::pair<std::vector<Edit>, std::vector<Edit>> edits;
  for (const auto& [place, element] : wanted) {
    const nft::Set& set = table.sets.at(place.first);
    const nft::Element* present = find(set, element.key);
    const bool same =
        present && (set.holds == nft::Holds::nothing || present->target == element.target);
    if (same) continue;
    edits.first.push_back({place.first, element, present ? Edit::Kind::replace : Edit::Kind::add,
                           present ? *present : nft::Element{}});
  }
  std::map<std::pair<std::size_t, nft::Key>, bool> removed;
  for (const nft::SetChange& change : delta.removed) {
    for (const nft::Element& element : change.elements) {
      const nft::Element* present = find(table.sets.at(change.set), element.key);
      const std::pair place{change.set, element.key};
      if (!present || wanted.contains(place) || removed.contains(place)) continue;
      removed[place] = true;
      edits.second.push_back({change.set, *present, Edit::Kind::remove, *present});
    }
  }
  std::ranges::sort(edits.second, {},
                    [](const Edit& edit) { return std::pair(edit.set, edit.element.key); });
  return edits;
}

}  // namespace

/// Looks at the edits' keys in the kernel. True if all are as they should be.
Result<bool> NftTable::read_edits(const nft::Table& table, std::vector<Edit>& edits) {
  bool all = true;
  for (std::size_t at = 0; at < edits.size();) {
    const nft::Set& set = table.sets.at(edits[at].set);
    std::vector<nft::Key> keys;
    std::size_t end = at;
    for (; end < edits.size() && edits[end].set == edits[at].set; ++end) {
      keys.push_back(edits[end].element.key);
    }
    const auto found = find_elements(socket_, name_, set, keys);
    if (!found) return std::unexpected(found.error());
    for (std::size_t i = at; i < end; ++i) {
      const NftFound& one = (*found)[i - at];
      const bool wanted = edits[i].kind != Edit::Kind::remove;
      const bool right = one.is(element_of(table, set, edits[i].element));
      edits[i].done = wanted ? right : !one.present;
      edits[i].in_the_way = wanted && one.present && !right;
      all = all && edits[i].done;
    }
    at = end;
  }
  return all;
}

/// Commits until the kernel holds what the edits want.
Result<void> NftTable::commit_edits(const nft::Table& table, const std::vector<nft::Chain>& chains,
                                    std::vector<Edit>& edits) {
  std::set<std::string> missing;
  for (const nft::Chain& chain : chains) missing.insert(chain.name);
  for (Edit& edit : edits) edit.in_the_way = edit.kind == Edit::Kind::replace;
  Error last{"change table " + name_, "other processes changed the rule set each time we did", ""};
  bool refused = false;
  for (int attempt = 0; attempt <= nft_attempts; ++attempt) {
    if (generation_ == 0) {
      const auto generation = socket_.generation();
      if (!generation) return std::unexpected(generation.error());
      generation_ = *generation;
    }
    if (attempt > 0) {
      if (!chains.empty()) {
        const auto listing = read_listing(socket_, name_);
        if (!listing) return std::unexpected(listing.error());
        generation_ = listing->generation;
        missing.clear();
        for (const nft::Chain& chain : chains) {
          if (!listing->chains.contains(chain.name)) missing.insert(chain.name);
        }
      }
      const auto all = read_edits(table, edits);
      if (!all) return std::unexpected(all.error());
      if (*all && missing.empty()) return {};
    }
    NftBatch batch(name_);
    for (const nft::Chain& chain : chains) {
      if (missing.contains(chain.name)) batch.add_chain(chain);
    }
    for (const Edit& edit : edits) {
      const nft::Set& set = table.sets.at(edit.set);
      NftElement key;
      key.key = edit.element.key;
      key.size = static_cast<std::uint8_t>(set.key_size());
      if (edit.done) continue;
      if (edit.kind == Edit::Kind::remove || edit.in_the_way) batch.remove_element(set, key);
    }
    for (const Edit& edit : edits) {
      if (edit.done || edit.kind == Edit::Kind::remove) continue;
      const nft::Set& set = table.sets.at(edit.set);
      batch.add_element(set, element_of(table, set, edit.element));
    }
    for (const nft::Chain& chain : chains) {
      if (!missing.contains(chain.name)) continue;
      for (const nft::Rule& rule : chain.rules) batch.add_rule(chain.name, rule);
    }
    if (batch.empty()) return {};
    const NftOutcome outcome = socket_.commit(batch, generation_);
    generation_ = 0;
    // An element that is there or gone against our knowledge: what to do is seen by reading.
    const bool out_of_step = outcome.number == ENOENT || outcome.number == EEXIST;
    if (outcome.kind == NftOutcome::Kind::refused && (!out_of_step || refused)) {
      return std::unexpected(outcome.error);
    }
    refused = outcome.kind == NftOutcome::Kind::refused;
    if (outcome.kind != NftOutcome::Kind::applied) {
      ++retries_;
      last.detail = outcome.error.text();
      continue;
    }
    const auto generation = socket_.generation();
    if (!generation) return std::unexpected(generation.error());
    const auto all = read_edits(table, edits);
    if (!all) return std::unexpected(all.error());
    if (*all) {
      generation_ = *generation;
      return {};
    }
    last.detail = "what was committed read back otherwise";
  }
  return std::unexpected(last);
}

Result<void> NftTable::change(nft::Table& table, const nft::Delta& delta) {
  nft::Table* known = nullptr;
  for (auto* one : {live_ ? &*live_ : nullptr, next_ ? &*next_ : nullptr}) {
    if (one && one->generation_prefix == table.generation_prefix) known = one;
  }
  if (!known) {
    return std::unexpected(
        Error{"change table " + name_, "it has no generation " + table.generation_prefix, ""});
  }
  table.chains.insert(table.chains.end(), delta.chains.begin(), delta.chains.end());
  known->chains.insert(known->chains.end(), delta.chains.begin(), delta.chains.end());
  auto [added, removed] = edits_of<Edit>(table, delta);
  if (auto done = commit_edits(table, delta.chains, added); !done) {
    table.chains.resize(table.chains.size() - delta.chains.size());
    known->chains.resize(known->chains.size() - delta.chains.size());
    return done;
  }
  // `table` and what we know of it, set by set.
  const auto each_set = [&](std::vector<Edit>& edits, const auto& apply) {
    for (std::size_t at = 0; at < edits.size();) {
      std::size_t end = at;
      while (end < edits.size() && edits[end].set == edits[at].set) ++end;
      nft::Set& set = table.sets.at(edits[at].set);
      apply(set, std::span(edits).subspan(at, end - at));
      if (table.is_lasting(set.name)) known->sets.at(edits[at].set).elements = set.elements;
      at = end;
    }
  };
  each_set(added, [&](nft::Set& set, std::span<Edit> edits) {
    NftDigest& digest = digests_[set.name];
    std::vector<nft::Element> fresh;
    for (const Edit& edit : edits) {
      digest.add(element_of(table, set, edit.element));
      if (edit.kind == Edit::Kind::add) {
        fresh.push_back(edit.element);
        continue;
      }
      digest.remove(element_of(table, set, edit.before));
      std::ranges::lower_bound(set.elements, edit.element.key, {}, &nft::Element::key)->target =
          edit.element.target;
    }
    insert_sorted(set.elements, fresh);
  });
  if (removed.empty()) return {};
  if (auto done = commit_edits(table, {}, removed); !done) return done;
  each_set(removed, [&](nft::Set& set, std::span<Edit> edits) {
    NftDigest& digest = digests_[set.name];
    auto next = edits.begin();
    const auto first =
        std::ranges::lower_bound(set.elements, next->element.key, {}, &nft::Element::key);
    const auto end = std::remove_if(first, set.elements.end(), [&](const nft::Element& element) {
      if (next == edits.end() || element.key != next->element.key) return false;
      digest.remove(element_of(table, set, element));
      ++next;
      return true;
    });
    set.elements.erase(end, set.elements.end());
  });
  return {};
}

}  // namespace sallyport
