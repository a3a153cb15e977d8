// SPDX-License-Identifier: GPL-2.0-or-later
// The reporter of the checker: what was said already, and where it is shown.
#include "compiler/check/reporter.h"

#include "compiler/source/wording.h"

namespace sallyport {

Reporter::Reporter(Diagnostics& diagnostics)
    : diagnostics_(&diagnostics), said_(std::make_shared<Said>()) {}

Reporter Reporter::through(const Span& use) const {
  Reporter other = *this;
  if (is_through_use()) {
    other.inner_.push_back(use);
  } else {
    other.use_ = use;
  }
  return other;
}

void Reporter::error(const Span& span, const Complaint& complaint, std::vector<Note> notes) {
  say(Severity::error, span, complaint, std::move(notes));
}

void Reporter::warning(const Span& span, const Complaint& complaint, std::vector<Note> notes) {
  say(Severity::warning, span, complaint, std::move(notes));
}

void Reporter::say(Severity severity, const Span& span, const Complaint& complaint,
                   std::vector<Note> notes) {
  const Span& shown = is_through_use() ? use_ : span;
  if (is_through_use() && span.source) notes.push_back({span, "the vendor says it here"});
  for (const Span& use : inner_) notes.push_back({use, "which is used here"});

  const Span first = notes.empty() ? Span{} : notes.front().span;
  if (!said_
           ->insert({severity, complaint.code, shown.source, shown.begin, shown.end, first.source,
                     first.begin})
           .second) {
    return;
  }
  std::vector<Fix> fixes = fixes_for(shown, complaint.hint);
  if (fixes.empty() && !complaint.hint.empty()) notes.push_back({{}, complaint.hint.text});
  Diagnostic& diagnostic = severity == Severity::error
                               ? diagnostics_->error(complaint.code, shown, complaint.message)
                               : diagnostics_->warning(complaint.code, shown, complaint.message);
  diagnostic.notes = std::move(notes);
  diagnostic.fixes = std::move(fixes);
}

/// None unless the span is the text that was found, by itself, in braces or in quotes.
std::vector<Fix> Reporter::fixes_for(const Span& shown, const Hint& hint) {
  std::vector<Fix> fixes;
  for (const Rewrite& rewrite : hint.rewrites) {
    Span span = shown;
    if (shown.text() == "{" + rewrite.found + "}" || shown.text() == "\"" + rewrite.found + "\"") {
      ++span.begin;
      --span.end;
    }
    if (!span.source || span.text() != rewrite.found) return {};
    fixes.push_back({rewrite.title.empty() ? hint.text : rewrite.title,
                     {{span, rewrite.instead}},
                     rewrite.safe});
  }
  return fixes;
}

Hint did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view nearest = closest(word, views);
  if (nearest.empty()) return {};
  return {"did you mean " + quote(nearest) + "?", {{std::string(word), std::string(nearest)}}};
}

}  // namespace sallyport
