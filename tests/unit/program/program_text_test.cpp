// SPDX-License-Identifier: GPL-2.0-or-later
// The canonical text: stable, read back to an equal program, and refused with a clear word where
// anything is not as it would have been written (C3).
#include "compiler/program/program_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view sample =
    R"(sallyport program 1
policy "branch"
lifetimes 10 default 86400
resolver "office"
  server 10.0.0.53 53
  server 2001:db8::53 5353
zone "staff"
  range 10.20.0.0/16
  range 2001:db8:20::/48
zone "lab"
rule allow 0
  service tcp 443
  service udp 3478-3480
  range 192.0.2.0/24
  range 192.0.2.7
  name a.example.com
  name b.example.com
  pattern *.example.net
  private-ok
  vendor "azure-relay" "hybrid"
  at "vendors/azure \"relay\".sally" 14 3
  use "branch.sally" 4 5
rule deny any
  every-service
  range 0.0.0.0/0
  vendor "" ""
  at "back\\slash\x09.sally" 20 1
  use "" 0 0
end
)";

std::string fault_in(std::string_view text) {
  const auto program = read_program(text);
  return program ? "" : program.error().text();
}

/// The sample with one passage replaced.
std::string with(std::string_view old_text, std::string_view new_text) {
  std::string text(sample);
  const auto at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

TEST(ProgramText, IsReadBackInEveryField) {
  const auto program = read_program(sample);
  ASSERT_TRUE(program) << program.error().text();
  EXPECT_EQ(program->policy, "branch");
  EXPECT_EQ(program->lifetimes.ttl_floor, Seconds(10));
  EXPECT_FALSE(program->lifetimes.grace);
  EXPECT_EQ(program->lifetimes.max_stale, Seconds(86400));
  ASSERT_EQ(program->resolvers.size(), 1U);
  EXPECT_EQ(program->resolvers[0].servers[1].address.text(), "2001:db8::53");
  EXPECT_EQ(program->resolvers[0].servers[1].port, 5353);
  ASSERT_EQ(program->zones.size(), 2U);
  EXPECT_EQ(program->zones[0].ranges[1].text(), "2001:db8:20::/48");
  EXPECT_TRUE(program->zones[1].ranges.empty());
  ASSERT_EQ(program->rules.size(), 2U);
  const Rule& allow = program->rules[0];
  EXPECT_EQ(allow.zone, 0U);
  EXPECT_EQ(allow.services[1].text(), "udp 3478-3480");
  EXPECT_EQ(allow.remote.ranges.size(), 2U);
  EXPECT_EQ(allow.remote.names[1].text(), "b.example.com");
  EXPECT_EQ(allow.remote.patterns[0].text(), "*.example.net");
  EXPECT_TRUE(allow.private_ok);
  EXPECT_EQ(allow.origin.vendor, "azure-relay");
  EXPECT_EQ(allow.origin.part, "hybrid");
  EXPECT_EQ(allow.origin.rule, (Place{"vendors/azure \"relay\".sally", 14, 3}));
  EXPECT_EQ(allow.origin.use, (Place{"branch.sally", 4, 5}));
  const Rule& deny = program->rules[1];
  EXPECT_EQ(deny.action, Action::deny);
  EXPECT_FALSE(deny.zone);
  EXPECT_TRUE(deny.every_service);
  EXPECT_EQ(deny.origin.rule.file, "back\\slash\t.sally");
  EXPECT_EQ(program_text(*program), sample);
}

/// Every line that few programs have.
constexpr std::string_view rare_lines =
    R"(sallyport program 1
policy "branch"
lifetimes 10 default 86400
owner "network team"
note "the office"
note "and its lab"
needs "observed-dns"
nat64 2001:db8:64::/96
feed "azure" "feeds/azure.json" "azure-service-tags" "363" "2025-07-21" "00ff" 90493
vendor "acme" "Acme Cloud" "2.0.x" "voice team"
  source "the page" "2024-05-17"
  source "the portal" ""
  note "of May"
  part "calls" "voice and video"
  note "both ways"
  part "web" ""
resolver "vpn"
  server 10.0.0.53 53
zone "guests"
  range 10.7.0.0/24
  vlan 0 0
  vlan 30 39
derivation "acme.example.net" "ns-sb2-" "ns-"
never "*.lb.example.com" "it never calls" "acme.sally" 3 5
never "lb.example.com" "" "acme.sally" 4 5
choice 2 3 "by name" "observed-dns is not declared" "acme.sally" 7 5
rule allow in 0
  service tcp 443
  name fe1.example.com
  derived 0 "g0-" "-sb.example.net" ""
  derived 0 "gv0-" "-sb.example.net" "*-v*"
  absent-ok
  log
  via "vpn"
  valid 2024-10-01
  until 2025-02-01
  owner "web team"
  note "until the move"
  vendor "" ""
  at "branch.sally" 20 1
  use "" 0 0
end
)";

TEST(ProgramText, ReadsTheLinesThatFewProgramsHave) {
  const auto program = read_program(rare_lines);
  ASSERT_TRUE(program) << program.error().text();
  EXPECT_EQ(program_text(*program), rare_lines);
  EXPECT_EQ(program->owner, "network team");
  EXPECT_EQ(program->notes, (std::vector<std::string>{"the office", "and its lab"}));
  const VendorRecord& vendor = program->vendors.at(0);
  EXPECT_EQ(vendor.version, "2.0.x");
  EXPECT_EQ(vendor.sources.at(0).seen, "2024-05-17");
  EXPECT_EQ(vendor.notes, std::vector<std::string>{"of May"});
  EXPECT_EQ(vendor.parts.at(0).notes, std::vector<std::string>{"both ways"});
  EXPECT_EQ(program->rules.at(0).note, "until the move");
  EXPECT_EQ(program->needs, std::vector<std::string>{"observed-dns"});
  EXPECT_EQ(program->feeds.at(0).entries, 90493U);
  EXPECT_EQ(program->zones.at(0).vlans, (std::vector<VlanRange>{{0, 0}, {30, 39}}));
  EXPECT_EQ(program->derivations.at(0).prefixes.size(), 2U);
  EXPECT_TRUE(program->nevers.at(0).pattern && program->nevers.at(1).name);
  const Rule& rule = program->rules.at(0);
  EXPECT_EQ(rule.direction, Direction::inward);
  EXPECT_EQ(rule.remote.derived.at(1).unless, "*-v*");
  EXPECT_EQ(day_text(rule.validity.until.value()), "2025-02-01");
  EXPECT_EQ(rule_text(rule, program->derivations),
            "allow in tcp 443 from fe1.example.com, g0-{label}-sb.example.net (label of "
            "acme.example.net), "
            "gv0-{label}-sb.example.net (label of acme.example.net unless like \"*-v*\") absent ok "
            "via vpn valid 2024-10-01 until "
            "2025-02-01 log");
}

TEST(ProgramText, RefusesFaultsInTheLinesThatFewProgramsHave) {
  const auto fault = [](std::string_view old_text, std::string_view new_text) {
    std::string text(rare_lines);
    return fault_in(text.replace(text.find(old_text), old_text.size(), new_text));
  };
  EXPECT_THAT(fault("nat64 2001:db8:64::/96", "nat64 192.0.2.0/24"), HasSubstr("IPv6 prefixes"));
  EXPECT_THAT(fault("90493", "-1"), HasSubstr("expected six strings and a number"));
  EXPECT_THAT(fault("\"2.0.x\" ", ""), HasSubstr("expected four strings"));
  EXPECT_THAT(fault("\"2024-05-17\"", "\"May\""), HasSubstr("a text and a day"));
  EXPECT_THAT(fault("  note \"of May\"\n", "  note \"\"\n  source \"\" \"\"\n"),
              HasSubstr("a source behind a note"));
  EXPECT_THAT(fault("part \"web\"", "part \"calls\""), HasSubstr("a second part"));
  EXPECT_THAT(fault("part \"web\"", "parts \"web\""), HasSubstr("`source`, `note` or `part`"));
  EXPECT_THAT(fault("vendor \"acme\"", "vendor \"a\" \"\" \"\" \"\"\nvendor \"a\""),
              HasSubstr("a second vendor"));
  EXPECT_THAT(fault("vlan 30 39", "vlan 1 39"), HasSubstr("VLAN ids in order and merged"));
  EXPECT_THAT(fault("vlan 30 39", "vlan 30 4095"), HasSubstr("VLAN ids from 0 to 4094"));
  EXPECT_THAT(fault("via \"vpn\"", "via \"office\""), HasSubstr("the name of a resolver above"));
  EXPECT_THAT(fault("until 2025-02-01", "until 2024-10-01"), HasSubstr("never valid"));
  EXPECT_THAT(fault("until 2025-02-01", "until 2025-02-30"), HasSubstr("expected a day"));
  EXPECT_THAT(fault("derived 0 \"g0-\"", "derived 1 \"g0-\""), HasSubstr("an index below 1"));
  EXPECT_THAT(fault("derived 0 \"g0-\"", "derived 0 \"x-\""), HasSubstr("is not in order"));
  EXPECT_THAT(fault("never \"lb.", "never \"LB."), HasSubstr("a host name or a name pattern"));
  EXPECT_THAT(fault("allow in", "deny in"), HasSubstr("speaks of names"));
  EXPECT_THAT(fault("derivation \"acme.example.net\"", "rule"), HasSubstr("`allow` or `deny`"));
  EXPECT_THAT(fault("needs \"observed-dns\"\n", "needs \"b\"\nneeds \"a\"\n"),
              HasSubstr("needs in order"));
  EXPECT_THAT(fault("owner \"network team\"\n", "resolver \"x\"\n  server ::1 53\n"),
              HasSubstr("found a note behind a resolver"));
}

TEST(ProgramText, C3_RoundTripsRandomPrograms) {
  std::mt19937_64 random(20241022);
  for (int round = 0; round < 1000; ++round) {
    Program program = random_program(random);
    // Any bytes may stand in a string.
    for (std::size_t count = random() % 12; count > 0; --count) {
      program.policy += static_cast<char>(random());
      if (!program.rules.empty()) program.rules[0].origin.use.file += static_cast<char>(random());
    }
    const std::string text = program_text(program);
    const auto read = read_program(text);
    ASSERT_TRUE(read) << "round " << round << ": " << read.error().text() << "\n" << text;
    ASSERT_EQ(*read, program) << "round " << round << "\n" << text;
    ASSERT_EQ(program_text(*read), text) << "round " << round;
  }
}

TEST(ProgramText, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < sample.size(); ++size) {
    EXPECT_THAT(fault_in(sample.substr(0, size)), StartsWith("cannot read the program: line "))
        << size;
  }
}

TEST(ProgramText, NamesTheLineWhatWasFoundAndWhatWasExpected) {
  struct Row {
    std::string text;
    const char* words;
  };
  const Row rows[] = {
      {"", "line 1: the text ends here, expected `end`"},
      {"sallyport program 2\n",
       "line 1: found `sallyport program 2`, expected `sallyport program 1`"},
      {with("policy \"branch\"", "policy branch"), "line 2: found `branch`, expected a string"},
      {with("policy \"branch\"", "policy \"branch\" "), "line 2: found"},
      {with("policy \"branch\"", "policy  \"branch\""), "line 2: found"},
      {with("policy \"branch\"", "policy \"br\\anch\""), "line 2: found"},
      {with("policy \"branch\"", "policy \"br\\x0\""), "line 2: found"},
      {with("policy \"branch\"", "policy \"br\tanch\""), "line 2: found"},
      {with("10 default", "010 default"), "line 3: found `010 default 86400`, expected three"},
      {with("10 default", "-1 default"), "line 3: "},
      {with("10 default", "10 defaults"), "line 3: "},
      {with("86400", "99999999999"), "line 3: "},
      {with("86400", "86400 "), "line 3: "},
      {with("  server 10.0.0.53 53\n  server 2001:db8::53 5353\n", ""),
       "line 5: the resolver above has no server"},
      {with("10.0.0.53 53", "10.0.0.53 0"), "line 5: found `10.0.0.53 0`, expected an address"},
      {with("10.0.0.53 53", "10.0.0.053 53"), "line 5: "},
      {with("10.0.0.53 53", "10.0.0.53 65536"), "line 5: "},
      {with("2001:db8::53", "2001:DB8::53"), "line 6: "},
      {with("zone \"lab\"", "zone \"staff\""), "line 10: a second zone `staff`"},
      {with("zone \"lab\"", "resolver \"lab\""), "line 10: found a resolver behind"},
      {with("range 10.20.0.0/16", "range 10.20.0.1/16"), "line 8: found `10.20.0.1/16`"},
      {with("range 10.20.0.0/16", "range 10.20.0.0-10.20.255.255"), "line 8: "},
      {with("range 10.20.0.0/16", "range ::1\n  range 10.0.0.0/8"),
       "line 9: `10.0.0.0/8` is not in order"},
      {with("range 10.20.0.0/16", "range 10.20.0.0/16\n  range 10.21.0.0/16"),
       "line 9: `10.21.0.0/16` overlaps or adjoins `10.20.0.0/16`"},
      {with("rule allow 0", "rule permit 0"), "line 11: found `permit 0`, expected `allow` or"},
      {with("rule allow 0", "rule allow 2"), "line 11: found `allow 2`, expected an index below 2"},
      {with("rule allow 0", "rule allow"), "line 11: "},
      {with("rule allow 0", "rule allow 0 0"), "line 11: "},
      {with("rule allow 0", "end\nrule allow 0"), "expected nothing behind `end`"},
      {with("rule allow 0", "nonsense"), "expected `zone`, `rule`, another item of a program, or"},
      {with("rule allow 0", "  range ::1"), "line 12: found `  service tcp 443`, expected `range"},
      {with("resolver \"office\"", "  server ::1 53"),
       "line 4: found `  server ::1 53`, expected a line without"},
      {with("service tcp 443", "service tcp"), "line 12: found `tcp`, expected a service"},
      {with("service tcp 443", "service tcp 443-443"), "line 12: "},
      {with("service tcp 443", "service 6 443"), "line 12: "},
      {with("  service tcp 443\n  service udp 3478-3480\n", ""),
       "needs either services or `every-service`"},
      {with("  service tcp 443\n", "  every-service\n"), "needs either services"},
      {with("  service tcp 443\n  service udp 3478-3480\n", "  every-service\n"),
       "which only a deny may"},
      {with("range 192.0.2.7", "range 192.0.2.0/24"), "line 15: `192.0.2.0/24` is not in order"},
      {with("name b.example.com", "name a.example.com"),
       "line 17: `a.example.com` is not in order"},
      {with("name b.example.com", "name B.example.com"), "line 17: found `B.example.com`"},
      {with("name b.example.com", "name 192.0.2.1"), "expected a host name"},
      {with("pattern *.example.net", "pattern example.net"), "expected a name pattern"},
      {with("pattern *.example.net", "name c.example.com \n"), "expected a host name"},
      {with("  private-ok\n", "  private-ok yes\n"), "expected `private-ok` alone"},
      {with("  private-ok\n", "  private-ok\n  private-ok\n"), "expected the lines of the rule in"},
      {with("  private-ok\n", "  private-ok\n  name z.example.com\n"), "in their order"},
      {with("  private-ok\n", "  colour blue\n"), "expected a line of a rule"},
      {with("\"azure-relay\" \"hybrid\"", "\"azure-relay\""), "expected a vendor and a part"},
      {with("\"azure-relay\" \"hybrid\"", "\"azure-relay\"\"hybrid\""), "expected a vendor"},
      {with("  vendor \"\" \"\"\n", ""), "in their order"},
      {with("  use \"\" 0 0\n", ""), "the rule above ends early"},
      {with("20 1", "20 4294967296"), "expected a file in quotes, a line and a column"},
      {with("20 1", "20"), "expected a file in quotes, a line and a column"},
      {with("  every-service\n  range 0.0.0.0/0\n", "  every-service\n  name a.example.com\n"),
       "the deny above speaks of names"},
      {with("  every-service\n  range 0.0.0.0/0\n", "  every-service\n  private-ok\n"),
       "the deny above speaks of names"},
      {with("end\n", "end\nend\n"), "line 29: found `end"},
      {with("end\n", "end"), "line 29: the text ends here"},
      {with("end\n", "end\r\n"), "line 29: found `end?`"},
  };
  for (const Row& row : rows) EXPECT_THAT(fault_in(row.text), HasSubstr(row.words)) << row.text;
}

TEST(ProgramText, HasLimits) {
  std::string long_line(sample);
  long_line.insert(long_line.find("branch"), std::size_t{17} << 20, 'x');
  EXPECT_THAT(fault_in(long_line), HasSubstr("line 2: the line is longer than 16 MiB"));

  std::string resolvers = "sallyport program 1\npolicy \"p\"\nlifetimes 1 1 1\n";
  for (int i = 0; i < 1025; ++i) {
    resolvers += "resolver \"" + std::to_string(i) + "\"\n  server ::1 53\n";
  }
  EXPECT_THAT(fault_in(resolvers + "end\n"), HasSubstr("more than 1024 resolvers"));
}

TEST(ProgramText, SurvivesDamage) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string text(sample);
    for (std::size_t count = 1 + random() % 3; count > 0; --count) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto program = read_program(text);
    if (!program) continue;
    const std::string again = program_text(*program);
    const auto second = read_program(again);
    ASSERT_TRUE(second) << second.error().text() << "\n" << again;
    ASSERT_EQ(*second, *program);
  }
}

}  // namespace
}  // namespace sallyport
