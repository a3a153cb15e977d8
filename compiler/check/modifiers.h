// SPDX-License-Identifier: GPL-2.0-or-later
// Modifiers: what the words behind a rule or a `use` do to the rules. Entry points:
// read_modifiers() and modify_use().
#pragma once

#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// What rules refer to beside the terms of their vendor.
struct Referents {
  const std::vector<Resolver>* resolvers = nullptr;  // null where a vendor is checked on its own
  std::vector<Derivation> derivations = {};          // those that the rules read so far speak of
  std::vector<AddressRange> nat64 = {};              // the operator's; none there, either
};

/// Applies a rule's own modifiers to it; action and destinations are read already. False after an
/// error was reported.
bool read_modifiers(const RuleStatement& statement, const Terms& terms, const Referents& referents,
                    Rule& rule, Reporter& reporter);

/// Applies the modifiers of a `use` to the rules that it brought: what a rule says itself stands,
/// windows are cut to what both allow. False after an error was reported.
bool modify_use(const UseStatement& use, const Referents& referents, std::vector<Rule>& rules,
                Reporter& reporter);

}  // namespace sallyport
