// SPDX-License-Identifier: GPL-2.0-or-later
// check() on whole modules: what the golden cases do not show by themselves.
#include "compiler/check/check.h"

#include <gtest/gtest.h>

#include <deque>

#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

class CheckTest : public testing::Test {
 protected:
  std::vector<Program> check_text(const std::string& text) {
    add("root.sally", text);
    return check(modules_, diagnostics_);
  }
  void add(const std::string& name, const std::string& text,
           std::vector<std::size_t> imports = {}) {
    const Source& source = sources_.emplace_back(name, text);
    modules_.push_back({&source, parse(source, diagnostics_), std::move(imports)});
    ASSERT_EQ(render(diagnostics_, false), "");
  }
  std::vector<std::string> codes() const {
    std::vector<std::string> codes;
    for (const Diagnostic& diagnostic : diagnostics_.all()) codes.emplace_back(diagnostic.code);
    return codes;
  }
  std::string rules_of(const Program& program) const {
    std::string text;
    for (const Rule& rule : program.rules) text += rule_text(rule, program.derivations) + "\n";
    return text;
  }

  std::deque<Source> sources_;
  std::vector<Module> modules_;
  Diagnostics diagnostics_;
};

using Codes = std::vector<std::string>;

TEST_F(CheckTest, a_policy_without_errors_becomes_a_program_beside_one_with) {
  const auto programs = check_text(
      "policy one { allow tcp to a.example.net }"
      "policy two { allow tcp 443 to a.example.net }");
  EXPECT_EQ(codes(), Codes{"missing-ports"});
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].policy, "two");
}

TEST_F(CheckTest, C1_a_wrong_zone_leaves_no_program) {
  // A rule `from staff` must not survive with half of its zone, or as a rule for every address.
  EXPECT_TRUE(check_text("zone staff = 10.0.0.0/8, 10.1.0.1/16 "
                         "policy p { from staff allow tcp 443 to a.example.net }")
                  .empty());
  EXPECT_EQ(codes(), Codes{"host-bits"});
}

TEST_F(CheckTest, C1_a_wrong_resolver_leaves_no_program) {
  EXPECT_TRUE(
      check_text("resolver r = ns.example.net policy p { allow tcp 443 to 192.0.2.1 }").empty());
}

TEST_F(CheckTest, C1_a_broken_vendor_leaves_no_program) {
  EXPECT_TRUE(check_text("vendor v { part a { allow tcp 443 to 192.0.2.1 }"
                         "           part b { allow tcp to 192.0.2.2 } }"
                         "policy p { use v.a }")
                  .empty());
  EXPECT_EQ(codes(), Codes{"missing-ports"});
}

TEST_F(CheckTest, C10_udp_443_is_not_implied) {
  const auto programs = check_text("policy p { allow tcp 443 to a.example.net }");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].rules[0].services, (std::vector{Service{protocol_tcp, 443, 443}}));
}

TEST_F(CheckTest, C10_any_is_open_services_in_an_allow_and_everything_in_a_deny) {
  const auto programs = check_text(
      "policy p { allow any to 192.0.2.1 deny any to 192.0.2.2 deny any or tcp 1 to 192.0.2.3 }");
  ASSERT_EQ(programs.size(), 1u);
  const auto& rules = programs[0].rules;
  EXPECT_FALSE(rules[0].every_service);
  EXPECT_EQ(rules[0].services, any_service());
  for (const Rule* deny : {&rules[1], &rules[2]}) {
    EXPECT_TRUE(deny->every_service);
    EXPECT_TRUE(deny->services.empty());
  }
}

TEST_F(CheckTest, C10_tcp_any_is_every_port) {
  const auto programs = check_text("policy p { allow tcp+udp any to 192.0.2.1 }");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].rules[0].services,
            (std::vector{Service{protocol_tcp, 0, 65535}, Service{protocol_udp, 0, 65535}}));
}

TEST_F(CheckTest, C7_ranges_stay_as_written) {
  const auto programs =
      check_text("policy p { allow tcp 443 to 10.0.1.0/24, 10.0.0.0/24, 10.0.1.0/24, 0.0.0.0/0 }");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(rules_of(programs[0]), "allow tcp 443 to 0.0.0.0/0, 10.0.0.0/24, 10.0.1.0/24\n");
}

TEST_F(CheckTest, zones_and_origins) {
  const auto programs = check_text(
      "zone a = 10.0.0.0/24, 10.0.1.0/24\n"
      "zone b = 10.1.0.0/24\n"
      "vendor v { part p {\n"
      "  allow tcp 443 to x.example.net } }\n"
      "policy p {\n"
      "  from b use v.p\n"
      "  from any allow tcp 443 to y.example.net }\n");
  ASSERT_EQ(programs.size(), 1u);
  const Program& program = programs[0];
  ASSERT_EQ(program.zones.size(), 2u);
  EXPECT_EQ(program.zones[0].ranges.size(), 1u) << "adjacent ranges merge";
  EXPECT_EQ(program.rules[0].zone, 1u);
  EXPECT_EQ(program.rules[0].origin,
            (Origin{"v", "p", {"root.sally", 4, 3}, {"root.sally", 6, 10}}));
  EXPECT_FALSE(program.rules[1].zone);
  EXPECT_EQ(program.rules[1].origin, (Origin{"", "", {"root.sally", 7, 12}, {}}));
}

TEST_F(CheckTest, every_choice_is_tried_without_a_use) {
  check_text(
      "vendor v { param c: good | bad_one | worse_one | fine  param l: list of label\n"
      "  part p { allow tcp 443 to {c}.example.net } }");
  // One complaint for the word, not one for each choice.
  EXPECT_EQ(codes(), Codes{"bad-host"});
}

TEST_F(CheckTest, lists_of_two_are_tried_without_a_use) {
  check_text(
      "vendor v { param l: list of port  param c: cidr\n"
      "  part p { allow tcp {l} to {c} allow tcp 8{l} to 192.0.2.{l} } }");
  EXPECT_EQ(codes(), Codes{});
}

TEST_F(CheckTest, required_is_what_the_used_part_needs) {
  const std::string vendor =
      "vendor v { param a: label param b: label let x = {b}.example.net\n"
      "  part one { allow tcp 443 to {a}.example.net }\n"
      "  part two { allow tcp 443 to {x} } }\n";
  EXPECT_EQ(check_text(vendor + "policy p { use v.one(a = k) use v.two(b = k, a = j) }").size(),
            1u);
  EXPECT_EQ(codes(), Codes{});
}

TEST_F(CheckTest, missing_parameter_is_told_at_the_use_once) {
  check_text(
      "vendor v { param a: label let x = {a}.example.net\n"
      "  part one { allow tcp 443 to {x}, {a}.example.org, {x} } }\n"
      "policy p { use v.one }");
  ASSERT_EQ(codes(), Codes{"missing-parameter"});
  const Diagnostic& missing = diagnostics_.all()[0];
  EXPECT_EQ(missing.span.text(), "v.one");
  ASSERT_FALSE(missing.notes.empty());
  EXPECT_EQ(missing.notes[0].span.text(), "a");
}

TEST_F(CheckTest, vendors_are_seen_through_imports_only) {
  add("root.sally", "policy p { use deep.x }", {1});
  add("a.sally", "vendor a { part x { allow tcp 443 to 192.0.2.1 } }", {2});
  add("b.sally", "vendor deep { part x { allow tcp 443 to 192.0.2.2 } }");
  const auto programs = check(modules_, diagnostics_);
  EXPECT_EQ(codes(), Codes{});
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(rules_of(programs[0]), "allow tcp 443 to 192.0.2.2\n");
}

TEST_F(CheckTest, policies_of_imported_files_are_left_alone) {
  add("root.sally", "policy p { use a }", {1});
  add("a.sally", "vendor a { part x { allow tcp 443 to 192.0.2.1 } } policy p { use moon }");
  const auto programs = check(modules_, diagnostics_);
  EXPECT_EQ(codes(), Codes{});
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].policy, "p");
}

TEST_F(CheckTest, settings) {
  const auto programs = check_text("policy p { ttl-floor 2s grace 0s max-stale 1m }");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].lifetimes, (Lifetimes{Seconds{2}, Seconds{0}, Seconds{60}}));
  EXPECT_TRUE(programs[0].rules.empty()) << "an empty policy denies everything";
}

}  // namespace
}  // namespace sallyport
