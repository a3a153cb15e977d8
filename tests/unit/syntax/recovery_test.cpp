// SPDX-License-Identifier: GPL-2.0-or-later
// What the parser says about wrong policies: each error once, at its place, and the rest still
// read.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "compiler/codes/codes.h"
#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast_text.h"
#include "compiler/syntax/lexer.h"
#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

struct Parsed {
  std::string errors;  // `line:column code` for each, on lines of their own
  std::string shown;
  std::string text;
};

Parsed parsed(const std::string& text) {
  const Source source("f", text);
  Diagnostics diagnostics;
  Parsed result;
  result.text = ast_text(parse(source, diagnostics));
  result.shown = render(diagnostics, false);
  for (const Diagnostic& one : diagnostics.all()) {
    const Place place = one.span.place();
    result.errors += std::to_string(place.line) + ":" + std::to_string(place.column) + " " +
                     std::string(one.code) + "\n";
  }
  return result;
}

/// One wrong text, the one error it gives, and words that its message or notes must have.
struct Row {
  std::string text;
  std::string error;
  std::string says;
};

const Row rows[] = {
    // statements
    {"polcy p {}", "1:1 unknown-statement", "did you mean `policy`?"},
    {"policy p { alow any to x }", "1:12 unknown-statement", "did you mean `allow`?"},
    {"policy p { permit any to x }", "1:12 unknown-statement",
     "its statements are `note`, `owner`"},
    {"policy p { allow any to a b.com }", "1:27 unknown-statement", "only after a `,`"},
    {"allow any to x", "1:1 misplaced-statement", "in a part or a policy"},
    {"vendor v { use a }", "1:12 misplaced-statement", "cannot stand in vendor `v`"},
    {"vendor v { from a { allow any to x } }", "1:12 misplaced-statement", "directly in a policy"},
    {"}", "1:1 unexpected-token", "expected a statement, found `}`"},
    {"{ a }", "1:1 unexpected-token", "expected a statement, found `{`"},
    {"\"x\"", "1:1 unexpected-token", "found a string"},
    // blocks and strings
    {"policy p {", "1:10 unterminated-block", "the file ends here"},
    {"policy p {\n  from a {\n    allow any to x\n", "2:10 unterminated-block", "`from a`"},
    {"policy p {\n  allow any to x\nzone a = 10.0.0.0/8", "1:10 unterminated-block",
     "`zone` stands outside of it"},
    {"vendor v {\n  part a {\n    allow any to x\n  part b {\n    allow any to x\n  }\n}",
     "2:10 unterminated-block", "part `a`"},
    {"test \"x\" {\npolicy p {}", "1:10 unexpected-token", "expected `of`"},
    {"test \"x\" of p {\npolicy p {}", "1:15 unterminated-block", "test `x`"},
    {"vendor v { part a when { } }", "1:24 unexpected-token", "the parameter to ask"},
    {"vendor v { part a when cloud { } }", "1:30 unexpected-token", "a choice"},
    {"vendor v { part a inside { } }", "1:26 unexpected-token", "a minimal version"},
    {"vendor v { part a { either needs { } } }", "1:34 unexpected-token", "the capability"},
    {"vendor v { part a { either x } }", "1:28 unexpected-token", "expected `{`"},
    {"vendor v { part a { either { either { } } } }", "1:30 misplaced-statement", "an alternative"},
    {"policy p { either { let a = b } }", "1:21 misplaced-statement", "in a vendor or a part"},
    {"policy p { or { allow any to x } }", "1:12 unknown-statement", "its statements are"},
    {"policy p { never \"x\" }", "1:18 unexpected-token", "a host name or a pattern"},
    {"policy p { lint feed aws }", "1:17 unexpected-token", "`not feed` and a format"},
    {"policy p { lint not azure }", "1:21 unexpected-token", "expected `feed`"},
    {"policy p { lint not feed }", "1:26 unexpected-token", "the feed's format"},
    {"policy p { lint not feed aws where tag \"x\" }", "1:40 unexpected-token", "expected `=`"},
    {"policy p { from any { lint not feed aws } }", "1:23 misplaced-statement", "part or policy"},
    {"policy p { capabilities }", "1:25 unexpected-token", "such as `observed-dns`"},
    {"policy p { owner me }", "1:18 unexpected-token", "a text in quotes"},
    {"policy p { owner \"a\"\n owner \"b\" }", "2:2 repeated-modifier", "twice"},
    {"test x of p { }", "1:6 unexpected-token", "the test's title"},
    {"test \"x\" of p { expext drop }", "1:17 unknown-statement", "did you mean `expect`?"},
    {"test \"x\" of p { given a.example.com 192.0.2.1 }", "1:37 unexpected-token", "expected `is`"},
    {"test \"x\" of p { given a.example.com is }", "1:40 unexpected-token", "an address or `none`"},
    {"test \"x\" of p { expect tcp 10.0.0.1 -> a.example.com:1 }", "1:24 unexpected-token",
     "`pass` or `drop`"},
    {"test \"x\" of p { expect pass }", "1:29 unexpected-token", "expected a packet"},
    {"test \"x\" of p { expect pass in }", "1:32 unexpected-token", "expected a packet"},
    {"test \"x\" of p { expect drop tcp a -> b reason }", "1:47 unexpected-token",
     "expected the reason"},
    {"test \"x\" of p { at noon }", "1:20 bad-date", "2024-10-22"},
    {"test \"x\" of p { at 2024-01-01\n at 2024-01-02 }", "2:5 repeated-modifier", "twice"},
    {"policy p allow any to x }", "1:10 unexpected-token", "expected `{`, found `allow`"},
    {"vendor v { source \"abc\n}", "1:19 unterminated-string", "the line ends here"},
    {"vendor v { note \"a\\qb\" }", "1:19 bad-escape", "another escape"},
    // characters
    {"zone a = 10.0.0.0/8;", "1:20 bad-character", "needs no mark"},
    {"vendor v { note 'abc' }", "1:17 bad-character\n1:21 bad-character", "double quotes"},
    {"zone a = 10.0.0\xFF.0/8", "1:16 bad-character", "byte 0xFF"},
    // names
    {"zone any = 10.0.0.0/8", "1:6 bad-name", "every local address"},
    {"zone a.b = 10.0.0.0/8", "1:6 bad-name", "letters, digits"},
    {"policy {}", "1:8 unexpected-token", "the policy's name"},
    {"policy p { use a.b.c }", "1:16 bad-name", "`acme.core`"},
    {"policy p { use {x}.c }", "1:16 bad-name", "`acme.core`"},
    // lists and values
    {"zone a = 10.0.0.0/8,", "1:21 unexpected-token", "expected an address, found the end"},
    {"zone a = 10.0.0.0/8,\npolicy p {}", "2:1 unexpected-token", "found `policy`"},
    {"zone a = 10.0.0.0/8 vlan", "1:25 unexpected-token", "a VLAN id or `untagged`"},
    {"zone a = 10.0.0.0/8 vlan 40,", "1:29 unexpected-token", "a VLAN id or `untagged`"},
    {"nat64", "1:6 unexpected-token", "a prefix such as"},
    {"policy p {\n  nat64 2001:db8::/96\n}", "2:3 misplaced-statement", "at the top of a file"},
    {"zone a 10.0.0.0/8", "1:8 unexpected-token", "expected `=`"},
    {"resolver r = 10.0.0.1 port", "1:27 unexpected-token", "expected a port"},
    {"import \"a\"", "1:8 unexpected-token", "without quotes"},
    {"import {a}/b", "1:8 unexpected-token", "plain path"},
    {"policy p { use a(b = c, d) }", "1:26 unexpected-token", "written `[a, b]`"},
    {"policy p { use a(b = [c, d }", "1:28 unexpected-token", "expected `,` or `]`"},
    {"policy p { use a(b = c }", "1:24 unexpected-token", "expected `,` or `)`"},
    {"vendor v { let d = a, b }", "1:21 unexpected-token", "expected `when`"},
    {"vendor v { let d = a when c x, b }", "1:34 unexpected-token", "expected `when`"},
    {"vendor v { let d = a when }", "1:27 unexpected-token", "the parameter to ask"},
    // Either could be a host, and two hosts with blanks between them are no third host.
    {"policy p { allow any to {a} - {b} }", "1:25 unexpected-token", "beside the dash"},
    {"policy p { allow any to a.example.com -b.example.com }", "1:25 unexpected-token",
     "beside the dash"},
    {"policy p { allow any to 192.0.2.1 - }", "1:37 unexpected-token", "the end of the range"},
    {"policy p { allow any to 192.0.2.1- 192.0.2.9- }", "1:47 unexpected-token",
     "the end of the range"},
    // parameters
    {"vendor v { param a label }", "1:20 unexpected-token", "expected `:` and a type"},
    {"vendor v { param a: hosst }", "1:21 unknown-type", "did you mean `host`?"},
    {"vendor v { param a: string }", "1:21 unknown-type", "expected `label`"},
    {"vendor v { param a: list host }", "1:26 unexpected-token", "expected `of`"},
    {"vendor v { param a: x | }", "1:25 unexpected-token", "another choice"},
    {"vendor v { param a: label default b }", "1:27 unexpected-token", "`,` before `default`"},
    {"vendor v { source \"x\" seen 2023-02-29 }", "1:28 bad-date", "2024-10-22"},
    {"vendor v { let d = first label of x.y }", "1:35 unexpected-token", "expected `cname`"},
    {"vendor v { let d = first label of cname }", "1:41 unexpected-token", "the host"},
    {"vendor v { let d = first label of cname x.y, upper case }", "1:46 unexpected-token",
     "expected `lower case` or `without prefix`"},
    {"vendor v { let d = first label of cname x.y, without prefix a }", "1:61 unexpected-token",
     "a prefix, in quotes"},
    // rules
    {"policy p { allow to x }", "1:18 unexpected-token", "expected a service"},
    {"policy p { allow 443 to x }", "1:18 unexpected-token", "after its protocol"},
    {"policy p { allow protocol gre to x }", "1:27 unexpected-token", "protocol number"},
    {"policy p { allow tcp 443 }", "1:26 unexpected-token", "expected `to`"},
    {"policy p { allow tcp 443, to x }", "1:27 unexpected-token", "a port or type"},
    {"policy p { allow tcp 443, udp 53 to x }", "1:31 unexpected-token", "joined by `or`"},
    {"policy p { allow tcp 443 from x }", "1:26 unexpected-token", "`from ZONE { ... }`"},
    {"policy p { allow tcp 443 to }", "1:29 unexpected-token", "expected a destination"},
    {"policy p { allow any to \"x\" }", "1:25 unexpected-token", "found a string"},
    {"policy p { allow any to {a b} }", "1:25 unexpected-token", "found `{`"},
    {"policy p { allow any to x private }", "1:35 unexpected-token", "expected `ok`"},
    {"policy p { allow any to x private ok private ok }", "1:38 repeated-modifier", "twice"},
    {"policy p { allow any to x log absent ok log }", "1:41 repeated-modifier", "1:27: note"},
    {"policy p { allow any to x absent }", "1:34 unexpected-token", "expected `ok` after `absent`"},
    {"policy p { allow any to x valid }", "1:33 unexpected-token", "a date such as"},
    {"policy p { allow any to x until 2025-02-29 }", "1:33 bad-date", "2024-10-22"},
    {"policy p { allow any to x via }", "1:31 unexpected-token", "the name of a resolver"},
    {"policy p { allow any to x unless d is \"v\" }", "1:36 unexpected-token", "expected `like`"},
    {"policy p { allow any to x unless d like v }", "1:41 unexpected-token", "in quotes"},
    {"policy p { allow any to x owner net }", "1:33 unexpected-token", "in quotes"},
    {"policy p { use a.b log }", "1:20 misplaced-modifier", "`via`, `valid`, `until` and `owner`"},
    {"policy p { log }", "1:12 unknown-statement", "`log` stands at the end of a rule"},
    {"policy p { via vpn }", "1:12 unknown-statement", "at the end of a rule or of a `use`"},
    {"policy p { from staff }", "1:23 unexpected-token", "`{`, `allow`, `deny` or `use`"},
    {"policy p { grace }", "1:18 unexpected-token", "a duration"},
    {"policy p { allow any to g{9..1} }", "1:26 bad-expansion", "the smaller number"},
    {"policy p { allow any to g{00..1} }", "1:26 bad-expansion", "leading zeros"},
};

TEST(Recovery, EachMistakeIsReportedOnceAtItsPlace) {
  for (const Row& row : rows) {
    const Parsed result = parsed(row.text);
    EXPECT_EQ(result.errors, row.error + "\n") << row.text << "\n" << result.shown;
    EXPECT_NE(result.shown.find(row.says), std::string::npos) << row.says << "\n" << result.shown;
  }
}

TEST(Recovery, SeveralErrorsInOneRunAndTheRestIsRead) {
  const Parsed result = parsed(
      "zone staff = \n"
      "zone dmz = 10.40.0.0/24\n"
      "vendor acme {\n"
      "  param a: hosst\n"
      "  part core {\n"
      "    allow 443 to x\n"
      "    allow tcp 443 to y\n"
      "  }\n"
      "}\n"
      "policy branch {\n"
      "  from staff {\n"
      "    use acme.core(a = b, c)\n"
      "    allow tcp 80 to z\n"
      "  }\n"
      "  denny any to 192.0.2.1\n"
      "  deny any to 192.0.2.2\n"
      "}\n");
  EXPECT_EQ(result.errors,
            "2:1 unexpected-token\n"
            "4:12 unknown-type\n"
            "6:11 unexpected-token\n"
            "12:27 unexpected-token\n"
            "15:3 unknown-statement\n");
  for (const char* kept : {"zone dmz = 10.40.0.0/24", "allow tcp 443 to y", "allow tcp 80 to z",
                           "deny any to 192.0.2.2"}) {
    EXPECT_NE(result.text.find(kept), std::string::npos) << result.text;
  }
  EXPECT_EQ(result.text.find("192.0.2.1"), std::string::npos) << result.text;
}

TEST(Recovery, TooManyErrorsEndTheReading) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "}\n";
  const Parsed result = parsed(text);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(result.errors, '\n')), error_limit + 1);
  EXPECT_TRUE(result.errors.ends_with("too-many-errors\n"));
}

TEST(Recovery, AFileThatIsTooLargeIsRefused) {
  EXPECT_EQ(parsed(std::string((64u << 20) + 1, ' ')).errors, "1:1 file-too-large\n");
}

TEST(Recovery, DepthAndGarbageAreHarmless) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  for (const std::string& text :
       {std::string(1u << 16, '{'), std::string(1u << 16, '}'), std::string(1u << 16, '('),
        std::string(1u << 16, '"'), std::string(1u << 16, ':'), "zone a = " + all_bytes,
        "policy p { allow any to " + std::string(1u << 16, '-')}) {
    parsed(text);
  }
  std::string nested;
  for (int i = 0; i < 10000; ++i) nested += "policy p { ";
  EXPECT_FALSE(parsed(nested).errors.empty());
}

TEST(Recovery, EverySyntaxCodeIsShownByACase) {
  std::set<std::string> shown = {"too-many-errors", "file-too-large"};  // cases above
  for (const Row& row : rows) shown.insert(row.error.substr(row.error.rfind(' ') + 1));
  const CodeFamily& text = code_families().front();
  for (const CodePage& page : text.pages) {
    EXPECT_TRUE(shown.contains(std::string(page.code))) << page.code << " has no case";
  }
  for (const std::string& code : shown) EXPECT_TRUE(find_page(code)) << code << " has no page";
}

}  // namespace
}  // namespace sallyport
