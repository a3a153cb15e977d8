// SPDX-License-Identifier: GPL-2.0-or-later
// is_date(): a day of the calendar, written YYYY-MM-DD.
#pragma once

#include <string_view>

namespace sallyport {

bool is_date(std::string_view text);

}  // namespace sallyport
