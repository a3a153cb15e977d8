// SPDX-License-Identifier: GPL-2.0-or-later
// `sallyport fmt` as people and scripts use it; and that the policies of this tree are formatted.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/process.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;
using test::CommandLine;
using test::Finished;
using testing::HasSubstr;

const char* const untidy = "policy p{ allow tcp 443 to b.example.com ,c.example.com}  # one\n";
const char* const tidy = "policy p { allow tcp 443 to b.example.com, c.example.com }  # one\n";
const char* const wrong = "policy p { allow tcp 443 b.example.com }\n";

class Fmt : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(SALLYPORT_BINARY)) GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
    return path(file);
  }
  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  std::string read(const std::string& file) const {
    std::ifstream stream(path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// With the file as standard input, if one is given.
  static Finished fmt(CommandLine words, const std::string& input = "/dev/null") {
    words.insert(words.begin(), {SALLYPORT_BINARY, "fmt"});
    return test::run(words, [input] {
      const int fd = open(input.c_str(), O_RDONLY);
      return fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO;
    });
  }

  char folder_[32] = "/tmp/sallyport-fmt.XXXXXX";
};

TEST_F(Fmt, rewrites_in_place_and_names_what_it_changed) {
  const std::string a = write("a.sally", untidy);
  const std::string b = write("b.sally", tidy);
  const Finished first = fmt({a, b});
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.output, a + "\n");
  EXPECT_EQ(read("a.sally"), tidy);
  const Finished second = fmt({a, b});
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.output, "");
}

TEST_F(Fmt, keeps_permissions_and_links) {
  const std::string file = write("a.sally", untidy);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a.sally", path("link.sally"));
  EXPECT_EQ(fmt({path("link.sally")}).status, 0);
  EXPECT_TRUE(fs::is_symlink(path("link.sally")));
  EXPECT_EQ(read("a.sally"), tidy);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Fmt, check_answers_no_and_writes_nothing) {
  const std::string a = write("a.sally", untidy);
  const std::string b = write("b.sally", tidy);
  const Finished no = fmt({"--check", a, b});
  EXPECT_EQ(no.status, 4);
  EXPECT_EQ(no.output, a + "\n");
  EXPECT_EQ(read("a.sally"), untidy);
  EXPECT_EQ(fmt({"--check", b}).status, 0);
}

TEST_F(Fmt, leaves_text_with_errors_alone) {
  const std::string a = write("a.sally", wrong);
  const std::string b = write("b.sally", untidy);
  for (const CommandLine& options : {CommandLine{}, CommandLine{"--check"}}) {
    CommandLine words = options;
    words.insert(words.end(), {a, b});
    const Finished finished = fmt(words);
    EXPECT_EQ(finished.status, 1);
    EXPECT_THAT(finished.output, HasSubstr("a.sally:1:26: error[unexpected-token]"));
    EXPECT_EQ(read("a.sally"), wrong);
  }
  EXPECT_EQ(fmt({path("none.sally")}).status, 3);
  EXPECT_EQ(fmt({"--check", "--stdout", b}).status, 2);
}

TEST_F(Fmt, reads_standard_input) {
  const std::string file = write("a.sally", untidy);
  EXPECT_EQ(fmt({"-"}, file).output, tidy);
  EXPECT_EQ(fmt({"--stdout", file}).output, tidy);
  EXPECT_EQ(read("a.sally"), untidy);
  EXPECT_EQ(fmt({"--check", "-"}, file).status, 4);
}

TEST_F(Fmt, the_policies_of_this_tree_are_formatted) {
  CommandLine words{"--check"};
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(SALLYPORT_SOURCE_DIR) / "policies")) {
    if (entry.path().extension() == ".sally") words.push_back(entry.path().string());
  }
  EXPECT_GE(words.size(), 8u);
  const Finished check = fmt(words);
  EXPECT_EQ(check.status, 0) << check.output;
}

}  // namespace
}  // namespace sallyport
