// SPDX-License-Identifier: GPL-2.0-or-later
// EventRing: what a loaded datapath tells of packets (struct SpEvent of bpf/abi.h), in order. One
// reader at a time. Entry points: EventRing::open(), take().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bpf/abi.h"
#include "compiler/values/error.h"

namespace sallyport {

class EventRing {
 public:
  /// `map` is Datapath::events_fd(), which may be closed afterwards.
  static Result<EventRing> open(int map);
  EventRing(EventRing&&) noexcept;
  EventRing& operator=(EventRing&&) noexcept;
  ~EventRing();

  /// Readable while there are events, for epoll.
  int fd() const;
  /// Calls `told` for each event that is there, which then is there no more.
  Result<void> take(const std::function<void(const SpEvent&)>& told);

 private:
  struct Open;
  explicit EventRing(std::unique_ptr<Open> open);
  std::unique_ptr<Open> open_;
};

/// Packets of which nothing was told, by slot, over all CPUs.
Result<std::vector<std::uint64_t>> untold_packets(int budgets);
/// Empties the ring, and gives every rule its whole budget.
Result<void> forget_events(int ring, int budgets);

}  // namespace sallyport
