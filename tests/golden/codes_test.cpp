// SPDX-License-Identifier: GPL-2.0-or-later
// Every page of the registry is a case: its wrong example gives the code, rendered as
// codes/CODE.diag says (UPDATE_GOLDEN=1 rewrites), its right example gives nothing at all. Files
// that examples name stand in codes/ too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/codes/codes.h"
#include "compiler/driver/driver.h"
#include "tests/golden/expected_text.h"

namespace sallyport {

void PrintTo(const CodePage& page, std::ostream* out) {
  *out << page.code;
}

namespace {

namespace fs = std::filesystem;

const fs::path root = SALLYPORT_SOURCE_DIR;
const fs::path folder = root / "tests/golden/codes";

std::vector<CodePage> all_pages() {
  std::vector<CodePage> pages;
  for (const CodeFamily& family : code_families()) {
    pages.insert(pages.end(), family.pages.begin(), family.pages.end());
  }
  return pages;
}

/// The example as a file, without the line break in front.
std::string file_of(std::string_view example) {
  return std::string(example.starts_with('\n') ? example.substr(1) : example);
}

Compilation compile_text(const std::string& text) {
  CompileOptions options;
  options.linting.as_of = parse_day("2024-12-01");
  auto compilation = compile(
      "example.sally",
      [&](const fs::path& path) -> Result<std::string> {
        if (path == "example.sally") return text;
        return read_file(folder / path);
      },
      options);
  EXPECT_TRUE(compilation) << compilation.error().text();
  return std::move(*compilation);
}

/// The wrong examples of pages that show none.
std::string long_example(std::string_view code) {
  if (code == "file-too-large") return std::string((std::size_t{64} << 20) + 1, ' ');
  std::string text = "policy office {\n";
  for (int i = 0; i < 120; ++i) text += "  allow tcp 443 1\n";
  return text;
}

class Page : public testing::TestWithParam<CodePage> {};

TEST_P(Page, shows_what_is_wrong) {
  const CodePage& page = GetParam();
  const bool is_long = page.wrong.empty();
  const Compilation compilation =
      compile_text(is_long ? long_example(page.code) : file_of(page.wrong));
  std::string rendered;
  bool shown = false;
  for (const Diagnostic& one : compilation.diagnostics.all()) {
    if (one.code == page.code) {
      shown = true;
      EXPECT_EQ(one.severity, page.severity);
    } else if (is_long) {
      continue;
    }
    rendered += render(one, false);
  }
  EXPECT_TRUE(shown) << "the wrong example does not give the code:\n" << rendered;
  expect_text(folder / (std::string(page.code) + ".diag"), rendered);
}

TEST_P(Page, shows_how_to_write_it_right) {
  const CodePage& page = GetParam();
  if (page.right.empty()) return;
  const Compilation compilation = compile_text(file_of(page.right));
  EXPECT_EQ(render(compilation.diagnostics, false), "");
}

TEST_P(Page, reads_well) {
  const CodePage& page = GetParam();
  EXPECT_FALSE(page.meaning.empty());
  EXPECT_FALSE(page.meaning.ends_with('.'));
  EXPECT_TRUE(std::ranges::all_of(page.code, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  }));
  EXPECT_GT(page.why.size(), 80u) << "the page says too little";
  const std::string text = page_text(page);
  EXPECT_TRUE(text.starts_with(std::string(page.code) + " ("));
  EXPECT_TRUE(text.ends_with("\n"));
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);  // the heading may be longer
  while (std::getline(lines, line)) EXPECT_LE(line.size(), 84u) << line;
}

std::string test_name(const testing::TestParamInfo<CodePage>& each) {
  std::string name(each.param.code);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(codes, Page, testing::ValuesIn(all_pages()), test_name);

TEST(Codes, are_in_order_and_listed_once) {
  std::set<std::string_view> listed;
  for (const CodeFamily& family : code_families()) {
    EXPECT_TRUE(std::ranges::is_sorted(family.pages, {}, &CodePage::code)) << family.title;
    for (const CodePage& page : family.pages) {
      EXPECT_TRUE(listed.insert(page.code).second) << page.code << " is listed twice";
      EXPECT_EQ(find_page(page.code), &page);
    }
  }
  EXPECT_EQ(find_page("no-such-code"), nullptr);
  EXPECT_EQ(closest_code("hostbits"), "host-bits");
}

/// The codes in the sources: a hyphenated literal where a message begins.
std::set<std::string> codes_given_out() {
  const std::regex given(
      R"re((?:\b(?:error|warning|warn|complain|Complaint)[({]|\bfault_at\([^"]*,|[({,]\s*\{|\{)\s*"([a-z0-9]+(?:-[a-z0-9]+)+)",)re");
  const std::set<std::string> silent{"codes", "format", "image",   "label",
                                     "lsp",   "nft",    "program", "values"};
  std::set<std::string> codes;
  for (const auto& entry : fs::recursive_directory_iterator(root / "compiler")) {
    const fs::path below = entry.path().lexically_relative(root / "compiler");
    if (silent.contains(below.begin()->string()) || entry.path().extension() != ".cpp") continue;
    const std::string text = slurp(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), given), end; found != end; ++found) {
      codes.insert((*found)[1]);
    }
  }
  return codes;
}

TEST(Codes, given_out_have_pages) {
  const std::set<std::string> codes = codes_given_out();
  EXPECT_GE(codes.size(), 50u) << "the pattern finds no codes any more";
  for (const std::string& code : codes) {
    EXPECT_TRUE(find_page(code)) << code << " has no page in compiler/codes";
  }
}

/// LANGUAGE.md with each block fenced as `diagnostic CODE` as it should be; how many there are.
std::pair<std::string, std::size_t> gallery() {
  std::string text;
  std::size_t blocks = 0;
  bool inside = false;
  std::istringstream lines(slurp(root / "policies/LANGUAGE.md"));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view fence = "```diagnostic ";
    if (inside && line != "```") continue;
    inside = false;
    text += line + "\n";
    if (!line.starts_with(fence)) continue;
    inside = true;
    ++blocks;
    const std::string code = line.substr(fence.size());
    EXPECT_TRUE(find_page(code)) << code;
    text += slurp(folder / (code + ".diag"));
  }
  return {std::move(text), blocks};
}

TEST(LanguageReference, the_gallery_shows_what_the_compiler_says) {
  const auto [text, blocks] = gallery();
  EXPECT_GE(blocks, 12u);
  expect_text(root / "policies/LANGUAGE.md", text);
}

TEST(Codes, stale_expectations_are_gone) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".diag") continue;
    EXPECT_TRUE(find_page(entry.path().stem().string())) << entry.path() << " has no page";
  }
}

}  // namespace
}  // namespace sallyport
