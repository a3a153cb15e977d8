// SPDX-License-Identifier: GPL-2.0-or-later
// Measuring a run and cutting it into pieces; run_write.cpp puts them on the page. See run.h.
#include "compiler/format/run.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

namespace sallyport {
namespace {

/// Words in front of which a statement that is too long goes on in a new line.
constexpr std::array<std::string_view, 27> segment_words{
    "to",     "from",     "or",    "allow", "deny",    "use",  "private", "absent", "unless",
    "via",    "valid",    "until", "owner", "log",     "note", "when",    "where",  "and",
    "inside", "optional", "needs", "seen",  "version", "vlan", "as",      "reason", "of"};

bool is_open(const Lexeme& lexeme) {
  return lexeme.kind == TokenKind::left_paren || lexeme.kind == TokenKind::left_bracket;
}

bool is_close(const Lexeme& lexeme) {
  return lexeme.kind == TokenKind::right_paren || lexeme.kind == TokenKind::right_bracket;
}

bool is_separator(const Lexeme& lexeme) {
  return lexeme.kind == TokenKind::comma || lexeme.kind == TokenKind::pipe;
}

bool is_word(const Lexeme& lexeme, std::string_view word) {
  return lexeme.kind == TokenKind::word && lexeme.text == word;
}

/// A text behind a statement's words, such as the reason of a `never`.
bool is_remark(const Lexeme& before, const Lexeme& lexeme) {
  return lexeme.kind == TokenKind::string &&
         (before.kind == TokenKind::string ||
          (before.kind == TokenKind::word && before.text != "like" && before.text != "prefix"));
}

}  // namespace

std::size_t Run::blanks_before(std::size_t i) const {
  if (i == begin_) return 0;
  const Lexeme& before = lexemes_[i - 1];
  const Lexeme& lexeme = lexemes_[i];
  if (verbatim_) return lexeme.touches ? 0 : 1;
  const std::size_t padding = i == padded_ ? padding_ : 0;
  if (before.kind == TokenKind::plus || is_open(before)) return 0;
  switch (lexeme.kind) {
    case TokenKind::comma:
    case TokenKind::right_paren:
    case TokenKind::right_bracket:
    case TokenKind::plus:
      return 0;
    case TokenKind::left_paren:
      return before.kind == TokenKind::word ? 0 : 1;
    case TokenKind::colon:
      return before.kind == TokenKind::word && !before.text.ends_with(':') ? 0 : 1;
    case TokenKind::greater:
      return before.text.ends_with('-') ? 0 : 1;
    default:
      // `[2001:db8::1]:443`
      return before.kind == TokenKind::right_bracket && lexeme.touches ? 0 : 1 + padding;
  }
}

std::size_t Run::width(std::size_t begin, std::size_t end) const {
  std::size_t width = 0;
  for (std::size_t i = begin; i < end; ++i) {
    width += width_of(lexemes_[i].text) + (i == begin ? 0 : blanks_before(i));
  }
  return width;
}

bool Run::has_comments(std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin && !lexemes_[i].before.empty()) return true;
    if (i + 1 < end && !lexemes_[i].after.empty()) return true;
  }
  return false;
}

/// The bracket that closes the one at `open`, or the end of the run.
std::size_t Run::closing(std::size_t open) const {
  std::size_t depth = 0;
  for (std::size_t i = open; i < end_; ++i) {
    if (is_open(lexemes_[i])) ++depth;
    if (is_close(lexemes_[i]) && --depth == 0) return i;
  }
  return end_;
}

/// The list of a segment begins behind its `=`, `:` or `is`, or else behind its first word.
std::size_t Run::anchor(const Range& segment) const {
  for (std::size_t i = segment.begin + 1; i < segment.end; ++i) {
    const Lexeme& lexeme = lexemes_[i];
    if (is_open(lexeme)) break;
    if (lexeme.kind == TokenKind::equals || lexeme.kind == TokenKind::colon ||
        is_word(lexeme, "is")) {
      return i + 1;
    }
  }
  return segment.begin + 1;
}

std::vector<Run::Range> Run::segments() const {
  std::vector<Range> segments{{begin_, end_}};
  if (verbatim_ || is_word(lexemes_[begin_], "let")) return segments;
  for (std::size_t i = begin_ + 1; i < end_; ++i) {
    if (is_open(lexemes_[i])) {
      i = std::min(closing(i), end_ - 1);
      continue;
    }
    const Lexeme& before = lexemes_[i - 1];
    if (is_separator(before) || before.kind == TokenKind::equals) continue;
    const bool word = lexemes_[i].kind == TokenKind::word &&
                      std::ranges::find(segment_words, lexemes_[i].text) != segment_words.end();
    const bool remark = i - 1 > segments.back().begin && is_remark(before, lexemes_[i]);
    if (!word && !remark) continue;
    segments.back().end = i;
    segments.push_back({i, end_});
  }
  return segments;
}

/// The elements of a list, each with the separator behind it.
std::vector<Run::Range> Run::elements(std::size_t begin, std::size_t end) const {
  std::vector<Range> elements;
  std::size_t start = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (is_open(lexemes_[i])) {
      i = std::min(closing(i), end - 1);
    } else if (is_separator(lexemes_[i])) {
      elements.push_back({start, i + 1});
      start = i + 1;
    }
  }
  if (start < end) elements.push_back({start, end});
  return elements;
}

/// The room that an element needs when the lists inside it are broken.
std::size_t Run::narrowest(const Range& element) const {
  for (std::size_t i = element.begin; i < element.end; ++i) {
    if (!is_open(lexemes_[i])) continue;
    const std::size_t close = std::min(closing(i), element.end);
    return width(element.begin, i + 1) + narrowest(elements(i + 1, close)) + 1;
  }
  return width(element.begin, element.end);
}

std::size_t Run::narrowest(const std::vector<Range>& elements) const {
  return std::accumulate(
      elements.begin(), elements.end(), std::size_t{0},
      [this](std::size_t most, const Range& one) { return std::max(most, narrowest(one)); });
}

}  // namespace sallyport
