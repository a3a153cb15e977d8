// SPDX-License-Identifier: GPL-2.0-or-later
// read_rule(): one allow or deny statement, with the terms in force, to a Rule of the Program
// without zone and origin. Derived names refer to the derivations of the Referents.
#pragma once

#include <optional>

#include "compiler/check/feeds.h"
#include "compiler/check/modifiers.h"
#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

struct RuleReading {
  bool sound = false;                  // nothing was reported, or to be reported
  std::optional<Rule> rule;            // empty also if the rule opens or closes nothing at all
  std::vector<FeedChoice> feeds = {};  // of which it has entries
};

RuleReading read_rule(const RuleStatement& statement, const Terms& terms, const FeedTable& feeds,
                      Referents& referents, Reporter& reporter);

}  // namespace sallyport
