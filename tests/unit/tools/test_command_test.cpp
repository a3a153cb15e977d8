// SPDX-License-Identifier: GPL-2.0-or-later
// `sallyport test` as people and scripts use it: exit codes, what it prints, JSON and JUnit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/process.h"

namespace sallyport {
namespace {

using nlohmann::json;
using test::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string policy =
    "zone staff = 10.20.0.0/16\n"
    "policy branch { from staff allow tcp 443 to api.example.com }\n";
const std::string right =
    "test \"they reach it\" of branch {\n"
    "  given api.example.com is 192.0.2.1\n"
    "  expect pass tcp 10.20.1.1 -> api.example.com:443\n"
    "}\n";
const std::string wrong =
    "test \"<udp> & more\" of branch {\n"
    "  given api.example.com is 192.0.2.1\n"
    "  expect pass udp 10.20.1.1 -> api.example.com:443\n"
    "  expect drop tcp 10.20.1.1 -> api.example.com:443\n"
    "}\n";

class TestCommand : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SALLYPORT_BINARY))
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  std::string write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
    return path(file);
  }
  static Finished sallyport(test::CommandLine words) {
    words.insert(words.begin(), {SALLYPORT_BINARY, "test"});
    return test::run(words);
  }

  char folder_[40] = "/tmp/sallyport-test-command.XXXXXX";
};

TEST_F(TestCommand, all_is_well) {
  const Finished run = sallyport({write("a.sally", policy + right), "--require-tests"});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.output, HasSubstr("a.sally: 1 test, 0 failed"));
}

TEST_F(TestCommand, a_failure_says_what_happened_and_why) {
  const Finished run = sallyport({write("a.sally", policy + right + wrong)});
  EXPECT_EQ(run.status, 4);
  EXPECT_THAT(run.output,
              AllOf(HasSubstr("a.sally:9:3: expected pass udp 10.20.1.1 -> api.example.com:443"),
                    HasSubstr("happened  drop: no rule allows it"),
                    HasSubstr("rule      allow tcp 443 to api.example.com at a.sally:2:28"),
                    HasSubstr("2 tests, 1 failed")));
}

TEST_F(TestCommand, a_file_without_tests_is_reported) {
  const std::string file = write("a.sally", policy);
  const Finished run = sallyport({file});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.output, HasSubstr("no tests"));
  EXPECT_EQ(sallyport({file, "--require-tests"}).status, 4);
}

TEST_F(TestCommand, a_wrong_policy_is_1_and_the_other_files_still_run) {
  const Finished run = sallyport(
      {write("a.sally", "policy p { allow tcp to x }"), write("b.sally", policy + wrong)});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("error[missing-ports]"), HasSubstr("1 failed")));
  EXPECT_EQ(sallyport({path("missing.sally")}).status, 3);
  EXPECT_EQ(sallyport({}).status, 2);
}

TEST_F(TestCommand, filter_takes_titles) {
  const std::string file = write("a.sally", policy + right + wrong);
  const Finished run = sallyport({file, "--filter", "reach"});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.output, AllOf(HasSubstr("1 test, 0 failed"), Not(HasSubstr("udp"))));
}

TEST_F(TestCommand, json_has_every_expectation) {
  const Finished run = sallyport({write("a.sally", policy + right + wrong), "--json"});
  EXPECT_EQ(run.status, 4);
  const json list = json::parse(run.output, nullptr, false);
  ASSERT_TRUE(list.is_array()) << run.output;
  EXPECT_EQ(list[0]["failed"], 1);
  const json& failed = list[0]["tests"][1];
  EXPECT_EQ(failed["passed"], false);
  EXPECT_EQ(failed["expectations"][0]["met"], false);
  EXPECT_EQ(failed["expectations"][0]["packet"], "udp 10.20.1.1 -> 192.0.2.1:443");
  EXPECT_EQ(failed["expectations"][1]["rule"], "allow tcp 443 to api.example.com");
}

TEST_F(TestCommand, junit_is_written_and_escaped) {
  const Finished run =
      sallyport({write("a.sally", policy + right + wrong), "--junit", path("junit.xml")});
  EXPECT_EQ(run.status, 4);
  std::ifstream stream(path("junit.xml"));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_THAT(text, AllOf(HasSubstr("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">"),
                          HasSubstr("name=\"&lt;udp&gt; &amp; more\""),
                          HasSubstr("<testcase classname=\"branch\" name=\"they reach it\"/>"),
                          HasSubstr("happened  drop: no rule allows it")));
  EXPECT_THAT(text, Not(HasSubstr("<udp>")));
  if (!test::has_program("xmllint")) return;
  EXPECT_EQ(test::run({"xmllint", "--noout", path("junit.xml")}).status, 0);
}

TEST_F(TestCommand, junit_that_cannot_be_written_is_the_systems_fault) {
  EXPECT_EQ(sallyport({write("a.sally", policy + right), "--junit", path("no/junit.xml")}).status,
            3);
}

}  // namespace
}  // namespace sallyport
