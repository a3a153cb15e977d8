// SPDX-License-Identifier: GPL-2.0-or-later
// Page: the lines of the formatted text as they are written, and the column of the comments behind
// them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// Characters, not bytes.
std::size_t width_of(std::string_view text);

class Page {
 public:
  /// Lines at another depth begin a new column of comments.
  void set_depth(std::size_t depth) { depth_ = depth; }
  /// The next line comes after an empty one.
  void leave_blank_line() { blank_ = true; }

  void begin_line(std::size_t column);
  void write(std::string_view text) { lines_.back().text += text; }
  void write_blanks(std::size_t count) { lines_.back().text.append(count, ' '); }
  /// The comment behind the line under way.
  void write_comment(std::string_view text) { lines_.back().comment = text; }
  /// A line with nothing but a comment.
  void comment_line(std::size_t column, std::string_view text);

  std::size_t column() const;
  bool has_comment() const { return !lines_.back().comment.empty(); }

  /// The whole text, with the comments aligned.
  std::string text();

 private:
  struct Line {
    std::size_t depth = 0;
    bool blank_before = false;
    bool only_comment = false;
    std::string text;
    std::string_view comment;
    std::size_t comment_column = 0;
  };
  void align(std::size_t begin, std::size_t end);

  std::vector<Line> lines_;
  std::size_t depth_ = 0;
  bool blank_ = false;
};

}  // namespace sallyport
