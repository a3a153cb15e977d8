// SPDX-License-Identifier: GPL-2.0-or-later
// What is said of a URL where a host is expected. Entry point: complaint_of_url().
#pragma once

#include <optional>
#include <string_view>

#include "compiler/check/reporter.h"

namespace sallyport {

/// Empty if the text has neither scheme nor path.
std::optional<Complaint> complaint_of_url(std::string_view text);

/// True if the text is an exact host name or a pattern.
bool is_name_or_pattern(std::string_view text);

}  // namespace sallyport
