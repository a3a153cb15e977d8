// SPDX-License-Identifier: GPL-2.0-or-later
// Policy text and places in it. A Span is two byte offsets in one Source; lines and columns are
// computed only when something is shown.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// A line and column as people count them, from 1; the column counts characters (UTF-8 sequences).
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool operator==(const Place&) const = default;
  std::string text() const;  // `branch.sally:14:3`
};

/// One file's bytes under the name the user knows it by. Immutable.
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  Place place(std::uint32_t offset) const;
  /// The line that holds `offset`, without its line end.
  std::string_view line(std::uint32_t offset) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
  std::vector<std::uint32_t> characters_before_;  // at every multiple of a fixed number of bytes

  std::size_t line_index(std::uint32_t offset) const;
  std::uint32_t characters_before(std::uint32_t offset) const;
};

/// Half-open [begin, end) in `source`; an empty source means "no place".
struct Span {
  const Source* source = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::string_view text() const {
    return source ? source->text().substr(begin, end - begin) : std::string_view{};
  }
  Place place() const { return source ? source->place(begin) : Place{}; }
};

/// From the start of `a` to the end of `b`.
inline Span join(const Span& a, const Span& b) {
  return {a.source, a.begin, b.end};
}

}  // namespace sallyport
