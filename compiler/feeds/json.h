// SPDX-License-Identifier: GPL-2.0-or-later
// read_json(): a strict reader of JSON (RFC 8259) that knows where every value stands. Refuses what
// readers of JSON differ about: keys that repeat, broken UTF-8, lone surrogates, anything after the
// value, and what no feed needs: deep nesting, millions of values.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  bool truth = false;                  // of a boolean
  std::uint32_t offset = 0;            // of the first byte in the text
  std::string_view text;               // a string without its escapes, or a number as written
  std::vector<JsonValue> items;        // elements, or the values of the members
  std::vector<std::string_view> keys;  // of an object, beside `items`

  /// Null if there is no such member.
  const JsonValue* find(std::string_view key) const;
};

/// `a string`, `an object`: with the article, for messages.
std::string_view kind_name(JsonValue::Kind kind);

struct JsonDocument {
  JsonValue root;
  std::deque<std::string> decoded;  // the strings that had escapes
};

struct JsonFault {
  std::uint32_t offset = 0;
  std::string message;
};

inline constexpr unsigned deepest_json = 32;
inline constexpr std::size_t most_json_values = 2'000'000;

/// The document points into `text`, which must outlive it. `text` is shorter than 4 GiB and has no
/// byte order mark.
std::expected<JsonDocument, JsonFault> read_json(std::string_view text);

/// The JSON pointer of a value inside `root`; empty for the root itself and for a stranger.
std::string json_pointer(const JsonValue& root, const JsonValue& value);

}  // namespace sallyport
