// SPDX-License-Identifier: GPL-2.0-or-later
// Capabilities at the commands: declared by an option, shown with the choice that follows, and
// refused by a runtime that lacks them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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

class CapabilityOption : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SALLYPORT_BINARY))
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    ASSERT_NE(mkdtemp(folder_), nullptr);
    std::ofstream(path("p.sally")) << "policy office {\n"
                                      "  owner \"network@example.com\"\n"
                                      "  either \"by pattern\" needs observed-dns {\n"
                                      "    allow tcp 443 to *.example.com\n"
                                      "  } or \"by name\" { allow tcp 443 to a.example.com }\n"
                                      "}\n"
                                      "test \"by name\" of office {\n"
                                      "  given a.example.com is 192.0.2.1\n"
                                      "  expect pass tcp 10.0.0.1 -> a.example.com:443\n"
                                      "}\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return std::string(folder_) + '/' + file; }
  static Finished sallyport(test::CommandLine words) {
    words.insert(words.begin(), SALLYPORT_BINARY);
    return test::run(words);
  }
  std::string build(const test::CommandLine& more) const {
    test::CommandLine words{"build", path("p.sally"), "-o", path("p.bundle")};
    words.insert(words.end(), more.begin(), more.end());
    const Finished built = sallyport(words);
    EXPECT_EQ(built.status, 0) << built.output;
    return path("p.bundle");
  }

  char folder_[40] = "/tmp/sallyport-capability.XXXXXX";
};

TEST_F(CapabilityOption, show_says_which_alternative_was_taken_and_why) {
  const Finished plain = sallyport({"show", build({})});
  EXPECT_THAT(plain.output,
              AllOf(HasSubstr("alternative 2 of 2, by name: observed-dns is not "
                              "declared"),
                    HasSubstr("p.sally:3:3"), HasSubstr("to a.example.com"),
                    HasSubstr("owner      network@example.com"), Not(HasSubstr("needs "))));
  const Finished with = sallyport({"show", build({"--capability", "observed-dns"})});
  EXPECT_THAT(with.output, AllOf(HasSubstr("needs      observed-dns"),
                                 HasSubstr("alternative 1 of 2, by pattern: observed-dns is "
                                           "declared"),
                                 HasSubstr("to *.example.com")));
}

TEST_F(CapabilityOption, show_has_them_in_json) {
  const Finished shown = sallyport({"show", build({"--capability", "observed-dns"}), "--json"});
  const json object = json::parse(shown.output, nullptr, false);
  ASSERT_TRUE(object.is_object()) << shown.output;
  EXPECT_EQ(object["needs"], json::array({"observed-dns"}));
  EXPECT_EQ(object["choices"][0]["alternative"], 1);
  EXPECT_EQ(object["choices"][0]["title"], "by pattern");
}

TEST_F(CapabilityOption, every_reader_of_policies_takes_it) {
  const std::string packet = "tcp 10.0.0.1 -> b.example.com:443";
  const std::string given = "b.example.com=192.0.2.2";
  EXPECT_EQ(sallyport({"explain", path("p.sally"), packet, "--given", given}).status, 4);
  EXPECT_EQ(sallyport({"explain", path("p.sally"), packet, "--given", given, "--capability",
                       "observed-dns"})
                .status,
            0);
  EXPECT_EQ(sallyport({"test", path("p.sally")}).status, 0);
  EXPECT_EQ(sallyport({"check", path("p.sally"), "--capability", "observed-dns"}).status, 0);
  const Finished wrong = sallyport({"check", path("p.sally"), "--capability", "x-ray"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("observed-dns"));
}

TEST_F(CapabilityOption, run_and_load_refuse_what_the_runtime_cannot_do) {
  const std::string bundle = build({"--capability", "observed-dns"});
  const Finished run = sallyport({"run", bundle, "--xdp", "lo"});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.output, HasSubstr("it needs `observed-dns`, which this runtime cannot do"));
  const Finished load = sallyport({"load", bundle, "--instance", "capability-test"});
  EXPECT_EQ(load.status, 1);
  EXPECT_THAT(load.output, HasSubstr("it needs `observed-dns`"));
}

}  // namespace
}  // namespace sallyport
