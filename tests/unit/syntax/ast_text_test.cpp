// SPDX-License-Identifier: GPL-2.0-or-later
// The printer keeps the meaning: print, parse and print again over the fuzzer's corpus and the
// policies that are shipped.
#include "compiler/syntax/ast_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "compiler/syntax/parser.h"
#include "tests/unit/syntax/ast_equal.h"

namespace sallyport {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Parses, prints and compares all files below `folder`; how many of them had no errors.
int check_files(const std::filesystem::path& folder) {
  int clean = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const Source source(entry.path().string(), content(entry.path()));
    Diagnostics diagnostics;
    const Policy policy = parse(source, diagnostics);
    if (diagnostics.has_errors()) continue;
    ++clean;
    const Source printed("printed", ast_text(policy));
    Diagnostics again;
    const Policy reread = parse(printed, again);
    EXPECT_EQ(render(again, false), "") << entry.path();
    EXPECT_TRUE(equal(policy, reread)) << entry.path();
    EXPECT_EQ(ast_text(reread), printed.text()) << entry.path();
  }
  return clean;
}

TEST(AstText, IsAFixedPointOnTheCorpus) {
  EXPECT_GE(check_files(SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/parser"), 5);
}

TEST(AstText, IsAFixedPointOnTheShippedPolicies) {
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(SALLYPORT_SOURCE_DIR "/policies")) {
    if (entry.path().extension() != ".sally") continue;
    const Source source(entry.path().string(), content(entry.path()));
    Diagnostics diagnostics;
    parse(source, diagnostics);
    EXPECT_EQ(render(diagnostics, false), "");
  }
  EXPECT_GE(check_files(SALLYPORT_SOURCE_DIR "/policies"), 1);
}

TEST(AstText, PrintsSinglePieces) {
  const Source source("f", "policy p { deny tcp+udp 1 - 2 or protocol 47 to g{0..9}.{d} }");
  Diagnostics diagnostics;
  const Policy policy = parse(source, diagnostics);
  const auto& rule = std::get<RuleStatement>(policy.policies.at(0).items.at(0));
  EXPECT_EQ(ast_text(rule), "deny tcp+udp 1-2 or protocol 47 to g{0..9}.{d}");
  EXPECT_EQ(ast_text(rule.destinations.at(0)), "g{0..9}.{d}");
}

}  // namespace
}  // namespace sallyport
