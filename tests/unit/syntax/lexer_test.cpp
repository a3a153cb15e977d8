// SPDX-License-Identifier: GPL-2.0-or-later
// Tokens: what is a word, where a brace belongs to one, the colon, strings, and any byte at all.
#include "compiler/syntax/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport {
namespace {

/// The texts of all tokens with a blank between them, and the codes of all errors.
struct Lexed {
  std::string tokens;
  std::string codes;
  std::vector<Token> all;
};

Lexed lex(const Source& source) {
  Diagnostics diagnostics;
  Lexer lexer(source, diagnostics);
  Lexed lexed;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    lexed.tokens += (lexed.tokens.empty() ? "" : " ") + std::string(token.span.text());
    lexed.all.push_back(token);
  }
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    lexed.codes += (lexed.codes.empty() ? "" : " ") + std::string(diagnostic.code);
  }
  return lexed;
}

TEST(Lexer, SplitsIntoTokens) {
  const struct {
    std::string text;
    std::string tokens;
  } rows[] = {
      {"", ""},
      {"# only a comment", ""},
      {"a#b\nc", "a c"},
      {"a,b", "a , b"},
      {"[a,b]", "[ a , b ]"},
      {"x(a=b)", "x ( a = b )"},
      {"tcp+udp", "tcp + udp"},
      {"a|b", "a | b"},
      {"param x: label", "param x : label"},
      {"param x : label", "param x : label"},
      {"x:", "x :"},
      {"2001:db8::", "2001:db8::"},
      {"::1 ::/0", "::1 ::/0"},
      {"{namespace}.{domain}", "{namespace}.{domain}"},
      {"g{0..127}-{d}-sb.{domain}", "g{0..127}-{d}-sb.{domain}"},
      {"{a..d} g{1f..1i, 10b..10d}.x", "{a..d} g{1f..1i, 10b..10d}.x"},
      {"{0..3, 7 , x }.y,z", "{0..3, 7 , x }.y , z"},
      {"{a,b}", "{a,b}"},
      {"{a ,b", "{ a , b"},
      {"{ a, b}", "{ a , b }"},
      {"{a,\nb}", "{ a , b }"},
      {"{a, }", "{ a , }"},
      {"{a }", "{ a }"},
      {"{x}: y", "{x} : y"},
      {"part x {a b}", "part x { a b }"},
      {"part x{", "part x {"},
      {"{ }", "{ }"},
      {"{}", "{ }"},
      {"{a.b}", "{ a.b }"},
      {"{a", "{ a"},
      {"{]a}", "{ ] a }"},
      {"{0..", "{ 0.."},
      {"*.x ?.x .x master*.y", "*.x ?.x .x master*.y"},
      {"10.0.0.0/8 1-9", "10.0.0.0/8 1-9"},
      {"bücher.example 例え", "bücher.example 例え"},
      {"\"a b\" \"\\\"\\\\\"", "\"a b\" \"\\\"\\\\\""},
      {"a\r\nb\r\n", "a b"},
      {"\xEF\xBB\xBFzone", "zone"},
      {"a -> b", "a - > b"},
      {"https://x/y", "https://x/y"},
  };
  for (const auto& row : rows) {
    const Source source("f", row.text);
    const Lexed lexed = lex(source);
    EXPECT_EQ(lexed.tokens, row.tokens) << row.text;
    EXPECT_EQ(lexed.codes, "") << row.text;
  }
}

TEST(Lexer, TakesWordsApart) {
  const Source source("f", "g{0..127}-{d}-sb.{domain}");
  const Word word = word_of(lex(source).all.at(0));
  ASSERT_EQ(word.pieces.size(), 6u);
  EXPECT_FALSE(word.is_literal());
  EXPECT_EQ(word.pieces[0].text, "g");
  EXPECT_EQ(word.pieces[1].kind, Piece::Kind::expansion);
  ASSERT_EQ(word.pieces[1].members.size(), 1u);
  EXPECT_EQ(word.pieces[1].members[0].first, 0u);
  EXPECT_EQ(word.pieces[1].members[0].last, 127u);
  EXPECT_EQ(word.pieces[2].text, "-");
  EXPECT_EQ(word.pieces[3].kind, Piece::Kind::reference);
  EXPECT_EQ(word.pieces[3].text, "d");
  EXPECT_EQ(word.pieces[3].span.text(), "{d}");
  EXPECT_EQ(word.pieces[4].text, "-sb.");
  EXPECT_EQ(word.pieces[5].text, "domain");
}

TEST(Lexer, TakesExpansionsApart) {
  const Source source("f", "{0..3, 7, x}{1f..1i,10b..10d}{eu1..eu12}");
  const Word word = word_of(lex(source).all.at(0));
  ASSERT_EQ(word.pieces.size(), 3u);
  const auto& mixed = word.pieces[0].members;
  ASSERT_EQ(mixed.size(), 3u);
  EXPECT_EQ(mixed[0].kind, Piece::Member::Kind::numbers);
  EXPECT_EQ(mixed[1].kind, Piece::Member::Kind::word);
  EXPECT_EQ(mixed[2].prefix, "x");
  const auto& letters = word.pieces[1].members;
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[1].kind, Piece::Member::Kind::letters);
  EXPECT_EQ(letters[1].prefix, "10");
  EXPECT_EQ(letters[1].first, std::uint32_t{'b'});
  EXPECT_EQ(letters[1].last, std::uint32_t{'d'});
  const auto& prefixed = word.pieces[2].members;
  ASSERT_EQ(prefixed.size(), 1u);
  EXPECT_EQ(prefixed[0].prefix, "eu");
  EXPECT_EQ(prefixed[0].last, 12u);
}

TEST(Lexer, ReadsStrings) {
  const Source source("f", R"("a \"b\" \\ c	é")");
  EXPECT_EQ(string_of(lex(source).all.at(0)), "a \"b\" \\ c\té");
}

TEST(Lexer, RefusesWhatCannotStandInAPolicy) {
  using std::string_literals::operator""s;
  const struct {
    std::string text;
    std::string tokens;
    std::string codes;
  } rows[] = {
      {"a\0b"s, "a\0b"s, "bad-character"},
      {"\0\0\0\0 a"s, "a", "bad-character"},
      {"\x01\x02 a", "a", "bad-character bad-character"},
      {"a; b", "a b", "bad-character"},
      {"a\xFF", "a", "bad-character"},
      {"# a\xC3(", "", "bad-character"},
      {"\"a\xC3(\"", "\"a\xC3(\"", "bad-character"},
      {"a\u00A0b", "a\u00A0b", "bad-character"},
      {"# \u202E", "", "bad-character"},
      {"\"\u2066\"", "\"\u2066\"", "bad-character"},
      {"\"abc\nd", "\"abc d", "unterminated-string"},
      {"\"abc\r\nd", "\"abc d", "unterminated-string"},
      {"\"abc", "\"abc", "unterminated-string"},
      {"\"abc\\\"", "\"abc\\\"", "unterminated-string"},
      {"\"", "\"", "unterminated-string"},
      {"\"\\n\"", "\"\\n\"", "bad-escape"},
      {"\"\\", "\"\\", "bad-escape unterminated-string"},
      {"{5..1}", "{5..1}", "bad-expansion"},
      {"{00..9}", "{00..9}", "bad-expansion"},
      {"{0..4294967296}", "{0..4294967296}", "bad-expansion"},
      {"{0..x}", "{0..x}", "bad-expansion"},
      {"{a..D}", "{a..D}", "bad-expansion"},
      {"{d..a}", "{d..a}", "bad-expansion"},
      {"{1f..2i}", "{1f..2i}", "bad-expansion"},
      {"{a1..b2}", "{a1..b2}", "bad-expansion"},
      {"{a..9}", "{a..9}", "bad-expansion"},
      {"{0..3, 9..7}", "{0..3, 9..7}", "bad-expansion"},
      {"{a..-}", "{a..-}", "bad-expansion"},
      {"{-x}", "{-x}", "bad-name"},
  };
  for (const auto& row : rows) {
    const Source source("f", row.text);
    const Lexed lexed = lex(source);
    EXPECT_EQ(lexed.tokens, row.tokens) << row.text;
    EXPECT_EQ(lexed.codes, row.codes) << row.text;
  }
}

TEST(Lexer, NamesTheBadByte) {
  const struct {
    std::string text;
    std::string part;
  } rows[] = {{std::string(1, '\0'), "byte 0x00"},
              {"\xFE", "byte 0xFE"},
              {"\x1b", "byte 0x1B"},
              {"\u202E", "character U+202E"},
              {"$", "`$`"}};
  for (const auto& row : rows) {
    const Source source("f", row.text);
    Diagnostics diagnostics;
    Lexer(source, diagnostics).next();
    ASSERT_EQ(diagnostics.errors(), 1u);
    EXPECT_NE(diagnostics.all()[0].message.find(row.part), std::string::npos)
        << diagnostics.all()[0].message;
  }
}

TEST(Lexer, GivesUpAfterTooManyErrors) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "\x01\x02";
  const Source source("f", text);
  Diagnostics diagnostics;
  Lexer lexer(source, diagnostics);
  EXPECT_EQ(lexer.next().kind, TokenKind::end);
  EXPECT_EQ(diagnostics.errors(), error_limit);
}

}  // namespace
}  // namespace sallyport
