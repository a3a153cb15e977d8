// SPDX-License-Identifier: GPL-2.0-or-later
// Where an allow-comment is seen, and what it speaks of.
#include "compiler/lint/allowances.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::string seen(const std::string& text) {
  const Source source("p.sally", text);
  std::string list;
  for (const Allowance& one : allowances_in(source)) {
    list += std::to_string(one.line) + " " + std::string(one.code.text()) + "\n";
  }
  return list;
}

TEST(Allowances, SpeakOfTheirLineOrTheNextStatement) {
  EXPECT_EQ(seen("zone a = 10.0.0.0/8  # sallyport: allow unused-name\n"), "1 unused-name\n");
  EXPECT_EQ(seen("# sallyport: allow unused-name\nzone a = 10.0.0.0/8\n"), "2 unused-name\n");
  EXPECT_EQ(seen("# sallyport: allow unused-name\n# why\n\nzone a = 10.0.0.0/8\n"),
            "4 unused-name\n");
  EXPECT_EQ(seen("# sallyport: allow a, b,c since it is so\r\nzone a = 10.0.0.0/8\r\n"),
            "2 a\n2 b\n2 c\n");
  EXPECT_EQ(seen("zone a = 10.0.0.0/8\n# sallyport: allow unused-name"), "0 unused-name\n");
}

TEST(Allowances, AreCommentsThatSayAllow) {
  EXPECT_EQ(seen("note \"# sallyport: allow a\"\n"), "");
  EXPECT_EQ(seen("note \"\\\" # sallyport: allow a\"\n"), "");
  EXPECT_EQ(seen("note \"x\" # sallyport: allow a\n"), "1 a\n");
  EXPECT_EQ(seen("# see sallyport: allow a\nzone\n"), "");
  EXPECT_EQ(seen("# sallyport: deny a\nzone\n"), "");
  EXPECT_EQ(seen("# sallyport: allow\nzone\n"), "");
  EXPECT_EQ(seen("#sallyport:allow a\nzone\n"), "2 a\n");
}

}  // namespace
}  // namespace sallyport
