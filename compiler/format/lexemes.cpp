// SPDX-License-Identifier: GPL-2.0-or-later
// Tokens with the comments between them; entry point in lexemes.h.
#include "compiler/format/lexemes.h"

#include <algorithm>
#include <utility>

#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
  line.remove_prefix(begin);
  return line.substr(0, line.find_last_not_of(blanks) + 1);
}

/// `g{0..3,7 }` as `g{0..3, 7}`: the only blanks inside a token other than a string.
std::string canonical(const Token& token) {
  const std::string_view text = token.span.text();
  if (token.kind != TokenKind::word || !text.contains(',')) return std::string(text);
  std::string out;
  for (const char c : text) {
    if (blanks.contains(c)) continue;
    out += c;
    if (c == ',') out += ' ';
  }
  return out;
}

/// Sorts what stands between two tokens into the comment behind the first, the comments in front
/// of the second, and empty lines. `before` is nullptr at the start of the file.
void read_gap(std::string_view gap, Lexeme* before, Lexeme& next) {
  bool blank = false;
  for (bool first = true;; first = false) {
    const std::size_t end = gap.find('\n');
    const std::string_view line = trimmed(gap.substr(0, end));
    const bool last = end == std::string_view::npos;
    if (line.starts_with('#')) {
      if (first && before) {
        before->after = line;
      } else {
        next.before.push_back({line, std::exchange(blank, false)});
      }
    } else if (!last && (!first || !before)) {
      blank = true;
    }
    if (last) break;
    gap.remove_prefix(end + 1);
  }
  next.blank_before = blank;
}

}  // namespace

std::vector<Lexeme> read_lexemes(const Source& source,
                                 const std::vector<std::uint32_t>& statements) {
  const std::string_view text = source.text();
  std::vector<Lexeme> lexemes;
  Diagnostics ignored;
  Lexer lexer(source, ignored);
  auto statement = statements.begin();
  std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (lexemes.empty() || lexemes.back().kind != TokenKind::end) {
    const Token token = lexer.next();
    const std::size_t begin = token.kind == TokenKind::end ? text.size() : token.span.begin;
    Lexeme lexeme;
    lexeme.kind = token.kind;
    lexeme.text = canonical(token);
    lexeme.first_on_line = token.first_on_line;
    lexeme.touches = begin == at && !lexemes.empty();
    read_gap(text.substr(at, begin - at), lexemes.empty() ? nullptr : &lexemes.back(), lexeme);
    while (statement != statements.end() && *statement < token.span.begin) ++statement;
    lexeme.starts_statement = token.kind != TokenKind::end && statement != statements.end() &&
                              *statement == token.span.begin;
    lexemes.push_back(std::move(lexeme));
    at = token.span.end;
  }
  return lexemes;
}

}  // namespace sallyport
