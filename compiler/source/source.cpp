// SPDX-License-Identifier: GPL-2.0-or-later
// Lines and columns of a Source; entry points in source.h.
#include "compiler/source/source.h"

#include <algorithm>
#include <limits>

#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

/// Bytes between two stored character counts: a column costs at most this many steps, however long
/// the line.
constexpr std::size_t stride = 1024;

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80;
}

}  // namespace

std::string Place::text() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  const bool marked = std::string_view(text_).starts_with(byte_order_mark);
  line_starts_.push_back(marked ? static_cast<std::uint32_t>(byte_order_mark.size()) : 0);
  const std::size_t reach =
      std::min<std::size_t>(text_.size(), std::numeric_limits<std::uint32_t>::max());
  std::uint32_t characters = 0;
  for (std::size_t i = 0; i < reach; ++i) {
    if (i % stride == 0) characters_before_.push_back(characters);
    if (starts_character(text_[i])) ++characters;
    if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

std::uint32_t Source::characters_before(std::uint32_t offset) const {
  if (characters_before_.empty()) return 0;
  const std::size_t block = std::min(offset / stride, characters_before_.size() - 1);
  const auto from = text_.begin() + static_cast<std::ptrdiff_t>(block * stride);
  const auto to = text_.begin() + static_cast<std::ptrdiff_t>(offset);
  return characters_before_[block] +
         static_cast<std::uint32_t>(std::count_if(from, to, starts_character));
}

std::size_t Source::line_index(std::uint32_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return after == line_starts_.begin() ? 0
                                       : static_cast<std::size_t>(after - line_starts_.begin()) - 1;
}

Place Source::place(std::uint32_t offset) const {
  const auto size = static_cast<std::uint32_t>(text_.size());
  const std::size_t index = line_index(std::min(offset, size));
  const std::uint32_t start = line_starts_[index];
  const std::uint32_t at = std::max(start, std::min(offset, size));
  const std::string_view before = text().substr(start, at - start);
  const auto characters =
      before.size() < stride
          ? static_cast<std::uint32_t>(std::ranges::count_if(before, starts_character))
          : characters_before(at) - characters_before(start);
  return {name_, static_cast<std::uint32_t>(index + 1), characters + 1};
}

std::string_view Source::line(std::uint32_t offset) const {
  const std::size_t index = line_index(offset);
  const std::size_t start = line_starts_[index];
  const std::size_t end =
      index + 1 < line_starts_.size() ? line_starts_[index + 1] - 1 : text_.size();
  std::string_view line = text().substr(start, end - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace sallyport
