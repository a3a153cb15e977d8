// SPDX-License-Identifier: GPL-2.0-or-later
// read_lexemes(): the tokens of a text, each with the comments and blank lines around it, which the
// lexer leaves out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/syntax/lexer.h"

namespace sallyport {

/// From `#` to the end of its line, without trailing blanks.
struct Comment {
  std::string_view text;
  bool blank_before = false;  // an empty line stands in front of it
};

struct Lexeme {
  TokenKind kind = TokenKind::end;
  std::string text;             // of a list in braces inside a word, with canonical blanks
  std::vector<Comment> before;  // on lines of their own
  std::string_view after;       // on the same line, behind the token; empty if none
  bool blank_before = false;    // an empty line stands in front of the token, after its comments
  bool first_on_line = false;
  bool touches = false;  // nothing stands between it and the token before
  bool starts_statement = false;
};

/// The last one is the end of the file. `text` must lex without errors; `statements` are the
/// offsets from parse().
std::vector<Lexeme> read_lexemes(const Source& source,
                                 const std::vector<std::uint32_t>& statements);

}  // namespace sallyport
