// SPDX-License-Identifier: GPL-2.0-or-later
// rule_identities() for those who have the rules' texts at hand.
#pragma once

#include <string>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport {

/// `texts` has the rule_text() of each rule.
std::vector<std::string> rule_identities(const Program& program,
                                         const std::vector<std::string>& texts);

}  // namespace sallyport
