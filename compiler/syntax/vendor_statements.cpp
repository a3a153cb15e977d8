// SPDX-License-Identifier: GPL-2.0-or-later
// A vendor and what stands inside it: provenance, parameters, definitions, parts. Entry point:
// Parser::vendor().
#include "compiler/syntax/grammar.h"

#include "compiler/source/wording.h"
#include "compiler/values/day.h"

namespace sallyport {

Parsed<VendorStatement> Parser::vendor(Span start) {
  VendorStatement vendor;
  Parsed<Name> vendor_name = name("the vendor's name");
  if (!vendor_name) return {};
  vendor.name = std::move(*vendor_name);
  if (cursor_.at(TokenKind::string)) vendor.title = string_of(cursor_.take());
  if (cursor_.accept_word("version")) {
    Parsed<std::string> version = string("the version, in quotes");
    if (!version) return {};
    vendor.version = std::move(*version);
  }
  const Parsed<Block> block = open(Scope::vendor, "vendor " + quote(vendor.name.text));
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    if (!vendor_item(*word, vendor)) cursor_.skip_statement();
  }
  vendor.span = since(start);
  return vendor;
}

bool Parser::vendor_item(const Token& word, VendorStatement& vendor) {
  const std::string_view keyword = word.span.text();
  if (keyword == "source") return store(provenance(word.span), vendor.sources);
  if (keyword == "param") return store(param(word.span), vendor.params);
  if (keyword == "let") return store(let(word.span), vendor.lets);
  if (keyword == "part") return store(part(word.span), vendor.parts);
  if (keyword == "never") return store(never(word.span), vendor.nevers);
  if (keyword == "lint") return store(lint(word.span), vendor.lints);
  if (keyword == "owner") return owner(word.span, vendor.owner);
  return store(remark(word.span), vendor.notes);
}

Parsed<VendorStatement::Provenance> Parser::provenance(Span start) {
  VendorStatement::Provenance source;
  Parsed<std::string> text = string("the source's text, in quotes");
  if (!text) return {};
  source.text = std::move(*text);
  if (cursor_.accept_word("seen")) {
    Parsed<Word> seen = word("a date such as `2024-10-22`");
    if (!seen) return {};
    source.seen = seen->span.text();
    if (!parse_day(source.seen)) {
      cursor_.error("bad-date", seen->span,
                    "expected a date such as `2024-10-22`, found " + quote(source.seen));
      return {};
    }
  }
  source.span = since(start);
  return source;
}

Parsed<ParamStatement> Parser::param(Span start) {
  ParamStatement param;
  Parsed<Name> param_name = name("the parameter's name");
  if (!param_name) return {};
  param.name = std::move(*param_name);
  if (!cursor_.expect(TokenKind::colon, "`:` and a type")) return {};
  if (!param_type(param)) return {};
  if (cursor_.at_word("default")) {
    const Span& end = cursor_.last().span;
    cursor_.expected("`,` before `default`", {},
                     {{"write the `,`", {{{end.source, end.end, end.end}, ","}}, true}});
    return {};
  }
  if (cursor_.accept(TokenKind::comma)) {
    if (!cursor_.expect_word("default", "`default`")) return {};
    param.default_value = value("the default value");
    if (!param.default_value) return {};
  }
  param.span = since(start);
  return param;
}

bool Parser::param_type(ParamStatement& param) {
  using Type = ParamStatement::Type;
  static constexpr std::pair<std::string_view, Type> types[] = {
      {"label", Type::label}, {"host", Type::host}, {"cidr", Type::cidr}, {"port", Type::port}};
  if (cursor_.at_word("list")) {
    cursor_.take();
    if (!cursor_.expect_word("of", "`of` and a type")) return false;
    param.is_list = true;
  }
  Parsed<Name> first = choice("a type");
  if (!first) return false;
  if (cursor_.at(TokenKind::pipe)) {
    param.type = Type::one_of;
    param.choices.push_back(std::move(*first));
    while (cursor_.accept(TokenKind::pipe)) {
      Parsed<Name> next = choice("another choice");
      if (!next) return false;
      param.choices.push_back(std::move(*next));
    }
    return true;
  }
  for (const auto& [word, type] : types) {
    if (first->text == word) {
      param.type = type;
      return true;
    }
  }
  static constexpr std::string_view words[] = {"label", "host", "cidr", "port"};
  const std::string_view meant = closest(first->text, words);
  cursor_.error("unknown-type", first->span,
                "expected `label`, `host`, `cidr`, `port`, `list of` one of these, or choices "
                "such as `a | b`, found " +
                    quote(first->text),
                {}, spelling_fix(first->span, meant));
  return false;
}

Parsed<LetStatement> Parser::let(Span start) {
  LetStatement let;
  Parsed<Name> let_name = name("the name to define");
  if (!let_name) return {};
  let.name = std::move(*let_name);
  if (!cursor_.expect(TokenKind::equals, "`=`")) return {};
  if (cursor_.at_word("first") && cursor_.at_word("label", 1)) {
    let.derivation = derivation();
    if (!let.derivation) return {};
    let.span = since(start);
    return let;
  }
  do {
    if (!let.alternatives.empty() && !let.alternatives.back().when_param) {
      cursor_.error("unexpected-token", cursor_.last().span,
                    "expected `when` and a parameter before the next value, found `,`",
                    {{{}, "a list is written `[a, b]`"}});
      return {};
    }
    Parsed<LetStatement::Alternative> next = alternative();
    if (!next) return {};
    if (!let.alternatives.empty() && !next->when_param) {
      cursor_.expected("`when` and a parameter, since the values before have one");
      return {};
    }
    let.alternatives.push_back(std::move(*next));
  } while (cursor_.accept(TokenKind::comma));
  let.span = since(start);
  return let;
}

Parsed<LetStatement::Alternative> Parser::alternative() {
  LetStatement::Alternative alternative;
  Parsed<Value> found = value("a value");
  if (!found) return {};
  alternative.value = std::move(*found);
  if (cursor_.accept_word("when")) {
    alternative.when_param = name("the parameter to ask");
    if (!alternative.when_param) return {};
    alternative.when_value = choice("the choice that the parameter must have");
    if (!alternative.when_value) return {};
  }
  return alternative;
}

/// At `first label`.
Parsed<DerivationClause> Parser::derivation() {
  DerivationClause clause;
  const Span start = cursor_.take().span;
  cursor_.take();
  if (!cursor_.expect_word("of", "`of cname` and a host")) return {};
  if (!cursor_.expect_word("cname", "`cname` and a host")) return {};
  Parsed<Word> host = word("the host whose alias is followed");
  if (!host) return {};
  clause.host = std::move(*host);
  while (cursor_.accept(TokenKind::comma)) {
    if (!derivation_step(clause)) return {};
  }
  clause.span = since(start);
  return clause;
}

/// What is done to the label: `lower case` or `without prefix "P" else "Q"`.
bool Parser::derivation_step(DerivationClause& clause) {
  if (!clause.lower_case && cursor_.accept_word("lower")) {
    clause.lower_case = cursor_.expect_word("case", "`case` after `lower`");
    return clause.lower_case;
  }
  if (!clause.prefixes.empty() || !cursor_.accept_word("without")) {
    cursor_.expected(clause.prefixes.empty() ? "`lower case` or `without prefix`" : "`lower case`");
    return false;
  }
  if (!cursor_.expect_word("prefix", "`prefix` after `without`")) return false;
  do {
    Parsed<Name> prefix = named_string("a prefix, in quotes");
    if (!prefix) return false;
    clause.prefixes.push_back(std::move(*prefix));
  } while (cursor_.accept_word("else"));
  return true;
}

Parsed<PartStatement> Parser::part(Span start) {
  PartStatement part;
  Parsed<Name> part_name = name("the part's name");
  if (!part_name) return {};
  part.name = std::move(*part_name);
  if (cursor_.at(TokenKind::string)) part.title = string_of(cursor_.take());
  if (!part_heading(part)) return {};
  const Parsed<Block> block = open(Scope::part, "part " + quote(part.name.text));
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    if (!part_item(*word, part)) cursor_.skip_statement();
  }
  part.span = since(start);
  return part;
}

/// `optional`, `when ...` and `inside ...`, in any order.
bool Parser::part_heading(PartStatement& part) {
  while (true) {
    if (!part.optional && cursor_.accept_word("optional")) {
      part.optional = true;
    } else if (!part.when && cursor_.accept_word("when")) {
      part.when = condition();
      if (!part.when) return false;
    } else if (!part.inside && cursor_.accept_word("inside")) {
      part.inside = name("the part of which this one is a minimal version");
      if (!part.inside) return false;
    } else {
      return true;
    }
  }
}

Parsed<PartStatement::Condition> Parser::condition() {
  PartStatement::Condition condition;
  Parsed<Name> param = name("the parameter to ask");
  if (!param) return {};
  condition.param = std::move(*param);
  do {
    Parsed<Name> next = choice("a choice that the parameter may have");
    if (!next) return {};
    condition.choices.push_back(std::move(*next));
  } while (cursor_.accept(TokenKind::comma));
  return condition;
}

bool Parser::part_item(const Token& word, PartStatement& part) {
  const std::string_view keyword = word.span.text();
  if (keyword == "let") return store(let(word.span), part.lets);
  if (keyword == "note") return store(remark(word.span), part.notes);
  if (keyword == "owner") return owner(word.span, part.owner);
  if (keyword == "never") return store(never(word.span), part.nevers);
  if (keyword == "lint") return store(lint(word.span), part.lints);
  if (keyword == "use") return store(use(word.span), part.items);
  if (keyword == "either") return store(either(word.span, Scope::alternative), part.items);
  return store(rule(word), part.items);
}

}  // namespace sallyport
