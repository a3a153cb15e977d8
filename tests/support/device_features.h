// SPDX-License-Identifier: GPL-2.0-or-later
// Features of devices, as `ethtool -K` sets them.
#pragma once

#include <string>

namespace sallyport::test {

/// Turns the feature of this name on or off in the network where the caller is; throws.
void set_feature(const std::string& device, const std::string& name, bool on);

}  // namespace sallyport::test
