// SPDX-License-Identifier: GPL-2.0-or-later
// Quoting and spelling for messages; entry points in wording.h.
#include "compiler/source/wording.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_quote = 60;
constexpr std::size_t longest_spelling = 40;

/// Slips between `a` and `b`, both at most `longest_spelling` long; any number above `allowed` if
/// there are more than that.
std::size_t distance(std::string_view a, std::string_view b, std::size_t allowed) {
  using Row = std::array<std::uint8_t, longest_spelling + 1>;
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t least = row[0] = static_cast<std::uint8_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);
      std::size_t slips =
          std::min({above[j] + std::size_t{1}, row[j - 1] + std::size_t{1}, changed});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) slips = std::min(slips, before[j - 2] + std::size_t{1});
      row[j] = static_cast<std::uint8_t>(slips);
      least = std::min(least, slips);
    }
    // An exchange can still gain one on the row before the last.
    if (least > allowed + 1) return least;
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string quote(std::string_view words) {
  if (words.size() <= longest_quote) return "`" + std::string(words) + "`";
  std::size_t end = 0;
  while (end + 4 <= longest_quote) end += decode_utf8(words, end).length;
  return "`" + std::string(words.substr(0, end)) + "…`";
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() < 2 || word.size() > longest_spelling) return {};
  const std::size_t allowed = word.size() < 5 ? 1 : 2;
  std::string_view best;
  std::size_t best_distance = allowed + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (candidate.size() > longest_spelling || longer - shorter > allowed) continue;
    const std::size_t slips = distance(word, candidate, allowed);
    // A candidate as short as the slips allowed would be close to every short word.
    if (slips < best_distance && slips + 1 < candidate.size()) {
      best = candidate;
      best_distance = slips;
    }
  }
  return best;
}

}  // namespace sallyport
