// SPDX-License-Identifier: GPL-2.0-or-later
// See table.h.
#include "compiler/import/table.h"

#include <algorithm>

namespace sallyport {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

struct HeaderWord {
  std::string_view word;
  Column column;
};
/// In the order in which a title is searched for them: "destination port" is a port.
constexpr HeaderWord header_words[] = {
    {"port", Column::port},           {"protocol", Column::protocol},
    {"proto", Column::protocol},      {"transport", Column::protocol},
    {"direction", Column::direction}, {"source", Column::source},
    {"host", Column::host},           {"domain", Column::host},
    {"fqdn", Column::host},           {"url", Column::host},
    {"address", Column::host},        {"endpoint", Column::host},
    {"destination", Column::host},    {"dns", Column::host},
    {"cidr", Column::host},           {"range", Column::host},
    {"prefix", Column::host},         {"subnet", Column::host},
    {"server", Column::host},         {"remote", Column::host},
};

Column column_of(std::string_view title) {
  const std::string text = lower(title);
  if (text == "ip" || text == "ips") return Column::host;
  for (const HeaderWord& each : header_words) {
    if (text.find(each.word) != std::string::npos) return each.column;
  }
  return Column::other;
}

/// Titles are short words; a cell with a dot or a digit in it is no title.
bool is_title(std::string_view cell) {
  return !cell.empty() && cell.size() <= 40 && cell.find_first_of(".0123456789:") == cell.npos;
}

}  // namespace

std::vector<std::string> cells_of(std::string_view line, char separator) {
  std::vector<std::string> cells{""};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"' && separator == ',') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) cell = trimmed(cell);
  if (separator == '|') {
    if (!cells.empty() && cells.front().empty()) cells.erase(cells.begin());
    if (!cells.empty() && cells.back().empty()) cells.pop_back();
  }
  return cells;
}

std::optional<TableHeader> read_header(std::string_view line) {
  for (const char separator : {'\t', '|', ','}) {
    const auto cells = cells_of(line, separator);
    if (cells.size() < 2 || !std::ranges::all_of(cells, is_title)) continue;
    TableHeader header{.separator = separator, .columns = {}};
    for (const std::string& cell : cells) header.columns.push_back(column_of(cell));
    const auto known = std::ranges::count_if(header.columns,
                                             [](Column column) { return column != Column::other; });
    const bool hosts = std::ranges::any_of(header.columns, [](Column column) {
      return column == Column::host || column == Column::source;
    });
    if (hosts && known >= 2) return header;
  }
  return std::nullopt;
}

bool is_frame(std::string_view line) {
  return line.find_first_not_of("|-+:= \t\r") == std::string_view::npos &&
         line.find_first_of("-=") != std::string_view::npos;
}

}  // namespace sallyport
