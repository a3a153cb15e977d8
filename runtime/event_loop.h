// SPDX-License-Identifier: GPL-2.0-or-later
// One epoll loop: descriptors and timers. Single-threaded; callbacks may add and remove others and
// themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "compiler/values/error.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

namespace sallyport {

class EventLoop {
 public:
  /// The clock decides when timers are due; it must outlive the loop.
  static Result<EventLoop> create(const Clock& clock);

  /// `events` as in epoll(7): EPOLLIN, EPOLLOUT. Watching a watched descriptor changes its events.
  Result<void> watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready);
  void unwatch(int fd);

  using Timer = std::uint64_t;
  Timer at(Moment when, std::function<void()> due);
  void cancel(Timer timer);

  /// Runs callbacks until stop() is called. Fails only if epoll does.
  Result<void> run();
  void stop() { stopped_ = true; }
  /// Runs what is ready or due now, once, without waiting.
  Result<void> run_ready();
  /// When the earliest timer is due.
  std::optional<Moment> next_due() const;
  const Clock& clock() const { return *clock_; }

 private:
  EventLoop(const Clock& clock, Fd epoll) : clock_(&clock), epoll_(std::move(epoll)) {}
  Result<void> turn(int milliseconds);
  int time_to_wait() const;
  void run_timers();

  const Clock* clock_;
  Fd epoll_;
  bool stopped_ = false;
  Timer next_timer_ = 1;
  std::unordered_map<int, std::shared_ptr<std::function<void(std::uint32_t)>>> watched_;
  std::map<std::pair<Moment, Timer>, std::function<void()>> timers_;
  std::unordered_map<Timer, Moment> timer_moments_;
};

}  // namespace sallyport
