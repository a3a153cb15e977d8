// SPDX-License-Identifier: GPL-2.0-or-later
// The reader of `never`, and its guard over the rules.
#include "compiler/check/nevers.h"

#include <algorithm>

#include "compiler/check/written.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// The name of the rule that must not be there, or null.
const HostName* offending(const Never& never, const Rule& rule) {
  const auto& names = rule.remote.names;
  const auto found = std::ranges::find_if(names, [&](const HostName& name) {
    return never.name ? name == *never.name : never.pattern->matches(name);
  });
  return found == names.end() ? nullptr : &*found;
}

}  // namespace

bool read_nevers(const NeverStatement& statement, const Terms& terms, Reporter& reporter,
                 std::vector<NeverReading>& into) {
  bool sound = true;
  for (const Word& word : statement.names) {
    const auto texts = terms.expand(word, reporter);
    sound = sound && texts;
    for (const std::string& text : texts.value_or(std::vector<std::string>{})) {
      const auto read = read_destination(text);
      if (!read) {
        reporter.error(word.span, read.error());
      } else if (!read->ranges.empty()) {
        reporter.error(word.span, {"bad-host", quote(text) + " is no name: `never` speaks of names",
                                   "an address is closed by `deny any to " + text + "`"});
      } else {
        into.push_back({{read->name, read->pattern, statement.reason, statement.span.place()},
                        statement.span});
        continue;
      }
      sound = false;
      break;
    }
  }
  return sound;
}

bool check_nevers(const std::vector<NeverReading>& nevers, const std::vector<Rule>& rules,
                  const std::vector<Span>& spans, Reporter& reporter) {
  bool sound = true;
  for (const NeverReading& one : nevers) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const HostName* name = offending(one.never, rules[i]);
      if (!name) continue;
      sound = false;
      std::vector<Note> notes{
          {one.span, one.never.reason.empty() ? "it is excluded here" : one.never.reason}};
      if (rules[i].origin.use.line != 0) {
        notes.push_back({{}, "the rule is at " + rules[i].origin.rule.text()});
      }
      reporter.error(spans[i], {"never-name", quote(name->text()) + " must never stand in a rule"},
                     std::move(notes));
    }
  }
  return sound;
}

}  // namespace sallyport
