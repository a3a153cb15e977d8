// SPDX-License-Identifier: GPL-2.0-or-later
// The canonical text of a Program: stable, line-based, read back to an equal Program. It travels in
// the bundle so that the evaluator runs where no policy text is.
#pragma once

#include <string>
#include <string_view>

#include "compiler/program/program.h"
#include "compiler/values/error.h"

namespace sallyport {

std::string program_text(const Program& program);

/// The error names the line, what was found and what was expected.
Result<Program> read_program(std::string_view text);

}  // namespace sallyport
