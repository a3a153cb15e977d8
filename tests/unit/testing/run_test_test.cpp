// SPDX-License-Identifier: GPL-2.0-or-later
// Test blocks from text to judgements: what is met, what is not, and what is said about it.
#include "compiler/testing/run_test.h"

#include <gtest/gtest.h>

#include "compiler/driver/driver.h"

namespace sallyport {
namespace {

const std::string policy = R"(zone staff = 10.20.0.0/16, 2001:db8:20::/48
policy branch {
  from staff {
    allow tcp 443 to api.example.com, 198.51.100.0/24
    allow icmp echo-request to 192.0.2.0/24
  }
  from any deny any to 198.51.100.66
  to staff allow in tcp 8443 from fe1.example.com, 203.0.113.0/24
  from staff allow udp 9 to 203.0.113.200 valid 2024-06-01
}
)";

/// The judgements of the only test: `given`s and expectations are on lines of `body`.
struct Judged {
  std::vector<Judgement> judgements;
  std::string shown;  // diagnostics
};

Judged judge(const std::string& body) {
  const std::string text = policy + "test \"one\" of branch {\n" + body + "\n}\n";
  const auto compilation =
      compile("p.sally", [&](const std::filesystem::path&) -> Result<std::string> { return text; });
  Judged judged;
  judged.shown = render(compilation->diagnostics, false);
  if (compilation->tests.size() != 1) return judged;
  judged.judgements = run_test(compilation->tests.front(), compilation->programs.front());
  return judged;
}

/// For each expectation `met`, or what happened instead.
std::vector<std::string> outcomes(const std::string& body) {
  const Judged judged = judge(body);
  EXPECT_EQ(judged.shown, "") << body;
  std::vector<std::string> texts;
  for (const Judgement& one : judged.judgements) texts.push_back(one.met ? "met" : one.happened);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(RunTest, addresses_pass_and_drop) {
  EXPECT_EQ(outcomes("expect pass tcp 10.20.1.1 -> 198.51.100.7:443\n"
                     "expect drop udp 10.20.1.1 -> 198.51.100.7:443\n"
                     "expect drop udp 10.20.1.1 -> 198.51.100.7:443 reason no-rule\n"
                     "expect drop tcp 10.20.1.1 -> 198.51.100.66:443 reason denied\n"
                     "expect pass icmp echo-request 10.20.1.1 -> 192.0.2.1\n"
                     "expect pass icmp 10.20.1.1 -> 192.0.2.1 8\n"
                     "expect drop tcp 10.21.1.1 -> 198.51.100.7:443"),
            Texts(7, "met"));
}

TEST(RunTest, what_happened_instead) {
  EXPECT_EQ(
      outcomes("expect pass udp 10.20.1.1 -> 198.51.100.7:443\n"
               "expect drop tcp 10.20.1.1 -> 198.51.100.7:443\n"
               "expect drop tcp 10.20.1.1 -> 198.51.100.66:443 reason no-rule"),
      (Texts{"drop: no rule allows it", "pass: allowed by a rule", "drop: denied by a rule"}));
}

TEST(RunTest, a_drop_has_its_near_miss) {
  const Judged judged = judge("expect pass udp 10.20.1.1 -> 198.51.100.7:443");
  ASSERT_EQ(judged.judgements.size(), 1u);
  ASSERT_TRUE(judged.judgements[0].near_miss);
  EXPECT_NE(judged.judgements[0].near_miss->find("tcp 443"), std::string::npos)
      << *judged.judgements[0].near_miss;
  EXPECT_NE(judged.judgements[0].near_miss->find("p.sally:4:5"), std::string::npos);
}

TEST(RunTest, a_near_miss_of_what_comes_in_and_on_the_day_of_the_test) {
  const auto near = [](const std::string& body) {
    const Judged judged = judge(body);
    return judged.judgements.size() == 1 ? judged.judgements[0].near_miss.value_or("none")
                                         : judged.shown;
  };
  EXPECT_EQ(near("expect pass in tcp 203.0.113.5 -> 10.20.1.1:443"),
            "allowed on tcp 8443, you asked tcp 443: p.sally:8:12");
  EXPECT_EQ(near("at 2024-05-31 expect pass udp 10.20.1.1 -> 203.0.113.200:7"), "none");
  EXPECT_EQ(near("at 2024-06-01 expect pass udp 10.20.1.1 -> 203.0.113.200:7"),
            "allowed on udp 9, you asked udp 7: p.sally:9:14");
}

TEST(RunTest, a_name_stands_for_every_address_it_was_given) {
  const std::string given = "given api.example.com is 192.0.2.1, 192.0.2.2, 2001:db8::7\n";
  EXPECT_EQ(outcomes(given + "expect pass tcp 10.20.1.1 -> api.example.com:443\n"
                             "expect pass tcp 2001:db8:20::1 -> api.example.com:443\n"
                             "expect drop tcp 10.20.1.1 -> api.example.com:80\n"
                             "expect pass tcp 2001:db8:20::1 -> [2001:db8::7]:443\n"
                             "expect drop tcp 2001:db8:20::1 -> [2001:db8::8]:443"),
            Texts(5, "met"));
}

TEST(RunTest, every_address_must_do_as_expected) {
  const Judged judged = judge(
      "given api.example.com is 198.51.100.7, 198.51.100.66\n"
      "expect pass tcp 10.20.1.1 -> api.example.com:443");
  ASSERT_EQ(judged.judgements.size(), 1u);
  EXPECT_FALSE(judged.judgements[0].met);
  EXPECT_EQ(judged.judgements[0].packet, "tcp 10.20.1.1 -> 198.51.100.66:443");
  EXPECT_EQ(judged.judgements[0].rule, 2u);
}

TEST(RunTest, C1_a_name_without_addresses_opens_nothing) {
  EXPECT_EQ(outcomes("given api.example.com is none\n"
                     "expect drop tcp 10.20.1.1 -> api.example.com:443\n"
                     "expect pass tcp 10.20.1.1 -> api.example.com:443"),
            (Texts{"met", "drop: api.example.com has no IPv4 address here"}));
}

TEST(RunTest, inward) {
  EXPECT_EQ(outcomes("given fe1.example.com is 192.0.2.9\n"
                     "expect pass in tcp fe1.example.com -> 10.20.1.1:8443\n"
                     "expect drop in tcp fe1.example.com -> 10.20.1.1:443\n"
                     "expect pass in tcp 203.0.113.5:40000 -> 10.20.1.1:8443\n"
                     "expect drop in tcp 192.0.2.10 -> 10.20.1.1:8443\n"
                     "expect drop tcp 10.20.1.1 -> 203.0.113.5:8443"),
            Texts(5, "met"));
  const std::string shown = judge("expect pass in tcp 203.0.113.5 -> fe1.example.com:8443").shown;
  EXPECT_NE(shown.find("is one of ours"), std::string::npos) << shown;
}

TEST(RunTest, expansions_give_many_names_one_address) {
  const std::string shown =
      judge("given {a..c}.example.com, x is 192.0.2.1\nexpect drop any x").shown;
  EXPECT_NE(shown.find("expected `is`"), std::string::npos) << shown;
  EXPECT_EQ(outcomes("given {api,api}.example.com is 192.0.2.{1..2}\n"
                     "expect pass tcp 10.20.1.1 -> api.example.com:443"),
            Texts{"met"});
}

}  // namespace
}  // namespace sallyport
