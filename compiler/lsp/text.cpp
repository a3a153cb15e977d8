// SPDX-License-Identifier: GPL-2.0-or-later
// Offsets and positions; entry points in text.h.
#include "compiler/lsp/text.h"

#include <algorithm>

#include "compiler/source/utf8.h"

namespace sallyport::lsp {
namespace {

std::uint32_t units_of(const Character& character) {
  return character.code > 0xFFFF ? 2 : 1;
}

}  // namespace

Lines::Lines(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool alone = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || alone) starts_.push_back(i + 1);
  }
}

Position Lines::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(starts_, offset);
  const auto line = static_cast<std::size_t>(after - starts_.begin()) - 1;
  Position position{static_cast<std::uint32_t>(line), 0};
  for (std::size_t at = starts_[line]; at < offset;) {
    const Character character = decode_utf8(text_, at);
    at += character.length;
    if (at > offset) break;
    position.character += units_of(character);
  }
  return position;
}

std::size_t Lines::offset(Position position) const {
  if (position.line >= starts_.size()) return text_.size();
  std::size_t at = starts_[position.line];
  std::uint32_t units = 0;
  while (at < text_.size() && text_[at] != '\n' && text_[at] != '\r') {
    const Character character = decode_utf8(text_, at);
    units += units_of(character);
    if (units > position.character) break;
    at += character.length;
  }
  return at;
}

std::string replaced(std::string_view text, Range range, std::string_view by) {
  const Lines lines(text);
  const std::size_t begin = lines.offset(range.start);
  const std::size_t end = std::max(begin, lines.offset(range.end));
  std::string out(text.substr(0, begin));
  out.append(by).append(text.substr(end));
  return out;
}

Edit line_edit(std::string_view before, std::string_view after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  const auto differ = std::ranges::mismatch(before.substr(0, shorter), after.substr(0, shorter));
  const auto alike = static_cast<std::size_t>(differ.in1 - before.begin());
  const std::size_t begin = before.substr(0, alike).rfind('\n') + 1;  // npos + 1 is 0
  std::size_t behind = 0;
  while (behind < shorter - begin &&
         before[before.size() - 1 - behind] == after[after.size() - 1 - behind]) {
    ++behind;
  }
  const std::size_t line_end = before.substr(before.size() - behind).find('\n');
  behind = line_end == std::string_view::npos ? 0 : behind - line_end - 1;
  return {Lines(before).range(begin, before.size() - behind),
          std::string(after.substr(begin, after.size() - behind - begin))};
}

}  // namespace sallyport::lsp
