// SPDX-License-Identifier: GPL-2.0-or-later
// Alternatives: which one of an `either` counts, by the capabilities that are declared.
#pragma once

#include <set>
#include <string>

#include "compiler/check/reporter.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

using Capabilities = std::set<std::string>;

/// Reports capabilities that do not exist, and alternatives that can never be chosen.
void check_either(const EitherStatement& either, Reporter& reporter);

/// The first alternative whose need is met, and what is to be said about the choice.
struct Chosen {
  const EitherStatement::Alternative* alternative = nullptr;  // null after an error was reported
  ChosenAlternative choice;
};
Chosen choose(const EitherStatement& either, const Capabilities& declared, Reporter& reporter);

}  // namespace sallyport
