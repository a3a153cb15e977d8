// SPDX-License-Identifier: GPL-2.0-or-later
// Reads CLOCK_BOOTTIME and the time of day. See clock.h.
#include "runtime/clock.h"

#include <time.h>

namespace sallyport {

Moment BootClock::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

WallTime system_wall_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace sallyport
