// SPDX-License-Identifier: GPL-2.0-or-later
// vendor_records(): what the vendors of a policy's rules say for readers, as it travels with them.
#pragma once

#include <vector>

#include "compiler/check/declarations.h"
#include "compiler/program/program.h"

namespace sallyport {

/// The vendors and parts that the rules are from, each in the order of its first rule.
std::vector<VendorRecord> vendor_records(const std::vector<Rule>& rules,
                                         const Declarations& declarations);

}  // namespace sallyport
