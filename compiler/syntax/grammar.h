// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar: one method for each statement, each leaving the cursor after what it read. Behind
// parse() in parser.h; statements.cpp, vendor_statements.cpp, rule_statements.cpp,
// feed_statements.cpp, either_statements.cpp, test_statements.cpp and words_and_values.cpp hold the
// methods.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/syntax/ast.h"
#include "compiler/syntax/cursor.h"

namespace sallyport {

/// Nothing means: reported, and the rest of the statement is to be skipped.
template <typename T>
using Parsed = std::optional<T>;

/// True for decimal digits only.
inline bool is_number(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class Parser {
 public:
  Parser(const Source& source, Diagnostics& diagnostics) : cursor_(source, diagnostics) {}

  Policy file();
  const std::vector<std::uint32_t>& statements() const { return cursor_.statements(); }

 private:
  // statements; `start` is the keyword, already taken
  bool import(std::vector<ImportStatement>& into);
  Parsed<VendorStatement> vendor(Span start);
  bool vendor_item(const Token& word, VendorStatement& vendor);
  Parsed<VendorStatement::Provenance> provenance(Span start);
  Parsed<ParamStatement> param(Span start);
  bool param_type(ParamStatement& param);
  Parsed<LetStatement> let(Span start);
  Parsed<LetStatement::Alternative> alternative();
  Parsed<DerivationClause> derivation();
  bool derivation_step(DerivationClause& clause);
  Parsed<PartStatement> part(Span start);
  bool part_heading(PartStatement& part);
  bool part_item(const Token& word, PartStatement& part);
  Parsed<PartStatement::Condition> condition();
  Parsed<EitherStatement> either(Span start, Scope scope);
  Parsed<EitherStatement::Alternative> either_alternative(Scope scope);
  Parsed<NeverStatement> never(Span start);
  Parsed<LintStatement> lint(Span start);
  Parsed<Remark> remark(Span start);
  bool owner(Span start, std::optional<Remark>& into);
  Parsed<ZoneStatement> zone(Span start);
  Parsed<Nat64Statement> nat64(Span start);
  Parsed<ResolverStatement> resolver(Span start);
  Parsed<FeedStatement> feed(Span start);
  Parsed<PolicyStatement> policy(Span start);
  bool policy_item(const Token& word, PolicyStatement& policy);
  bool capabilities(PolicyStatement& policy);
  Parsed<SettingStatement> setting(const Token& name);
  Parsed<DirectionBlock> direction(const Token& word);
  bool direction_item(const Token& word, DirectionBlock& block);
  Parsed<TestStatement> test(Span start);
  bool test_item(const Token& word, TestStatement& test);
  Parsed<GivenStatement> given(Span start);
  Parsed<ExpectStatement> expectation(Span start);
  Parsed<Name> packet();
  bool test_day(TestStatement& test);
  Parsed<UseStatement> use(Span start);
  bool argument(UseStatement& use);
  Parsed<RuleStatement> rule(const Token& word);
  bool remote_word(bool inward);
  bool remotes(RuleStatement& rule, std::string_view what);
  bool at_feed_reference();
  Parsed<Name> name_in_line(std::string_view what);
  Parsed<FeedReference> feed_reference();
  bool feed_filters(std::vector<FeedFilter>& into);
  Parsed<FeedFilter> feed_filter();
  enum class Modified { rule, use };
  bool modifiers(Modified what, std::vector<Modifier>& into);
  bool modifier(const ModifierWord& row, Modifier& into);
  Parsed<ServiceClause> service();
  Parsed<Name> protocol();

  // pieces of statements
  Parsed<Name> name(std::string_view what);
  Parsed<Name> choice(std::string_view what);
  Parsed<Word> word(std::string_view what);
  Parsed<Word> range_word(std::string_view what);
  Parsed<std::vector<Word>> range_words(std::string_view what);
  Parsed<Value> value(std::string_view what);
  Parsed<std::string> string(std::string_view what);
  Parsed<Name> named_string(std::string_view what);
  Parsed<Day> day();
  Parsed<Block> open(Scope scope, std::string title);

  Span since(Span start) const { return join(start, cursor_.last().span); }

  /// Keeps what was parsed; false if there is nothing.
  template <typename T, typename Into>
  static bool store(Parsed<T> parsed, Into& into) {
    if (parsed) into.push_back(std::move(*parsed));
    return parsed.has_value();
  }

  /// Keeps what was parsed, or skips the rest of the statement.
  template <typename T, typename Into>
  void keep(Parsed<T> parsed, Into& into) {
    if (parsed) {
      into.push_back(std::move(*parsed));
    } else {
      cursor_.skip_statement();
    }
  }

  Cursor cursor_;
};

}  // namespace sallyport
