// SPDX-License-Identifier: GPL-2.0-or-later
// Refresh: asks for every name and family at the pace of its TTL and hands each answer on. Failures
// are asked again with growing pauses; no name waits for another (N10, N16).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/lookup.h"

namespace sallyport {

/// When to ask again after an answer. Pure. `clamped_ttl` is the smallest TTL of the addresses, or
/// how long a negative answer may be kept; `failures` counts consecutive failures including this
/// one; `fraction` in [0,1) is the jitter. At least one second, whatever the TTL. A name that
/// may be absent, and is, waits for a quarter of an hour or more.
Moment refresh_delay(const Answer& answer, Seconds clamped_ttl, unsigned failures, double fraction,
                     bool may_be_absent = false);

class Refresh {
 public:
  struct Pace {
    std::function<Seconds(Seconds)> clamp;  // NameTable::clamp
    unsigned most_in_flight = 200;
    std::uint64_t seed = 0;
  };
  /// A question that queues for too long is delivered as a failure before it is asked.
  using Deliver = std::function<void(const HostName&, Family, const Answer&)>;

  Refresh(EventLoop& loop, Lookup& lookup, Pace pace, Deliver deliver);
  ~Refresh();

  /// New names are asked at once, in order and spread by the in-flight limit; names that are gone
  /// are dropped. Those in `may_be_absent` are asked slowly while they do not exist.
  void set_names(const std::vector<HostName>& names, std::set<HostName> may_be_absent = {});

  struct Counts {
    std::uint64_t asked = 0, answered = 0, failed = 0;
  };
  Counts counts() const { return counts_; }

 private:
  struct Key {
    HostName name;
    Family family;
    auto operator<=>(const Key&) const = default;
  };
  struct Due {
    EventLoop::Timer timer = 0;  // the next question, or the end of patience with the queue
    unsigned failures = 0;
    std::uint64_t epoch = 0;  // tells a name from the same name dropped and added again
  };
  struct Waiting {
    Key key;
    std::uint64_t epoch;
  };
  void ask(const Key& key, std::uint64_t epoch);
  void wait(const Key& key, std::uint64_t epoch);
  void ask_waiting();
  void answered(const Key& key, std::uint64_t epoch, const Answer& answer);
  Moment delay_after(const HostName& name, const Answer& answer, unsigned failures);
  /// The question's entry; null if the name is gone since.
  Due* find(const Key& key, std::uint64_t epoch);

  EventLoop& loop_;
  Lookup& lookup_;
  Pace pace_;
  Deliver deliver_;
  std::mt19937_64 random_;
  std::map<Key, Due> due_;
  std::set<HostName> may_be_absent_;
  std::deque<Waiting> waiting_;  // the longest waiting first
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // for late answers
  unsigned in_flight_ = 0;
  std::uint64_t epoch_ = 0;
  Counts counts_;
};

}  // namespace sallyport
