// SPDX-License-Identifier: GPL-2.0-or-later
// Putting a run on the page: flat if it fits, else segment by segment, with lists under their first
// element. Entry point: Run::write().
#include <algorithm>
#include <iterator>
#include <string_view>

#include "compiler/format/format.h"
#include "compiler/format/run.h"
#include "compiler/syntax/words.h"

namespace sallyport {
namespace {

constexpr std::size_t continued = 4;     // columns to the right of the statement
constexpr std::size_t deepest = 60;      // lists that would begin further right begin a line
constexpr std::size_t short_width = 19;  // of an element and its comma: `255.255.255.255/32,`

/// The first word of a line may be taken for the start of a statement, even inside a list.
bool may_start_line(const Lexeme& lexeme) {
  if (lexeme.kind != TokenKind::word) return true;
  constexpr std::string_view inside[] = {"to", "from", "or", "feed"};
  if (std::ranges::find(inside, lexeme.text) != std::end(inside)) return true;
  return !statement_word(lexeme.text);
}

}  // namespace

void Run::write(Page& page, std::size_t column, std::size_t tail) {
  page_ = &page;
  column_ = column;
  page.begin_line(column);
  if (is_empty()) return;
  const bool fits = column + width() + tail <= format_columns;
  if (verbatim_ || (!has_comments() && fits)) {
    put_all({begin_, end_}, column);
    return;
  }
  bool apart = false;
  for (const Range& one : segments()) apart = segment(one, apart, one.end == end_ ? tail : 0);
}

void Run::write_flat(Page& page) {
  for (std::size_t i = begin_; i < end_; ++i) {
    page.write_blanks(blanks_before(i));
    page.write(lexemes_[i].text);
  }
}

/// Writes one lexeme. The comments before it need a line break, which leads to `continuation`
/// unless another column was asked for.
void Run::put(std::size_t i, std::size_t continuation) {
  const Lexeme& lexeme = lexemes_[i];
  if (i > begin_) {
    const std::string_view comment = lexemes_[i - 1].after;
    if (!comment.empty()) page_->write_comment(comment);
    if (next_line_ || !comment.empty() || !lexeme.before.empty()) {
      const std::size_t column = next_line_.value_or(continuation);
      for (const Comment& one : lexeme.before) page_->comment_line(column, one.text);
      page_->begin_line(column);
    } else {
      page_->write_blanks(blanks_before(i));
    }
  }
  next_line_.reset();
  page_->write(lexeme.text);
}

void Run::put_all(const Range& range, std::size_t continuation) {
  for (std::size_t i = range.begin; i < range.end; ++i) {
    put(i, i == range.begin ? continuation : continuation + continued);
  }
}

void Run::break_before(std::size_t i, std::size_t column) {
  if (may_start_line(lexemes_[i])) next_line_ = column;
}

/// The column in which the next word begins, if a blank stands in front of it.
std::size_t Run::here() const {
  return next_line_.value_or(page_->column() + 1);
}

/// Writes a segment. `apart`: the list before it was broken, so that it may not seem to belong to
/// the last element. True if its own list was.
bool Run::segment(const Range& segment, bool apart, std::size_t tail) {
  const bool first = segment.begin == begin_;
  const bool comments = has_comments(segment.begin, segment.end);
  const std::size_t all = width(segment.begin, segment.end);
  const auto fits_flat = [&](std::size_t column) {
    return !comments && column + all + tail <= format_columns;
  };
  const std::size_t list_begin = std::min(anchor(segment), segment.end);
  const std::vector<Range> parts = elements(list_begin, segment.end);
  const std::size_t list_column = here() + width(segment.begin, list_begin) + 1;
  const bool list_fits = parts.size() > 1 && list_column <= deepest &&
                         list_column + narrowest(parts) <= format_columns;
  if (!first && (apart || !(fits_flat(here()) || list_fits))) {
    break_before(segment.begin, column_ + continued);
  }
  if (!first && fits_flat(here())) {
    put_all(segment, column_ + continued);
    return false;
  }
  for (std::size_t i = segment.begin; i < list_begin; ++i) put(i, column_ + continued);
  list(parts, page_->column() + 1, tail);
  return parts.size() > 1;
}

void Run::list(const std::vector<Range>& elements, std::size_t column, std::size_t tail) {
  const bool is_short =
      elements.size() > 1 && std::ranges::all_of(elements, [this](const Range& one) {
        return width(one.begin, one.end) <= short_width && lexemes_[one.end - 1].after.empty() &&
               lexemes_[one.begin].before.empty() && !has_comments(one.begin, one.end);
      });
  if (is_short) return fill(elements, column, tail);
  if (choices(elements, column)) return;
  for (const Range& one : elements) {
    if (one.begin != elements.front().begin) break_before(one.begin, column);
    element(one, column, one.end == elements.back().end ? tail : 0);
  }
}

/// As many short elements on a line as there is room for.
void Run::fill(const std::vector<Range>& elements, std::size_t column, std::size_t tail) {
  for (const Range& one : elements) {
    const std::size_t behind = one.end == elements.back().end ? tail : 0;
    const bool first = one.begin == elements.front().begin;
    if (!first && here() + width(one.begin, one.end) + behind > format_columns) {
      break_before(one.begin, column);
    }
    put_all(one, column);
  }
}

/// The alternatives of a `let`, one to a line, with `when` in one column. False if there is none
/// in some element or no room.
bool Run::choices(const std::vector<Range>& elements, std::size_t column) {
  std::size_t widest = 0;
  std::size_t widest_choice = 0;
  std::vector<std::size_t> whens;
  for (const Range& one : elements) {
    std::size_t when = one.begin + 1;
    while (when < one.end && lexemes_[when].text != "when") ++when;
    if (elements.size() < 2 || when >= one.end || has_comments(one.begin, one.end)) return false;
    widest = std::max(widest, width(one.begin, when));
    widest_choice = std::max(widest_choice, width(when, one.end));
    whens.push_back(when);
  }
  if (column + widest + 2 + widest_choice > format_columns) return false;
  for (std::size_t k = 0; k < elements.size(); ++k) {
    const Range& one = elements[k];
    if (k > 0) break_before(one.begin, column);
    put_all({one.begin, whens[k]}, column);
    page_->write_blanks(widest - width(one.begin, whens[k]) + 1);
    put_all({whens[k], one.end}, column);
  }
  return true;
}

/// One element of a list that begins at `column`; the lists inside it are broken if they must be.
void Run::element(const Range& element, std::size_t column, std::size_t tail) {
  for (std::size_t i = element.begin; i < element.end; ++i) {
    const bool opens =
        lexemes_[i].kind == TokenKind::left_paren || lexemes_[i].kind == TokenKind::left_bracket;
    const std::size_t close = opens ? closing(i) : element.end;
    if (close >= element.end) {
      put(i, i == element.begin ? column : column + continued);
      continue;
    }
    const std::size_t begin = next_line_.value_or(page_->column() + blanks_before(i));
    const bool fits = begin + width(i, element.end) + tail <= format_columns;
    if (fits && !has_comments(i, close + 1)) {
      put_all({i, close + 1}, column);
    } else {
      group(i, close, column, tail + width(close + 1, element.end));
    }
    i = close;
  }
}

/// A list in brackets, aligned behind the opening one or, where that is too far right, on lines of
/// its own.
void Run::group(std::size_t open, std::size_t close, std::size_t column, std::size_t tail) {
  put(open, column + continued);
  const std::vector<Range> inner = elements(open + 1, close);
  if (!inner.empty()) {
    std::size_t inside = page_->column();
    if (inside > deepest || inside + narrowest(inner) > format_columns) {
      inside = column + continued;
      break_before(open + 1, inside);
    }
    list(inner, inside, tail + 1);
  }
  put(close, column + continued);
}

}  // namespace sallyport
