// SPDX-License-Identifier: GPL-2.0-or-later
// Expansion of words, and the evaluation of `let`.
#include "compiler/check/terms.h"

#include <gtest/gtest.h>

#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

/// The destinations of the only rule of `vendor v { ... }` with its lets in front.
class TermsTest : public testing::Test {
 protected:
  const PartStatement& part(const std::string& body) {
    source_ = std::make_unique<Source>("v.sally", "vendor v { part p { " + body + " } }");
    policy_ = parse(*source_, diagnostics_);
    EXPECT_EQ(render(diagnostics_, false), "");
    return policy_.vendors.at(0).parts.at(0);
  }

  /// The texts of all destinations, or the code of the first error.
  std::vector<std::string> expand(const std::string& body) {
    const PartStatement& p = part(body);
    for (const LetStatement& let : p.lets) terms_.bind_let(let);
    Diagnostics diagnostics;
    Reporter reporter(diagnostics);
    std::vector<std::string> all;
    const auto& rule = std::get<RuleStatement>(p.items.at(0));
    for (const Word& word : rule.destinations) {
      const auto texts = terms_.expand(word, reporter);
      if (!texts) {
        return {diagnostics.all().empty() ? "silent" : std::string(diagnostics.all()[0].code)};
      }
      all.insert(all.end(), texts->begin(), texts->end());
    }
    return all;
  }

  Terms terms_;
  std::unique_ptr<Source> source_;
  Policy policy_;
  Diagnostics diagnostics_;
};

using Texts = std::vector<std::string>;

TEST_F(TermsTest, leftmost_changes_slowest) {
  terms_.bind("s", {.is_list = true, .texts = {"ams", "fra"}});
  EXPECT_EQ(expand("allow tcp 1 to g{0..1}-{s}.example.net"),
            (Texts{"g0-ams.example.net", "g0-fra.example.net", "g1-ams.example.net",
                   "g1-fra.example.net"}));
  EXPECT_EQ(expand("allow tcp 1 to {s}"), (Texts{"ams", "fra"}));
}

TEST_F(TermsTest, C1_empty_list_gives_nothing) {
  terms_.bind("s", {.is_list = true});
  EXPECT_EQ(expand("allow tcp 1 to {s}, x{s}.example.net"), Texts{});
}

TEST_F(TermsTest, last_number_of_32_bits) {
  EXPECT_EQ(expand("allow tcp 1 to g{4294967295..4294967295}.example.net"),
            Texts{"g4294967295.example.net"});
}

TEST_F(TermsTest, limits) {
  EXPECT_EQ(expand("allow tcp 1 to g{0..4095}.example.net").size(), 4096u);
  EXPECT_EQ(expand("allow tcp 1 to g{1..64}-{1..64}.example.net").size(), 4096u);
  EXPECT_EQ(expand("allow tcp 1 to g{0..4096}.example.net"), Texts{"bad-expansion"});
  EXPECT_EQ(expand("allow tcp 1 to g{1..64}-{1..65}.example.net"), Texts{"too-many-words"});
}

TEST_F(TermsTest, letters_and_irregular_members) {
  EXPECT_EQ(expand("allow tcp 1 to n{a..c}.example.net"),
            (Texts{"na.example.net", "nb.example.net", "nc.example.net"}));
  EXPECT_EQ(expand("allow tcp 1 to derp{1f..1h, 10b, 12}.example.net"),
            (Texts{"derp1f.example.net", "derp1g.example.net", "derp1h.example.net",
                   "derp10b.example.net", "derp12.example.net"}));
  EXPECT_EQ(expand("allow tcp 1 to {eu,us}{8..10}.example.net"),
            (Texts{"eu8.example.net", "eu9.example.net", "eu10.example.net", "us8.example.net",
                   "us9.example.net", "us10.example.net"}));
}

TEST_F(TermsTest, a_list_counts_all_its_members) {
  EXPECT_EQ(expand("allow tcp 1 to g{0..4094, x}.example.net").size(), 4096u);
  EXPECT_EQ(expand("allow tcp 1 to g{0..4095, x}.example.net"), Texts{"bad-expansion"});
}

TEST_F(TermsTest, when_on_a_list_takes_the_union) {
  const std::string body =
      "let d = [a.example, b.example] when at eu, [b.example, c.example] when at us, d.example "
      "when at jp allow tcp 1 to x.{d}";
  terms_.bind("at", {.is_list = true, .texts = {"us", "eu"}});
  EXPECT_EQ(expand(body), (Texts{"x.a.example", "x.b.example", "x.c.example"}));
  terms_.bind("at", {.is_list = true, .texts = {"moon"}});
  EXPECT_EQ(expand(body), Texts{"no-alternative"});
  terms_.bind("at", {.is_list = true, .texts = {}});
  EXPECT_EQ(expand(body), Texts{}) << "C1: an empty list is empty";
}

TEST_F(TermsTest, a_let_that_doubles_itself_is_stopped) {
  std::string body = "let a0 = aaaaaaaa ";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "{a" + std::to_string(i - 1) + "}";
    body += "let a" + std::to_string(i) + " = " + last + last + " ";
  }
  EXPECT_EQ(expand(body + "allow tcp 1 to {a39}"), Texts{"too-many-words"});
}

TEST_F(TermsTest, let_refers_to_what_is_above) {
  EXPECT_EQ(expand("let a = x.example.net let b = y.{a} allow tcp 1 to {b}"),
            Texts{"y.x.example.net"});
  EXPECT_EQ(expand("let c = {d} let d = x allow tcp 1 to {c}"), Texts{"unknown-name"});
}

TEST_F(TermsTest, when_takes_exactly_the_matching_alternative) {
  const std::string body =
      "let d = a.example when cloud public, b.example when cloud china allow tcp 1 to x.{d}";
  terms_.bind("cloud", {.texts = {"china"}});
  EXPECT_EQ(expand(body), Texts{"x.b.example"});
  terms_.bind("cloud", {.texts = {"moon"}});
  EXPECT_EQ(expand(body), Texts{"no-alternative"});
}

TEST_F(TermsTest, a_fault_is_told_to_who_refers_to_it) {
  terms_.bind("t", {.fault = Fault{Complaint{"missing-parameter", "x"}, {}, {}}});
  EXPECT_EQ(expand("let a = {t} allow tcp 1 to fixed.example.net"), Texts{"fixed.example.net"});
  EXPECT_EQ(expand("let a = {t} allow tcp 1 to {a}"), Texts{"missing-parameter"});
  terms_.bind("t", {.fault = Fault{}});
  EXPECT_EQ(expand("let a = {t} allow tcp 1 to {a}"), Texts{"silent"});
}

}  // namespace
}  // namespace sallyport
