// SPDX-License-Identifier: GPL-2.0-or-later
// `sallyport check --fix`, `--deny-warnings`, `--json` and `sallyport help` as people and scripts
// use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using test::CommandLine;
using test::Finished;
using testing::HasSubstr;
using testing::Not;

class Check : public testing::Test {
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
  static Finished sallyport(CommandLine words) {
    words.insert(words.begin(), SALLYPORT_BINARY);
    return test::run(words);
  }

  char folder_[32] = "/tmp/sallyport-check.XXXXXX";
};

TEST_F(Check, fix_makes_what_is_safe_and_leaves_the_rest) {
  const std::string file = write("a.sally",
                                 "policy p {\n"
                                 "  allow udp 20000-10000 to a.example.com, a.example.com;\n"
                                 "  allow tcp 443 to https://b.example.com\n"
                                 "  allow tcp 443 to 192.0.2.7/24\n"
                                 "}\n");
  const Finished first = sallyport({"check", "--fix", file});
  EXPECT_EQ(first.status, 1) << "the prefix is for its author to mend";
  EXPECT_THAT(first.output, HasSubstr("a.sally: 3 fixes made\n"));
  EXPECT_THAT(first.output, HasSubstr("error[host-bits]"));
  EXPECT_THAT(first.output, HasSubstr("fix: write `192.0.2.0/24` for the whole network"));
  const std::string once = read("a.sally");
  EXPECT_EQ(once,
            "policy p {\n"
            "  allow udp 10000-20000 to a.example.com, a.example.com\n"
            "  allow tcp 443 to b.example.com\n"
            "  allow tcp 443 to 192.0.2.7/24\n"
            "}\n");
  EXPECT_THAT(sallyport({"check", "--fix", file}).output, Not(HasSubstr("made")));
  EXPECT_EQ(read("a.sally"), once);
}

TEST_F(Check, fix_goes_on_until_nothing_is_left) {
  const std::string file =
      write("a.sally", "policy p { allow tcp 443-80 to a.example.com, a.example.com }\n");
  const Finished fixed = sallyport({"check", "--fix", file});
  EXPECT_EQ(fixed.status, 0);
  EXPECT_THAT(fixed.output, HasSubstr("2 fixes made"));
  EXPECT_EQ(read("a.sally"), "policy p { allow tcp 80-443 to a.example.com }\n");
}

TEST_F(Check, fix_leaves_imported_files_alone) {
  write("zones.sally", "zone z = 10.0.0.9-10.0.0.1\n");
  const std::string file =
      write("a.sally", "import zones\npolicy p { from z allow tcp 443 to a.example.com }\n");
  EXPECT_EQ(sallyport({"check", "--fix", file}).status, 1);
  EXPECT_EQ(read("zones.sally"), "zone z = 10.0.0.9-10.0.0.1\n");
}

TEST_F(Check, warnings_fail_only_where_they_are_denied) {
  const std::string file = write("a.sally", "policy p { allow any to a.example.com }\n");
  const Finished mild = sallyport({"check", file});
  EXPECT_EQ(mild.status, 0);
  EXPECT_THAT(mild.output, HasSubstr("no errors, 1 warning\n"));
  EXPECT_EQ(sallyport({"check", "--deny-warnings", file}).status, 1);
  write("a.sally",
        "policy p {\n  # sallyport: allow broad-rule a test\n  allow any to a.example.com\n}\n");
  EXPECT_EQ(sallyport({"check", "--deny-warnings", file}).status, 0);
}

TEST_F(Check, json_has_ranges_and_fixes) {
  const std::string file = write("a.sally", "policy p { allow tcp 80-70 to a.example.com }\n");
  const Finished wrong = sallyport({"check", "--json", file});
  EXPECT_EQ(wrong.status, 1);
  const Json list = Json::parse(wrong.output, nullptr, false);
  ASSERT_TRUE(list.is_array() && list.size() == 1) << wrong.output;
  EXPECT_EQ(list[0]["code"], "backwards-range");
  EXPECT_EQ(list[0]["line"], 1);
  EXPECT_EQ(list[0]["column"], 22);
  EXPECT_EQ(list[0]["end"]["column"], 27);
  ASSERT_EQ(list[0]["fixes"].size(), 1u);
  EXPECT_EQ(list[0]["fixes"][0]["safe"], true);
  EXPECT_EQ(list[0]["fixes"][0]["replacements"][0]["text"], "70-80");
}

TEST_F(Check, help_explains_every_code_or_says_which_was_meant) {
  const Finished list = sallyport({"help"});
  EXPECT_EQ(list.status, 0);
  EXPECT_THAT(list.output, HasSubstr("host-bits"));
  const Finished page = sallyport({"help", "host-bits"});
  EXPECT_EQ(page.status, 0);
  EXPECT_THAT(page.output, HasSubstr("Wrong:\n\n    policy office {\n"));
  const Finished unknown = sallyport({"help", "hostbits"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean `host-bits`?"));
}

}  // namespace
}  // namespace sallyport
