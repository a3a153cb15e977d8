// SPDX-License-Identifier: GPL-2.0-or-later
// AliasWatch: asks what names are aliases of, at the pace of their TTLs, and says when one has
// moved. One for each view of the DNS.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/lookup.h"

namespace sallyport {

class AliasWatch {
 public:
  using Targets = std::map<HostName, HostName>;
  struct Pace {
    std::function<Seconds(Seconds)> clamp;  // NameTable::clamp
    std::uint64_t seed = 0;
  };
  /// `moved` is called when targets() has changed.
  AliasWatch(EventLoop& loop, Lookup& lookup, Pace pace, std::function<void()> moved);
  ~AliasWatch();

  /// New names are asked at once, names that are gone are dropped. A private link that one leads to
  /// is asked as well (is_private_link).
  void set_names(const std::vector<HostName>& names);
  /// What an earlier run has found holds until an answer says otherwise.
  void adopt(const Targets& targets);

  /// Failures keep what was known; a name that is an alias no more is not in here.
  const Targets& targets() const { return targets_; }

 private:
  struct Due {
    EventLoop::Timer timer = 0;
    unsigned failures = 0;
    std::uint64_t epoch = 0;  // tells a name from the same name dropped and added again
  };
  void ask_wanted();
  void ask(const HostName& name);
  void answered(const HostName& name, std::uint64_t epoch, const AliasAnswer& answer);
  Moment delay_after(const AliasAnswer& answer, unsigned failures);

  EventLoop& loop_;
  Lookup& lookup_;
  Pace pace_;
  std::function<void()> moved_;
  std::mt19937_64 random_;
  std::vector<HostName> names_;
  std::map<HostName, Due> due_;
  Targets targets_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // for late answers
  std::uint64_t epoch_ = 0;
};

}  // namespace sallyport
