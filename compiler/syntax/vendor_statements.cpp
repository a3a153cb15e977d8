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
  const auto add = [](auto parsed, auto& into) {
    if (parsed) into.push_back(std::move(*parsed));
    return parsed.has_value();
  };
  const std::string_view keyword = word.span.text();
  if (keyword == "source") return add(provenance(word.span), vendor.sources);
  if (keyword == "param") return add(param(word.span), vendor.params);
  if (keyword == "let") return add(let(word.span), vendor.lets);
  if (keyword == "part") return add(part(word.span), vendor.parts);
  return note();
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

Parsed<PartStatement> Parser::part(Span start) {
  PartStatement part;
  Parsed<Name> part_name = name("the part's name");
  if (!part_name) return {};
  part.name = std::move(*part_name);
  if (cursor_.at(TokenKind::string)) part.title = string_of(cursor_.take());
  part.optional = cursor_.accept_word("optional");
  const Parsed<Block> block = open(Scope::part, "part " + quote(part.name.text));
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    const std::string_view keyword = word->span.text();
    if (keyword == "let") {
      keep(let(word->span), part.lets);
    } else if (keyword == "note") {
      if (!note()) cursor_.skip_statement();
    } else {
      keep(rule(*word), part.rules);
    }
  }
  part.span = since(start);
  return part;
}

}  // namespace sallyport
