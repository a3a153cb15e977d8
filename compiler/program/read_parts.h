// SPDX-License-Identifier: GPL-2.0-or-later
// What the readers of a program's lines share: faults in words, places, lists in order.
#pragma once

#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/program/words.h"
#include "compiler/source/source.h"

namespace sallyport {

/// The first fault in words: "found ..., expected ...". Nothing if all is well.
using Fault = std::optional<std::string>;

inline Fault expected(std::string_view what, std::string_view found) {
  return "found " + shown(found) + ", expected " + std::string(what);
}

/// One string in quotes and nothing behind it.
inline Fault read_string(Words words, std::string& into) {
  const std::string_view found = words.rest();
  auto text = words.string();
  if (!text || !words.at_end()) return expected("a string in quotes", found);
  into = std::move(*text);
  return std::nullopt;
}

inline Fault read_place(Words words, Place& place) {
  constexpr std::uint32_t greatest = std::numeric_limits<std::uint32_t>::max();
  const std::string_view found = words.rest();
  auto file = words.string();
  const auto line = file ? words.number(greatest) : std::nullopt;
  const auto column = line ? words.number(greatest) : std::nullopt;
  if (!column || !words.at_end()) return expected("a file in quotes, a line and a column", found);
  place = {std::move(*file), *line, *column};
  return std::nullopt;
}

template <class T>
Fault add_sorted(std::vector<T>& list, std::optional<T> value, std::string_view what,
                 std::string_view found) {
  // What is written must be what we would write, or two texts would be one program.
  if (!value || value->text() != found) return expected(what, found);
  if (!list.empty() && !(list.back() < *value)) {
    return shown(found) + " is not in order behind " + shown(list.back().text());
  }
  list.push_back(std::move(*value));
  return std::nullopt;
}

template <class T>
std::optional<T> accepted(std::expected<T, std::string> parsed) {
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

}  // namespace sallyport
