// SPDX-License-Identifier: GPL-2.0-or-later
// Lints about rules without effect: covered by others of their kind, or closed by denies.
#include <algorithm>
#include <map>
#include <span>
#include <string>

#include "compiler/lint/inspection.h"
#include "compiler/lint/redundancy.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::size_t most_notes = 3;

std::string from_vendor(const Rule& rule) {
  return rule.origin.vendor.empty() ? std::string{}
                                    : " of " + quote(rule.origin.vendor + "." + rule.origin.part);
}

void add_notes(const Program& program, const std::vector<std::uint32_t>& rules,
               std::string_view verb, const Statements& statements, Diagnostic& diagnostic) {
  for (std::size_t i = 0; i < std::min(rules.size(), most_notes); ++i) {
    const Rule& rule = program.rules[rules[i]];
    diagnostic.notes.push_back(
        {statements.seen(rule), quote(rule_text(rule, program.derivations)) + from_vendor(rule) +
                                    " " + std::string(verb) +
                                    (rules.size() > 1 ? " part of it" : " it")});
  }
  if (rules.size() > most_notes) {
    diagnostic.notes.push_back(
        {{}, "and so do " + std::to_string(rules.size() - most_notes) + " more rules"});
  }
}

/// The lines of a statement that has them for itself, with the line break behind; else no place.
Span own_lines(const Span& statement) {
  if (!statement.source) return {};
  const std::string_view text = statement.source->text();
  const std::size_t before = text.substr(0, statement.begin).find_last_not_of(" \t");
  const std::size_t behind = text.find_first_not_of(" \t\r", statement.end);
  const bool begins_line = before == std::string_view::npos || text[before] == '\n';
  const bool ends_line = behind != std::string_view::npos && text[behind] == '\n';
  if (!begins_line || !ends_line) return {};
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return {statement.source, static_cast<std::uint32_t>(begin),
          static_cast<std::uint32_t>(behind + 1)};
}

/// Another vendor's needs are another matter: each `use` stands for a page of its own.
bool is_other_vendor(const Rule& rule, const Rule& other) {
  return !other.origin.vendor.empty() && other.origin.vendor != rule.origin.vendor;
}

class UseOfVendor {
 public:
  UseOfVendor(const Program& program, Inspection& inspection)
      : program_(program), inspection_(inspection) {}

  /// One rule of a `use`, redundant or not.
  void add(const Rule& rule, const Covered* covered) {
    Rules& rules = uses_[{rule.origin.use.file, rule.origin.use.line, rule.origin.use.column}];
    rules.sample = &rule;
    if (!covered) rules.needed = true;
    if (rules.needed) return;
    for (const std::uint32_t other : covered->by) {
      const Rule& by = program_.rules[other];
      if (is_other_vendor(rule, by)) rules.needed = true;
      if (by.origin.use != rule.origin.use || by.origin.vendor.empty()) rules.by.push_back(other);
    }
  }

  void report() {
    for (auto& [place, rules] : uses_) {
      if (rules.needed || rules.by.empty()) continue;
      std::ranges::sort(rules.by);
      const auto rest = std::ranges::unique(rules.by);
      rules.by.erase(rest.begin(), rest.end());
      Diagnostic* diagnostic =
          inspection_.warn("redundant-rule", inspection_.statements().seen(*rules.sample),
                           "this `use` opens nothing that other rules do not open already");
      if (diagnostic) {
        add_notes(program_, rules.by, "covers", inspection_.statements(), *diagnostic);
      }
    }
  }

 private:
  struct Rules {
    const Rule* sample = nullptr;
    bool needed = false;
    std::vector<std::uint32_t> by;
  };
  const Program& program_;
  Inspection& inspection_;
  std::map<std::tuple<std::string, std::uint32_t, std::uint32_t>, Rules> uses_;
};

void report_redundant(const Program& program, const Covered& covered, Inspection& inspection) {
  const Rule& rule = program.rules[covered.rule];
  const bool allows = rule.action == Action::allow;
  Diagnostic* diagnostic =
      inspection.warn("redundant-rule", inspection.statements().seen(rule),
                      std::string("this rule ") + (allows ? "opens" : "closes") + " nothing that " +
                          (covered.by.size() > 1 ? "others do" : "another does") + " not " +
                          (allows ? "open" : "close") + " already");
  if (!diagnostic) return;
  add_notes(program, covered.by, "covers", inspection.statements(), *diagnostic);
  if (const Span lines = own_lines(diagnostic->span); lines.source) {
    diagnostic->fixes.push_back({"take the rule out", {{lines, ""}}, false});
  }
}

}  // namespace

void lint_redundant_rules(Inspection& inspection) {
  for (const Program& program : inspection.programs()) {
    const std::vector<Covered> list = redundant_rules(program);
    if (list.empty()) continue;
    UseOfVendor uses(program, inspection);
    auto next = list.begin();
    for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
      const Rule& rule = program.rules[index];
      const Covered* covered = next != list.end() && next->rule == index ? &*next++ : nullptr;
      if (!rule.origin.vendor.empty()) {
        uses.add(rule, covered);
      } else if (covered) {
        report_redundant(program, *covered, inspection);
      }
    }
    uses.report();
  }
}

void lint_denied_rules(Inspection& inspection) {
  for (const Program& program : inspection.programs()) {
    for (const Covered& covered : denied_rules(program)) {
      const Rule& rule = program.rules[covered.rule];
      Diagnostic* diagnostic =
          inspection.warn("denied-rule", inspection.statements().seen(rule),
                          quote(rule_text(rule, program.derivations)) + from_vendor(rule) +
                              " opens nothing: all of it is denied");
      if (!diagnostic) continue;
      add_notes(program, covered.by, "denies", inspection.statements(), *diagnostic);
    }
  }
}

}  // namespace sallyport
