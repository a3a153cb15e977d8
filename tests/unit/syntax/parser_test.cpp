// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar: every statement, read into the AST and printed back in canonical form.
#include "compiler/syntax/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "compiler/syntax/ast_text.h"
#include "tests/unit/syntax/ast_equal.h"

namespace sallyport {
namespace {

Policy parse_clean(const Source& source) {
  Diagnostics diagnostics;
  Policy policy = parse(source, diagnostics);
  EXPECT_EQ(render(diagnostics, false), "");
  return policy;
}

/// In a policy named `p`, the statement and how it is printed; empty if that is the same.
struct Row {
  std::string text;
  std::string printed = {};
};

void expect_printed(const std::string& before, const Row& row, const std::string& after) {
  const Source source("f", before + row.text + after);
  const Policy policy = parse_clean(source);
  const std::string text = ast_text(policy);
  EXPECT_EQ(text, before + (row.printed.empty() ? row.text : row.printed) + after);
  const Source printed("printed", text);
  EXPECT_TRUE(equal(policy, parse_clean(printed))) << text;
}

TEST(Parser, Rules) {
  const Row rows[] = {
      {"allow tcp 443 to a.example"},
      {"allow tcp\n443\nto\na.example", "allow tcp 443 to a.example"},
      {"deny any to 192.0.2.66"},
      {"allow tcp+udp 3478, 5349 to x"},
      {"allow tcp + udp 3478,5349 to x", "allow tcp+udp 3478, 5349 to x"},
      {"allow udp 10000-60000 to 168.86.128.0/18"},
      {"allow udp 10000 - 60000 to x", "allow udp 10000-60000 to x"},
      {"allow tcp any to x"},
      {"allow icmp echo-request or icmpv6 128 or icmp 0-255 to x"},
      {"allow gre or protocol 47 or protocol 50+esp to x"},
      {"allow tcp+udp 5938 or tcp 443 or tcp 80 to master*.teamviewer.com"},
      {"allow any to *.x, ?.x, .x, a.*.b"},
      {"allow any to 192.0.2.1-192.0.2.9, 2001:db8::/32, ::1, ::, 10.0.0.0/8"},
      {"allow any to 13.210.2.128 - 13.210.2.159", "allow any to 13.210.2.128-13.210.2.159"},
      {"allow any to 192.0.2.1- 192.0.2.9, 192.0.2.1 -192.0.2.9",
       "allow any to 192.0.2.1-192.0.2.9, 192.0.2.1-192.0.2.9"},
      {"allow any to {a}-{b}"},
      {"allow any to {endpoints}, g{0..127}-{d}-sb.{domain}"},
      {"allow any to anywhere private ok"},
      {"allow any to x valid 2024-10-01 until 2025-02-01"},
      {"deny any to 192.0.2.66 until 2025-02-01 log"},
      {"allow any to g{0..9}.x absent ok unless d like \"*-v*\" via vpn"},
      {"allow any to x note \"why \\\"so\\\"\" log until 2025-02-01 owner \"net\"",
       "allow any to x until 2025-02-01 owner \"net\" log note \"why \\\"so\\\"\""},
      {"allow tcp to x"},
  };
  for (const Row& row : rows) expect_printed("policy p {\n  ", row, "\n}\n");
}

TEST(Parser, UsesSettingsAndDirections) {
  const Row rows[] = {
      {"ttl-floor 2s grace 5s max-stale 24h", "ttl-floor 2s\n  grace 5s\n  max-stale 24h"},
      {"use acme"},
      {"use acme.core"},
      {"use acme.core()", "use acme.core"},
      {"use acme owner \"net\" until 2025-02-01 via vpn",
       "use acme via vpn until 2025-02-01 owner \"net\""},
      {"use acme.core(a = b) via vpn valid 2024-10-01"},
      {"use acme.core(a=b,c=[d,e],f=[])", "use acme.core(a = b, c = [d, e], f = [])"},
      {"from staff allow any to x", "from staff {\n    allow any to x\n  }"},
      {"from any use acme", "from any {\n    use acme\n  }"},
      {"to dmz {}", "to dmz {\n  }"},
      {"from a { use b use c.d deny any to x }",
       "from a {\n    use b\n    use c.d\n    deny any to x\n  }"},
  };
  for (const Row& row : rows) expect_printed("policy p {\n  ", row, "\n}\n");
}

TEST(Parser, VendorStatements) {
  const Row rows[] = {
      {"source \"the \\\"page\\\"\" seen 2024-10-22"},
      {"source \"page\""},
      {"note \"n\" source \"page\" owner \"o\"", "source \"page\"\n  owner \"o\"\n  note \"n\""},
      {"never a.example, *.b.example \"why\""},
      {"lint not feed aws where tag = \"a\" or {x} and region = b \"why\"",
       "lint not feed aws where tag = \"a\" or {x} and region = \"b\" \"why\""},
      {"lint not feed cidr-list"},
      {"param namespace: label"},
      {"param cloud: public | usgov | china, default public"},
      {"param release: 2.0.x|2.1.x", "param release: 2.0.x | 2.1.x"},
      {"param ends: list of host, default [a.example, b.example]"},
      {"param net: cidr\n  param nets: list of cidr\n  param port: port, default 443"},
      {"param sites: list of eu | us"},
      {"let d = x"},
      {"let d = [a, b]"},
      {"let d = a when cloud public,\n b when cloud usgov",
       "let d = a when cloud public, b when cloud usgov"},
      {"let d = first label of cname {a}.x, lower case, without prefix \"n-m-\" else \"n-\""},
      {"let d = first label of cname x, without prefix \"n-\", lower case",
       "let d = first label of cname x, lower case, without prefix \"n-\""},
      {"let first = first"},
      {"part core {\n  }"},
      {"part core \"Core \\\\ more\" optional {\n  }"},
      {"part core optional { note \"n\" let d = x allow any to {d} }",
       "part core optional {\n    note \"n\"\n    let d = x\n    allow any to {d}\n  }"},
      {"part core inside all when cloud a, b optional { }",
       "part core optional when cloud a, b inside all {\n  }"},
      {"part core { either \"t\" needs x { let d = y use a.b } or { allow any to y } use z }",
       "part core {\n    either \"t\" needs x {\n      let d = y\n      use a.b\n    } or {\n      "
       "allow "
       "any to y\n    }\n    use z\n  }"},
  };
  for (const Row& row : rows) {
    expect_printed("vendor acme \"Acme\" version \"2.0.x\" {\n  ", row, "\n}\n");
  }
  expect_printed("", {"vendor 8x8 {}", "vendor 8x8 {\n}"}, "\n");
}

TEST(Parser, FileStatements) {
  const Row rows[] = {
      {"import vendors/azure-relay, ../b", "import vendors/azure-relay\nimport ../b"},
      {"zone staff = 10.20.0.0/16, 2001:db8:20::/48"},
      {"zone old = 10.0.0.1 - 10.0.0.9", "zone old = 10.0.0.1-10.0.0.9"},
      {"zone cameras = 10.40.0.0/16 vlan 40"},
      {"zone voice = 10.41.0.0/16, 10.42.0.0/16 vlan 41, 50 - 59,untagged",
       "zone voice = 10.41.0.0/16, 10.42.0.0/16 vlan 41, 50-59, untagged"},
      {"nat64 2001:db8:64::/96, 2001:db8:100::/40"},
      {"nat64 2001:db8:64::/96\nnat64 2001:db8:100::/40"},
      {"resolver office = 10.0.0.53 port 5353, 2001:db8::53"},
      {"policy p {}", "policy p {\n}"},
      {"zone a = 10.0.0.0/8 # here\n# and here", "zone a = 10.0.0.0/8"},
  };
  for (const Row& row : rows) expect_printed("", row, "\n");
}

TEST(Parser, WordsOfTheLanguageAreNamesElsewhere) {
  const Row rows[] = {
      {"vendor policy {\n  param zone: label\n  param source: host\n  part to {\n"
       "    allow any to {zone}.{source}, in\n  }\n}"},
      {"policy from {\n  use policy.to(zone = zone, source = test)\n}"},
  };
  for (const Row& row : rows) expect_printed("", row, "\n");
}

TEST(Parser, SpansAreTheAuthorsText) {
  const Source source("f",
                      "policy p {\n  from staff { allow tcp 443 or udp 1 - 2 to a, b private ok }\n"
                      "  use acme.core(x = [a, b]) }");
  const Policy policy = parse_clean(source);
  const auto& items = policy.policies.at(0).items;
  const auto& block = std::get<DirectionBlock>(items.at(0));
  const auto& rule = std::get<RuleStatement>(block.items.at(0));
  const auto& use = std::get<UseStatement>(items.at(1));
  EXPECT_EQ(policy.policies[0].span.text(), source.text());
  EXPECT_EQ(block.zone.span.text(), "staff");
  EXPECT_EQ(rule.span.text(), "allow tcp 443 or udp 1 - 2 to a, b private ok");
  EXPECT_EQ(rule.services.at(0).span.text(), "tcp 443");
  EXPECT_EQ(rule.services.at(1).span.text(), "udp 1 - 2");
  EXPECT_EQ(rule.services.at(1).ports.at(0).pieces.at(0).text, "1-2");
  EXPECT_EQ(rule.destinations.at(1).span.text(), "b");
  EXPECT_EQ(rule.modifiers.at(0).span.text(), "private ok");
  EXPECT_EQ(use.span.text(), "use acme.core(x = [a, b])");
  EXPECT_EQ(use.vendor.span.text(), "acme");
  EXPECT_EQ(use.part->span.text(), "core");
  EXPECT_EQ(use.arguments.at(0).value.span.text(), "[a, b]");
}

TEST(Parser, LineEndsAndMarksMakeNoDifference) {
  const std::string unix_text = "zone a = 10.0.0.0/8\npolicy p {\n  allow any to x\n}\n";
  std::string dos_text = "\xEF\xBB\xBF";
  for (const char c : unix_text) dos_text += c == '\n' ? "\r\n" : std::string(1, c);
  std::string flat_text = unix_text;
  for (char& c : flat_text) c = c == '\n' ? ' ' : c;
  const Source unix_source("f", unix_text);
  const Policy policy = parse_clean(unix_source);
  for (const std::string& text : {dos_text, flat_text, unix_text.substr(0, unix_text.size() - 1)}) {
    const Source source("f", text);
    EXPECT_TRUE(equal(policy, parse_clean(source))) << text;
  }
}

}  // namespace
}  // namespace sallyport
