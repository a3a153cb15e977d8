// SPDX-License-Identifier: GPL-2.0-or-later
// Days of the calendar, written YYYY-MM-DD and counted in UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

using Day = std::chrono::sys_days;

/// From 0001-01-01 to 9999-12-31.
std::optional<Day> parse_day(std::string_view text);
/// What parse_day() reads.
std::string day_text(Day day);

}  // namespace sallyport
