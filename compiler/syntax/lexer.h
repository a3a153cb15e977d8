// SPDX-License-Identifier: GPL-2.0-or-later
// Lexer: policy text to tokens, one at a time. A token is a kind and a place; word_of() and
// string_of() take the content out of the text when the parser keeps it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

enum class TokenKind : std::uint8_t {
  word,
  string,
  left_brace,
  right_brace,
  left_paren,
  right_paren,
  left_bracket,
  right_bracket,
  comma,
  equals,
  colon,
  pipe,
  plus,
  greater,  // of the arrow in a packet, which no statement takes yet
  end,      // of the file; its span is empty, just after the last token
};

struct Token {
  TokenKind kind = TokenKind::end;
  bool first_on_line = false;
  bool faulty = false;  // an error was reported in it or in the gap before it
  Span span;
};

/// After so many errors in one file reading stops: the rest is noise, and memory stays bounded.
inline constexpr std::size_t error_limit = 100;

class Lexer {
 public:
  /// `source` must be smaller than 4 GiB. Both references must outlive the lexer.
  Lexer(const Source& source, Diagnostics& diagnostics);

  /// Always moves on; repeats `end` at the end of the text or of patience (error_limit).
  Token next();

 private:
  void skip_gap();
  void read_word();
  void read_string();
  void read_stray();
  void fault();
  Span span(std::size_t begin) const;

  const Source& source_;
  Diagnostics& diagnostics_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t last_end_ = 0;
  bool first_on_line_ = true;
  bool faulty_ = false;
};

Word word_of(const Token& token);
std::string string_of(const Token& token);

/// Letters, digits, `-` and `_`, not starting with `-`: what a declared name consists of.
bool is_name(std::string_view text);

}  // namespace sallyport
