// SPDX-License-Identifier: GPL-2.0-or-later
// Aliases at the pace of their TTLs: what moves, what fails, and the private link behind one.
#include "runtime/alias_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/fakes.h"

namespace sallyport {
namespace {

using namespace test;
using Outcome = AliasAnswer::Outcome;

class AliasWatchTest : public testing::Test {
 protected:
  AliasWatchTest() : loop_(std::move(*EventLoop::create(clock_))) {
    watch_.emplace(loop_, lookup_, AliasWatch::Pace{[](Seconds ttl) { return ttl; }, 1},
                   [this] { ++moves_; });
  }

  static AliasAnswer alias(std::string_view target, Seconds ttl = Seconds{100}) {
    return {Outcome::alias, name(target), ttl, {}};
  }
  /// The oldest question, which must be for this name.
  void answer(std::string_view asked, const AliasAnswer& answer) {
    ASSERT_FALSE(lookup_.alias_questions.empty());
    const auto question = std::move(lookup_.alias_questions.front());
    lookup_.alias_questions.pop_front();
    EXPECT_EQ(question.name.text(), asked);
    question.done(answer);
  }
  std::size_t asked_after(Seconds pause) {
    clock_.time += pause;
    EXPECT_TRUE(loop_.run_ready());
    return lookup_.alias_questions.size();
  }
  std::string target_of(std::string_view text) {
    const auto found = watch_->targets().find(name(text));
    return found == watch_->targets().end() ? "" : found->second.text();
  }

  FakeClock clock_;
  EventLoop loop_;
  FakeLookup lookup_;
  std::optional<AliasWatch> watch_;
  int moves_ = 0;
};

TEST_F(AliasWatchTest, tells_what_moved_and_only_that) {
  watch_->set_names({name("relay.example.com")});
  answer("relay.example.com", alias("ns-1.example.net"));
  EXPECT_EQ(moves_, 1);
  EXPECT_EQ(asked_after(Seconds{60}), 0U) << "before 70 % of the TTL";
  EXPECT_EQ(asked_after(Seconds{35}), 1U);
  answer("relay.example.com", alias("ns-1.example.net"));
  EXPECT_EQ(moves_, 1);
  EXPECT_EQ(asked_after(Seconds{95}), 1U);
  answer("relay.example.com", alias("ns-2.example.net"));
  EXPECT_EQ(moves_, 2);
  EXPECT_EQ(target_of("relay.example.com"), "ns-2.example.net");
}

TEST_F(AliasWatchTest, a_failure_keeps_what_is_known_and_is_asked_again_soon) {
  watch_->set_names({name("relay.example.com")});
  answer("relay.example.com", alias("ns-1.example.net"));
  ASSERT_EQ(asked_after(Seconds{95}), 1U);
  answer("relay.example.com", {Outcome::failure, {}, Seconds{0}, "SERVFAIL"});
  EXPECT_EQ(target_of("relay.example.com"), "ns-1.example.net");
  ASSERT_EQ(asked_after(Seconds{2}), 1U);
  answer("relay.example.com", {Outcome::none, {}, Seconds{0}, {}});
  EXPECT_EQ(target_of("relay.example.com"), "");
  EXPECT_EQ(moves_, 2);
}

TEST_F(AliasWatchTest, a_private_link_is_asked_as_well_and_dropped_with_its_alias) {
  watch_->set_names({name("a.servicebus.windows.net")});
  answer("a.servicebus.windows.net", alias("a.privatelink.servicebus.windows.net"));
  answer("a.privatelink.servicebus.windows.net", alias("ns-1.example.net"));
  EXPECT_EQ(target_of("a.privatelink.servicebus.windows.net"), "ns-1.example.net");
  ASSERT_EQ(asked_after(Seconds{95}), 2U);
  answer(lookup_.alias_questions.front().name.text(), alias("ns-9.example.net"));
  answer(lookup_.alias_questions.front().name.text(), alias("ns-9.example.net"));
  EXPECT_EQ(target_of("a.servicebus.windows.net"), "ns-9.example.net");
  EXPECT_EQ(target_of("a.privatelink.servicebus.windows.net"), "");
}

TEST_F(AliasWatchTest, names_that_are_gone_are_asked_no_more) {
  watch_->set_names({name("relay.example.com")});
  answer("relay.example.com", alias("ns-1.example.net"));
  watch_->set_names({});
  EXPECT_TRUE(watch_->targets().empty());
  EXPECT_EQ(asked_after(Seconds{1000}), 0U);
}

}  // namespace
}  // namespace sallyport
