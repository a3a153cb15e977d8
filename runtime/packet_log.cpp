// SPDX-License-Identifier: GPL-2.0-or-later
// A packet that is told of may be the first of a flood: a while later the rest of it is told as a
// number.
#include "runtime/packet_log.h"

#include <sys/epoll.h>

#include <utility>

#include "runtime/event_text.h"

namespace sallyport {
namespace {

constexpr Moment untold_pause = std::chrono::seconds(1);

}  // namespace

Result<std::unique_ptr<PacketLog>> PacketLog::open(EventLoop& loop, const Datapath& datapath,
                                                   NamesOf names_of, Log log) {
  auto ring = EventRing::open(datapath.events_fd());
  if (!ring) return std::unexpected(ring.error());
  std::unique_ptr<PacketLog> made(
      new PacketLog(loop, datapath, std::move(*ring), std::move(names_of), std::move(log)));
  PacketLog* self = made.get();
  auto watched = loop.watch(self->ring_.fd(), EPOLLIN, [self](std::uint32_t) { self->tell(); });
  if (!watched) return std::unexpected(watched.error());
  return made;
}

PacketLog::PacketLog(EventLoop& loop, const Datapath& datapath, EventRing ring, NamesOf names_of,
                     Log log)
    : loop_(loop),
      datapath_(datapath),
      ring_(std::move(ring)),
      names_of_(std::move(names_of)),
      log_(std::move(log)),
      untold_(datapath.image().rules.size()) {}

PacketLog::~PacketLog() {
  tell();
  tell_untold();
  loop_.cancel(timer_);
  loop_.unwatch(ring_.fd());
}

void PacketLog::tell() {
  const auto taken = ring_.take([this](const SpEvent& event) {
    log_(event_text(event, datapath_.image(), names_of_(remote_of(event))));
  });
  if (!taken) return complain(taken.error());
  if (timer_ == 0) timer_ = later();
}

EventLoop::Timer PacketLog::later() {
  return loop_.at(loop_.clock().now() + untold_pause, [this] { tell_untold(); });
}

void PacketLog::tell_untold() {
  loop_.cancel(std::exchange(timer_, 0));
  const auto now = datapath_.untold();
  if (!now) return complain(now.error());
  bool flooded = false;
  for (std::size_t rule = 0; rule < now->size(); ++rule) {
    const std::uint64_t more = (*now)[rule] - untold_[rule];
    if (more == 0) continue;
    flooded = true;
    log_("log " + std::to_string(more) + " more of (" +
         logged_rule_text(datapath_.image().rules[rule]) + ')');
  }
  untold_ = *now;
  if (flooded) timer_ = later();  // until it has ended
}

void PacketLog::complain(const Error& error) {
  std::string text = error.text();
  if (text == trouble_) return;
  log_(text + "; packets of rules that log are not told");
  trouble_ = std::move(text);
}

}  // namespace sallyport
