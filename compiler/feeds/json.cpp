// SPDX-License-Identifier: GPL-2.0-or-later
// The JSON reader: one method for each kind of value. Recursion ends at deepest_json.
#include "compiler/feeds/json.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace sallyport {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string found_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return "the end of the file";
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte >= 0x7f) return "a byte that is no part of it";
  return std::string("`") + text[at] + "`";
}

/// The length of the well-formed UTF-8 sequence at `at` (RFC 3629); 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
    if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogates
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto tail = [&](unsigned shift) { put(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    put(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::expected<JsonDocument, JsonFault> run() {
    skip_blanks();
    if (!value(document_.root, 0)) return std::unexpected(std::move(fault_));
    skip_blanks();
    if (at_ < text_.size()) {
      fail(at_, "expected nothing more after the value, found " + found_at(text_, at_));
      return std::unexpected(std::move(fault_));
    }
    return std::move(document_);
  }

 private:
  bool fail(std::size_t at, std::string message) {
    fault_ = {static_cast<std::uint32_t>(std::min(at, text_.size())), std::move(message)};
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  bool value(JsonValue& into, unsigned depth) {
    if (++values_ > most_json_values) return fail(at_, "more values than any feed has");
    into.offset = static_cast<std::uint32_t>(at_);
    switch (peek()) {
      case '{':
        return object(into, depth);
      case '[':
        return array(into, depth);
      case '"':
        into.kind = JsonValue::Kind::string;
        return string(into.text);
      case 't':
        into.truth = true;
        return literal(into, "true", JsonValue::Kind::boolean);
      case 'f':
        return literal(into, "false", JsonValue::Kind::boolean);
      case 'n':
        return literal(into, "null", JsonValue::Kind::null);
      default:
        return number(into);
    }
  }

  bool literal(JsonValue& into, std::string_view word, JsonValue::Kind kind) {
    if (!text_.substr(at_).starts_with(word)) return fail(at_, "expected a JSON value");
    at_ += word.size();
    into.kind = kind;
    return true;
  }

  bool number(JsonValue& into) {
    const std::size_t begin = at_;
    accept('-');
    if (!is_digit(peek())) {
      return fail(begin, "expected a JSON value, found " + found_at(text_, begin));
    }
    if (!accept('0')) digits();
    if (accept('.') && !digits()) return fail(at_, "expected a digit after the decimal point");
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      if (!digits()) return fail(at_, "expected a digit in the exponent");
    }
    into.kind = JsonValue::Kind::number;
    into.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  }

  bool enter(JsonValue& into, JsonValue::Kind kind, unsigned depth) {
    into.kind = kind;
    if (depth >= deepest_json) return fail(at_, "nested deeper than any feed is");
    ++at_;
    skip_blanks();
    return true;
  }

  bool array(JsonValue& into, unsigned depth) {
    if (!enter(into, JsonValue::Kind::array, depth)) return false;
    if (accept(']')) return true;
    while (true) {
      if (!value(into.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (accept(']')) return true;
      if (!accept(',')) return fail(at_, "expected `,` or `]`, found " + found_at(text_, at_));
      skip_blanks();
    }
  }

  bool object(JsonValue& into, unsigned depth) {
    if (!enter(into, JsonValue::Kind::object, depth)) return false;
    if (accept('}')) return true;
    std::vector<std::size_t> places;  // of the keys
    while (true) {
      places.push_back(at_);
      if (peek() != '"') {
        return fail(at_, "expected a key in quotes, found " + found_at(text_, at_));
      }
      if (!string(into.keys.emplace_back())) return false;
      skip_blanks();
      if (!accept(':')) return fail(at_, "expected `:`, found " + found_at(text_, at_));
      skip_blanks();
      if (!value(into.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (accept('}')) return has_distinct_keys(into, places);
      if (!accept(',')) return fail(at_, "expected `,` or `}`, found " + found_at(text_, at_));
      skip_blanks();
    }
  }

  bool has_distinct_keys(const JsonValue& object, const std::vector<std::size_t>& places) {
    std::vector<std::pair<std::string_view, std::size_t>> sorted;
    for (std::size_t i = 0; i < places.size(); ++i) sorted.emplace_back(object.keys[i], places[i]);
    std::ranges::sort(sorted);
    const auto twice = std::ranges::adjacent_find(
        sorted, [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice == sorted.end()) return true;
    return fail(std::next(twice)->second, "the key stands here for the second time");
  }

  bool string(std::string_view& into) {
    const std::size_t begin = ++at_;  // after the quote
    std::string* decoded = nullptr;
    std::size_t copied = begin;  // up to where `decoded` holds the text
    while (true) {
      if (at_ >= text_.size()) return fail(begin - 1, "the string is not closed");
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') break;
      if (byte < 0x20) return fail(at_, "a control character in a string");
      if (byte == '\\') {
        if (!decoded) decoded = &document_.decoded.emplace_back();
        decoded->append(text_.substr(copied, at_ - copied));
        if (!escape(*decoded)) return false;
        copied = at_;
        continue;
      }
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) return fail(at_, "the text is not UTF-8");
      at_ += length;
    }
    if (decoded) decoded->append(text_.substr(copied, at_ - copied));
    into = decoded ? std::string_view(*decoded) : text_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }

  bool escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const std::size_t begin = at_++;
    const char c = peek();
    if (const auto which = letters.find(c); c != '\0' && which != std::string_view::npos) {
      out += meanings[which];
      ++at_;
      return true;
    }
    const auto first = accept('u') ? hex4() : std::nullopt;
    if (!first) return fail(begin, "an escape that JSON does not have");
    std::uint32_t code = *first;
    if (code >= 0xd800 && code <= 0xdfff) {
      const bool high = code < 0xdc00 && accept('\\') && accept('u');
      const auto second = high ? hex4() : std::nullopt;
      if (!second || *second < 0xdc00 || *second > 0xdfff) {
        return fail(begin, "half of a surrogate pair");
      }
      code = 0x10000 + ((code - 0xd800) << 10) + (*second - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const auto value = std::string_view("0123456789abcdef").find(lower);
      if (c == '\0' || value == std::string_view::npos) return std::nullopt;
      code = code << 4 | static_cast<std::uint32_t>(value);
    }
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  JsonDocument document_;
  JsonFault fault_;
};

/// Appends the path from `from` down to `value`; false if it is not there.
bool find_path(const JsonValue& from, const JsonValue& value, std::string& path) {
  if (&from == &value) return true;
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    const std::size_t size = path.size();
    path += '/';
    if (from.kind == JsonValue::Kind::object) {
      for (const char c : from.keys[i]) {
        if (c == '~') {
          path += "~0";
        } else if (c == '/') {
          path += "~1";
        } else {
          path += c;
        }
      }
    } else {
      path += std::to_string(i);
    }
    if (find_path(from.items[i], value, path)) return true;
    path.resize(size);
  }
  return false;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto at = std::ranges::find(keys, key);
  return at == keys.end() ? nullptr : &items[static_cast<std::size_t>(at - keys.begin())];
}

std::string_view kind_name(JsonValue::Kind kind) {
  constexpr std::string_view names[] = {"null",     "true or false", "a number",
                                        "a string", "an array",      "an object"};
  return names[static_cast<std::size_t>(kind)];
}

std::expected<JsonDocument, JsonFault> read_json(std::string_view text) {
  assert(text.size() <= 0xffffffffU);
  return JsonReader(text).run();
}

std::string json_pointer(const JsonValue& root, const JsonValue& value) {
  std::string path;
  return find_path(root, value, path) ? path : std::string{};
}

}  // namespace sallyport
