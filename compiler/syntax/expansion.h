// SPDX-License-Identifier: GPL-2.0-or-later
// What stands in braces inside a word: a reference `{name}`, or an expansion such as `{0..127}`,
// `{a..d}`, `{1f..1i, 10b}`. Entry points: find_interpolation() for the lexer, member_of() for the
// content.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"

namespace sallyport {

/// The braces at one place of a text, taken apart but not judged.
struct Interpolation {
  struct Part {
    std::string_view first;
    std::string_view last;  // empty: a single word
  };
  std::size_t length = 0;   // with both braces; 0: these braces open a block
  std::vector<Part> parts;  // one without `last` is a reference

  bool is_reference() const { return parts.size() == 1 && parts[0].last.empty(); }
};

/// At `at`, where `text` has a `{`. Nothing blank stands behind that brace; blanks may stand around
/// the commas and before the closing brace of a list, all on one line.
Interpolation find_interpolation(std::string_view text, std::size_t at);

/// One member of an expansion; the error says what a range must be.
std::expected<Piece::Member, std::string> member_of(const Interpolation::Part& part);

/// The words that the member stands for: `1f..1i` gives 1f, 1g, 1h, 1i.
std::string member_text(const Piece::Member& member);
std::size_t count_of(const Piece::Member& member);
/// The `index`-th of count_of() words.
std::string word_at(const Piece::Member& member, std::size_t index);

}  // namespace sallyport
