// SPDX-License-Identifier: GPL-2.0-or-later
// Looking ahead, reporting and recovering; entry points in cursor.h.
#include "compiler/syntax/cursor.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// The column in which the line of `brace` begins.
std::uint32_t indentation(const Span& brace) {
  const std::string_view line = brace.source->line(brace.begin);
  return static_cast<std::uint32_t>(std::min(line.find_first_not_of(" \t"), line.size())) + 1;
}

std::vector<std::string_view> statements_of(std::uint8_t scopes) {
  std::vector<std::string_view> words;
  for (const StatementWord& row : statement_words) {
    if ((row.scopes & scopes) != 0) words.push_back(row.word);
  }
  return words;
}

}  // namespace

std::string found_text(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end of the file";
    case TokenKind::string:
      return "a string";
    default:
      return quote(token.span.text());
  }
}

Cursor::Cursor(const Source& source, Diagnostics& diagnostics)
    : lexer_(source, diagnostics), diagnostics_(diagnostics) {}

const Token& Cursor::peek(std::size_t ahead) {
  assert(ahead < ahead_.size());
  while (count_ <= ahead) ahead_[count_++] = lexer_.next();
  return ahead_[ahead];
}

Token Cursor::take() {
  last_ = peek();
  std::shift_left(ahead_.begin(), ahead_.end(), 1);
  --count_;
  if (last_.faulty) silent_ = true;
  return last_;
}

bool Cursor::at_word(std::string_view word, std::size_t ahead) {
  return at(TokenKind::word, ahead) && peek(ahead).span.text() == word;
}

bool Cursor::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Cursor::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool Cursor::at_statement() {
  if (!at(TokenKind::word)) return false;
  const std::string_view word = peek().span.text();
  const StatementWord* row = statement_word(word);
  if (!row) return false;
  if (row->stands_for_itself) return true;
  if (!peek().first_on_line) return false;
  if (word != "from" && word != "to") return true;
  // `to` also stands inside a rule: it starts a block only before a zone and its content.
  return at(TokenKind::word, 1) &&
         (at(TokenKind::left_brace, 2) || at_word("allow", 2) || at_word("deny", 2) ||
          at_word("use", 2) || at_word("either", 2));
}

bool Cursor::expect(TokenKind kind, std::string_view what, std::string_view hint) {
  if (accept(kind)) return true;
  expected(what, hint);
  return false;
}

bool Cursor::expect_word(std::string_view word, std::string_view what, std::string_view hint) {
  if (accept_word(word)) return true;
  expected(what, hint);
  return false;
}

void Cursor::expected(std::string_view what, std::string_view hint, std::vector<Fix> fixes) {
  const Token found = peek();
  if (found.faulty) silent_ = true;
  if (found.kind == TokenKind::end) ended_ = found.span.begin;
  std::vector<Note> notes;
  if (!hint.empty()) notes.push_back({{}, std::string(hint)});
  error("unexpected-token", found.span,
        "expected " + std::string(what) + ", found " + found_text(found), std::move(notes),
        std::move(fixes));
}

std::vector<Fix> spelling_fix(const Span& span, std::string_view meant) {
  if (meant.empty()) return {};
  return {{"did you mean " + quote(meant) + "?", {{span, std::string(meant)}}, false}};
}

void Cursor::error(std::string_view code, Span span, std::string message, std::vector<Note> notes,
                   std::vector<Fix> fixes) {
  // A second error at one place is never news.
  const bool told = told_ == span.begin;
  if (!silent_ && !told && diagnostics_.errors() < error_limit) {
    told_ = span.begin;
    Diagnostic& diagnostic = diagnostics_.error(code, span, std::move(message));
    diagnostic.notes = std::move(notes);
    diagnostic.fixes = std::move(fixes);
  }
  silent_ = true;
}

std::optional<Token> Cursor::next_statement(const Block& block) {
  while (true) {
    silent_ = false;
    const Token token = peek();
    if (leaves_block(block)) return std::nullopt;
    if (token.kind != TokenKind::word) {
      expected(block.brace.source ? "a statement or `}`" : "a statement");
      if (token.kind != TokenKind::left_brace) take();
      if (token.kind != TokenKind::right_brace) skip_statement();
      continue;
    }
    take();
    const std::string_view word = token.span.text();
    if (const StatementWord* row = statement_word(word)) {
      if (holds(row->scopes, block.scope)) {
        statements_.push_back(token.span.begin);
        return token;
      }
      error("misplaced-statement", token.span,
            quote(word) + " cannot stand in " + block.title + ": it stands " +
                std::string(row->home));
    } else {
      report_unknown(block, token);
    }
    skip_statement();
  }
}

bool Cursor::leaves_block(const Block& block) {
  if (diagnostics_.errors() >= error_limit) return true;
  const bool in_file = block.brace.source == nullptr;
  if (at(TokenKind::end)) {
    if (!in_file) report_open(block);
    return true;
  }
  if (in_file) return false;
  if (accept(TokenKind::right_brace)) return true;
  if (!at_outer_statement(block)) return false;
  report_open(block);
  return true;
}

/// At a statement that cannot stand in `block`, no further to the right than the line on which the
/// block began: the block's own brace is what is missing.
bool Cursor::at_outer_statement(const Block& block) {
  const Token& token = peek();
  if (token.kind != TokenKind::word || !token.first_on_line) return false;
  const StatementWord* row = statement_word(token.span.text());
  if (!row || holds(row->scopes, block.scope)) return false;
  const Place place = token.span.place();
  return place.line > block.brace.place().line && place.column <= indentation(block.brace);
}

/// Of blocks open around one another only the innermost is reported: they end at the same place.
void Cursor::report_open(const Block& block) {
  const Token end = peek();
  if (end.faulty || ended_ == end.span.begin) return;
  ended_ = end.span.begin;
  silent_ = false;
  error("unterminated-block", block.brace, "the block of " + block.title + " has no closing `}`",
        {{end.span, end.kind == TokenKind::end ? "the file ends here"
                                               : found_text(end) + " stands outside of it"}});
}

void Cursor::report_unknown(const Block& block, const Token& word) {
  const std::vector<std::string_view> here = statements_of(only(block.scope));
  const std::string_view text = word.span.text();
  const std::string_view meant = closest(text, here);
  std::string hint;
  if (const ModifierWord* row = modifier_word(text)) {
    hint = quote(text) + " stands at the end of a rule";
    if (row->modifies_use) hint += " or of a `use`";
  } else if (text.starts_with("//") || text.starts_with("--")) {
    hint = "a comment begins with `#`";
  } else if (text.find_first_of(".:/*{0123456789") != std::string_view::npos) {
    hint = "a list goes on only after a `,`";
  } else {
    hint = "its statements are";
    for (const std::string_view choice : here) {
      hint += (choice == here.front() ? " " : ", ") + quote(choice);
    }
  }
  std::vector<Note> notes;
  if (meant.empty()) notes.push_back({{}, hint});
  error("unknown-statement", word.span,
        "expected a statement of " + block.title + ", found " + quote(text), std::move(notes),
        spelling_fix(word.span, meant));
}

void Cursor::skip_statement() {
  while (!at(TokenKind::end) && !at(TokenKind::right_brace) && !at_statement()) {
    if (at_misspelt_statement()) return;
    if (!at(TokenKind::left_brace)) {
      take();
      continue;
    }
    skip_block();
    const bool alternative = at_word("or") && (at(TokenKind::left_brace, 1) ||
                                               at(TokenKind::string, 1) || at_word("needs", 1));
    if (!alternative) return;
  }
}

/// A first word on its line that resembles one which starts statements; not `from` and `to`, since
/// words as short resemble too many.
bool Cursor::at_misspelt_statement() {
  static const std::vector<std::string_view> all = statements_of(every_scope);
  if (!at(TokenKind::word) || !peek().first_on_line || last_.kind == TokenKind::comma) return false;
  const std::string_view word = peek().span.text();
  return !statement_word(word) && word != "or" && !closest(word, all).empty();
}

void Cursor::skip_block() {
  const Block block{Scope::nowhere, "a statement", take().span};
  for (std::size_t depth = 1; depth > 0;) {
    if (at(TokenKind::end) || at_outer_statement(block)) return report_open(block);
    if (at(TokenKind::left_brace)) ++depth;
    if (at(TokenKind::right_brace)) --depth;
    take();
  }
}

}  // namespace sallyport
