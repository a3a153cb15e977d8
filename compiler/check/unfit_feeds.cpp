// SPDX-License-Identifier: GPL-2.0-or-later
// The reader of `lint`, and the comparison of what a rule asks for with what is unfit.
#include "compiler/check/unfit_feeds.h"

#include <algorithm>
#include <utility>

#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// `ServiceBus.AustraliaEast` is a finer `ServiceBus`.
bool is_within(const std::string& value, const std::string& whole) {
  return value == whole || value.starts_with(whole + ".");
}

bool asks_for(const FeedChoice& choice, const FeedCondition& unfit) {
  return std::ranges::any_of(choice.conditions, [&](const FeedCondition& condition) {
    if (condition.field != unfit.field) return false;
    return std::ranges::any_of(condition.values, [&](const std::string& value) {
      return std::ranges::any_of(unfit.values,
                                 [&](const std::string& whole) { return is_within(value, whole); });
    });
  });
}

bool is_unfit(const FeedChoice& choice, const UnfitFeed& unfit) {
  return choice.allowed && choice.feed->format == unfit.format &&
         std::ranges::all_of(unfit.conditions, [&](const FeedCondition& condition) {
           return asks_for(choice, condition);
         });
}

}  // namespace

bool read_lint(const LintStatement& statement, const Terms& terms, Reporter& reporter,
               std::vector<UnfitFeed>& into) {
  const auto format = read_format(statement.format, reporter);
  if (!format) return false;
  UnfitFeed unfit{*format, {}, statement.reason, statement.span};
  for (const FeedFilter& filter : statement.filters) {
    const auto field = read_field(filter.field, *format, reporter);
    auto values = terms.expand(filter.values, reporter);
    if (!field || !values) return false;
    unfit.conditions.push_back({*field, std::move(*values)});
  }
  into.push_back(std::move(unfit));
  return true;
}

void warn_of_unfit_feeds(const std::vector<UnfitFeed>& unfit, const FeedChoice& choice,
                         const Span& shown, Reporter& reporter) {
  for (const UnfitFeed& one : unfit) {
    if (!is_unfit(choice, one)) continue;
    std::vector<Note> notes{
        {one.span, one.reason.empty() ? "it is said here to be unfit" : one.reason}};
    if (shown.source) notes.push_back({choice.span, "it is taken here"});
    reporter.warning(shown.source ? shown : choice.span,
                     {"unfit-feed", quote(choice.span.text()) + " is not what is needed here"},
                     std::move(notes));
  }
}

}  // namespace sallyport
