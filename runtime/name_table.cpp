// SPDX-License-Identifier: GPL-2.0-or-later
// The outcome table of name resolution (TRAPS section 14): an answer only ever prolongs an address;
// what removes one is time, or a policy that no longer names it. See name_table.h.
#include "runtime/name_table.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

constexpr Seconds longest_ttl = std::chrono::hours(24);
constexpr Seconds shortest_grace{300};
constexpr std::size_t most_addresses = 256;  // of one name and family (N11)

// Lifetimes come from a file. Ten years is for ever, and sums of it stay far from overflow.
constexpr Seconds for_ever = std::chrono::hours(24 * 3650);

Lifetimes bounded(Lifetimes lifetimes) {
  const auto bound = [](Seconds s) { return std::clamp(s, Seconds{0}, for_ever); };
  lifetimes.ttl_floor = bound(lifetimes.ttl_floor);
  lifetimes.max_stale = bound(lifetimes.max_stale);
  if (lifetimes.grace) lifetimes.grace = bound(*lifetimes.grace);
  return lifetimes;
}

}  // namespace

// The names of each address that an event touches, as they were before it; what came of them is
// compared at the end, so that an address removed and added again is no change.
class NameTable::Touched {
 public:
  explicit Touched(const NameTable& table) : table_(table) {}

  void touch(const Address& address) {
    if (!before_.contains(address)) before_.emplace(address, table_.names_of(address));
  }

  std::vector<BindingChange> changes() const {
    std::vector<BindingChange> adding, removing;
    for (const auto& [address, before] : before_) {
      auto after = table_.names_of(address);
      if (after == before) continue;
      const bool adds = !std::includes(before.begin(), before.end(), after.begin(), after.end());
      (adds ? adding : removing).push_back({address, std::move(after), adds});
    }
    adding.insert(adding.end(), removing.begin(), removing.end());
    return adding;
  }

 private:
  const NameTable& table_;
  std::map<Address, std::vector<ViewedName>> before_;
};

NameTable::NameTable(Lifetimes lifetimes) : lifetimes_(bounded(lifetimes)) {}

TableChanges NameTable::set_names(const Image& image, const std::vector<ImageName>& names) {
  lifetimes_ = bounded(image.lifetimes);
  nat64_ = image.nat64;
  kept_.clear();
  for (const auto& [name, groups, absent_ok, never] : names) {
    const bool consent = std::ranges::any_of(
        groups, [&](std::uint32_t group) { return image.groups[group].private_ok; });
    kept_.emplace(name, Kept{consent || never, absent_ok, never});
  }

  Touched touched(*this);
  for (auto at = states_.begin(); at != states_.end();) {
    auto& [key, state] = *at;
    const bool kept = kept_.contains(key.first);
    std::erase_if(state.leases, [&](const auto& lease) {
      if (kept && refusal(key.first, lease.first).empty()) return false;
      unbind(key.first, lease.first, touched);
      return true;
    });
    note_deadline(key, state);
    at = kept ? std::next(at) : states_.erase(at);
  }
  return {touched.changes(), {}};
}

TableChanges NameTable::adopt(const ViewedName& name, const Address& address, Moment now) {
  if (!kept_.contains(name)) return {};
  if (auto why = refusal(name, address); !why.empty())
    return {{}, {{name, address, std::move(why)}}};

  const Key key{name, address.family};
  State& state = states_[key];
  if (state.leases.size() >= most_addresses || state.leases.contains(address)) return {};
  Touched touched(*this);
  touched.touch(address);
  state.leases[address] = {now + grace_for(clamp(Seconds{0})), true};
  by_address_[address].insert(name);
  // An outage that began before this run may go on: it holds what it held, for as long.
  if (!state.last_good) state.last_good = now;
  note_deadline(key, state);
  return {touched.changes(), {}};
}

TableChanges NameTable::apply(const ViewedName& name, Family family, const Answer& answer,
                              Moment now) {
  if (!kept_.contains(name)) return {};
  const Key key{name, family};
  State& state = states_[key];
  Touched touched(*this);
  TableChanges changes;

  drop_dead(key, state, now, touched);  // this answer holds nothing that died before it
  switch (answer.outcome) {
    case Answer::Outcome::addresses:
      // Nothing but refused addresses says as little about the name as no answer does.
      if (!take_addresses(key, state, answer, now, touched, changes.refused)) state.failing = true;
      break;
    case Answer::Outcome::no_data:
    case Answer::Outcome::no_name:
      recover(state, now);
      break;
    case Answer::Outcome::failure:
      state.failing = true;
      break;
  }
  note_deadline(key, state);
  changes.bindings = touched.changes();
  return changes;
}

bool NameTable::take_addresses(const Key& key, State& state, const Answer& answer, Moment now,
                               Touched& touched, std::vector<RefusedAddress>& refused) {
  std::vector<AnsweredAddress> usable;
  for (const auto& answered : answer.addresses) {
    assert(answered.address.family == key.second);
    if (auto why = refusal(key.first, answered.address); !why.empty())
      refused.push_back({key.first, answered.address, std::move(why)});
    else
      usable.push_back(answered);
  }
  if (usable.empty()) return false;

  Seconds smallest = longest_ttl;
  for (const auto& [address, answered_ttl] : usable) {
    const Seconds ttl = clamp(answered_ttl);
    smallest = std::min(smallest, ttl);
    if (!state.leases.contains(address)) {
      if (state.leases.size() >= most_addresses) {
        refused.push_back({key.first, address,
                           "the name already has " + std::to_string(most_addresses) +
                               " addresses of this family"});
        continue;
      }
      touched.touch(address);
      by_address_[address].insert(key.first);
    }
    Lease& lease = state.leases[address];
    lease.expiry = std::max(lease.expiry, now + ttl + grace_for(ttl));
    lease.adopted = false;
  }
  // After the renewals, so that what recovers is only what this answer does not have.
  recover(state, now);
  state.last_good = now;
  state.last_ttl = smallest;
  return true;
}

TableChanges NameTable::expire(Moment now) {
  Touched touched(*this);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const Key key = deadlines_.begin()->second;
    State& state = states_.at(key);
    drop_dead(key, state, now, touched);
    note_deadline(key, state);
  }
  return {touched.changes(), {}};
}

std::optional<Moment> NameTable::next_expiry() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

Seconds NameTable::clamp(Seconds ttl) const {
  return std::max(lifetimes_.ttl_floor, std::min(ttl, longest_ttl));
}

Seconds NameTable::grace_for(Seconds ttl) const {
  return lifetimes_.grace.value_or(std::max(2 * ttl, shortest_grace));
}

std::string NameTable::refusal(const ViewedName& name, const Address& address) const {
  if (const auto special = special_range_of(address, nat64_)) return std::string(special->what);
  if (is_private(address) && !kept_.at(name).private_ok)
    return "private address, and no rule says `private ok`";
  return {};
}

Moment NameTable::end_of(const State& state, const Lease& lease) const {
  if (!state.failing || !state.last_good) return lease.expiry;
  return std::max<Moment>(lease.expiry, *state.last_good + lifetimes_.max_stale);
}

void NameTable::drop_dead(const Key& key, State& state, Moment now, Touched& touched) {
  std::erase_if(state.leases, [&](const auto& entry) {
    if (end_of(state, entry.second) > now) return false;
    unbind(key.first, entry.first, touched);
    return true;
  });
}

// A failing state held addresses past their expiry. Only now is it known that they left the DNS,
// so their grace begins now (N14).
void NameTable::recover(State& state, Moment now) {
  if (!std::exchange(state.failing, false)) return;
  for (auto& [address, lease] : state.leases)
    if (lease.expiry <= now) lease.expiry = now + grace_for(clamp(state.last_ttl));
}

void NameTable::unbind(const ViewedName& name, const Address& address, Touched& touched) {
  touched.touch(address);
  const auto found = by_address_.find(address);
  assert(found != by_address_.end());
  found->second.erase(name);
  if (found->second.empty()) by_address_.erase(found);
}

void NameTable::note_deadline(const Key& key, State& state) {
  std::optional<Moment> earliest;
  for (const auto& [address, lease] : state.leases) {
    const Moment end = end_of(state, lease);
    if (!earliest || end < *earliest) earliest = end;
  }
  if (earliest == state.deadline) return;
  if (state.deadline) deadlines_.erase({*state.deadline, key});
  if (earliest) deadlines_.insert({*earliest, key});
  state.deadline = earliest;
}

bool NameTable::may_be_absent(const ViewedName& name) const {
  const auto found = kept_.find(name);
  return found != kept_.end() && (found->second.absent_ok || found->second.never);
}

bool NameTable::is_never(const ViewedName& name) const {
  const auto found = kept_.find(name);
  return found != kept_.end() && found->second.never;
}

bool NameTable::has_claims(const ViewedName& name) const {
  return std::ranges::any_of(std::array{Family::v4, Family::v6}, [&](Family family) {
    const auto found = states_.find({name, family});
    return found != states_.end() && !found->second.leases.empty();
  });
}

std::vector<Claim> NameTable::claims() const {
  std::vector<Claim> claims;
  for (const auto& [key, state] : states_)
    for (const auto& [address, lease] : state.leases)
      claims.push_back({key.first, address, end_of(state, lease), lease.adopted});
  return claims;
}

std::vector<ViewedName> NameTable::names_of(const Address& address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace sallyport
