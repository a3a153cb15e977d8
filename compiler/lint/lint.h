// SPDX-License-Identifier: GPL-2.0-or-later
// lint(): warnings about policies that are correct and may not be meant: rules without effect,
// openings wider than they look, names without use. What an allow-comment speaks of is silenced.
#pragma once

#include <optional>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/program/program.h"
#include "compiler/source/diagnostics.h"

namespace sallyport {

struct LintOptions {
  std::optional<Day>
      as_of;  // judges dates; empty: they are not, so that a build depends on no clock
};

/// The modules must have been checked without errors, and the programs be those of the root file,
/// with places as the checker gave them.
void lint(const std::vector<Module>& modules, const std::vector<Program>& programs,
          const LintOptions& options, Diagnostics& diagnostics);

}  // namespace sallyport
