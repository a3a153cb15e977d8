// SPDX-License-Identifier: GPL-2.0-or-later
// Statements: where the statements of all modules stand, so that a rule of a Program leads back to
// the text that it came from. Entry points: rule_at(), use_at(), holding().
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

class Statements {
 public:
  /// The modules must outlive this.
  explicit Statements(const std::vector<Module>& modules);

  /// The statement that begins at the place; null if it begins none.
  const RuleStatement* rule_at(const Place& place) const;
  const UseStatement* use_at(const Place& place) const;
  /// The statements around the span, blocks included.
  std::vector<Span> around(const Span& span) const;

  void for_each_rule(const std::function<void(const RuleStatement&)>& visit) const;

  /// Where the author sees the rule: the `use` that brought it, or else the rule.
  Span seen(const Rule& rule) const;
  /// The word of the rule that says `text`, or could with its parameters applied; else all of it.
  Span destination(const Rule& rule, std::string_view text) const;

 private:
  struct Statement {
    Span span;
    const RuleStatement* rule = nullptr;
    const UseStatement* use = nullptr;
  };
  using List = std::vector<Statement>;  // by beginning

  struct File {
    List statements;
    std::vector<Span> blocks;
  };
  static void collect(const Policy& policy, File& file);
  const Statement* at(const Place& place) const;

  std::map<std::string_view, File> files_;
};

/// The part of a `use` that names what is used.
Span called(const UseStatement& use);

}  // namespace sallyport
