// SPDX-License-Identifier: GPL-2.0-or-later
// Run: the words of one statement, up to its block if it has one, laid out on as few lines as the
// page allows. Lists that are too long are broken and aligned.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "compiler/format/lexemes.h"
#include "compiler/format/page.h"

namespace sallyport {

class Run {
 public:
  /// Lexemes [begin, end).
  Run(const std::vector<Lexeme>& lexemes, std::size_t begin, std::size_t end)
      : lexemes_(lexemes), begin_(begin), end_(end) {
    verbatim_ = begin < end && lexemes[begin].text == "expect";
  }

  /// Extra blanks in front of one lexeme, so that neighbouring statements align.
  void pad(std::size_t lexeme, std::size_t blanks) {
    padded_ = lexeme;
    padding_ = blanks;
  }

  /// On one line, in characters.
  std::size_t width() const { return width(begin_, end_); }
  /// A comment stands inside, so that it needs several lines.
  bool has_comments() const { return has_comments(begin_, end_); }
  bool is_empty() const { return begin_ == end_; }

  /// Writes it, beginning on a new line at `column`. `tail` characters must fit behind it; the
  /// comment behind its last word is left to the caller.
  void write(Page& page, std::size_t column, std::size_t tail);
  /// Writes it on the line under way.
  void write_flat(Page& page);

 private:
  struct Range {
    std::size_t begin;
    std::size_t end;
  };
  std::size_t blanks_before(std::size_t i) const;
  std::size_t width(std::size_t begin, std::size_t end) const;
  bool has_comments(std::size_t begin, std::size_t end) const;
  std::size_t closing(std::size_t open) const;
  std::size_t anchor(const Range& segment) const;
  std::vector<Range> segments() const;
  std::vector<Range> elements(std::size_t begin, std::size_t end) const;

  void put(std::size_t i, std::size_t continuation);
  void put_all(const Range& range, std::size_t continuation);
  void break_before(std::size_t i, std::size_t column);
  std::size_t here() const;

  bool segment(const Range& segment, bool apart, std::size_t tail);
  std::size_t narrowest(const Range& element) const;
  std::size_t narrowest(const std::vector<Range>& elements) const;
  void list(const std::vector<Range>& elements, std::size_t column, std::size_t tail);
  void fill(const std::vector<Range>& elements, std::size_t column, std::size_t tail);
  bool choices(const std::vector<Range>& elements, std::size_t column);
  void element(const Range& element, std::size_t column, std::size_t tail);
  void group(std::size_t open, std::size_t close, std::size_t column, std::size_t tail);

  const std::vector<Lexeme>& lexemes_;
  std::size_t begin_;
  std::size_t end_;
  bool verbatim_ = false;  // a packet is read with its blanks: none comes and none goes
  std::size_t padded_ = 0;
  std::size_t padding_ = 0;

  Page* page_ = nullptr;
  std::size_t column_ = 0;                // of the statement
  std::optional<std::size_t> next_line_;  // where the next lexeme begins a line, if it does
};

}  // namespace sallyport
