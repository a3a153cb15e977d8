// SPDX-License-Identifier: GPL-2.0-or-later
// format(): policy text in the one layout that all policies have. Works on tokens and comments and
// on where statements start, so that it knows nothing of single constructs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "compiler/source/diagnostics.h"

namespace sallyport {

/// Lines are at most so many characters wide where a line can be broken at all.
inline constexpr std::size_t format_columns = 100;

/// The text with canonical blanks and line ends. Tokens, comments and their order stay, so that it
/// means the same; formatting twice changes nothing more. Nothing for text with syntax errors,
/// which are added to `diagnostics`.
std::optional<std::string> format(const Source& source, Diagnostics& diagnostics);

}  // namespace sallyport
