// SPDX-License-Identifier: GPL-2.0-or-later
// The strict JSON reader: what it takes, what it refuses and where, and the same judgement as a
// reader of somebody else on everything both speak about.
#include "compiler/feeds/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/feeds/excerpts.h"

namespace sallyport {
namespace {

TEST(Json, ReadsEveryKindOfValue) {
  const std::string text =
      " {\"a\": [1, -2.5e+3, true, false, null, \"\"],\t\"b\\u00e9\\ud83d\\ude00\\n\": {}}\r\n";
  const auto document = read_json(text);
  ASSERT_TRUE(document) << document.error().message;
  const JsonValue& root = document->root;
  ASSERT_EQ(root.kind, JsonValue::Kind::object);
  EXPECT_EQ(root.offset, 1u);
  ASSERT_EQ(root.keys.size(), 2u);
  EXPECT_EQ(root.keys[1], "b\xC3\xA9\xF0\x9F\x98\x80\n");
  const JsonValue* a = root.find("a");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->items.size(), 6u);
  EXPECT_EQ(a->items[1].text, "-2.5e+3");
  EXPECT_TRUE(a->items[2].truth);
  EXPECT_EQ(a->items[4].kind, JsonValue::Kind::null);
  EXPECT_EQ(a->items[1].offset, 11u);
  EXPECT_EQ(json_pointer(root, a->items[1]), "/a/1");
  EXPECT_EQ(json_pointer(root, root), "");
}

TEST(Json, PointersEscape) {
  const std::string text = R"({"a/b": {"m~n": [0]}})";
  const auto document = read_json(text);
  ASSERT_TRUE(document);
  EXPECT_EQ(json_pointer(document->root, document->root.items[0].items[0].items[0]),
            "/a~1b/m~0n/0");
}

TEST(Json, RefusesWithThePlace) {
  struct Row {
    std::string text;
    std::uint32_t offset;
    const char* message;
  };
  const std::string deep(1000, '[');
  const Row rows[] = {
      {"", 0, "expected a JSON value, found the end of the file"},
      {"nul", 0, "expected a JSON value"},
      {"[1,]", 3, "expected a JSON value, found `]`"},
      {"[1 2]", 3, "expected `,` or `]`, found `2`"},
      {"{\"a\":1,}", 7, "expected a key in quotes, found `}`"},
      {"{a:1}", 1, "expected a key in quotes, found `a`"},
      {"{\"a\" 1}", 5, "expected `:`, found `1`"},
      {"{\"a\":1 \"b\":2}", 7, "expected `,` or `}`, found `\"`"},
      {"{\"a\":1,\"b\":2,\"a\":3}", 13, "the key stands here for the second time"},
      {"{\"a\":1,\"\\u0061\":3}", 7, "the key stands here for the second time"},
      {"{} {}", 3, "expected nothing more after the value, found `{`"},
      {"01", 1, "expected nothing more after the value, found `1`"},
      {"1.", 2, "expected a digit after the decimal point"},
      {"1e", 2, "expected a digit in the exponent"},
      {"-", 0, "expected a JSON value, found `-`"},
      {"+1", 0, "expected a JSON value, found `+`"},
      {"NaN", 0, "expected a JSON value, found `N`"},
      {"\"a", 0, "the string is not closed"},
      {"\"a\nb\"", 2, "a control character in a string"},
      {"\"\\x41\"", 1, "an escape that JSON does not have"},
      {"\"\\u12g4\"", 1, "an escape that JSON does not have"},
      {"\"\\ud800\"", 1, "half of a surrogate pair"},
      {"\"\\ud800\\u0041\"", 1, "half of a surrogate pair"},
      {"\"\\udc00\"", 1, "half of a surrogate pair"},
      {"\"\xC0\xAF\"", 1, "the text is not UTF-8"},
      {"\"\xED\xA0\x80\"", 1, "the text is not UTF-8"},
      {"\"\xF4\x90\x80\x80\"", 1, "the text is not UTF-8"},
      {"\"\xE2\x82", 1, "the text is not UTF-8"},
      {"/* c */ 1", 0, "expected a JSON value, found `/`"},
      {deep, deepest_json, "nested deeper than any feed is"},
  };
  for (const Row& row : rows) {
    const auto document = read_json(row.text);
    ASSERT_FALSE(document) << row.text;
    EXPECT_EQ(document.error().message, row.message) << row.text;
    EXPECT_EQ(document.error().offset, row.offset) << row.text;
  }
}

TEST(Json, EndsAtTheLimits) {
  const std::string nested = std::string(deepest_json, '[') + std::string(deepest_json, ']');
  EXPECT_TRUE(read_json(nested));
  EXPECT_FALSE(read_json("[" + nested + "]"));
  std::string many = "[0";
  for (std::size_t i = 0; i < most_json_values; ++i) many += ",0";
  const auto document = read_json(many + "]");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message, "more values than any feed has");
}

nlohmann::json same_value(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::null:
      return nullptr;
    case JsonValue::Kind::boolean:
      return value.truth;
    case JsonValue::Kind::number:
      return nlohmann::json::parse(value.text);
    case JsonValue::Kind::string:
      return std::string(value.text);
    case JsonValue::Kind::array: {
      nlohmann::json array = nlohmann::json::array();
      for (const JsonValue& one : value.items) array.push_back(same_value(one));
      return array;
    }
    case JsonValue::Kind::object: {
      nlohmann::json object = nlohmann::json::object();
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        object[std::string(value.keys[i])] = same_value(value.items[i]);
      }
      return object;
    }
  }
  return {};
}

// One byte of a feed changed at random: both readers take it, with the same content, or neither.
TEST(Json, AgreesWithAnotherReader) {
  std::mt19937 random(7);
  const std::string bytes = "\"\\{}[]:,0123456789abcdefntu.-+ \n\t\x01\x80\xC3\xA9x";
  unsigned taken = 0;
  unsigned refused = 0;
  for (const auto& [format, file] : excerpts()) {
    if (!row_of(format).json) continue;
    const std::string original = excerpt(file);
    for (int round = 0; round < 400; ++round) {
      std::string text = original;
      for (int changes = round % 3; changes >= 0; --changes) {
        text[random() % text.size()] = bytes[random() % bytes.size()];
      }
      const auto document = read_json(text);
      // The other one lets a repeated key replace the first.
      if (!document && document.error().message.find("second time") != std::string::npos) continue;
      const auto other = nlohmann::json::parse(text, nullptr, false);
      ASSERT_EQ(document.has_value(), !other.is_discarded()) << text;
      if (!document) {
        ++refused;
        continue;
      }
      ++taken;
      ASSERT_EQ(same_value(document->root), other) << text;
    }
  }
  EXPECT_GT(taken, 500u);
  EXPECT_GT(refused, 500u);
}

}  // namespace
}  // namespace sallyport
