// SPDX-License-Identifier: GPL-2.0-or-later
// The pieces that statements are made of: names, words, values, strings, opening braces.
#include "compiler/syntax/grammar.h"

#include <algorithm>

#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// An address or a number. Joined over blanks, two hosts would silently become a third one.
bool can_end_range(const Word& word) {
  const bool is_v6 = word.span.text().find(':') != std::string_view::npos;
  const std::string_view characters = is_v6 ? "0123456789abcdefABCDEF.:-" : "0123456789.-";
  return std::ranges::all_of(word.pieces, [&](const Piece& piece) {
    if (piece.kind != Piece::Kind::literal) return piece.kind == Piece::Kind::expansion;
    return piece.text.find_first_not_of(characters) == std::string::npos;
  });
}

}  // namespace

Parsed<Name> Parser::name(std::string_view what) {
  if (!cursor_.at(TokenKind::word)) {
    cursor_.expected(what);
    return {};
  }
  const Token token = cursor_.take();
  const std::string_view text = token.span.text();
  if (!is_name(text)) {
    cursor_.error("bad-name", token.span,
                  "expected " + std::string(what) + ", found " + quote(text),
                  {{{}, "a name has letters, digits, `-` and `_`"}});
    return {};
  }
  return Name{token.span, std::string(text)};
}

/// Like a name, but dots are fine: a choice can be a version.
Parsed<Name> Parser::choice(std::string_view what) {
  if (!cursor_.at(TokenKind::word)) {
    cursor_.expected(what);
    return {};
  }
  const Token token = cursor_.take();
  std::string text(token.span.text());
  std::string undotted = text;
  std::ranges::replace(undotted, '.', '_');
  if (!is_name(undotted)) {
    cursor_.error("bad-name", token.span,
                  "expected " + std::string(what) + ", found " + quote(text),
                  {{{}, "a choice has letters, digits, `-`, `_` and `.`"}});
    return {};
  }
  return Name{token.span, std::move(text)};
}

Parsed<Word> Parser::word(std::string_view what) {
  // After a line break a statement is likelier than a host or a value of that name.
  const bool next_statement = cursor_.peek().first_on_line && cursor_.at_statement();
  if (!cursor_.at(TokenKind::word) || next_statement) {
    cursor_.expected(what);
    return {};
  }
  return word_of(cursor_.take());
}

/// A word, or two around a dash with blanks beside it, which become one.
Parsed<Word> Parser::range_word(std::string_view what) {
  Parsed<Word> first = word(what);
  if (!first) return {};
  const std::string_view start = first->span.text();
  const bool dash_follows =
      cursor_.at(TokenKind::word) && cursor_.peek().span.text().starts_with('-');
  if (!dash_follows && (start.size() < 2 || !start.ends_with('-'))) return first;

  const auto fits = [this](const Word& end) {
    if (can_end_range(end)) return true;
    cursor_.error("unexpected-token", end.span,
                  "expected an address or a port beside the dash, found " + quote(end.span.text()),
                  {{{}, "only ranges have blanks around their dash; a comment begins with `#`"}});
    return false;
  };
  const auto append = [&first](const Word& more) {
    first->span = join(first->span, more.span);
    for (const Piece& piece : more.pieces) {
      Piece& last = first->pieces.back();
      if (last.kind == Piece::Kind::literal && piece.kind == Piece::Kind::literal) {
        last.span = join(last.span, piece.span);
        last.text += piece.text;
      } else {
        first->pieces.push_back(piece);
      }
    }
  };
  if (!fits(*first)) return {};
  bool dash_ends = !dash_follows;
  if (dash_follows) {
    const Word dash = word_of(cursor_.take());
    if (!fits(dash)) return {};
    append(dash);
    dash_ends = cursor_.last().span.text().ends_with('-');
  }
  if (!dash_ends) return first;
  const Parsed<Word> second = word("the end of the range");
  if (!second || !fits(*second)) return {};
  append(*second);
  if (second->span.text().ends_with('-')) {
    cursor_.expected("the end of the range");
    return {};
  }
  return first;
}

Parsed<std::vector<Word>> Parser::range_words(std::string_view what) {
  std::vector<Word> words;
  do {
    Parsed<Word> next = range_word(what);
    if (!next) return {};
    words.push_back(std::move(*next));
  } while (cursor_.accept(TokenKind::comma));
  return words;
}

Parsed<Value> Parser::value(std::string_view what) {
  Value value;
  const Span start = cursor_.peek().span;
  value.is_list = cursor_.accept(TokenKind::left_bracket);
  if (!value.is_list) {
    Parsed<Word> only = range_word(what);
    if (!only) return {};
    value.words.push_back(std::move(*only));
  } else if (!cursor_.accept(TokenKind::right_bracket)) {
    Parsed<std::vector<Word>> words = range_words("an element of the list");
    if (!words) return {};
    value.words = std::move(*words);
    if (!cursor_.expect(TokenKind::right_bracket, "`,` or `]`")) return {};
  }
  value.span = since(start);
  return value;
}

Parsed<std::string> Parser::string(std::string_view what) {
  if (!cursor_.at(TokenKind::string)) {
    cursor_.expected(what);
    return {};
  }
  return string_of(cursor_.take());
}

/// A string with its place.
Parsed<Name> Parser::named_string(std::string_view what) {
  Parsed<std::string> text = string(what);
  if (!text) return {};
  return Name{cursor_.last().span, std::move(*text)};
}

Parsed<Day> Parser::day() {
  Parsed<Word> written = word("a date such as `2024-10-22`");
  if (!written) return {};
  const std::string_view text = written->span.text();
  const std::optional<Day> day = parse_day(text);
  if (!day) {
    cursor_.error("bad-date", written->span,
                  "expected a date such as `2024-10-22`, found " + quote(text));
  }
  return day;
}

/// The brace that opens a block. One that is missing before a statement is reported and then taken
/// for written, so that the statements inside are read as what they are.
Parsed<Block> Parser::open(Scope scope, std::string title) {
  if (cursor_.at(TokenKind::left_brace)) return Block{scope, std::move(title), cursor_.take().span};
  cursor_.expected("`{`");
  const StatementWord* row =
      cursor_.at(TokenKind::word) ? statement_word(cursor_.peek().span.text()) : nullptr;
  if (!row || !holds(row->scopes, scope)) return {};
  return Block{scope, std::move(title), cursor_.last().span};
}

}  // namespace sallyport
