// SPDX-License-Identifier: GPL-2.0-or-later
// read_policy(): one policy statement, with everything declared around it, to a Program.
#pragma once

#include <optional>

#include "compiler/check/alternatives.h"
#include "compiler/check/declarations.h"
#include "compiler/check/reporter.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// `declared` are capabilities beside those that the policy declares itself. Empty after an error
/// was reported, here or in a declaration it depends on.
std::optional<Program> read_policy(const PolicyStatement& policy, std::size_t module,
                                   const Declarations& declarations, const Capabilities& declared,
                                   Reporter& reporter);

}  // namespace sallyport
