// SPDX-License-Identifier: GPL-2.0-or-later
// `never`: names that no rule may speak of, and the rules that do.
#pragma once

#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

struct NeverReading {
  Never never;
  Span span;  // of the statement
};

/// Adds what the statement names. False after an error was reported.
bool read_nevers(const NeverStatement& statement, const Terms& terms, Reporter& reporter,
                 std::vector<NeverReading>& into);

/// Reports every rule with an exact name that is never to be let in; `spans` are the places of the
/// rules, one for each. A pattern of a rule may cover such a name: its addresses are refused when
/// they become known. False after an error was reported.
bool check_nevers(const std::vector<NeverReading>& nevers, const std::vector<Rule>& rules,
                  const std::vector<Span>& spans, Reporter& reporter);

}  // namespace sallyport
