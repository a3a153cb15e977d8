// SPDX-License-Identifier: GPL-2.0-or-later
// The option --vlan-device of `build` and `run`: which device stands for which VLAN in nftables.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "compiler/nft/options.h"
#include "tools/commands.h"

namespace sallyport {

void add_vlan_devices(CLI::App& command, std::vector<std::string>& texts);
/// The error is for print_usage_error().
std::expected<std::vector<nft::VlanDevice>, std::string> read_vlan_devices(
    const std::vector<std::string>& texts);

}  // namespace sallyport
