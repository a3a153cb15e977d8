// SPDX-License-Identifier: GPL-2.0-or-later
// The loop's promises: order of timers, and callbacks that change what is being called.
#include "runtime/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include <csignal>

#include "tests/unit/runtime/fakes.h"

namespace sallyport {
namespace {

using namespace test;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

Fd readable() {
  return Fd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
}

class EventLoopTest : public testing::Test {
 protected:
  EventLoop::Timer note_at(seconds after, const std::string& word) {
    return loop_.at(clock_.time + after, [this, word] { calls_.push_back(word); });
  }
  void note_when_readable(const Fd& fd, const std::string& word) {
    ASSERT_TRUE(
        loop_.watch(fd.get(), EPOLLIN, [this, word](std::uint32_t) { calls_.push_back(word); }));
  }
  void turn() { ASSERT_TRUE(loop_.run_ready()); }

  FakeClock clock_;
  EventLoop loop_ = EventLoop::create(clock_).value();
  std::vector<std::string> calls_;
};

TEST_F(EventLoopTest, timers_run_in_order_of_time_then_of_making) {
  note_at(seconds(2), "two");
  note_at(seconds(1), "one");
  note_at(seconds(1), "one again");
  note_at(seconds(3), "three");
  EXPECT_EQ(loop_.next_due(), clock_.time + seconds(1));
  turn();
  EXPECT_THAT(calls_, IsEmpty()) << "nothing is due yet";
  clock_.time += seconds(2);
  turn();
  EXPECT_THAT(calls_, ElementsAre("one", "one again", "two"));
  turn();
  EXPECT_EQ(calls_.size(), 3U) << "a timer runs once";
  EXPECT_EQ(loop_.next_due(), clock_.time + seconds(1));
}

TEST_F(EventLoopTest, a_timer_may_cancel_itself_and_others_that_are_due) {
  EventLoop::Timer second = 0;
  EventLoop::Timer first = loop_.at(clock_.time, [&] {
    calls_.push_back("first");
    loop_.cancel(first);
    loop_.cancel(second);
  });
  second = note_at(seconds(0), "second");
  turn();
  EXPECT_THAT(calls_, ElementsAre("first"));
  EXPECT_EQ(loop_.next_due(), std::nullopt);
}

TEST_F(EventLoopTest, a_timer_that_makes_a_due_timer_does_not_starve_descriptors) {
  const Fd fd = readable();
  std::function<void()> again = [&] {
    calls_.push_back("timer");
    loop_.at(clock_.time, again);
  };
  loop_.at(clock_.time, again);
  note_when_readable(fd, "fd");
  turn();
  turn();
  EXPECT_THAT(calls_, ElementsAre("fd", "timer", "fd", "timer"));
}

TEST_F(EventLoopTest, a_callback_may_stop_watching_itself) {
  const Fd fd = readable();
  // The string is in the callback that is being removed: it must outlive its own call.
  const std::string word = "a word too long to be kept inside of the string object itself";
  ASSERT_TRUE(loop_.watch(fd.get(), EPOLLIN, [this, &fd, word](std::uint32_t events) {
    EXPECT_TRUE(events & EPOLLIN);
    loop_.unwatch(fd.get());
    calls_.push_back(word);
  }));
  turn();
  turn();
  EXPECT_THAT(calls_, ElementsAre(word));
}

TEST_F(EventLoopTest, a_callback_may_stop_another_of_the_same_turn) {
  const Fd one = readable(), two = readable();
  const auto only_me = [&](const Fd& other, const char* word) {
    return [this, &other, word](std::uint32_t) {
      calls_.push_back(word);
      loop_.unwatch(other.get());
    };
  };
  ASSERT_TRUE(loop_.watch(one.get(), EPOLLIN, only_me(two, "called")));
  ASSERT_TRUE(loop_.watch(two.get(), EPOLLIN, only_me(one, "called")));
  turn();
  EXPECT_THAT(calls_, ElementsAre("called"));
}

TEST_F(EventLoopTest, an_event_is_not_given_to_a_new_file_under_the_same_number) {
  Fd one = readable(), two = readable();
  bool replaced = false;
  // Whichever is called first closes the other and watches a silent file under its number.
  const auto replace = [&](Fd& other) {
    return [this, &other, &replaced](std::uint32_t) {
      if (std::exchange(replaced, true)) {
        calls_.push_back("the callback of a watch that is gone was called");
        return;
      }
      const int number = other.get();
      loop_.unwatch(number);
      other.reset();
      Fd silent(::eventfd(0, EFD_CLOEXEC));
      ASSERT_EQ(silent.get(), number) << "the test relies on the lowest number being given";
      other = std::move(silent);
      note_when_readable(other, "a silent file was called");
    };
  };
  ASSERT_TRUE(loop_.watch(one.get(), EPOLLIN, replace(two)));
  ASSERT_TRUE(loop_.watch(two.get(), EPOLLIN, replace(one)));
  turn();
  EXPECT_TRUE(replaced);
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(EventLoopTest, a_number_closed_without_unwatch_can_be_watched_again) {
  Fd fd = readable();
  note_when_readable(fd, "old");
  const int number = fd.get();
  fd.reset();
  fd = readable();
  ASSERT_EQ(fd.get(), number);
  note_when_readable(fd, "new");
  turn();
  EXPECT_THAT(calls_, ElementsAre("new"));
}

TEST_F(EventLoopTest, watching_again_changes_events_and_callback) {
  const Fd fd = readable();
  note_when_readable(fd, "reads");
  ASSERT_TRUE(loop_.watch(fd.get(), EPOLLOUT, [this](std::uint32_t events) {
    calls_.push_back(events == EPOLLOUT ? "writes" : "other events");
  }));
  turn();
  EXPECT_THAT(calls_, ElementsAre("writes"));
}

TEST_F(EventLoopTest, a_descriptor_that_cannot_be_watched_is_an_error) {
  const auto watched = loop_.watch(-1, EPOLLIN, [](std::uint32_t) {});
  ASSERT_FALSE(watched);
  EXPECT_THAT(watched.error().text(), testing::HasSubstr("watch descriptor -1"));
  loop_.unwatch(-1);
}

TEST_F(EventLoopTest, stop_ends_the_run_and_the_rest_stays_for_the_next) {
  loop_.at(clock_.time, [this] { loop_.stop(); });
  note_at(seconds(0), "after");
  ASSERT_TRUE(loop_.run());
  EXPECT_THAT(calls_, IsEmpty());
  loop_.at(clock_.time, [this] { loop_.stop(); });
  ASSERT_TRUE(loop_.run());
  EXPECT_THAT(calls_, ElementsAre("after"));
}

TEST_F(EventLoopTest, stop_before_run_is_not_lost) {
  loop_.stop();
  ASSERT_TRUE(loop_.run());
}

TEST_F(EventLoopTest, a_signal_does_not_end_the_run) {
  struct sigaction caught {
  }, before{};
  caught.sa_handler = [](int) {};  // without SA_RESTART: epoll_wait returns EINTR
  ASSERT_EQ(::sigaction(SIGALRM, &caught, &before), 0);
  const BootClock clock;
  EventLoop loop = EventLoop::create(clock).value();
  const itimerval soon{{}, {0, 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  bool ended = false;
  loop.at(clock.now() + std::chrono::milliseconds(60), [&] {
    ended = true;
    loop.stop();
  });
  ASSERT_TRUE(loop.run());
  EXPECT_TRUE(ended);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST(BootClockTest, it_does_not_go_back) {
  const BootClock clock;
  const Moment first = clock.now();
  EXPECT_GT(first.count(), 0);
  EXPECT_GE(clock.now(), first);
}

}  // namespace
}  // namespace sallyport
