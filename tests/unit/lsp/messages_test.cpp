// SPDX-License-Identifier: GPL-2.0-or-later
// Headers and lengths, whole and broken.
#include "compiler/lsp/messages.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sallyport::lsp {
namespace {

using Kind = Incoming::Kind;

TEST(Messages, come_out_as_they_went_in) {
  std::stringstream stream;
  write_message(stream, "{}");
  write_message(stream, "\r\n\r\n");
  EXPECT_EQ(read_message(stream).text, "{}");
  EXPECT_EQ(read_message(stream).text, "\r\n\r\n");
  EXPECT_EQ(read_message(stream).kind, Kind::end);
}

TEST(Messages, headers_may_have_other_fields_and_cases) {
  std::istringstream stream(
      "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-length:  2 \r\n\r\n{}"
      "Content-Length: 0\n\n");
  EXPECT_EQ(read_message(stream).text, "{}");
  const Incoming empty = read_message(stream);
  EXPECT_EQ(empty.kind, Kind::message);
  EXPECT_EQ(empty.text, "");
}

TEST(Messages, broken_headers_are_told_and_left_behind) {
  std::istringstream stream(
      "Content-Length: x\r\n\r\nHello: there\r\n\r\n\r\nContent-Length: -1\r\n\r\n"
      "Content-Length: 99999999999999999999\r\n\r\nContent-Length: 2\r\n\r\n{}");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(read_message(stream).kind, Kind::malformed) << i;
  EXPECT_EQ(read_message(stream).text, "{}");
}

TEST(Messages, too_long_ones_are_skipped) {
  std::string text = "Content-Length: " + std::to_string(largest_message + 1) + "\r\n\r\n";
  text.append(largest_message + 1, 'x');
  text += "Content-Length: 2\r\n\r\n{}";
  std::istringstream stream(text);
  const Incoming refused = read_message(stream);
  EXPECT_EQ(refused.kind, Kind::malformed);
  EXPECT_NE(refused.text.find("expected at most"), std::string::npos);
  EXPECT_EQ(read_message(stream).text, "{}");
}

TEST(Messages, ones_cut_short_are_the_end) {
  for (const char* text : {"Content-Length: 5\r\n\r\n{}", "Content-Length: 5\r\n", "Content"}) {
    std::istringstream stream(text);
    EXPECT_EQ(read_message(stream).kind, Kind::end) << text;
  }
}

}  // namespace
}  // namespace sallyport::lsp
