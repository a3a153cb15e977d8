// SPDX-License-Identifier: GPL-2.0-or-later
// Tells when somebody else changed our nftables table (F7). Entry point: watch_nft_table().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/event_loop.h"

namespace sallyport {

/// Calls back with words, such as `nft (pid 41) changed table sallyport`, at most once each time
/// the loop comes by, whatever the number of transactions. Notifications that were lost are told
/// too, since the table may have changed. Transactions from `own_ports` are not told. The
/// descriptor must outlive the loop's run.
Result<Fd> watch_nft_table(EventLoop& loop, std::string table,
                           const std::vector<std::uint32_t>& own_ports,
                           std::function<void(const std::string&)> changed);

}  // namespace sallyport
