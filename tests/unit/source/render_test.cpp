// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics as text: carets under tabs and multi-byte characters, long lines cut, nothing raw.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "compiler/source/diagnostics.h"
#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

std::string excerpt(const std::string& text, std::uint32_t begin, std::uint32_t end) {
  const Source source("f", text);
  const std::string all =
      render(Diagnostic{Severity::error, "x", {&source, begin, end}, "m", {}}, false);
  return all.substr(all.find('\n') + 1);
}

std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < line.size(); at += decode_utf8(line, at).length) ++count;
  return count;
}

TEST(Render, PointsAtThePlace) {
  const struct {
    std::string text;
    std::uint32_t begin;
    std::uint32_t end;
    std::string expected;
  } rows[] = {
      {"allow tcp 443", 6, 9, "  allow tcp 443\n        ^~~\n"},
      {"allow", 5, 5, "  allow\n       ^\n"},
      {"allow", 0, 1, "  allow\n  ^\n"},
      {"", 0, 0, "  \n  ^\n"},
      {"\tx y", 3, 4, "      x y\n        ^\n"},
      {"a\tb c", 2, 3, "  a   b c\n      ^\n"},
      {"a\tb", 1, 3, "  a   b\n   ^~~~\n"},
      {"é ü x", 6, 7, "  é ü x\n      ^\n"},
      {"é ü x", 0, 5, "  é ü x\n  ^~~\n"},
      {"one {\ntwo\n}", 4, 11, "  one {\n      ^\n"},
      {"one\r\ntwo\r\n", 5, 8, "  two\n  ^~~\n"},
      {"\xEF\xBB\xBFzone", 3, 7, "  zone\n  ^~~~\n"},
      {"a\x1b[31mb\xFF"
       "c",
       7, 8, "  a\uFFFD[31mb\uFFFDc\n         ^\n"},
      {"a\u202Eb", 4, 5, "  a\uFFFDb\n    ^\n"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(excerpt(row.text, row.begin, row.end), row.expected) << row.text;
  }
}

TEST(Render, HeadNotesAndColour) {
  const Source source("branch.sally", "zone a = x\nzone a = y\n");
  Diagnostics diagnostics;
  diagnostics.error("again", {&source, 16, 17}, "`a` is defined twice").notes = {
      {{&source, 5, 6}, "the first is here"}, {{}, "choose another name"}};
  diagnostics.warning("odd", {}, "no place at all");
  EXPECT_EQ(diagnostics.errors(), 1u);
  EXPECT_EQ(render(diagnostics, false),
            "branch.sally:2:6: error[again]: `a` is defined twice\n"
            "  zone a = y\n"
            "       ^\n"
            "branch.sally:1:6: note: the first is here\n"
            "  zone a = x\n"
            "       ^\n"
            "  note: choose another name\n"
            "  warning[odd]: no place at all\n");
  const std::string coloured = render(diagnostics, true);
  EXPECT_NE(coloured.find("\x1b[1;31merror[again]\x1b[0m"), std::string::npos);
  EXPECT_NE(coloured.find("\x1b[1;35mwarning[odd]\x1b[0m"), std::string::npos);
  EXPECT_EQ(render(diagnostics, false).find('\x1b'), std::string::npos);
}

TEST(Render, CutsLongLinesAroundThePlace) {
  for (const std::string unit : {"abcdefghi ", "é ü ö ä ", "\tx", "\xFF\xFE"}) {
    std::string text;
    while (text.size() < 5000) text += unit;
    for (std::uint32_t begin = 0; begin < text.size(); begin += 37) {
      const std::size_t at = begin;
      if ((static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80) continue;
      std::istringstream lines(excerpt(text, begin, static_cast<std::uint32_t>(text.size())));
      std::string line;
      std::string marks;
      std::getline(lines, line);
      std::getline(lines, marks);
      ASSERT_LE(columns(line), 160u);
      ASSERT_LE(marks.size(), 160u);
      ASSERT_EQ(std::ranges::count(marks, '^'), 1);
    }
  }
}

TEST(Render, TheCaretOfACutLineStandsUnderItsCharacter) {
  const std::string text = std::string(1000, 'a') + "!" + std::string(1000, 'b');
  std::istringstream lines(excerpt(text, 1000, 1001));
  std::string line;
  std::string marks;
  std::getline(lines, line);
  std::getline(lines, marks);
  EXPECT_TRUE(line.starts_with("  …"));
  EXPECT_TRUE(line.ends_with("…"));
  const std::string ellipsis = "…";
  EXPECT_EQ(line.find('!') - (ellipsis.size() - 1), marks.find('^'));
}

TEST(Render, MessagesCarryNoTerminalControls) {
  const std::string all =
      render(Diagnostic{Severity::error, "x", {}, "found `\x1b]0;title\x07`", {}}, false);
  EXPECT_EQ(all.find('\x1b'), std::string::npos);
  EXPECT_EQ(all.find('\x07'), std::string::npos);
}

}  // namespace
}  // namespace sallyport
