// SPDX-License-Identifier: GPL-2.0-or-later
// Text as editors see it: lines from 0, and in each the UTF-16 code units (LSP 3.17, "Text
// Documents").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lsp {

struct Position {
  std::uint32_t line = 0;
  std::uint32_t character = 0;  // UTF-16 code units
  auto operator<=>(const Position&) const = default;
};

struct Range {
  Position start;
  Position end;
  auto operator<=>(const Range&) const = default;
};

/// Where the lines of a text begin. A line ends with LF, CR LF or CR. The text must outlive it.
class Lines {
 public:
  explicit Lines(std::string_view text);

  /// Of a byte offset; one inside a character counts as its beginning, one behind the text as its
  /// end.
  Position position(std::size_t offset) const;
  Range range(std::size_t begin, std::size_t end) const { return {position(begin), position(end)}; }
  /// Behind the end of a line: the end of the line. Behind the last line: the end of the text.
  std::size_t offset(Position position) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

/// `text` with what stands in `range` replaced.
std::string replaced(std::string_view text, Range range, std::string_view by);

/// The one edit that makes `after` of `before`, in whole lines.
struct Edit {
  Range range;
  std::string text;
};
Edit line_edit(std::string_view before, std::string_view after);

}  // namespace sallyport::lsp
