// SPDX-License-Identifier: GPL-2.0-or-later
// Lines of a text feed: without line ends, trailing blanks and comments.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sallyport {

struct FeedLine {
  std::size_t offset = 0;  // of its first character in the file
  std::string_view text;   // neither blank at its ends nor empty
};

/// Every line that says something. `#` begins a comment wherever it stands.
std::vector<FeedLine> feed_lines(std::string_view text);

/// Without blanks, tabs and carriage returns at both ends; `offset` moves along.
FeedLine trimmed(FeedLine line);

}  // namespace sallyport
