// SPDX-License-Identifier: GPL-2.0-or-later
// The formatter: single layouts, and over every policy text in the tree that it keeps the meaning
// and changes nothing the second time.
#include "compiler/format/format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/syntax/parser.h"
#include "tests/unit/syntax/ast_equal.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

std::string formatted(const std::string& text) {
  Diagnostics diagnostics;
  const Source source("test.sally", text);
  const auto result = format(source, diagnostics);
  EXPECT_TRUE(result) << render(diagnostics, false) << text;
  return result.value_or("");
}

struct Case {
  std::string name;
  std::string before;
  std::string after;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class Layout : public testing::TestWithParam<Case> {};

TEST_P(Layout, is_canonical) {
  EXPECT_EQ(formatted(GetParam().before), GetParam().after);
  EXPECT_EQ(formatted(GetParam().after), GetParam().after) << "a second time";
}

const Case layouts[] = {
    {"nothing", "", ""},
    {"blank_file", " \n\t\n", ""},
    {"only_comment", "\n\n# nothing yet  \r\n\n\n", "# nothing yet\n"},
    {"mark_and_line_ends", "\xEF\xBB\xBFimport a\r\n\r\nimport b\r\n", "import a\n\nimport b\n"},
    {"no_final_line_end", "import a,b", "import a, b\n"},
    {"blanks", "policy  p{allow tcp+udp   3478 ,5349   to a.example.com,b.example.com}",
     "policy p { allow tcp+udp 3478, 5349 to a.example.com, b.example.com }\n"},
    {"statements_on_one_line",
     "policy p { ttl-floor 1s grace 5s allow any to anywhere allow gre to 192.0.2.1 }",
     "policy p {\n  ttl-floor 1s\n  grace     5s\n  allow any to anywhere\n"
     "  allow gre to 192.0.2.1\n}\n"},
    {"statement_over_lines", "policy p {\nallow\ntcp 443\n  to\na.example.com ,\n b.example.com\n}",
     "policy p {\n  allow tcp 443 to a.example.com, b.example.com\n}\n"},
    {"blank_lines", "\n\nimport a\n\n\n\nimport b\nimport c\npolicy p {\n\n\n  grace 1h\n\n\n}\n\n",
     "import a\n\nimport b\nimport c\npolicy p {\n  grace 1h\n}\n"},
    {"empty_blocks", "policy a {\n}\npolicy b {\n# later\n\n}\npolicy c { # now\n}",
     "policy a {}\npolicy b {\n  # later\n}\npolicy c {  # now\n}\n"},
    {"equals_align", "zone staff = 10.20.0.0/16\nzone dmz = 10.40.0.0/24\n\nzone x = 10.1.0.0/16\n",
     "zone staff = 10.20.0.0/16\nzone dmz   = 10.40.0.0/24\n\nzone x = 10.1.0.0/16\n"},
    {"vlans_stand_behind_the_addresses",
     "zone voice=10.41.0.0/16,2001:db8:41::/64   vlan 41,50-59 , untagged\nnat64   "
     "2001:db8:64::/96 ,2001:db8:100::/40\n",
     "zone voice = 10.41.0.0/16, 2001:db8:41::/64 vlan 41, 50-59, untagged\nnat64 "
     "2001:db8:64::/96, 2001:db8:100::/40\n"},
    {"only_like_statements_align", "zone staff = 10.20.0.0/16\nresolver r = 10.0.0.53\n",
     "zone staff = 10.20.0.0/16\nresolver r = 10.0.0.53\n"},
    {"comments_between_lets",
     "vendor v { param a: label\nlet callers={a}.example.com\n# no rule\nlet b={a}.example.org }",
     "vendor v {\n  param a: label\n  let callers = {a}.example.com\n  # no rule\n"
     "  let b       = {a}.example.org\n}\n"},
    {"comments_behind_align",
     "vendor v {\nparam namespace: label # one\nparam cloud: public|usgov, default public\n"
     "param x: label # two\n\nparam y: label # three\n}",
     "vendor v {\n  param namespace: label                       # one\n"
     "  param cloud: public | usgov, default public\n"
     "  param x: label                               # two\n\n  param y: label  # three\n}\n"},
    {"comments_in_a_list",
     "policy p {\nallow tcp 443 to a.example.com, # first\n# the second\nb.example.com,\n"
     "c.example.com # third\n}",
     "policy p {\n  allow tcp 443 to a.example.com,  # first\n                   # the second\n"
     "                   b.example.com,\n                   c.example.com  # third\n}\n"},
    {"comment_in_a_heading", "policy p # why\n{\n allow any to anywhere }",
     "policy p  # why\n{\n  allow any to anywhere\n}\n"},
    {"hosts_one_to_a_line",
     "policy p { allow tcp 443 to alpha.service.example.com, beta.service.example.com, "
     "gamma.service.example.com, d.example.com private ok }",
     "policy p {\n  allow tcp 443 to alpha.service.example.com,\n"
     "                   beta.service.example.com,\n"
     "                   gamma.service.example.com,\n                   d.example.com\n"
     "      private ok\n}\n"},
    {"modifier_on_its_own_line",
     "policy p { allow tcp 443 to alpha.service.example.com, beta.service.example.com, "
     "gamma.service.example.com private ok }",
     "policy p {\n  allow tcp 443 to alpha.service.example.com, beta.service.example.com, "
     "gamma.service.example.com\n      private ok\n}\n"},
    {"short_words_fill",
     "zone z = 198.51.100.10/32, 198.51.100.11/32, 198.51.100.12/32, 198.51.100.13/32, "
     "198.51.100.14/32, 198.51.100.15/32\n",
     "zone z = 198.51.100.10/32, 198.51.100.11/32, 198.51.100.12/32, 198.51.100.13/32, "
     "198.51.100.14/32,\n         198.51.100.15/32\n"},
    {"arguments",
     "policy p { from any use acme.core(tenant = prod, relays = [relay1.example.net, "
     "relay2.example.net, relay3.example.net], cloud = china) }",
     "policy p {\n"
     "  from any use acme.core(tenant = prod,\n"
     "                         relays = [relay1.example.net, relay2.example.net, "
     "relay3.example.net],\n"
     "                         cloud = china)\n}\n"},
    {"long_argument",
     "policy p { use acme(relays = [relay1.alpha.example.net, relay2.alpha.example.net, "
     "relay3.alpha.example.net, r.example.net]) }",
     "policy p {\n"
     "  use acme(relays = [relay1.alpha.example.net,\n"
     "                     relay2.alpha.example.net,\n"
     "                     relay3.alpha.example.net,\n"
     "                     r.example.net])\n}\n"},
    {"alternatives",
     "vendor v { param cloud: public | usgov\nlet domain = servicebus.example.com when cloud "
     "public, "
     "servicebus.government.example.net when cloud usgov }",
     "vendor v {\n  param cloud: public | usgov\n"
     "  let domain = servicebus.example.com             when cloud public,\n"
     "               servicebus.government.example.net  when cloud usgov\n}\n"},
    {"strings_stay", "vendor v { source \"a  \\\"b\\\"\" seen 2024-05-17 note \"x\ty\" }",
     "vendor v {\n  source \"a  \\\"b\\\"\" seen 2024-05-17\n  note \"x\ty\"\n}\n"},
    {"packets_keep_their_blanks",
     "test \"t\" of p{given a.example.com is 192.0.2.1,192.0.2.2 at 2024-10-22\n"
     "expect pass tcp   10.0.0.1->a.example.com:443\n"
     "expect drop udp 10.0.0.1:5 -> [2001:db8::1]:443  x=1,y reason no-rule }",
     "test \"t\" of p {\n  given a.example.com is 192.0.2.1, 192.0.2.2\n  at 2024-10-22\n"
     "  expect pass tcp 10.0.0.1->a.example.com:443\n"
     "  expect drop udp 10.0.0.1:5 -> [2001:db8::1]:443 x=1,y reason no-rule\n}\n"},
    {"lists_in_braces", "policy p { allow tcp {80,443 } to g{1f..1i ,\t2}.example.com }",
     "policy p { allow tcp {80, 443} to g{1f..1i, 2}.example.com }\n"},
    {"alternatives_of_statements",
     "vendor v {\npart p optional inside full {\neither \"a\" needs observed-dns {\n"
     "allow tcp 443 to *.example.com } # any\nor \"b\" { allow gre to 192.0.2.1\n"
     "use w }\n} }",
     "vendor v {\n  part p optional inside full {\n    either \"a\" needs observed-dns {\n"
     "      allow tcp 443 to *.example.com\n    }  # any\n    or \"b\" {\n"
     "      allow gre to 192.0.2.1\n      use w\n    }\n  }\n}\n"},
    {"modifiers_in_lines",
     "policy p { allow tcp 443 to alpha.service.example.com, beta.service.example.com via vpn "
     "valid 2024-10-01 until 2025-02-01 owner \"net\" log }",
     "policy p {\n  allow tcp 443 to alpha.service.example.com, beta.service.example.com via vpn "
     "valid 2024-10-01\n      until 2025-02-01 owner \"net\" log\n}\n"},
    {"words_that_start_statements_start_no_line",
     "vendor v { param l: list of label }\npolicy p { use v(l = [aaaaaaaaaaaaaaaaaaaaaaaaaaaa, "
     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, grace, cccccccccccccccccccccccccc]) }",
     "vendor v { param l: list of label }\npolicy p {\n"
     "  use v(l = [aaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n"
     "             bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, grace,\n"
     "             cccccccccccccccccccccccccc])\n}\n"},
};

INSTANTIATE_TEST_SUITE_P(Format, Layout, testing::ValuesIn(layouts),
                         [](const auto& one) { return one.param.name; });

TEST(Format, refuses_text_with_syntax_errors) {
  Diagnostics diagnostics;
  const Source source("test.sally", "policy p { allow tcp 443 a.example.com }\n");
  EXPECT_FALSE(format(source, diagnostics));
  ASSERT_EQ(diagnostics.errors(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, "unexpected-token");
}

TEST(Format, keeps_to_the_page) {
  std::string text = "policy p { allow tcp 1";
  for (int port = 2; port < 400; ++port) text += ", " + std::to_string(port);
  text += " or udp 443 to host0.example.com";
  for (int host = 1; host < 40; ++host) text += ", host" + std::to_string(host) + ".example.com";
  const std::string laid = formatted(text + " private ok }");
  EXPECT_EQ(formatted(laid), laid);
  for (std::size_t begin = 0; begin < laid.size(); begin = laid.find('\n', begin) + 1) {
    EXPECT_LE(laid.find('\n', begin) - begin, format_columns) << laid.substr(begin, 120);
  }
}

/// Every policy text in the tree: examples, golden cases, the corpora of the fuzzers.
std::vector<fs::path> texts_in_the_tree() {
  std::vector<fs::path> files;
  const fs::path root = SALLYPORT_SOURCE_DIR;
  for (const char* folder : {"policies", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const bool corpus = entry.path().parent_path() == root / "tests/fuzz/corpus/parser" ||
                          entry.path().parent_path() == root / "tests/fuzz/corpus/format";
      if (entry.is_regular_file() && (corpus || entry.path().extension() == ".sally"))
        files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

TEST(Format, keeps_the_meaning_of_every_text_in_the_tree) {
  std::size_t parsed = 0;
  for (const fs::path& file : texts_in_the_tree()) {
    const Source before(file.string(), read_file(file).value());
    Diagnostics diagnostics;
    const Policy policy = parse(before, diagnostics);
    const auto text = format(before, diagnostics);
    EXPECT_EQ(text.has_value(), !diagnostics.has_errors()) << file;
    if (!text) continue;
    ++parsed;
    const Source after(file.string(), *text);
    EXPECT_TRUE(equal(policy, parse(after, diagnostics))) << file << '\n' << *text;
    EXPECT_FALSE(diagnostics.has_errors()) << file << '\n' << *text;
    EXPECT_EQ(formatted(*text), *text) << file;
  }
  EXPECT_GT(parsed, 60u);
}

TEST(Format, keeps_the_program_of_every_policy_in_the_tree) {
  std::size_t programs = 0;
  for (const fs::path& file : texts_in_the_tree()) {
    if (file.extension() != ".sally") continue;
    const auto before = compile(file);
    ASSERT_TRUE(before);
    const auto after = compile(file, [](const fs::path& path) -> Result<std::string> {
      auto text = read_file(path);
      if (!text) return text;
      Diagnostics diagnostics;
      const Source source(path.string(), *text);
      return format(source, diagnostics).value_or(*text);
    });
    ASSERT_TRUE(after);
    ASSERT_EQ(before->programs.size(), after->programs.size()) << file;
    for (std::size_t i = 0; i < before->programs.size(); ++i) {
      Program one = before->programs[i];
      Program other = after->programs[i];
      for (Program* program : {&one, &other}) {
        for (Rule& rule : program->rules) rule.origin.rule = rule.origin.use = {};
      }
      EXPECT_TRUE(one == other) << file;
      ++programs;
    }
  }
  EXPECT_GT(programs, 30u);
}

}  // namespace
}  // namespace sallyport
