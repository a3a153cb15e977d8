// SPDX-License-Identifier: GPL-2.0-or-later
// What is proposed where: `$` is the cursor.
#include "compiler/lsp/complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::lsp {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string vendor_text = R"(vendor acme "Acme Cloud" {
  param tenant: label
  param cloud: public | china, default public
  param hosts: list of host, default []
  let domain = example.com when cloud public, example.cn when cloud china
  part core "the core" { allow tcp 443 to {tenant}.{domain} }
  part extra optional { allow tcp 443 to extra.example.com }
}
zone staff = 10.20.0.0/16
)";

std::vector<std::string> labels(std::string text, const std::string& context = vendor_text) {
  text = context + text;
  const std::size_t cursor = text.find('$');
  text.erase(cursor, 1);
  Workspace workspace(read_file);
  workspace.open("file:///nowhere/test.sally", 1, text);
  std::vector<std::string> all;
  for (const Choice& one :
       complete(*workspace.document("file:///nowhere/test.sally"), cursor).choices) {
    all.push_back(one.label);
  }
  return all;
}

TEST(Complete, statements_of_the_block) {
  EXPECT_THAT(labels("$"), IsSupersetOf({"import", "vendor", "zone", "resolver", "policy"}));
  EXPECT_THAT(labels("pol$"), Not(Contains("allow")));
  EXPECT_THAT(labels("policy p {\n  $\n}"),
              IsSupersetOf({"allow", "deny", "use", "from", "grace"}));
  EXPECT_THAT(labels("policy p { $"), Not(Contains("vendor")));
  EXPECT_THAT(labels("policy p {\n  from staff {\n    al$"), Contains("allow"));
  EXPECT_THAT(labels("policy p {\n  from staff {\n    al$"), Not(Contains("grace")));
  EXPECT_THAT(labels("vendor v {\n  $"), IsSupersetOf({"source", "param", "let", "part"}));
  EXPECT_THAT(labels("vendor v {\n  part p {\n  $"), IsSupersetOf({"allow", "let", "note"}));
  EXPECT_THAT(labels("vendor v {\n  part p { allow tcp 443 to a.example.com\n  $"),
              IsSupersetOf({"allow", "let"}));
  EXPECT_THAT(labels("vendor v {\n  part p {\n  }\n  $"), IsSupersetOf({"param", "part"}));
}

TEST(Complete, nothing_in_comments_and_strings) {
  EXPECT_THAT(labels("# pol$"), IsEmpty());
  EXPECT_THAT(labels("policy p { # $"), IsEmpty());
  EXPECT_THAT(labels("vendor v {\n  source \"pa$"), IsEmpty());
  EXPECT_THAT(labels("# over\n$"), Not(IsEmpty()));
}

TEST(Complete, vendors_parts_parameters) {
  EXPECT_THAT(labels("policy p { use $"), ElementsAre("acme"));
  EXPECT_THAT(labels("policy p { use ac$ }"), ElementsAre("acme"));
  EXPECT_THAT(labels("policy p { use acme.$"), ElementsAre("core", "extra"));
  EXPECT_THAT(labels("policy p { use acme.co$"), ElementsAre("core", "extra"));
  EXPECT_THAT(labels("policy p { use acme.core($"), ElementsAre("tenant", "cloud", "hosts"));
  EXPECT_THAT(labels("policy p { use acme.core(tenant = x, $)"), ElementsAre("cloud", "hosts"));
  EXPECT_THAT(labels("policy p { use acme(cloud = $"),
              UnorderedElementsAre("public", "china", "public"));
  EXPECT_THAT(labels("policy p { use acme(hosts = [a.example.com, $"), IsEmpty());
}

TEST(Complete, zones_behind_a_direction) {
  EXPECT_THAT(labels("policy p { from $"), ElementsAre("staff", "any"));
  EXPECT_THAT(labels("policy p { from staff $"), ElementsAre("allow", "deny", "use"));
}

TEST(Complete, vlans_of_a_zone) {
  EXPECT_THAT(labels("zone a = 10.0.0.0/8 $"), ElementsAre("vlan"));
  EXPECT_THAT(labels("zone a = 10.0.0.0/8, $"), IsEmpty());
  EXPECT_THAT(labels("zone a = 10.0.0.0/8 vlan $"), ElementsAre("untagged"));
  EXPECT_THAT(labels("zone a = 10.0.0.0/8 vlan 40, $"), ElementsAre("untagged"));
}

TEST(Complete, services) {
  EXPECT_THAT(labels("policy p { allow $"), IsSupersetOf({"tcp", "udp", "icmp", "gre", "any"}));
  EXPECT_THAT(labels("policy p { allow tcp+$"), Contains("udp"));
  EXPECT_THAT(labels("policy p { allow icmp $"), IsSupersetOf({"echo-request", "any"}));
  EXPECT_THAT(labels("policy p { allow icmpv6 echo$"), Contains("packet-too-big"));
  EXPECT_THAT(labels("policy p { allow icmp $"), Not(Contains("packet-too-big")));
  EXPECT_THAT(labels("policy p { allow tcp 443 $"), IsSupersetOf({"or", "to"}));
  EXPECT_THAT(labels("policy p { allow tcp 443 or $"), Contains("udp"));
}

TEST(Complete, destinations_and_what_follows) {
  EXPECT_THAT(labels("policy p { allow tcp 443 to $"), ElementsAre("anywhere"));
  EXPECT_THAT(labels("policy p { allow tcp 443 to a.example.com $"), Contains("private ok"));
}

TEST(Complete, references) {
  const std::string open = "vendor v {\n  param tenant: label\n  let domain = example.com\n  ";
  EXPECT_THAT(labels(open + "part p { allow tcp 443 to {$", ""), ElementsAre("tenant", "domain"));
  EXPECT_THAT(labels(open + "part p { allow tcp 443 to {te$}.example.com } }", ""),
              ElementsAre("tenant", "domain"));
  EXPECT_THAT(labels(open + "part p { allow tcp 443 to $", ""),
              IsSupersetOf({"anywhere", "{tenant}", "{domain}"}));
  EXPECT_THAT(labels(open + "let x = a when $", ""), ElementsAre("tenant"));
  EXPECT_THAT(labels("vendor v {\n  param c: a | b\n  let x = y when c $", ""),
              ElementsAre("a", "b"));
  EXPECT_THAT(labels(open + "part p {$", ""), Contains("allow")) << "this brace opens a block";
}

TEST(Complete, tests) {
  const std::string open = "policy p { from any use acme.core(tenant = x) }\ntest \"t\" of p {\n  ";
  EXPECT_THAT(labels("policy p {}\ntest \"t\" of $"), ElementsAre("p"));
  EXPECT_THAT(labels(open + "$\n}"), ElementsAre("given", "at", "expect"));
  EXPECT_THAT(labels(open + "given $\n}\n"), ElementsAre("cname"));
  EXPECT_THAT(labels(open + "expect $\n}"), ElementsAre("pass", "drop"));
  EXPECT_THAT(labels(open + "given x.example.com $\n}"), ElementsAre("is"));
}

TEST(Complete, types) {
  EXPECT_THAT(labels("vendor v {\n  param x: $"),
              ElementsAre("list of", "label", "host", "cidr", "port"));
  EXPECT_THAT(labels("vendor v {\n  param x: list of $"),
              ElementsAre("label", "host", "cidr", "port"));
}

}  // namespace
}  // namespace sallyport::lsp
