// SPDX-License-Identifier: GPL-2.0-or-later
// Rules: services, destinations and modifiers. Entry point: Parser::rule().
#include "compiler/syntax/grammar.h"

#include <algorithm>

#include "compiler/source/wording.h"

namespace sallyport {

Parsed<RuleStatement> Parser::rule(const Token& start) {
  RuleStatement rule;
  const bool allow = start.span.text() == "allow";
  rule.action = allow ? RuleStatement::Action::allow : RuleStatement::Action::deny;
  rule.inward = cursor_.accept_word("in");
  do {
    Parsed<ServiceClause> clause = service();
    if (!clause) return {};
    rule.services.push_back(std::move(*clause));
  } while (cursor_.accept_word("or"));
  if (!remote_word(rule.inward)) return {};
  if (!remotes(rule, rule.inward ? "a source" : "a destination")) return {};
  if (!modifiers(Modified::rule, rule.modifiers)) return {};
  rule.span = since(start.span);
  return rule;
}

/// `to`, or `from` of an inward rule.
bool Parser::remote_word(bool inward) {
  std::string_view hint;
  if (cursor_.at(TokenKind::word) && is_number(cursor_.peek().span.text().substr(0, 1))) {
    hint = "services are joined by `or`: `tcp 443 or udp 53`";
  } else if (inward && cursor_.at_word("to")) {
    hint = "where packets go stands before the rule: `to ZONE { allow in tcp 443 from SOURCE }`";
  } else if (!inward && cursor_.at_word("from")) {
    hint =
        "where packets come from stands before the rule: `from ZONE { ... }`; what comes in from "
        "others is written `allow in tcp 443 from SOURCE`";
  }
  return inward ? cursor_.expect_word("from", "`from` and a source", hint)
                : cursor_.expect_word("to", "`to` and a destination", hint);
}

/// Everything that modifies; `note` and `owner` at the beginning of a line are statements.
bool Parser::modifiers(Modified what, std::vector<Modifier>& into) {
  while (cursor_.at(TokenKind::word)) {
    const Token found = cursor_.peek();
    const ModifierWord* row = modifier_word(found.span.text());
    const bool states = found.span.text() == "note" || found.span.text() == "owner";
    if (!row || (states && found.first_on_line)) return true;
    cursor_.take();
    if (what == Modified::use && !row->modifies_use) {
      cursor_.error("misplaced-modifier", found.span,
                    quote(found.span.text()) + " stands behind a rule, not behind a `use`",
                    {{{}, "a `use` takes `via`, `valid`, `until` and `owner`"}});
      return false;
    }
    Modifier modifier;
    modifier.kind = row->kind;
    if (!this->modifier(*row, modifier)) return false;
    modifier.span = since(found.span);
    const auto first = std::ranges::find(into, row->kind, &Modifier::kind);
    if (first != into.end()) {
      const bool is_consent =
          row->kind == Modifier::Kind::private_ok || row->kind == Modifier::Kind::absent_ok;
      const std::string words = std::string(found.span.text()) + (is_consent ? " ok" : "");
      cursor_.error("repeated-modifier", modifier.span, quote(words) + " stands here twice",
                    {{first->span, "the first is here"}});
      return false;
    }
    into.push_back(std::move(modifier));
  }
  return true;
}

/// What stands behind the modifier's first word, which is taken.
bool Parser::modifier(const ModifierWord& row, Modifier& into) {
  const auto store = [](auto parsed, auto& field) {
    if (parsed) field = std::move(*parsed);
    return parsed.has_value();
  };
  switch (row.kind) {
    case Modifier::Kind::private_ok:
    case Modifier::Kind::absent_ok:
      return cursor_.expect_word("ok", "`ok` after " + quote(row.word));
    case Modifier::Kind::unless:
      return store(name("the name that a `let` derives"), into.name) &&
             cursor_.expect_word("like", "`like` and a pattern, as in `unless d like \"*-v*\"`") &&
             store(string("the pattern, in quotes"), into.text);
    case Modifier::Kind::via:
      return store(name("the name of a resolver"), into.name);
    case Modifier::Kind::valid:
    case Modifier::Kind::until:
      return store(day(), into.day);
    case Modifier::Kind::owner:
      return store(string("who answers for it, in quotes"), into.text);
    case Modifier::Kind::note:
      return store(string("the text of the note, in quotes"), into.text);
    case Modifier::Kind::log:
      break;
  }
  return true;
}

Parsed<ServiceClause> Parser::service() {
  ServiceClause clause;
  do {
    Parsed<Name> next = protocol();
    if (!next) return {};
    clause.protocols.push_back(std::move(*next));
  } while (cursor_.accept(TokenKind::plus));
  const auto at_ports = [this] {
    return cursor_.at(TokenKind::word) && !cursor_.at_statement() && !cursor_.at_word("to") &&
           !cursor_.at_word("or") && !cursor_.at_word("from");
  };
  if (at_ports()) {
    do {
      if (!at_ports()) {
        cursor_.expected("a port or type");
        return {};
      }
      Parsed<Word> port = range_word("a port or type");
      if (!port) return {};
      clause.ports.push_back(std::move(*port));
    } while (cursor_.accept(TokenKind::comma));
  }
  clause.span = since(clause.protocols.front().span);
  return clause;
}

Parsed<Name> Parser::protocol() {
  const Token found = cursor_.peek();
  if (cursor_.at_statement() || cursor_.at_word("to") || cursor_.at_word("from") ||
      cursor_.at_word("or")) {
    cursor_.expected("a service such as `tcp 443`, or `any`");
    return {};
  }
  if (cursor_.accept_word("protocol")) {
    const std::string_view number = cursor_.peek().span.text();
    if (!cursor_.at(TokenKind::word) || !is_number(number)) {
      cursor_.expected("a protocol number, as in `protocol 47`");
      return {};
    }
    cursor_.take();
    return Name{cursor_.last().span, std::string(number)};
  }
  const std::string_view text = found.span.text();
  if (cursor_.at(TokenKind::word) &&
      (is_number(text.substr(0, 1)) || text.find_first_of("/:") != std::string_view::npos)) {
    cursor_.expected("a protocol", "a port stands after its protocol: `tcp 443`");
    return {};
  }
  return name("a service such as `tcp 443`, or `any`");
}

}  // namespace sallyport
