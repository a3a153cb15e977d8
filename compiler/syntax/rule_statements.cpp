// SPDX-License-Identifier: GPL-2.0-or-later
// Rules: services, destinations and modifiers. Entry point: Parser::rule().
#include "compiler/syntax/grammar.h"

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
  if (!modifiers(rule)) return {};
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

bool Parser::modifiers(RuleStatement& rule) {
  while (cursor_.at(TokenKind::word)) {
    const Token found = cursor_.peek();
    const std::string_view text = found.span.text();
    if (const LaterWord* later = later_word(text); later && later->modifies) {
      cursor_.not_yet(found.span, later->construct);
      return false;
    }
    if (text != "private") return true;
    cursor_.take();
    if (!cursor_.expect_word("ok", "`ok` after `private`")) return false;
    if (!rule.modifiers.empty()) {
      cursor_.error("repeated-modifier", since(found.span), "`private ok` stands here twice",
                    {{rule.modifiers.front().span, "the first is here"}});
      return false;
    }
    rule.modifiers.push_back({since(found.span), "private ok"});
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
