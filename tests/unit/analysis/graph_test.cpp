// SPDX-License-Identifier: GPL-2.0-or-later
// The picture has every zone, vendor and endpoint, and what the edges carry.
#include "compiler/analysis/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/analysis/policy_program.h"

namespace sallyport {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Graph, zones_vendors_endpoints_and_services) {
  const Program program = test::program_from(R"(
vendor acme { part core { allow tcp 443 or udp 3478 to a.example.com } }
zone staff = 10.20.0.0/16
policy p {
  from staff use acme
  from any deny any to 192.0.2.66
})");
  const std::string text = graph_of(program);
  EXPECT_THAT(text, AllOf(HasSubstr("digraph \"p\" {"),
                          HasSubstr("\"zone staff\" -> \"vendor acme\\ncore\" [label=\"\"]"),
                          HasSubstr("\"vendor acme\\ncore\" -> \"endpoints a.example.com\" "
                                    "[label=\"tcp 443 or udp 3478\"]"),
                          HasSubstr("\"zone any\" -> \"endpoints 192.0.2.66\" [label=\"deny any\", "
                                    "style=dashed, color=red]")));
  EXPECT_EQ(text, graph_of(program));
}

TEST(Graph, inward_rules_point_the_other_way_and_long_lists_are_cut) {
  Program program = test::program_from("policy p { allow tcp 443 to h{0..99}.example.com }");
  program.rules[0].direction = Direction::inward;
  const std::string text = graph_of(program);
  EXPECT_THAT(text, HasSubstr("and 94 more\" -> \"zone any\""));
  EXPECT_THAT(text, Not(HasSubstr("h99.example.com")));
}

}  // namespace
}  // namespace sallyport
