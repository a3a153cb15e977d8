// SPDX-License-Identifier: GPL-2.0-or-later
// Rules that log, in the loaded program: which packets are told, what is told of them, how many,
// and that no verdict depends on it.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cstring>

#include "compiler/label/labeler.h"
#include "runtime/datapath.h"
#include "runtime/event_ring.h"
#include "tests/support/frame.h"

namespace sallyport {
namespace {

Bytes frame(std::string_view text) {
  return frame_of(text).value();
}

Rule rule(Action action, std::string_view to, bool log) {
  Rule made;
  made.action = action;
  made.services = {{protocol_tcp, 443, 443}};
  made.remote.ranges = {AddressRange::parse(to).value()};
  made.log = log;
  return made;
}

/// By id: 1 passes silently, 2 passes and logs, 3 drops and logs, 4 is inward, passes and logs.
Program four_rules() {
  Program program;
  program.policy = "four";
  program.rules = {
      rule(Action::allow, "198.51.100.1", false), rule(Action::allow, "198.51.100.2", true),
      rule(Action::deny, "198.51.100.3", true), rule(Action::allow, "2001:db8::4", true)};
  program.rules[3].direction = Direction::inward;
  return program;
}

class EventsOfRules : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  }

  void load(const Program& program) {
    auto loaded = Datapath::load(make_image(program));
    ASSERT_TRUE(loaded) << loaded.error().text();
    datapath_.emplace(std::move(*loaded));
  }

  std::uint32_t run(std::string_view text, Direction direction = Direction::outward) {
    const auto action = datapath_->test_run(frame(text), direction);
    EXPECT_TRUE(action) << action.error().text();
    return action.value_or(XDP_ABORTED);
  }

  std::vector<SpEvent> taken() {
    std::vector<SpEvent> events;
    auto ring = EventRing::open(datapath_->events_fd());
    EXPECT_TRUE(ring) << ring.error().text();
    if (ring) {
      const auto took = ring->take([&](const SpEvent& event) { events.push_back(event); });
      EXPECT_TRUE(took) << took.error().text();
    }
    return events;
  }

  std::optional<Datapath> datapath_;
};

TEST_F(EventsOfRules, only_rules_that_log_are_told_of) {
  load(four_rules());
  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.1 tcp 40000 > 443"), XDP_PASS);
  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.9 tcp 40000 > 443"), XDP_DROP);
  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.2 tcp 40000 > 444"), XDP_DROP);
  EXPECT_THAT(taken(), testing::IsEmpty());

  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.2 tcp 40001 > 443"), XDP_PASS);
  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.3 tcp 40002 > 443"), XDP_DROP);
  EXPECT_EQ(run("ip6 2001:db8::4 > 2001:db8:20::1 tcp 40003 > 443", Direction::inward), XDP_PASS);
  EXPECT_EQ(run("ip6 2001:db8:20::1 > 2001:db8::4 tcp 443 > 40003 ack"), XDP_PASS);
  const auto events = taken();
  ASSERT_EQ(events.size(), 4U);
  const std::uint32_t wanted[][4] = {{2, SP_PASS_RULE, SP_OUTWARD, 40001},
                                     {3, SP_DROP_DENIED, SP_OUTWARD, 40002},
                                     {4, SP_PASS_RULE, SP_INWARD, 40003},
                                     {4, SP_PASS_REPLY, SP_OUTWARD, 443}};
  for (std::size_t i = 0; i < events.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(events[i].kind, SP_EVENT_LOG);
    EXPECT_EQ(events[i].rule, wanted[i][0]);
    EXPECT_EQ(events[i].reason, wanted[i][1]);
    EXPECT_EQ(events[i].direction, wanted[i][2]);
    EXPECT_EQ(events[i].source_port, wanted[i][3]);
  }
  EXPECT_THAT(taken(), testing::IsEmpty()) << "once is enough";
}

TEST_F(EventsOfRules, an_event_holds_the_packet) {
  load(four_rules());
  const Bytes short_one = frame("ip4 10.20.1.1 > 198.51.100.2 tcp 40000 > 443");
  const Bytes long_one = frame("ip4 10.20.1.1 > 198.51.100.2 tcp 40000 > 443 payload 500");
  ASSERT_TRUE(datapath_->test_run(short_one));
  ASSERT_TRUE(datapath_->test_run(long_one));
  const auto events = taken();
  ASSERT_EQ(events.size(), 2U);
  const SpEvent& event = events[0];
  EXPECT_EQ(event.length, short_one.size());
  EXPECT_EQ(event.family, 4);
  EXPECT_EQ(event.protocol, protocol_tcp);
  EXPECT_EQ(event.fragment, 0);
  EXPECT_EQ(event.destination_port, 443);
  EXPECT_GT(event.time, 0U);
  EXPECT_EQ(event.source.address[12], 10);
  EXPECT_EQ(event.destination.address[15], 2);
  ASSERT_LT(short_one.size(), std::size_t{SP_EVENT_HEADER});
  EXPECT_EQ(event.captured, short_one.size());
  Bytes header(event.header, event.header + SP_EVENT_HEADER);
  Bytes wanted = short_one;
  wanted.resize(SP_EVENT_HEADER);
  EXPECT_EQ(header, wanted) << "and nothing of an event before";

  EXPECT_EQ(events[1].length, long_one.size());
  EXPECT_EQ(events[1].captured, SP_EVENT_HEADER);
  EXPECT_EQ(std::memcmp(events[1].header, long_one.data(), SP_EVENT_HEADER), 0);
}

TEST_F(EventsOfRules, each_rule_has_a_budget_and_what_exceeds_it_is_counted) {
  load(four_rules());
  constexpr std::uint64_t packets = 1000;
  for (std::uint64_t i = 0; i < packets; ++i) {
    EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.3 tcp 40000 > 443"), XDP_DROP);
  }
  EXPECT_EQ(run("ip4 10.20.1.1 > 198.51.100.2 tcp 40000 > 443"), XDP_PASS);
  const auto events = taken();
  EXPECT_EQ(events.back().rule, 2U) << "a flood of one rule silences no other";
  const std::uint64_t told = events.size() - 1;
  EXPECT_GE(told, std::uint64_t{SP_LOG_MOST});
  EXPECT_LT(told, packets / 2);
  const auto untold = datapath_->untold();
  ASSERT_TRUE(untold) << untold.error().text();
  EXPECT_EQ(*untold, (std::vector<std::uint64_t>{0, 0, packets - told, 0}));

  ASSERT_TRUE(datapath_->clear_counters());
  EXPECT_EQ(datapath_->untold().value(), std::vector<std::uint64_t>(4));
  run("ip4 10.20.1.1 > 198.51.100.3 tcp 40000 > 443");
  EXPECT_EQ(taken().size(), 1U) << "what a test of the program spent is given back";
}

TEST_F(EventsOfRules, no_verdict_depends_on_room_for_an_event) {
  Program program;
  program.policy = "many";
  constexpr int rules = 250;
  constexpr int packets = SP_LOG_MOST;
  for (int i = 0; i < rules; ++i) {
    const std::string to = "198.51.100." + std::to_string(i);
    program.rules.push_back(rule(i % 2 == 0 ? Action::allow : Action::deny, to, true));
  }
  load(program);
  for (int i = 0; i < rules; ++i) {
    const Bytes bytes =
        frame("ip4 10.20.1.1 > 198.51.100." + std::to_string(i) + " tcp 40000 > 443");
    for (int packet = 0; packet < packets; ++packet) {
      EXPECT_EQ(datapath_->test_run(bytes).value(),
                static_cast<std::uint32_t>(i % 2 == 0 ? XDP_PASS : XDP_DROP));
    }
  }
  const auto untold = datapath_->untold();
  ASSERT_TRUE(untold) << untold.error().text();
  std::uint64_t sum = taken().size();
  EXPECT_LT(sum, std::uint64_t{rules} * packets) << "the ring was to be full";
  for (const std::uint64_t of_rule : *untold) sum += of_rule;
  EXPECT_EQ(sum, std::uint64_t{rules} * packets);
}

TEST_F(EventsOfRules, a_policy_that_logs_nothing_has_no_trace_of_it) {
  Program silent = four_rules();
  for (Rule& one : silent.rules) one.log = false;
  const auto size_of = [](const Datapath& datapath) {
    bpf_prog_info facts{};
    __u32 size = sizeof(facts);
    EXPECT_EQ(bpf_obj_get_info_by_fd(datapath.program_fd(), &facts, &size), 0);
    return std::pair(facts.xlated_prog_len, facts.nr_map_ids);
  };
  load(four_rules());
  const auto with = size_of(*datapath_);
  load(silent);
  EXPECT_LT(datapath_->events_fd(), 0);
  EXPECT_EQ(datapath_->untold().value(), std::vector<std::uint64_t>(4));
  const auto without = size_of(*datapath_);
  EXPECT_LT(without.first, with.first);
  EXPECT_EQ(without.second + 2, with.second);
}

}  // namespace
}  // namespace sallyport
