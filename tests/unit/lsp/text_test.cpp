// SPDX-License-Identifier: GPL-2.0-or-later
// Positions in UTF-16 and edits, above all where characters have more than one unit.
#include "compiler/lsp/text.h"

#include <gtest/gtest.h>

#include <random>

#include "compiler/lsp/uri.h"

namespace sallyport::lsp {
namespace {

// e with acute: 2 bytes, 1 unit; euro: 3 bytes, 1 unit; a face: 4 bytes, 2 units.
const std::string mixed = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z\nsecond\r\nthird\rfourth";

TEST(Text, counts_units_of_utf16) {
  const Lines lines(mixed);
  EXPECT_EQ(lines.position(0), (Position{0, 0}));
  EXPECT_EQ(lines.position(1), (Position{0, 1}));
  EXPECT_EQ(lines.position(3), (Position{0, 2}));
  EXPECT_EQ(lines.position(6), (Position{0, 3}));
  EXPECT_EQ(lines.position(10), (Position{0, 5}));
  EXPECT_EQ(lines.position(11), (Position{0, 6}));
  for (const std::size_t offset : {0u, 1u, 3u, 6u, 10u, 11u}) {
    EXPECT_EQ(lines.offset(lines.position(offset)), offset);
  }
}

TEST(Text, places_inside_a_character_are_its_beginning) {
  const Lines lines(mixed);
  EXPECT_EQ(lines.position(7), (Position{0, 3}));
  EXPECT_EQ(lines.offset({0, 4}), 6u) << "the second half of a surrogate pair";
}

TEST(Text, knows_three_line_ends) {
  const Lines lines(mixed);
  EXPECT_EQ(lines.position(12), (Position{1, 0}));
  EXPECT_EQ(lines.position(20), (Position{2, 0}));
  EXPECT_EQ(lines.position(26), (Position{3, 0}));
  EXPECT_EQ(lines.offset({1, 99}), 18u) << "before the line end";
  EXPECT_EQ(lines.offset({9, 0}), mixed.size());
  EXPECT_EQ(lines.position(999), (Position{3, 6}));
}

TEST(Text, survives_bytes_that_are_no_text) {
  const std::string bytes = "\xFF\x80\n\xF0\x9F";
  const Lines lines(bytes);
  EXPECT_EQ(lines.position(2), (Position{0, 2}));
  EXPECT_EQ(lines.position(bytes.size()), (Position{1, 2}));
}

TEST(Text, replaces_ranges) {
  EXPECT_EQ(replaced(mixed, {{0, 3}, {0, 5}}, "!"),
            "a\xC3\xA9\xE2\x82\xAC!z\nsecond\r\nthird\rfourth");
  EXPECT_EQ(replaced("ab\ncd", {{0, 1}, {1, 1}}, ""), "ad");
  EXPECT_EQ(replaced("ab", {{0, 2}, {0, 2}}, "c"), "abc");
  EXPECT_EQ(replaced("ab", {{0, 2}, {0, 0}}, "x"), "abx") << "a range with its ends exchanged";
}

TEST(Text, one_edit_makes_one_text_of_another) {
  std::mt19937 random(7);
  const auto any_text = [&random] {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += "ab\n\xC3\xA9"[random() % 4];
    std::string valid;
    for (const char c : text) valid += static_cast<unsigned char>(c) > 0x7F ? 'x' : c;
    return valid;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string before = any_text();
    const std::string after = any_text();
    const Edit edit = line_edit(before, after);
    ASSERT_EQ(replaced(before, edit.range, edit.text), after) << before << "->" << after;
  }
  const Edit edit = line_edit("a\nb  c\nd\n", "a\nb c\nd\n");
  EXPECT_EQ(edit.range, (Range{{1, 0}, {2, 0}}));
  EXPECT_EQ(edit.text, "b c\n");
}

TEST(Uri, goes_both_ways) {
  EXPECT_EQ(path_of("file:///etc/a%20b/c%2B.sally"), "/etc/a b/c+.sally");
  EXPECT_EQ(path_of("file://localhost/etc/x"), "/etc/x");
  EXPECT_EQ(path_of("file:///a%zz%4"), "/a%zz%4") << "what is no escape stays";
  EXPECT_EQ(path_of("file:///a%00b"), "/a%00b") << "no path has a zero";
  EXPECT_EQ(path_of("untitled:Untitled-1"), "untitled:Untitled-1");
  EXPECT_EQ(uri_of("/etc/a b/\xC3\xA9.sally"), "file:///etc/a%20b/%C3%A9.sally");
  EXPECT_EQ(path_of(uri_of("/x/%41 y")), "/x/%41 y");
}

}  // namespace
}  // namespace sallyport::lsp
