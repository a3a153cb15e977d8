// SPDX-License-Identifier: GPL-2.0-or-later
// What vendors, parts and policies share: alternatives, names that are never let in, owners and
// notes. Entry points: Parser::either(), Parser::never(), Parser::remark().
#include "compiler/syntax/grammar.h"

namespace sallyport {

/// `scope` is what an alternative may hold: that of a part or of a policy.
Parsed<EitherStatement> Parser::either(Span start, Scope scope) {
  EitherStatement either;
  do {
    Parsed<EitherStatement::Alternative> next = either_alternative(scope);
    if (!next) return {};
    either.alternatives.push_back(std::move(*next));
  } while (cursor_.accept_word("or"));
  either.span = since(start);
  return either;
}

Parsed<EitherStatement::Alternative> Parser::either_alternative(Scope scope) {
  EitherStatement::Alternative alternative;
  const Span start = cursor_.peek().span;
  if (cursor_.at(TokenKind::string)) alternative.title = string_of(cursor_.take());
  if (cursor_.accept_word("needs")) {
    alternative.needs = name("the capability that is needed");
    if (!alternative.needs) return {};
  }
  const Parsed<Block> block = open(scope, "an alternative");
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    const std::string_view keyword = word->span.text();
    if (keyword == "let") {
      keep(let(word->span), alternative.lets);
    } else if (keyword == "use") {
      keep(use(word->span), alternative.items);
    } else {
      keep(rule(*word), alternative.items);
    }
  }
  alternative.span = since(start);
  return alternative;
}

Parsed<NeverStatement> Parser::never(Span start) {
  NeverStatement never;
  do {
    Parsed<Word> name = word("a host name or a pattern");
    if (!name) return {};
    never.names.push_back(std::move(*name));
  } while (cursor_.accept(TokenKind::comma));
  if (cursor_.at(TokenKind::string)) never.reason = string_of(cursor_.take());
  never.span = since(start);
  return never;
}

Parsed<Remark> Parser::remark(Span start) {
  Parsed<std::string> text = string("a text in quotes");
  if (!text) return {};
  return Remark{since(start), std::move(*text)};
}

/// The one owner; a second is reported.
bool Parser::owner(Span start, std::optional<Remark>& into) {
  Parsed<Remark> owner = remark(start);
  if (!owner) return false;
  if (into) {
    cursor_.error("repeated-modifier", owner->span, "`owner` stands here twice",
                  {{into->span, "the first is here"}});
    return false;
  }
  into = std::move(*owner);
  return true;
}

}  // namespace sallyport
