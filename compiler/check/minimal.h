// SPDX-License-Identifier: GPL-2.0-or-later
// outside_of(): whether everything that one list of rules opens is opened by another, too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport {

/// Something that an allow of `minimal` opens and no allow of `full` does, in words: `tcp 2179 to
/// 192.0.2.0/24`. Exact for services and addresses; names are inside what covers all of them.
/// The rules refer to `derivations`.
std::optional<std::string> outside_of(const std::vector<Rule>& minimal,
                                      const std::vector<Rule>& full,
                                      const std::vector<Derivation>& derivations);

}  // namespace sallyport
