// SPDX-License-Identifier: GPL-2.0-or-later
// One timer for each name, as in refresh.cpp; policies have a handful of aliases, so that nothing
// queues. See alias_watch.h.
#include "runtime/alias_watch.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "compiler/program/derivation.h"
#include "runtime/refresh.h"

namespace sallyport {

AliasWatch::AliasWatch(EventLoop& loop, Lookup& lookup, Pace pace, std::function<void()> moved)
    : loop_(loop),
      lookup_(lookup),
      pace_(std::move(pace)),
      moved_(std::move(moved)),
      random_(pace_.seed) {
  assert(pace_.clamp && moved_);
}

AliasWatch::~AliasWatch() {
  for (const auto& [name, due] : due_) loop_.cancel(due.timer);
}

void AliasWatch::set_names(const std::vector<HostName>& names) {
  names_ = names;
  ask_wanted();
}

void AliasWatch::adopt(const Targets& targets) {
  for (const auto& [name, target] : targets) targets_.insert_or_assign(name, target);
}

void AliasWatch::ask_wanted() {
  std::set<HostName> wanted(names_.begin(), names_.end());
  for (const HostName& name : names_) {
    const auto found = targets_.find(name);
    if (found != targets_.end() && is_private_link(found->second)) wanted.insert(found->second);
  }
  std::erase_if(targets_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  std::erase_if(due_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    loop_.cancel(entry.second.timer);
    return true;
  });
  for (const HostName& name : wanted) {
    const auto [entry, is_new] = due_.try_emplace(name);
    if (!is_new) continue;
    entry->second.epoch = ++epoch_;
    ask(name);
  }
}

void AliasWatch::ask(const HostName& name) {
  lookup_.ask_alias(name, [this, name, epoch = due_.at(name).epoch,
                           alive = std::weak_ptr(alive_)](const AliasAnswer& answer) {
    if (!alive.expired()) answered(name, epoch, answer);
  });
}

void AliasWatch::answered(const HostName& name, std::uint64_t epoch, const AliasAnswer& answer) {
  const auto due = due_.find(name);
  if (due == due_.end() || due->second.epoch != epoch) return;
  const bool failed = answer.outcome == AliasAnswer::Outcome::failure;
  due->second.failures = failed ? due->second.failures + 1 : 0;
  due->second.timer = loop_.at(loop_.clock().now() + delay_after(answer, due->second.failures),
                               [this, name] { ask(name); });
  if (failed) return;

  const auto before = targets_;
  if (answer.target) {
    targets_.insert_or_assign(name, *answer.target);
  } else {
    targets_.erase(name);
  }
  ask_wanted();
  if (targets_ != before) moved_();  // may change the names
}

/// Like the addresses of a name.
Moment AliasWatch::delay_after(const AliasAnswer& answer, unsigned failures) {
  constexpr Seconds default_negative_ttl{30};
  Answer like;
  if (answer.outcome == AliasAnswer::Outcome::alias) like.outcome = Answer::Outcome::addresses;
  if (answer.outcome == AliasAnswer::Outcome::none) like.outcome = Answer::Outcome::no_data;
  Seconds ttl = answer.ttl;
  if (answer.outcome == AliasAnswer::Outcome::none && ttl == Seconds{0}) ttl = default_negative_ttl;
  const double fraction = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  return refresh_delay(like, pace_.clamp(ttl), failures, fraction);
}

}  // namespace sallyport
