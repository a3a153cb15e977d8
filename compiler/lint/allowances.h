// SPDX-License-Identifier: GPL-2.0-or-later
// Allow-comments: `# sallyport: allow CODE, CODE REASON` silences warnings of these codes on the
// statement in whose line it stands, or on the next one if it has a line of its own, and on all
// that is inside of it. Entry point: apply_allowances().
#pragma once

#include <vector>

#include "compiler/check/check.h"
#include "compiler/source/diagnostics.h"

namespace sallyport {

/// One code of an allow-comment.
struct Allowance {
  Span code;
  std::uint32_t line = 0;  // of the statement that it speaks of; 0 if none follows
  bool used = false;
};

std::vector<Allowance> allowances_in(const Source& source);

/// Takes the warnings away that the modules' comments allow. With `all_said`, every warning there
/// is has been given, and a comment that silences nothing becomes one.
void apply_allowances(const std::vector<Module>& modules, bool all_said, Diagnostics& diagnostics);

}  // namespace sallyport
