// SPDX-License-Identifier: GPL-2.0-or-later
// The addresses of this host in this network namespace: read once, and watched through rtnetlink.
#pragma once

#include <functional>
#include <set>

#include "compiler/values/address.h"
#include "compiler/values/error.h"
#include "runtime/event_loop.h"

namespace sallyport {

/// Every unicast address assigned to any device but those of loopback itself (127.0.0.0/8 and ::1).
Result<std::set<Address>> own_addresses();

/// Calls back with the new set whenever it may have changed, until the loop ends.
Result<Fd> watch_own_addresses(EventLoop& loop, std::function<void(std::set<Address>)> changed);

}  // namespace sallyport
