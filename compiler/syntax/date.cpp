// SPDX-License-Identifier: GPL-2.0-or-later
// Dates in policy text; entry point in date.h.
#include "compiler/syntax/date.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <system_error>

namespace sallyport {
namespace {

/// The number that fills [at, at + length) of `text`, or -1.
int number(std::string_view text, std::size_t at, std::size_t length) {
  int value = -1;
  const char* end = text.data() + at + length;
  const auto result = std::from_chars(text.data() + at, end, value);
  return result.ec == std::errc{} && result.ptr == end && value >= 0 ? value : -1;
}

}  // namespace

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = number(text, 0, 4);
  const int month = number(text, 5, 2);
  const int day = number(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day{std::chrono::year{year},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

}  // namespace sallyport
