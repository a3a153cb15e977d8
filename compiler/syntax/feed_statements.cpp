// SPDX-License-Identifier: GPL-2.0-or-later
// Feeds: their declaration, what a rule takes from one, and what it should not. Entry points:
// Parser::feed(), Parser::remotes(), Parser::lint().
#include "compiler/syntax/grammar.h"

namespace sallyport {

/// After a line break a statement is likelier than a name.
Parsed<Name> Parser::name_in_line(std::string_view what) {
  const bool next_statement = cursor_.peek().first_on_line && cursor_.at_statement();
  if (!next_statement) return name(what);
  cursor_.expected(what);
  return {};
}

Parsed<FeedStatement> Parser::feed(Span start) {
  FeedStatement feed;
  Parsed<Name> feed_name = name_in_line("the feed's name");
  if (!feed_name) return {};
  feed.name = std::move(*feed_name);
  if (!cursor_.expect(TokenKind::equals, "`=` and the feed's file, in quotes")) return {};
  const Span file_span = cursor_.peek().span;
  Parsed<std::string> file = string("the feed's file, in quotes");
  if (!file) return {};
  feed.file = {file_span, std::move(*file)};
  if (!cursor_.expect_word("as", "`as` and the feed's format")) return {};
  Parsed<Name> format = name_in_line("the feed's format, such as `cidr-list`");
  if (!format) return {};
  feed.format = std::move(*format);
  feed.span = since(start);
  return feed;
}

/// The remote side of a rule: words and selections of feeds, in any order.
bool Parser::remotes(RuleStatement& rule, std::string_view what) {
  do {
    if (at_feed_reference()) {
      Parsed<FeedReference> reference = feed_reference();
      if (!reference) return false;
      rule.feeds.push_back(std::move(*reference));
      continue;
    }
    Parsed<Word> word = range_word(what);
    if (!word) return false;
    rule.destinations.push_back(std::move(*word));
  } while (cursor_.accept(TokenKind::comma));
  return true;
}

/// `feed NAME =` declares one: a comma was too much in front of it.
bool Parser::at_feed_reference() {
  return cursor_.at_word("feed") && !cursor_.at(TokenKind::equals, 2);
}

Parsed<FeedReference> Parser::feed_reference() {
  FeedReference reference;
  const Span start = cursor_.take().span;
  Parsed<Name> feed_name = name_in_line("the feed's name");
  if (!feed_name) return {};
  reference.feed = std::move(*feed_name);
  if (!feed_filters(reference.filters)) return {};
  reference.span = since(start);
  return reference;
}

/// `where` and what follows it, if it is there.
bool Parser::feed_filters(std::vector<FeedFilter>& into) {
  if (!cursor_.accept_word("where")) return true;
  do {
    if (!store(feed_filter(), into)) return false;
  } while (cursor_.accept_word("and"));
  return true;
}

Parsed<LintStatement> Parser::lint(Span start) {
  LintStatement lint;
  if (!cursor_.expect_word("not", "`not feed` and a format")) return {};
  if (!cursor_.expect_word("feed", "`feed` and a format")) return {};
  Parsed<Name> format = name_in_line("the feed's format, such as `azure-service-tags`");
  if (!format) return {};
  lint.format = std::move(*format);
  if (!feed_filters(lint.filters)) return {};
  if (cursor_.at(TokenKind::string)) lint.reason = string_of(cursor_.take());
  lint.span = since(start);
  return lint;
}

Parsed<FeedFilter> Parser::feed_filter() {
  FeedFilter filter;
  Parsed<Name> field = name_in_line("a field of the feed, such as `region`");
  if (!field) return {};
  filter.field = std::move(*field);
  if (!cursor_.expect(TokenKind::equals, "`=` and a value in quotes")) return {};
  do {
    if (cursor_.at(TokenKind::string)) {
      const Token token = cursor_.take();
      filter.values.push_back(
          {token.span, {Piece{Piece::Kind::literal, token.span, string_of(token), {}}}});
      continue;
    }
    if (cursor_.at(TokenKind::word) && cursor_.at(TokenKind::equals, 1)) {
      cursor_.expected("a value, in quotes",
                       "`or` stands between the values of one field, `and` before another field");
      return {};
    }
    Parsed<Word> value = word("a value, in quotes");
    if (!value) return {};
    filter.values.push_back(std::move(*value));
  } while (cursor_.accept_word("or"));
  return filter;
}

}  // namespace sallyport
