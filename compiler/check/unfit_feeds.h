// SPDX-License-Identifier: GPL-2.0-or-later
// `lint not feed`: what rules should not take from feeds, and the rules that do. Entry points:
// read_lint(), warn_of_unfit_feeds().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/check/feeds.h"
#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

struct UnfitFeed {
  FeedFormat format = FeedFormat::cidr_list;
  std::vector<FeedCondition> conditions;
  std::string reason;  // may be empty
  Span span;           // of the statement
};

/// Adds what the statement says. False after an error was reported.
bool read_lint(const LintStatement& statement, const Terms& terms, Reporter& reporter,
               std::vector<UnfitFeed>& into);

/// Warns of every choice for an allow that is no wider than what is unfit: on each field it asks
/// for one of the values that are named there, or for a finer one. Shown at `shown`, if that is a
/// place, else at the choice.
void warn_of_unfit_feeds(const std::vector<UnfitFeed>& unfit, const FeedChoice& choice,
                         const Span& shown, Reporter& reporter);

}  // namespace sallyport
