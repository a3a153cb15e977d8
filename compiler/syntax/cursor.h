// SPDX-License-Identifier: GPL-2.0-or-later
// Cursor: the tokens under the parser's eye: look ahead, take, report what is missing, recover. At
// most one error is reported for each statement.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/lexer.h"
#include "compiler/syntax/words.h"

namespace sallyport {

/// A block under way: what it belongs to and its opening brace.
struct Block {
  Scope scope = Scope::file;
  std::string title;  // "policy `branch`"
  Span brace;         // no source for the file itself
};

class Cursor {
 public:
  Cursor(const Source& source, Diagnostics& diagnostics);

  /// The next token, or the one after that, up to three ahead.
  const Token& peek(std::size_t ahead = 0);
  Token take();
  /// The token taken last.
  const Token& last() const { return last_; }

  bool at(TokenKind kind, std::size_t ahead = 0) { return peek(ahead).kind == kind; }
  bool at_word(std::string_view word, std::size_t ahead = 0);
  bool accept(TokenKind kind);
  bool accept_word(std::string_view word);
  /// The next word begins a statement beyond doubt: by itself, or as the first word on its line.
  bool at_statement();

  /// Takes the token, or reports that `what` was expected.
  bool expect(TokenKind kind, std::string_view what, std::string_view hint = {});
  bool expect_word(std::string_view word, std::string_view what, std::string_view hint = {});
  void expected(std::string_view what, std::string_view hint = {}, std::vector<Fix> fixes = {});
  void error(std::string_view code, Span span, std::string message, std::vector<Note> notes = {},
             std::vector<Fix> fixes = {});

  /// The word that starts the next statement of `block`, taken. Nothing at the end of the block,
  /// whose brace is taken as well. Words that start no statement here are reported and skipped.
  std::optional<Token> next_statement(const Block& block);
  /// Where the words that next_statement() gave stand, ascending.
  const std::vector<std::uint32_t>& statements() const { return statements_; }
  /// To the end of a statement that cannot be read, a block that follows included.
  void skip_statement();

 private:
  void skip_block();
  bool leaves_block(const Block& block);
  bool at_outer_statement(const Block& block);
  bool at_misspelt_statement();
  void report_open(const Block& block);
  void report_unknown(const Block& block, const Token& word);

  Lexer lexer_;
  Diagnostics& diagnostics_;
  std::array<Token, 4> ahead_;
  std::size_t count_ = 0;
  Token last_;
  std::optional<std::uint32_t> told_;  // where the last error was
  bool silent_ = false;                // an error of this statement has been reported
  std::vector<std::uint32_t> statements_;
  std::optional<std::uint32_t> ended_;  // where an unexpected end has been reported already
};

/// `did you mean ...?` in the place of `span`, or none for an empty word.
std::vector<Fix> spelling_fix(const Span& span, std::string_view meant);

/// What a token is called in `found ...`.
std::string found_text(const Token& token);

}  // namespace sallyport
