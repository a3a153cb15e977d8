// SPDX-License-Identifier: GPL-2.0-or-later
// The pace of asking, with a clock that stands still between the timers.
#include "runtime/refresh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/runtime/fakes.h"

namespace sallyport {
namespace {

using namespace test;
using Outcome = Answer::Outcome;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(RefreshDelayTest, N4_N16_rows) {
  struct Row {
    Answer answer;
    Seconds clamped_ttl;
    unsigned failures;
    Moment least, most;
  };
  const Answer good = addresses({"198.51.100.1"}, Seconds{1});
  const Answer no_data = negative(Outcome::no_data), no_name = negative(Outcome::no_name);
  const std::vector<Row> rows = {
      // 0.7 to 0.9 of the TTL, and never more than one question a second
      {good, Seconds{300}, 0, Seconds{210}, Seconds{270}},
      {good, Seconds{10}, 0, Seconds{7}, Seconds{9}},
      {good, Seconds{2}, 0, milliseconds(1400), milliseconds(1800)},
      {good, Seconds{1}, 0, Seconds{1}, Seconds{1}},
      {good, Seconds{86400}, 0, Seconds{60480}, Seconds{77760}},
      // a negative answer: soon enough to see the name appear
      {no_data, Seconds{30}, 0, Seconds{21}, Seconds{27}},
      {no_name, Seconds{86400}, 0, Seconds{42}, Seconds{54}},
      {no_name, Seconds{6}, 0, Seconds{5}, milliseconds(5400)},
      {no_data, Seconds{2}, 0, Seconds{2}, Seconds{2}},
      {no_data, Seconds{1}, 0, Seconds{1}, Seconds{1}},
      // failures: doubling from 1 s, with jitter up to 60 s
      {failure(), Seconds{300}, 1, Seconds{1}, milliseconds(1500)},
      {failure(), Seconds{300}, 2, Seconds{2}, Seconds{3}},
      {failure(), Seconds{300}, 6, Seconds{32}, Seconds{48}},
      {failure(), Seconds{300}, 7, Seconds{40}, Seconds{60}},
      {failure(), Seconds{300}, 4'000'000'000U, Seconds{40}, Seconds{60}},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const auto delay = [&](double fraction) {
      return refresh_delay(row.answer, row.clamped_ttl, row.failures, fraction);
    };
    EXPECT_EQ(std::chrono::round<milliseconds>(delay(0.0)), row.least) << "row " << i;
    EXPECT_EQ(std::chrono::round<milliseconds>(delay(1.0)), row.most) << "row " << i;
    EXPECT_GE(delay(0.5), row.least) << "row " << i;
    EXPECT_LE(delay(0.5), row.most) << "row " << i;
  }
}

class RefreshTest : public testing::Test {
 protected:
  void start(unsigned most_in_flight = 200) {
    refresh_.emplace(
        loop_, lookup_,
        Refresh::Pace{[](Seconds s) { return std::max(s, Seconds{10}); }, most_in_flight, 7},
        [this](const HostName& who, Family family, const Answer& answer) {
          delivered_.push_back(text(who, family));
          if (deliver_also_) deliver_also_(answer);
        });
  }
  static std::string text(const HostName& who, Family family) {
    return who.text() + (family == Family::v4 ? " A" : " AAAA");
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> texts;
    for (const auto& question : lookup_.questions)
      texts.push_back(text(question.name, question.family));
    return texts;
  }
  /// Jumps to the next timer and runs it; the time jumped.
  Moment next() {
    const Moment before = clock_.time;
    const auto due = loop_.next_due();
    EXPECT_TRUE(due);
    if (due) clock_.time = std::max(clock_.time, *due);
    EXPECT_TRUE(loop_.run_ready());
    return clock_.time - before;
  }

  FakeClock clock_;
  EventLoop loop_ = EventLoop::create(clock_).value();
  FakeLookup lookup_;
  std::vector<std::string> delivered_;
  std::function<void(const Answer&)> deliver_also_;
  std::optional<Refresh> refresh_;
};

const Answer good = addresses({"198.51.100.1"}, Seconds{100});

TEST_F(RefreshTest, N1_both_families_are_asked_at_once_and_apart) {
  start();
  refresh_->set_names({name("a.example.com"), name("b.example.com")});
  EXPECT_THAT(asked(), ElementsAre("a.example.com A", "a.example.com AAAA", "b.example.com A",
                                   "b.example.com AAAA"));
  EXPECT_EQ(loop_.next_due(), std::nullopt) << "nothing to do until an answer comes";
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A"));
  EXPECT_EQ(refresh_->counts().asked, 4U);
  EXPECT_EQ(refresh_->counts().answered, 1U);
  EXPECT_EQ(refresh_->counts().failed, 0U);
}

TEST_F(RefreshTest, N4_a_name_is_asked_again_before_its_smallest_ttl_ends) {
  start();
  refresh_->set_names({name("a.example.com")});
  Answer answer = good;
  answer.addresses.push_back({address("198.51.100.2"), Seconds{50}});
  lookup_.answer(answer);
  const Moment waited = next();
  EXPECT_GE(waited, Seconds{35});
  EXPECT_LE(waited, Seconds{45});
  EXPECT_THAT(asked(), ElementsAre("a.example.com AAAA", "a.example.com A"));
}

TEST_F(RefreshTest, failures_are_asked_again_with_growing_pauses_until_an_answer_comes) {
  start();
  refresh_->set_names({name("a.example.com")});
  lookup_.questions.pop_back();  // AAAA is never answered
  const auto pause_after = [&](const Answer& answer) {
    lookup_.answer(answer);
    return next();
  };
  for (const int base : {1, 2, 4, 8, 16, 32, 40, 40}) {
    const Moment pause = pause_after(failure());
    EXPECT_GE(pause, Seconds{base});
    EXPECT_LE(pause, milliseconds(1500) * base);
  }
  EXPECT_EQ(refresh_->counts().failed, 8U);
  EXPECT_GE(pause_after(good), Seconds{70});
  EXPECT_LE(pause_after(failure()), milliseconds(1500)) << "counting starts anew";
}

TEST_F(RefreshTest, a_negative_answer_without_soa_is_kept_for_half_a_minute) {
  start();
  refresh_->set_names({name("a.example.com")});
  lookup_.answer(negative(Outcome::no_data));
  const Moment waited = next();
  EXPECT_GE(waited, Seconds{21});
  EXPECT_LE(waited, Seconds{27});
}

TEST_F(RefreshTest, the_in_flight_limit_holds_and_nobody_starves) {
  start(3);
  refresh_->set_names({name("a.example.com"), name("b.example.com"), name("c.example.com")});
  EXPECT_THAT(asked(), ElementsAre("a.example.com A", "a.example.com AAAA", "b.example.com A"));
  // Those at the head fail and want to be asked again at once; the others come first all the same.
  lookup_.answer(failure());
  clock_.time += Seconds{2};
  EXPECT_TRUE(loop_.run_ready());
  EXPECT_THAT(asked(), ElementsAre("a.example.com AAAA", "b.example.com A", "b.example.com AAAA"));
  lookup_.answer(good);
  lookup_.answer(good);
  lookup_.answer(good);
  EXPECT_THAT(asked(), ElementsAre("c.example.com A", "c.example.com AAAA", "a.example.com A"));
}

TEST_F(RefreshTest,
       N2_N10_a_question_that_queues_for_three_seconds_has_failed_until_it_is_answered) {
  std::vector<Outcome> outcomes;
  deliver_also_ = [&](const Answer& answer) { outcomes.push_back(answer.outcome); };
  start(/*most_in_flight=*/2);
  refresh_->set_names({name("a.example"), name("b.example")});
  ASSERT_EQ(lookup_.questions.size(), 2U);  // both of a; those of b queue behind a silent resolver
  clock_.time += milliseconds(2999);
  EXPECT_TRUE(loop_.run_ready());
  EXPECT_THAT(delivered_, IsEmpty());
  clock_.time += milliseconds(1);
  EXPECT_TRUE(loop_.run_ready());
  EXPECT_THAT(delivered_, ElementsAre("b.example A", "b.example AAAA"));
  EXPECT_THAT(outcomes, ElementsAre(Outcome::failure, Outcome::failure));
  clock_.time += Seconds{60};
  EXPECT_TRUE(loop_.run_ready());
  EXPECT_EQ(delivered_.size(), 2U) << "once for each wait";

  lookup_.answer(failure());  // a A: makes place for b A
  lookup_.answer(failure());
  EXPECT_EQ(lookup_.questions.front().name, name("b.example"));
  lookup_.answer(addresses({"198.51.100.1"}, Seconds{60}));
  EXPECT_EQ(delivered_.back(), "b.example A");
  EXPECT_EQ(outcomes.back(), Outcome::addresses);
}

TEST_F(RefreshTest, a_name_that_is_dropped_is_neither_asked_nor_delivered) {
  start();
  refresh_->set_names({name("a.example.com"), name("b.example.com")});
  lookup_.answer(good);  // a.example.com A has a timer, the others are in flight
  refresh_->set_names({name("b.example.com")});
  EXPECT_EQ(loop_.next_due(), std::nullopt);
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A")) << "AAAA came too late";
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A", "b.example.com A"));
}

TEST_F(RefreshTest, a_late_answer_does_not_count_for_the_name_added_again) {
  start();
  refresh_->set_names({name("a.example.com")});
  refresh_->set_names({});
  refresh_->set_names({name("a.example.com")});
  ASSERT_EQ(lookup_.questions.size(), 4U);
  lookup_.answer(good);
  lookup_.answer(good);
  EXPECT_THAT(delivered_, IsEmpty());
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A"));
}

TEST_F(RefreshTest, dropped_names_leave_the_queue_and_free_their_place) {
  start(1);
  refresh_->set_names({name("a.example.com"), name("b.example.com")});
  refresh_->set_names({name("b.example.com")});
  lookup_.answer(good);  // of a, in vain
  EXPECT_THAT(asked(), ElementsAre("b.example.com A"));
}

TEST_F(RefreshTest, names_that_stay_keep_their_pace) {
  start();
  refresh_->set_names({name("a.example.com")});
  lookup_.answer(good);
  lookup_.answer(good);
  refresh_->set_names({name("a.example.com"), name("b.example.com")});
  EXPECT_THAT(asked(), ElementsAre("b.example.com A", "b.example.com AAAA"));
}

TEST_F(RefreshTest, the_names_may_change_while_an_answer_is_delivered) {
  start();
  refresh_->set_names({name("a.example.com")});
  deliver_also_ = [&](const Answer&) { refresh_->set_names({name("c.example.com")}); };
  lookup_.answer(good);
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A"));
  EXPECT_THAT(asked(), ElementsAre("c.example.com A", "c.example.com AAAA"));
}

TEST_F(RefreshTest, answers_after_the_end_are_ignored) {
  start();
  refresh_->set_names({name("a.example.com")});
  lookup_.answer(good);
  refresh_.reset();
  lookup_.answer(good);
  EXPECT_THAT(delivered_, ElementsAre("a.example.com A"));
  EXPECT_EQ(loop_.next_due(), std::nullopt);
}

TEST_F(RefreshTest, N16_ten_thousand_names_do_not_synchronise) {
  start(20'000);
  std::vector<HostName> names;
  for (int i = 0; i < 10'000; ++i) names.push_back(name("n" + std::to_string(i) + ".example.com"));
  refresh_->set_names(names);
  ASSERT_EQ(lookup_.questions.size(), 20'000U);
  while (!lookup_.questions.empty()) lookup_.answer(addresses({"198.51.100.1"}, Seconds{300}));
  // All were answered at one moment; they are asked again over the 60 s from 0.7 to 0.9 of the TTL.
  const Moment start_time = clock_.time;
  std::size_t most_in_a_second = 0;
  for (Seconds second{0}; second <= Seconds{271}; ++second) {
    clock_.time = start_time + second;
    ASSERT_TRUE(loop_.run_ready());
    ASSERT_TRUE(second > Seconds{209} || lookup_.questions.empty());
    most_in_a_second = std::max(most_in_a_second, lookup_.questions.size());
    lookup_.questions.clear();
  }
  EXPECT_EQ(refresh_->counts().asked, 40'000U) << "all were asked again";
  EXPECT_LT(most_in_a_second, 600U) << "333 a second would be perfectly even";
}

/// Azure's gateways: most of 256 names do not exist, and are no reason to hurry.
TEST(RefreshDelay, ANameThatMayBeAbsentWaitsForAQuarterOfAnHour) {
  const Answer absent = negative(Answer::Outcome::no_name);
  const auto minutes = [](Moment delay) {
    return std::chrono::duration_cast<std::chrono::minutes>(delay).count();
  };
  EXPECT_EQ(minutes(refresh_delay(absent, Seconds{30}, 0, 0.0, true)), 15);
  EXPECT_EQ(minutes(refresh_delay(absent, Seconds{30}, 0, 0.999, true)), 17);
  EXPECT_EQ(minutes(refresh_delay(absent, Seconds{1800}, 0, 0.0, true)), 30);
  EXPECT_EQ(minutes(refresh_delay(absent, Seconds{86400}, 0, 0.0, true)), 60);
  // Once it exists, and where it must, everything is as for any name.
  EXPECT_EQ(refresh_delay(addresses({"203.0.113.1"}, Seconds{100}), Seconds{100}, 0, 0.0, true),
            std::chrono::seconds(70));
  EXPECT_LT(refresh_delay(absent, Seconds{30}, 0, 0.999, false), std::chrono::seconds(60));
}

}  // namespace
}  // namespace sallyport
