// SPDX-License-Identifier: GPL-2.0-or-later
// compile() with feeds: which files are read, what their provenance says, and that it is the same
// wherever the files lie.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "compiler/driver/driver.h"
#include "compiler/program/program_text.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

using Texts = std::map<std::string, std::string>;

ReadFile reader_of(const Texts& texts) {
  return [&texts](const fs::path& path) -> Result<std::string> {
    const auto found = texts.find(path.string());
    if (found == texts.end()) {
      return std::unexpected(Error::from_errno("read " + path.string(), ENOENT));
    }
    return found->second;
  };
}

const char* const vendor =
    "feed ranges = \"lists/ranges.txt\" as cidr-list "
    "vendor v { part p { allow tcp 443 to feed ranges } }";
const char* const list = "192.0.2.0/24\n198.51.100.0/25\n192.0.2.0/24\n";

Texts texts_below(const std::string& root) {
  return {{root + "site/root.sally",
           "import ../vendors/v "
           "feed ranges = \"own.txt\" as cidr-list "
           "feed idle = \"own.txt\" as cidr-list "
           "policy p { use v.p allow udp 53 to feed ranges }"},
          {root + "site/own.txt", "203.0.113.9"},
          {root + "vendors/v.sally", vendor},
          {root + "vendors/lists/ranges.txt", list}};
}

std::vector<Program> programs_of(const std::string& root, const Texts& texts) {
  const auto compilation = compile(root + "site/root.sally", reader_of(texts), {.lint = false});
  EXPECT_TRUE(compilation);
  if (!compilation) return {};
  EXPECT_EQ(render(compilation->diagnostics, false), "");
  return compilation->programs;
}

TEST(Feeds, C3_programs_and_provenance_do_not_depend_on_where_the_files_lie) {
  const auto programs = programs_of("", texts_below(""));
  ASSERT_EQ(programs.size(), 1U);
  for (const std::string root : {"/srv/policies/", "../elsewhere/"}) {
    const auto others = programs_of(root, texts_below(root));
    ASSERT_EQ(others.size(), 1U);
    EXPECT_EQ(program_text(others[0]), program_text(programs[0]));
  }
}

TEST(Feeds, each_file_has_its_own_names_for_feeds) {
  const auto programs = programs_of("", texts_below(""));
  ASSERT_EQ(programs.size(), 1U);
  ASSERT_EQ(programs[0].rules.size(), 2U);
  EXPECT_EQ(rule_text(programs[0].rules[0], {}), "allow tcp 443 to 192.0.2.0/24, 198.51.100.0/25");
  EXPECT_EQ(rule_text(programs[0].rules[1], {}), "allow udp 53 to 203.0.113.9");
}

TEST(Feeds, provenance_is_that_of_the_feeds_in_use) {
  const auto programs = programs_of("", texts_below(""));
  ASSERT_EQ(programs.size(), 1U);
  const auto& feeds = programs[0].feeds;
  ASSERT_EQ(feeds.size(), 2U);
  EXPECT_EQ(feeds[0].name, "ranges");
  EXPECT_EQ(feeds[0].file, "own.txt");
  EXPECT_EQ(feeds[1].file, "../vendors/lists/ranges.txt");
  EXPECT_EQ(feeds[1].format, "cidr-list");
  EXPECT_EQ(feeds[1].entries, 3U);  // as listed
  // sha256sum of the list.
  EXPECT_EQ(feeds[1].digest, "120ba69e029eea1fffaa7e9abe09e234497ba3c509a843f45acb927cc105aeb0");
  EXPECT_EQ(feeds[1].version, "");
}

// The same rules from a file that says the same in other words: another digest.
TEST(Feeds, the_digest_is_of_the_bytes) {
  Texts texts = texts_below("");
  const auto before = programs_of("", texts);
  texts["vendors/lists/ranges.txt"] += "# looked at again\n";
  const auto after = programs_of("", texts);
  ASSERT_EQ(before.size(), 1U);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(before[0].rules, after[0].rules);
  EXPECT_NE(before[0].feeds[1].digest, after[0].feeds[1].digest);
}

TEST(Feeds, C1_one_corrupt_entry_leaves_no_program) {
  Texts texts = texts_below("");
  texts["vendors/lists/ranges.txt"] = "192.0.2.0/24\n198.51.100.1/25\n";
  const auto compilation = compile("site/root.sally", reader_of(texts));
  ASSERT_TRUE(compilation);
  EXPECT_TRUE(compilation->programs.empty());
  const std::string shown = render(compilation->diagnostics, false);
  EXPECT_NE(shown.find("vendors/v.sally:1:15: error[bad-feed]"), std::string::npos) << shown;
  EXPECT_NE(shown.find("line 2, column 1: `198.51.100.1/25` has host bits set"), std::string::npos)
      << shown;
}

TEST(Feeds, only_what_the_reader_gives_is_read) {
  Texts texts = texts_below("");
  texts["site/root.sally"] =
      "feed passwords = \"/etc/passwd\" as cidr-list policy p { allow udp 53 to feed passwords }";
  const auto compilation = compile("site/root.sally", reader_of(texts));
  ASSERT_TRUE(compilation);
  EXPECT_TRUE(compilation->programs.empty());
  const std::string shown = render(compilation->diagnostics, false);
  EXPECT_NE(shown.find("error[missing-feed]: cannot read `/etc/passwd`"), std::string::npos)
      << shown;
}

}  // namespace
}  // namespace sallyport
