// SPDX-License-Identifier: GPL-2.0-or-later
// How messages speak of the author's words: quote() and the spelling behind "did you mean".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sallyport {

/// The words in backticks, cut after some 60 bytes so that a message stays readable.
std::string quote(std::string_view words);

/// The candidate a misspelt `word` most likely meant (one or two slips: a letter too many, too few,
/// wrong, or two exchanged), or empty if none is close. The first of equals wins.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sallyport
