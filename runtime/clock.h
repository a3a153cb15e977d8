// SPDX-License-Identifier: GPL-2.0-or-later
// Time as the runtime sees it: since boot, counting suspend, immune to changes of the wall clock.
#pragma once

#include <chrono>

namespace sallyport {

using Moment = std::chrono::nanoseconds;  // of CLOCK_BOOTTIME

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment now() const = 0;
};

class BootClock : public Clock {
 public:
  Moment now() const override;
};

/// The time of the calendar, in UTC: for windows of validity only. It may jump.
using WallTime = std::chrono::sys_seconds;
WallTime system_wall_time();

}  // namespace sallyport
