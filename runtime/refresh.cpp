// SPDX-License-Identifier: GPL-2.0-or-later
// One timer for each name and family; a due question that finds the in-flight limit reached queues,
// first come first served. See refresh.h.
#include "runtime/refresh.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace sallyport {
namespace {

constexpr Seconds default_negative_ttl{30};  // where the server sent no SOA
constexpr Seconds longest_negative_ttl{60};  // a name that appears should not wait for long
constexpr Seconds shortest_negative_ttl{5};
/// A policy may list hundreds of names of which most do not exist (VENDORS 1a).
constexpr Seconds absent_pause = std::chrono::minutes(15);
constexpr Seconds longest_absence = std::chrono::hours(1);
constexpr Seconds longest_retry{40};                        // 60 s with the jitter
constexpr Moment shortest_delay = std::chrono::seconds(1);  // N16
/// A question that has queued for this long has failed so far, as one that was asked would have: a
/// resolver that is silent must not let the addresses of thousands expire in the queue (N2, N10).
constexpr Moment patience = std::chrono::seconds(3);

Moment scaled(Moment delay, double factor) {
  return Moment(static_cast<Moment::rep>(static_cast<double>(delay.count()) * factor));
}

Seconds retry_pause(unsigned failures) {
  const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0, 6U);
  return std::min(Seconds(1U << doublings), longest_retry);
}

}  // namespace

Moment refresh_delay(const Answer& answer, Seconds clamped_ttl, unsigned failures, double fraction,
                     bool may_be_absent) {
  if (may_be_absent && answer.outcome == Answer::Outcome::no_name) {
    // Not before the negative answer ends, which resolvers remember as well.
    return scaled(std::clamp(clamped_ttl, absent_pause, longest_absence), 1.0 + 0.2 * fraction);
  }
  const double early = 0.7 + 0.2 * fraction;  // before the TTL ends
  Moment delay{0};
  switch (answer.outcome) {
    case Answer::Outcome::addresses:
      delay = scaled(clamped_ttl, early);
      break;
    case Answer::Outcome::no_data:
    case Answer::Outcome::no_name: {
      const Moment longest = std::min(clamped_ttl, longest_negative_ttl);
      delay = std::max(scaled(longest, early), std::min<Moment>(shortest_negative_ttl, longest));
      break;
    }
    case Answer::Outcome::failure:
      delay = scaled(retry_pause(failures), 1.0 + 0.5 * fraction);
      break;
  }
  return std::max(delay, shortest_delay);
}

Refresh::Refresh(EventLoop& loop, Lookup& lookup, Pace pace, Deliver deliver)
    : loop_(loop),
      lookup_(lookup),
      pace_(std::move(pace)),
      deliver_(std::move(deliver)),
      random_(pace_.seed) {
  assert(pace_.clamp && deliver_ && pace_.most_in_flight > 0);
}

Refresh::~Refresh() {
  for (const auto& [key, due] : due_) loop_.cancel(due.timer);
}

void Refresh::set_names(const std::vector<HostName>& names, std::set<HostName> may_be_absent) {
  may_be_absent_ = std::move(may_be_absent);
  const std::set<HostName> wanted(names.begin(), names.end());
  std::erase_if(due_, [&](const auto& entry) {
    if (wanted.contains(entry.first.name)) return false;
    loop_.cancel(entry.second.timer);
    return true;
  });
  for (const HostName& name : names) {
    for (const Family family : {Family::v4, Family::v6}) {
      const Key key{name, family};
      if (due_.contains(key)) continue;
      const std::uint64_t epoch = ++epoch_;
      due_[key].epoch = epoch;
      wait(key, epoch);
    }
  }
  ask_waiting();
}

Refresh::Due* Refresh::find(const Key& key, std::uint64_t epoch) {
  const auto found = due_.find(key);
  return found != due_.end() && found->second.epoch == epoch ? &found->second : nullptr;
}

void Refresh::wait(const Key& key, std::uint64_t epoch) {
  waiting_.push_back({key, epoch});
  due_.at(key).timer = loop_.at(loop_.clock().now() + patience, [this, key] {
    Answer answer;
    answer.failure = "not asked yet: too many questions wait for their answers";
    deliver_(key.name, key.family, answer);
  });
}

void Refresh::ask_waiting() {
  while (in_flight_ < pace_.most_in_flight && !waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    Due* due = find(next.key, next.epoch);
    if (due == nullptr) continue;
    loop_.cancel(due->timer);
    ask(next.key, next.epoch);
  }
}

void Refresh::ask(const Key& key, std::uint64_t epoch) {
  ++in_flight_;
  ++counts_.asked;
  lookup_.ask(key.name, key.family,
              [this, key, epoch, alive = std::weak_ptr(alive_)](const Answer& answer) {
                if (!alive.expired()) answered(key, epoch, answer);
              });
}

void Refresh::answered(const Key& key, std::uint64_t epoch, const Answer& answer) {
  --in_flight_;
  ++counts_.answered;
  const bool failed = answer.outcome == Answer::Outcome::failure;
  if (failed) ++counts_.failed;

  Due* due = find(key, epoch);
  if (due != nullptr) {
    due->failures = failed ? due->failures + 1 : 0;
    const Moment when = loop_.clock().now() + delay_after(key.name, answer, due->failures);
    due->timer = loop_.at(when, [this, key, epoch] {
      wait(key, epoch);
      ask_waiting();
    });
  }
  ask_waiting();
  if (due != nullptr) deliver_(key.name, key.family, answer);  // may change the names
}

Moment Refresh::delay_after(const HostName& name, const Answer& answer, unsigned failures) {
  Seconds ttl = answer.negative_ttl > Seconds{0} ? answer.negative_ttl : default_negative_ttl;
  if (answer.outcome == Answer::Outcome::addresses && !answer.addresses.empty())
    ttl = std::ranges::min_element(answer.addresses, {}, &AnsweredAddress::ttl)->ttl;
  const double fraction = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  return refresh_delay(answer, pace_.clamp(ttl), failures, fraction, may_be_absent_.contains(name));
}

}  // namespace sallyport
