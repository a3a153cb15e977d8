// SPDX-License-Identifier: GPL-2.0-or-later
// Sources, then notes, then parts; a note behind a part is the part's.
#include "compiler/program/vendor_lines.h"

#include <algorithm>

namespace sallyport {
namespace {

Fault read_source(Words words, VendorRecord& vendor) {
  const std::string_view found = words.rest();
  auto text = words.string();
  auto seen = text ? words.string() : std::nullopt;
  const bool is_day = seen && (seen->empty() || parse_day(*seen));
  if (!is_day || !words.at_end()) return expected("a text and a day in quotes", found);
  if (!vendor.notes.empty() || !vendor.parts.empty()) {
    return "a source behind a note or a part, expected all of them before";
  }
  vendor.sources.push_back({std::move(*text), std::move(*seen)});
  return std::nullopt;
}

Fault read_part(Words words, VendorRecord& vendor) {
  const std::string_view found = words.rest();
  auto name = words.string();
  auto title = name ? words.string() : std::nullopt;
  if (!title || !words.at_end()) return expected("a part and its title in quotes", found);
  if (std::ranges::find(vendor.parts, *name, &VendorRecord::Part::name) != vendor.parts.end()) {
    return "a second part " + shown(*name);
  }
  vendor.parts.push_back({std::move(*name), std::move(*title), {}});
  return std::nullopt;
}

}  // namespace

Fault read_vendor_head(Words words, VendorRecord& vendor) {
  const std::string_view found = words.rest();
  for (std::string* text : {&vendor.name, &vendor.title, &vendor.version, &vendor.owner}) {
    auto word = words.string();
    if (!word) return expected("four strings", found);
    *text = std::move(*word);
  }
  return words.at_end() ? std::nullopt : expected("four strings", found);
}

Fault read_vendor_line(std::string_view text, std::string_view keyword, Words words,
                       VendorRecord& vendor) {
  if (keyword == "source") return read_source(words, vendor);
  if (keyword == "part") return read_part(words, vendor);
  if (keyword != "note") return expected("`source`, `note` or `part`", text);
  auto& notes = vendor.parts.empty() ? vendor.notes : vendor.parts.back().notes;
  return read_string(words, notes.emplace_back());
}

}  // namespace sallyport
