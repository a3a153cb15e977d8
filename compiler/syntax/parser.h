// SPDX-License-Identifier: GPL-2.0-or-later
// parse(): policy text to Policy. Recovers at statement starts, so that one run reports several
// errors; what could not be parsed is left out of the result.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// `statements` takes the offset of every word that starts a statement, ascending: where a layout
/// of the text must begin a line.
Policy parse(const Source& source, Diagnostics& diagnostics,
             std::vector<std::uint32_t>* statements = nullptr);

}  // namespace sallyport
