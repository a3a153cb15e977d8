// SPDX-License-Identifier: GPL-2.0-or-later
// The lexer: blanks and comments, words with their interpolations, strings, marks. Entry points in
// lexer.h.
#include "compiler/syntax/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "compiler/source/utf8.h"
#include "compiler/source/wording.h"
#include "compiler/syntax/expansion.h"

namespace sallyport {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// By byte: nearly all text is made of these, so that they are looked up and not compared.
constexpr std::array<bool, 256> plain_word_bytes = [] {
  std::array<bool, 256> bytes{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_.*?:/")) {
    bytes[static_cast<unsigned char>(c)] = true;
  }
  return bytes;
}();

/// A character of one byte that can stand in a word.
bool is_plain(char c) {
  return plain_word_bytes[static_cast<unsigned char>(c)];
}

/// Bytes of the character at `at` if it can stand in a word, else 0.
std::size_t word_character(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is_plain(c)) return 1;
  if (static_cast<unsigned char>(c) < 0x80) return 0;
  const Character character = decode_utf8(text, at);
  return character.valid && !is_deceptive(character.code) ? character.length : 0;
}

std::optional<TokenKind> mark(char c) {
  switch (c) {
    case '{':
      return TokenKind::left_brace;
    case '}':
      return TokenKind::right_brace;
    case '(':
      return TokenKind::left_paren;
    case ')':
      return TokenKind::right_paren;
    case '[':
      return TokenKind::left_bracket;
    case ']':
      return TokenKind::right_bracket;
    case ',':
      return TokenKind::comma;
    case '=':
      return TokenKind::equals;
    case '|':
      return TokenKind::pipe;
    case '+':
      return TokenKind::plus;
    case '>':
      return TokenKind::greater;
    default:
      return std::nullopt;
  }
}

/// A byte or character that can start no token and continue none.
bool is_stray(std::string_view text, std::size_t at) {
  const char c = text[at];
  return !is_blank(c) && c != '#' && c != '"' && !mark(c) && word_character(text, at) == 0;
}

/// Reports what is wrong with the interpolation at `span`; true if it can be used.
bool check_interpolation(const Interpolation& found, Span span, Diagnostics& diagnostics) {
  if (found.is_reference()) {
    if (is_name(found.parts[0].first)) return true;
    diagnostics.error("bad-name", span,
                      quote(found.parts[0].first) + " cannot be the name of a parameter");
    return false;
  }
  for (const Interpolation::Part& part : found.parts) {
    const auto member = member_of(part);
    if (member) continue;
    const std::string text = std::string(part.first) + ".." + std::string(part.last);
    const bool alone = found.parts.size() == 1;
    diagnostics
        .error("bad-expansion", span,
               quote(alone ? span.text() : text) + " is no range of numbers or letters")
        .notes.push_back({{}, member.error()});
    return false;
  }
  return true;
}

std::string hexadecimal(std::uint32_t value, std::size_t least_digits) {
  std::array<char, 8> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  std::string text(digits.data(), result.ptr);
  std::ranges::transform(text, text.begin(), [](char c) {
    return is_letter(c) ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return std::string(least_digits - std::min(least_digits, text.size()), '0') + text;
}

/// True if nothing but a comment follows on the line, so that no two words could become one.
bool ends_line(const Span& span) {
  const std::string_view rest = span.source->text().substr(span.end);
  const std::size_t next = rest.find_first_not_of(" \t\r");
  return next == std::string_view::npos || rest[next] == '\n' || rest[next] == '#';
}

void report_character(Span span, const Character& character, Diagnostics& diagnostics) {
  const auto byte = static_cast<unsigned char>(span.text().front());
  std::string found;
  if (!character.valid) {
    found = "byte 0x" + hexadecimal(byte, 2) + " is not part of UTF-8 text";
  } else if (character.code < 0x20 || character.code == 0x7F) {
    found = "byte 0x" + hexadecimal(byte, 2) + ", a control character, cannot stand in a policy";
  } else if (character.code > 0x7F) {
    found = "character U+" + hexadecimal(character.code, 4) +
            ", which looks like another or like nothing, cannot stand in a policy";
  } else {
    found =
        "`" + std::string(1, static_cast<char>(character.code)) + "` is not part of the language";
  }
  Diagnostic& diagnostic = diagnostics.error("bad-character", span, std::move(found));
  if (character.code == ';') {
    diagnostic.fixes.push_back(
        {"take it out: a statement needs no mark to end it", {{span, ""}}, ends_line(span)});
  }
  if (character.code == '\'') diagnostic.notes.push_back({{}, "a string stands in double quotes"});
}

}  // namespace

Lexer::Lexer(const Source& source, Diagnostics& diagnostics)
    : source_(source), diagnostics_(diagnostics), text_(source.text()) {
  if (text_.starts_with(byte_order_mark)) at_ = last_end_ = byte_order_mark.size();
}

Span Lexer::span(std::size_t begin) const {
  return {&source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
}

void Lexer::fault() {
  faulty_ = true;
  if (diagnostics_.errors() >= error_limit) at_ = text_.size();
}

Token Lexer::next() {
  faulty_ = false;
  skip_gap();
  Token token;
  token.first_on_line = first_on_line_;
  first_on_line_ = false;
  const std::size_t begin = at_;
  if (at_ == text_.size()) {
    const auto end = static_cast<std::uint32_t>(last_end_);
    token.span = {&source_, end, end};
    token.faulty = faulty_;
    return token;
  }
  if (text_[at_] == '"') {
    token.kind = TokenKind::string;
    read_string();
  } else if (word_character(text_, at_) > 0 || find_interpolation(text_, at_).length > 0) {
    token.kind = TokenKind::word;
    read_word();
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == ":") token.kind = TokenKind::colon;
    // `name:` is a name and a colon; `2001:db8::` keeps both of its own.
    if (word.size() > 1 && word.ends_with(':') && !word.ends_with("::")) --at_;
  } else {
    token.kind = *mark(text_[at_]);
    ++at_;
  }
  last_end_ = at_;
  token.faulty = faulty_;
  token.span = span(begin);
  return token;
}

/// Blanks, comments and whatever can stand nowhere, up to the next token.
void Lexer::skip_gap() {
  bool comment = false;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      comment = false;
      first_on_line_ = true;
      ++at_;
    } else if (is_blank(c)) {
      ++at_;
    } else if (comment) {
      const Character character = decode_utf8(text_, at_);
      if (character.valid && !is_deceptive(character.code)) {
        at_ += character.length;
      } else {
        read_stray();
      }
    } else if (c == '#') {
      comment = true;
      ++at_;
    } else if (is_stray(text_, at_)) {
      read_stray();
    } else {
      return;
    }
  }
}

void Lexer::read_word() {
  while (at_ < text_.size()) {
    if (const std::size_t length = word_character(text_, at_)) {
      at_ += length;
    } else if (text_[at_] == '{') {
      const Interpolation piece = find_interpolation(text_, at_);
      if (piece.length == 0) return;
      const std::size_t begin = at_;
      at_ += piece.length;
      if (!check_interpolation(piece, span(begin), diagnostics_)) fault();
    } else if (is_stray(text_, at_)) {
      // In the middle of a word it is skipped with one report, so that `a;b` stays one word.
      std::size_t end = at_;
      while (end < text_.size() && is_stray(text_, end)) end += decode_utf8(text_, end).length;
      if (end == text_.size() || word_character(text_, end) == 0) return;
      read_stray();
      at_ = std::max(at_, end);
    } else {
      return;
    }
  }
}

void Lexer::read_string() {
  const std::size_t begin = at_++;
  while (at_ < text_.size() && text_[at_] != '\n') {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return;
    }
    if (c == '\\') {
      const std::size_t escape = at_++;
      const bool known = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\');
      if (known) {
        ++at_;
      } else {
        diagnostics_.error("bad-escape", span(escape),
                           "expected `\\\"` or `\\\\` in a string, found another escape");
        fault();
      }
      continue;
    }
    const Character character = decode_utf8(text_, at_);
    if (character.valid && (c == '\t' || !is_deceptive(character.code))) {
      at_ += character.length;
    } else if (c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
      break;
    } else {
      read_stray();
    }
  }
  Diagnostic& diagnostic = diagnostics_.error(
      "unterminated-string",
      {&source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + 1)},
      "the string that starts here has no closing quote");
  diagnostic.notes.push_back({span(at_), "the line ends here; a string cannot go on over lines"});
  fault();
}

/// One report for a run of the same bad byte or character.
void Lexer::read_stray() {
  const std::size_t begin = at_;
  const Character character = decode_utf8(text_, at_);
  const std::string_view first = text_.substr(at_, character.length);
  while (text_.substr(at_).starts_with(first)) at_ += first.size();
  report_character(span(begin), character, diagnostics_);
  fault();
}

Word word_of(const Token& token) {
  Word word{token.span, {}};
  const std::string_view text = token.span.text();
  if (!text.empty() && std::ranges::all_of(text, is_plain)) {
    word.pieces.push_back({Piece::Kind::literal, token.span, std::string(text), {}});
    return word;
  }
  const auto add = [&](Piece::Kind kind, std::size_t begin, std::size_t end) -> Piece& {
    const Span span{token.span.source, token.span.begin + static_cast<std::uint32_t>(begin),
                    token.span.begin + static_cast<std::uint32_t>(end)};
    return word.pieces.emplace_back(Piece{kind, span, {}, {}});
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    if (text[at] == '{') {
      const Interpolation found = find_interpolation(text, at);
      at += std::max<std::size_t>(found.length, 1);
      if (found.is_reference()) {
        add(Piece::Kind::reference, begin, at).text = found.parts[0].first;
        continue;
      }
      Piece& piece = add(Piece::Kind::expansion, begin, at);
      for (const Interpolation::Part& part : found.parts) {
        // One that was refused leaves its first word behind: the error stands already.
        piece.members.push_back(member_of(part).value_or(
            Piece::Member{Piece::Member::Kind::word, std::string(part.first), 0, 0}));
      }
      continue;
    }
    std::string literal;
    while (at < text.size() && text[at] != '{') {
      const std::size_t length = std::max<std::size_t>(decode_utf8(text, at).length, 1);
      if (word_character(text, at) > 0) literal += text.substr(at, length);
      at += length;
    }
    add(Piece::Kind::literal, begin, at).text = std::move(literal);
  }
  return word;
}

std::string string_of(const Token& token) {
  std::string_view text = token.span.text();
  text.remove_prefix(1);
  if (text.ends_with('"')) text.remove_suffix(1);
  std::string content;
  content.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    content += text[i];
  }
  return content;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, is_name_character);
}

}  // namespace sallyport
