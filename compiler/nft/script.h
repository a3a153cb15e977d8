// SPDX-License-Identifier: GPL-2.0-or-later
// A table as a script for `nft -f`, for people to read and for hosts without us. Entry point:
// script_of().
#pragma once

#include <string>
#include <vector>

#include "compiler/nft/table.h"

namespace sallyport::nft {

/// `remarks` stand at the top, a comment each. The script makes the table and nothing else; loaded
/// twice it fails for what is there already, and changes nothing.
std::string script_of(const Table& table, const std::vector<std::string>& remarks);

}  // namespace sallyport::nft
