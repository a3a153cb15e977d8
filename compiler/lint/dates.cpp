// SPDX-License-Identifier: GPL-2.0-or-later
// A lint about rules that are over, or will be soon.
#include <string>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

// What a team that changes firewalls once a week, and vendors that give notice of a month
// (VENDORS 6), can still act on.
constexpr std::chrono::days horizon{30};

Span place_of(const Rule& rule, const Statements& statements) {
  const RuleStatement* statement = statements.rule_at(rule.origin.rule);
  return statement ? statement->span : statements.seen(rule);
}

void inspect(const Rule& rule, Day as_of, Inspection& inspection) {
  const std::optional<Day>& until = rule.validity.until;
  if (!until || *until > as_of + horizon) return;
  const bool over = *until <= as_of;
  const auto days = (*until - as_of).count();
  Diagnostic* diagnostic =
      inspection.warn(over ? "expired" : "expires-soon", place_of(rule, inspection.statements()),
                      over ? "this rule is over since " + day_text(*until)
                           : "this rule ends on " + day_text(*until) + ", in " +
                                 std::to_string(days) + (days == 1 ? " day" : " days"));
  if (!diagnostic) return;
  if (!rule.origin.vendor.empty() && inspection.statements().use_at(rule.origin.use)) {
    diagnostic->notes.push_back({inspection.statements().seen(rule), "it is used here"});
  }
  if (!rule.owner.empty()) diagnostic->notes.push_back({{}, quote(rule.owner) + " owns it"});
}

}  // namespace

void lint_dates(Inspection& inspection) {
  const std::optional<Day>& as_of = inspection.options().as_of;
  if (!as_of) return;
  for (const Program& program : inspection.programs()) {
    for (const Rule& rule : program.rules) inspect(rule, *as_of, inspection);
  }
}

}  // namespace sallyport
