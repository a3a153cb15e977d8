// SPDX-License-Identifier: GPL-2.0-or-later
// parse(): policy text to Policy. Recovers at statement starts, so that one run reports several
// errors; what could not be parsed is left out of the result.
#pragma once

#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

Policy parse(const Source& source, Diagnostics& diagnostics);

}  // namespace sallyport
