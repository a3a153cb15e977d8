// SPDX-License-Identifier: GPL-2.0-or-later
// geofeed: RFC 8805, one prefix on a line with country, region, city and postal code; any of them
// may be in quotes (RFC 4180).
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/lines.h"

namespace sallyport {
namespace {

constexpr std::size_t most_columns = 5;

/// Takes a column in quotes from the left, `""` for a quote inside; nothing if it is not closed or
/// goes on after its quotes.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string column;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] != '"') {
      column += rest[at];
    } else if (rest.substr(at + 1).starts_with('"')) {
      column += rest[at++];
    } else {
      rest.remove_prefix(at + 1);
      if (!rest.empty() && !rest.starts_with(',')) return {};
      return column;
    }
  }
  return {};
}

std::optional<std::vector<std::string>> columns_of(std::string_view rest) {
  std::vector<std::string> columns;
  while (true) {
    if (rest.starts_with('"')) {
      auto column = take_quoted(rest);
      if (!column) return {};
      columns.push_back(std::move(*column));
    } else {
      const std::string_view column = rest.substr(0, rest.find(','));
      if (column.find('"') != std::string_view::npos) return {};
      columns.emplace_back(trimmed({0, column}).text);
      rest.remove_prefix(column.size());
    }
    if (rest.empty()) return columns;
    rest.remove_prefix(1);
  }
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool is_upper_case(char c) {
  return c >= 'A' && c <= 'Z';
}

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

/// ISO 3166-1 alpha-2, or empty.
bool is_country(const std::string& text) {
  return text.empty() || (text.size() == 2 && std::ranges::all_of(text, is_upper_case));
}

/// ISO 3166-2 within that country, or empty.
bool is_region(const std::string& text, const std::string& country) {
  if (text.empty()) return true;
  const auto fits = [](char c) { return is_upper_case(c) || (c >= '0' && c <= '9'); };
  return text.size() >= 4 && text.size() <= 6 && text.starts_with(country + "-") &&
         std::all_of(text.begin() + 3, text.end(), fits);
}

/// RFC 8805, 2.1.1: one entry for each prefix. `seen` holds the prefixes before this line.
void read_line(const FeedLine& line, std::set<std::string>& seen, FeedBuilder& feed) {
  if (std::ranges::any_of(line.text, is_control)) {
    return feed.fail(line.offset, "a control character in the line");
  }
  auto columns = columns_of(line.text);
  if (!columns) return feed.fail(line.offset, "a quote is not closed, or inside of a column");
  const std::size_t count = columns->size();
  if (count < 2 || count > most_columns) {
    return feed.fail(line.offset,
                     "expected a prefix, country, region, city and postal code, found " +
                         std::to_string(count) + (count == 1 ? " column" : " columns"));
  }
  columns->resize(most_columns);
  const std::string country = upper_case((*columns)[1]);
  const std::string region = upper_case((*columns)[2]);
  if (!is_country(country)) {
    return feed.fail(line.offset, shown_word((*columns)[1]) + " is no country code (ISO 3166-1)");
  }
  if (!is_region(region, country)) {
    return feed.fail(line.offset,
                     shown_word((*columns)[2]) + " is no region of the country (ISO 3166-2)");
  }
  if (!seen.insert(columns->front()).second) {
    return feed.fail(line.offset,
                     shown_word(columns->front()) + " stands here for the second time");
  }
  feed.set_attributes({{FeedField::region, country},
                       {FeedField::region, region},
                       {FeedField::section, (*columns)[3]}});
  feed.add_address(line.offset, columns->front());
}

}  // namespace

void read_geofeed(FeedBuilder& feed) {
  std::set<std::string> seen;
  for (const FeedLine& line : feed_lines(feed.text())) {
    if (feed.failed()) return;
    read_line(line, seen, feed);
  }
}

}  // namespace sallyport
