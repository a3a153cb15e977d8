// SPDX-License-Identifier: GPL-2.0-or-later
// One turn of the loop: wait for descriptors, run their callbacks, then the timers that are due.
// Level-triggered, so that whatever a turn leaves undone is reported again. See event_loop.h.
#include "runtime/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

// epoll_wait does not count the time a machine is suspended, the clock does: a longer wait is cut
// into pieces, so that timers are at most this late after a resume.
constexpr auto longest_wait = std::chrono::seconds(5);

constexpr std::size_t events_in_a_turn = 64;

}  // namespace

Result<EventLoop> EventLoop::create(const Clock& clock) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return std::unexpected(Error::from_errno("create the event loop", errno));
  return EventLoop(clock, std::move(epoll));
}

Result<void> EventLoop::watch(int fd, std::uint32_t events,
                              std::function<void(std::uint32_t)> ready) {
  assert(ready);
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  // The kernel forgets a descriptor that is closed, we do not; and a number may be in use again.
  // So either side may know it while the other does not.
  int failed = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  if (failed != 0 && errno == ENOENT) failed = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  if (failed != 0)
    return std::unexpected(Error::from_errno("watch descriptor " + std::to_string(fd), errno));
  watched_[fd] = std::make_shared<std::function<void(std::uint32_t)>>(std::move(ready));
  return {};
}

void EventLoop::unwatch(int fd) {
  if (watched_.erase(fd) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::Timer EventLoop::at(Moment when, std::function<void()> due) {
  assert(due);
  const Timer timer = next_timer_++;
  timers_.emplace(std::pair{when, timer}, std::move(due));
  timer_moments_.emplace(timer, when);
  return timer;
}

void EventLoop::cancel(Timer timer) {
  const auto found = timer_moments_.find(timer);
  if (found == timer_moments_.end()) return;
  timers_.erase({found->second, timer});
  timer_moments_.erase(found);
}

Result<void> EventLoop::run() {
  while (!stopped_) {
    if (auto turned = turn(time_to_wait()); !turned) return turned;
  }
  stopped_ = false;
  return {};
}

Result<void> EventLoop::run_ready() {
  return turn(0);
}

std::optional<Moment> EventLoop::next_due() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

int EventLoop::time_to_wait() const {
  using std::chrono::milliseconds;
  Moment wait = longest_wait;
  if (const auto due = next_due())
    wait = std::clamp(*due - clock_->now(), Moment{0}, Moment{longest_wait});
  // Rounded up: a wait that ends too early would spin until the timer is due.
  return static_cast<int>(std::chrono::ceil<milliseconds>(wait).count());
}

Result<void> EventLoop::turn(int milliseconds) {
  std::array<epoll_event, events_in_a_turn> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds);
  if (count < 0 && errno != EINTR)
    return std::unexpected(Error::from_errno("wait for events", errno));

  // A callback may stop watching a descriptor of this same turn, or close it and watch another
  // file under its number. What is pending belongs to the watch it was reported for, so that is
  // what is remembered and compared.
  struct Pending {
    int fd;
    std::uint32_t events;
    std::shared_ptr<std::function<void(std::uint32_t)>> ready;
  };
  std::vector<Pending> pending;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const auto found = watched_.find(event.data.fd);
    if (found != watched_.end()) pending.push_back({event.data.fd, event.events, found->second});
  }
  for (const auto& [fd, ready_events, ready] : pending) {
    if (stopped_) return {};
    const auto found = watched_.find(fd);
    if (found != watched_.end() && found->second == ready) (*ready)(ready_events);
  }
  run_timers();
  return {};
}

void EventLoop::run_timers() {
  // Timers made by these callbacks wait for the next turn, even when due: descriptors come first.
  const Moment now = clock_->now();
  std::vector<Timer> due;
  for (auto timer = timers_.begin(); timer != timers_.end() && timer->first.first <= now; ++timer)
    due.push_back(timer->first.second);
  for (const Timer timer : due) {
    if (stopped_) return;
    const auto moment = timer_moments_.find(timer);
    if (moment == timer_moments_.end()) continue;  // cancelled by another
    auto node = timers_.extract({moment->second, timer});
    timer_moments_.erase(moment);
    node.mapped()();
  }
}

}  // namespace sallyport
