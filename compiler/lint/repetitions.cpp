// SPDX-License-Identifier: GPL-2.0-or-later
// A lint about words that stand twice in one list.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <unordered_set>
#include <variant>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// From the end of the word before to the end of this one: the comma goes with the word.
Span with_comma(const std::vector<Word>& words, std::size_t index) {
  return {words[index].span.source, words[index - 1].span.end, words[index].span.end};
}

/// True only if no two are equal, and always of a short list of such words: long ones are told
/// apart by the set.
bool are_different(const std::vector<Word>& words) {
  std::array<std::string_view, 16> texts;
  if (words.size() > texts.size()) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    texts[i] = words[i].span.text();
    const auto before = std::span(texts).first(i);
    if (std::ranges::find(before, texts[i]) != before.end()) return false;
  }
  return true;
}

void inspect_list(const std::vector<Word>& words, Inspection& inspection) {
  if (words.size() < 2 || are_different(words)) return;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view text = words[i].span.text();
    if (seen.insert(text).second) continue;
    Diagnostic* diagnostic =
        inspection.warn("repeated-word", words[i].span, quote(text) + " stands in this list twice");
    if (!diagnostic) continue;
    const Span gone = with_comma(words, i);
    // A comment in between would go, too.
    const bool safe = gone.text().find('#') == std::string_view::npos;
    diagnostic->fixes.push_back({"take it out", {{gone, ""}}, safe});
  }
}

void inspect_rule(const RuleStatement& rule, Inspection& inspection) {
  inspect_list(rule.destinations, inspection);
  for (const ServiceClause& clause : rule.services) inspect_list(clause.ports, inspection);
}

}  // namespace

void lint_repetitions(Inspection& inspection) {
  inspection.statements().for_each_rule(
      [&](const RuleStatement& rule) { inspect_rule(rule, inspection); });
  for (const Module& module : inspection.modules()) {
    for (const ZoneStatement& zone : module.policy.zones) inspect_list(zone.addresses, inspection);
  }
}

}  // namespace sallyport
