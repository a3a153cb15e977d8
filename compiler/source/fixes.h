// SPDX-License-Identifier: GPL-2.0-or-later
// apply_safe_fixes(): the text of a file with its safe fixes made.
#pragma once

#include <cstddef>
#include <string>

#include "compiler/source/diagnostics.h"

namespace sallyport {

struct FixedText {
  std::string text;
  std::size_t fixes = 0;  // how many were made
};

/// Of each diagnostic the first safe fix that lies wholly in `source`; where two would change the
/// same place, the first in the order of the diagnostics. Others may become possible in a next
/// round, once the text was checked again.
FixedText apply_safe_fixes(const Source& source, const Diagnostics& diagnostics);

}  // namespace sallyport
