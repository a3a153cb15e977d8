// SPDX-License-Identifier: GPL-2.0-or-later
// Watches network devices come and go through rtnetlink, so that a device that was re-created is
// attached again (B5).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/event_loop.h"

namespace sallyport {

/// Calls back whenever a device may have come, gone or changed. The descriptor must outlive the
/// loop's run.
Result<Fd> watch_devices(EventLoop& loop, std::function<void()> changed);

/// The devices of this network namespace, loopback's excepted, sorted.
std::vector<std::string> devices();

/// The index of the device that this one is a part of, such as a bridge; 0 if there is none. Asked
/// of the network namespace, which /sys may not show.
Result<unsigned> master_of(unsigned index);

}  // namespace sallyport
