// SPDX-License-Identifier: GPL-2.0-or-later
// Questions over one policy, each with its answers in words.
#include "compiler/analysis/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/analysis/words.h"
#include "tests/unit/analysis/policy_program.h"

namespace sallyport {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Program& branch() {
  static const Program program = test::program_from(R"(
vendor acme {
  part core { allow tcp 443 to api.example.com, *.example.net }
  part calls { allow udp 3478 to turn.example.com }
}
zone staff = 10.20.0.0/16
zone dmz   = 10.40.0.0/24
policy branch {
  from staff {
    use acme.core
    use acme.calls
    allow tcp 1-1024 to 198.51.100.0/24
  }
  from dmz allow tcp 443 to 198.51.100.7
  from any allow icmp echo-request to anywhere
  from any deny any to 198.51.100.66
})");
  return program;
}

std::vector<std::string> answers(const Question& question) {
  const Extents extents(branch());
  std::vector<std::string> texts;
  for (const Cell& cell : answer(branch(), question)) {
    const CellWords words = words_of(cell, extents);
    texts.push_back(local_text(words) + " -> " + list_text(words.remotes, 9) + " on " +
                    words.services + (words.where.empty() ? "" : ", " + words.where));
  }
  return texts;
}

AddressSet set(const char* text) {
  return {AddressRange::parse(text).value()};
}

TEST(Query, what_a_zone_reaches_on_a_port) {
  Question question;
  question.local = branch().zones[0].ranges;
  question.services = read_service("tcp/443").value();
  EXPECT_THAT(answers(question),
              ElementsAre("staff -> api.example.com, *.example.net on tcp 443, "
                          "except at 198.51.100.66",
                          "staff -> 198.51.100.0/24 on tcp 443, except at 198.51.100.66"));
}

TEST(Query, who_reaches_an_address) {
  Question question;
  question.remote = set("198.51.100.7");
  EXPECT_THAT(answers(question),
              ElementsAre("staff -> 198.51.100.7 on tcp 1-52, 54-852, 854-1024",
                          "dmz -> 198.51.100.7 on tcp 443", "any -> 198.51.100.7 on icmp 8"));
  EXPECT_THAT(perhaps_more(branch(), question), SizeIs(2)) << "rules of names";
  question.bindings[HostName::parse("api.example.com").value()] = {
      Address::parse("198.51.100.7").value()};
  EXPECT_EQ(answers(question).front(),
            "staff -> api.example.com on tcp 443, except at 198.51.100.66");
  question.remote = set("198.51.100.66");
  EXPECT_THAT(answers(question), IsEmpty()) << "denied";
}

TEST(Query, who_reaches_a_name) {
  Question question;
  question.name = HostName::parse("www.example.net").value();
  EXPECT_THAT(answers(question),
              ElementsAre("staff -> *.example.net on tcp 443, except at 198.51.100.66"));
  EXPECT_THAT(perhaps_more(branch(), question), SizeIs(3));
  question.bindings[*question.name] = {Address::parse("203.0.113.7").value()};
  EXPECT_THAT(answers(question),
              ElementsAre("staff -> *.example.net on tcp 443, except at 198.51.100.66",
                          "any -> 203.0.113.7 on icmp 8"));
  EXPECT_THAT(perhaps_more(branch(), question), IsEmpty());

  question.name.reset();
  question.pattern = NamePattern::parse("?.example.com").value();
  question.bindings.clear();
  EXPECT_THAT(answers(question), SizeIs(2));
}

TEST(Query, which_vendors_need_a_protocol) {
  Question question;
  question.services = read_service("udp").value();
  const auto cells = answer(branch(), question);
  ASSERT_THAT(cells, SizeIs(1));
  EXPECT_EQ(branch().rules[cells[0].rule].origin.part, "calls");
  question.vendor = "acme.core";
  EXPECT_THAT(answers(question), IsEmpty());
  question.services.reset();
  EXPECT_THAT(answers(question), SizeIs(1));
  question.vendor = "acme";
  EXPECT_THAT(answers(question), SizeIs(2));
}

TEST(Query, a_rule_for_all_is_cut_down_to_the_zone_asked_for) {
  Question question;
  question.local = branch().zones[1].ranges;
  question.services = read_service("icmp/8").value();
  EXPECT_THAT(answers(question),
              ElementsAre("any (dmz) -> anywhere on icmp 8, except at 198.51.100.66"));
}

TEST(Query, reads_services) {
  EXPECT_EQ(services_text(read_service("443").value()), "tcp 443 or udp 443");
  EXPECT_EQ(services_text(read_service("tcp/1-1024").value()), "tcp 1-1024");
  EXPECT_EQ(services_text(read_service("gre").value()), "gre");
  EXPECT_EQ(services_text(read_service("udp").value()), "udp any");
  for (const char* wrong : {"", "tcp/", "tcp/70000", "tcp/9-1", "gre/1", "icmp/256", "frog", "-1"})
    EXPECT_FALSE(read_service(wrong)) << wrong;
}

}  // namespace
}  // namespace sallyport
