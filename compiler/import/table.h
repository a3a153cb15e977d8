// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that people paste: columns between tabs, bars or commas, in any order, with a header that
// says what they are. Entry point: read_header().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

enum class Column : std::uint8_t { host, source, protocol, port, direction, other };

struct TableHeader {
  char separator = '\t';
  std::vector<Column> columns;
};

/// The cells of a line, trimmed; commas may be quoted as in CSV. A bar at either end is no cell.
std::vector<std::string> cells_of(std::string_view line, char separator);

/// The header that the line is, if it is one: a column of hosts or sources, and one more that is
/// known.
std::optional<TableHeader> read_header(std::string_view line);

/// True for the lines that only draw the frame of a table: `|---|:--|`.
bool is_frame(std::string_view line);

}  // namespace sallyport
