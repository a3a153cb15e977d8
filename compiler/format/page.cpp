// SPDX-License-Identifier: GPL-2.0-or-later
// Lines under way and the alignment of the comments behind them; see page.h.
#include "compiler/format/page.h"

#include <algorithm>
#include <utility>

#include "compiler/format/format.h"

namespace sallyport {
namespace {

constexpr std::size_t before_comment = 2;

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80; }));
}

void Page::begin_line(std::size_t column) {
  const bool blank = std::exchange(blank_, false) && !lines_.empty();
  lines_.push_back({depth_, blank, false, std::string(column, ' '), {}, 0});
}

void Page::comment_line(std::size_t column, std::string_view text) {
  begin_line(column);
  write(text);
  lines_.back().only_comment = true;
}

std::size_t Page::column() const {
  return width_of(lines_.back().text);
}

/// The comments of lines that stand together begin in one column, unless that pushes one of them
/// beyond the edge of the page.
void Page::align(std::size_t begin, std::size_t end) {
  const auto commented = [this](std::size_t i) { return !lines_[i].comment.empty(); };
  while (begin < end && !commented(begin)) ++begin;
  while (begin < end && !commented(end - 1)) --end;
  std::size_t widest = 0;
  std::size_t widest_commented = 0;
  std::size_t longest_comment = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t width = width_of(lines_[i].text);
    widest = std::max(widest, width);
    if (!commented(i)) continue;
    widest_commented = std::max(widest_commented, width);
    longest_comment = std::max(longest_comment, width_of(lines_[i].comment));
  }
  const auto fits = [&](std::size_t width) {
    return width + before_comment + longest_comment <= format_columns;
  };
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t width = fits(widest)             ? widest
                              : fits(widest_commented) ? widest_commented
                                                       : width_of(lines_[i].text);
    lines_[i].comment_column = width + before_comment;
  }
}

std::string Page::text() {
  const auto continues = [this](std::size_t i) {
    return !lines_[i].blank_before && !lines_[i].only_comment && !lines_[i - 1].only_comment &&
           lines_[i].depth == lines_[i - 1].depth;
  };
  for (std::size_t begin = 0, end = 0; begin < lines_.size(); begin = end) {
    for (end = begin + 1; end < lines_.size() && continues(end); ++end) {
    }
    align(begin, end);
  }
  std::string out;
  for (const Line& line : lines_) {
    if (line.blank_before) out += '\n';
    out += line.text;
    if (!line.comment.empty()) {
      out.append(line.comment_column - width_of(line.text), ' ');
      out += line.comment;
    }
    out += '\n';
  }
  return out;
}

}  // namespace sallyport
