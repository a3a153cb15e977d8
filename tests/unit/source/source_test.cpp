// SPDX-License-Identifier: GPL-2.0-or-later
// Lines and columns: characters, not bytes; line ends of both kinds; a byte order mark; long lines.
#include "compiler/source/source.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

struct Row {
  std::string text;
  std::uint32_t offset;
  std::string place;
  std::string line;
};

TEST(Source, PlacesAndLines) {
  const Row rows[] = {
      {"", 0, "f:1:1", ""},
      {"abc", 0, "f:1:1", "abc"},
      {"abc", 3, "f:1:4", "abc"},
      {"abc", 99, "f:1:4", "abc"},
      {"a\nbc\n", 2, "f:2:1", "bc"},
      {"a\nbc\n", 4, "f:2:3", "bc"},
      {"a\nbc\n", 5, "f:3:1", ""},
      {"a\r\nbc\r\n", 4, "f:2:2", "bc"},
      {"é ü x", 6, "f:1:5", "é ü x"},
      {"\xEF\xBB\xBFzone", 3, "f:1:1", "zone"},
      {"\xEF\xBB\xBFzone", 0, "f:1:1", "zone"},
      {"\xEF\xBB\xBFzone", 5, "f:1:3", "zone"},
      {"x\n\n\ny", 4, "f:4:1", "y"},
  };
  for (const Row& row : rows) {
    const Source source("f", row.text);
    EXPECT_EQ(source.place(row.offset).text(), row.place) << row.text << " at " << row.offset;
    EXPECT_EQ(source.line(row.offset), row.line) << row.text << " at " << row.offset;
  }
}

TEST(Source, ColumnsOfALongLineAgreeWithCounting) {
  std::string text = "first\n";
  for (int i = 0; i < 3000; ++i) text += i % 3 == 0 ? "é" : "a";
  const Source source("f", text);
  std::uint32_t column = 0;
  for (std::uint32_t offset = 6; offset < text.size(); ++offset) {
    if ((static_cast<unsigned char>(text[offset]) & 0xC0u) == 0x80) continue;
    ++column;
    ASSERT_EQ(source.place(offset).column, column) << "offset " << offset;
    ASSERT_EQ(source.place(offset).line, 2u);
  }
}

TEST(Source, SpansGiveTheirText) {
  const Source source("f", "allow tcp");
  const Span allow{&source, 0, 5};
  const Span tcp{&source, 6, 9};
  EXPECT_EQ(tcp.text(), "tcp");
  EXPECT_EQ(join(allow, tcp).text(), "allow tcp");
  EXPECT_EQ(tcp.place().column, 7u);
  EXPECT_EQ(Span{}.text(), "");
  EXPECT_EQ(Span{}.place(), Place{});
}

}  // namespace
}  // namespace sallyport
