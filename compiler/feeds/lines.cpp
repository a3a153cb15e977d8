// SPDX-License-Identifier: GPL-2.0-or-later
// Cutting a text into lines.
#include "compiler/feeds/lines.h"

namespace sallyport {

FeedLine trimmed(FeedLine line) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = line.text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {line.offset, {}};
  const auto end = line.text.find_last_not_of(blanks) + 1;
  return {line.offset + begin, line.text.substr(begin, end - begin)};
}

std::vector<FeedLine> feed_lines(std::string_view text) {
  std::vector<FeedLine> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline;
    std::string_view line = text.substr(begin, end - begin);
    line = line.substr(0, line.find('#'));
    const FeedLine said = trimmed({begin, line});
    if (!said.text.empty()) lines.push_back(said);
    begin = end + 1;
  }
  return lines;
}

}  // namespace sallyport
