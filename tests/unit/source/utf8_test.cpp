// SPDX-License-Identifier: GPL-2.0-or-later
// Strict decoding: every edge of every sequence length, and what must be refused.
#include "compiler/source/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  const struct {
    std::string text;
    char32_t code;
  } rows[] = {
      {std::string(1, '\0'), 0},     {"\x7F", 0x7F},           {"\xC2\x80", 0x80},
      {"\xDF\xBF", 0x7FF},           {"\xE0\xA0\x80", 0x800},  {"\xED\x9F\xBF", 0xD7FF},
      {"\xEE\x80\x80", 0xE000},      {"\xEF\xBF\xBF", 0xFFFF}, {"\xF0\x90\x80\x80", 0x10000},
      {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
  for (const auto& row : rows) {
    const Character character = decode_utf8(row.text, 0);
    EXPECT_TRUE(character.valid) << static_cast<std::uint32_t>(row.code);
    EXPECT_EQ(character.code, row.code);
    EXPECT_EQ(character.length, row.text.size());
  }
}

TEST(Utf8, RefusesWhatIsMalformed) {
  const std::string rows[] = {
      "\x80",  // a continuation alone
      "\xC0\x80",
      "\xC1\xBF",  // overlong, two bytes
      "\xE0\x9F\xBF",
      "\xF0\x8F\xBF\xBF",  // overlong, three and four
      "\xED\xA0\x80",
      "\xED\xBF\xBF",  // surrogates
      "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80",  // above U+10FFFF
      "\xFF",
      "\xC3",  // never a lead; cut
      "\xE2\x82",
      "\xC3(",  // cut; interrupted
  };
  for (const std::string& row : rows) {
    const Character character = decode_utf8(row, 0);
    EXPECT_FALSE(character.valid) << row;
    EXPECT_EQ(character.length, 1) << row;
  }
}

TEST(Utf8, KnowsTheCharactersThatDeceive) {
  for (const char32_t code : {0x00u, 0x1Fu, 0x7Fu, 0x85u, 0xA0u, 0xADu, 0x200Bu, 0x202Eu, 0x2066u,
                              0x3000u, 0xFEFFu, 0xE0001u}) {
    EXPECT_TRUE(is_deceptive(code)) << static_cast<std::uint32_t>(code);
  }
  for (const char32_t code : {0x20u, 0x7Eu, 0xA1u, 0xE9u, 0x4E2Du, 0x1F600u, 0x10FFFFu}) {
    EXPECT_FALSE(is_deceptive(code)) << static_cast<std::uint32_t>(code);
  }
}

}  // namespace
}  // namespace sallyport
