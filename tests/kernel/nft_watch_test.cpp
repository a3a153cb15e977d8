// SPDX-License-Identifier: GPL-2.0-or-later
// The watch on our table: who changed it, nothing of our own, and floods.
#include "runtime/nft_watch.h"

#include <gmock/gmock.h>

#include <fstream>

#include "runtime/nft_table.h"
#include "tests/kernel/nft_sample.h"

namespace sallyport {
namespace {

using test::sample_table;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NftWatchTest : public test::NftFixture {
 protected:
  /// Creates the table, runs `act`, then the loop once; what was told.
  std::vector<std::string> told(const std::function<void(NftTable&)>& act) {
    std::vector<std::string> words;
    host_->inside([&] {
      const BootClock clock;
      auto loop = EventLoop::create(clock);
      ASSERT_TRUE(loop) << loop.error().text();
      auto table = NftTable::open("sp", {.own = false, .receive_buffer = 0});
      ASSERT_TRUE(table) << table.error().text();
      const auto watch = watch_nft_table(*loop, "sp", {table->port()},
                                         [&](const std::string& who) { words.push_back(who); });
      ASSERT_TRUE(watch) << watch.error().text();
      ASSERT_TRUE(table->prepare(sample_table("g1_")));
      act(*table);
      for (int i = 0; i < 1000; ++i) ASSERT_TRUE(loop->run_ready());
    });
    return words;
  }
};

TEST_F(NftWatchTest, our_own_transactions_are_not_told) {
  EXPECT_THAT(told([](NftTable& table) {
                ASSERT_TRUE(table.prepare(sample_table("g2_")));
                ASSERT_TRUE(table.swap());
                ASSERT_TRUE(table.retire());
              }),
              IsEmpty());
}

TEST_F(NftWatchTest, changes_of_other_tables_are_not_told) {
  EXPECT_THAT(told([&](NftTable&) {
                nft("add table inet other; add chain inet other sp; add table ip sp");
                nft("delete table inet other");
              }),
              IsEmpty());
}

TEST_F(NftWatchTest, F7_a_flush_of_the_ruleset_is_told_with_who_did_it_and_restored) {
  const auto words = told([&](NftTable&) { nft("flush ruleset"); });
  EXPECT_THAT(words, ElementsAre(AllOf(HasSubstr("nft (pid "), HasSubstr("changed table sp"))));
}

TEST_F(NftWatchTest, F7_what_was_flushed_is_whole_again_within_a_second) {
  host_->inside([&] {
    const BootClock clock;
    auto loop = EventLoop::create(clock);
    ASSERT_TRUE(loop);
    auto table = NftTable::open("sp", {.own = false, .receive_buffer = 0});
    ASSERT_TRUE(table);
    const nft::Table value = sample_table("g1_");
    int restored = 0;
    const auto watch = watch_nft_table(*loop, "sp", {table->port()}, [&](const std::string&) {
      const auto again = table->restore(value);
      ASSERT_TRUE(again) << again.error().text();
      if (++restored == 5) loop->stop();
    });
    ASSERT_TRUE(watch);
    ASSERT_TRUE(table->prepare(value));
    loop->at(clock.now() + std::chrono::seconds(20), [&] { loop->stop(); });
    auto flusher = host_->start(
        {"sh", "-c", "for i in 1 2 3 4 5; do nft flush ruleset; sleep 0.1; done; sleep 30"});
    ASSERT_TRUE(loop->run());
    EXPECT_EQ(restored, 5);
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftWatchTest, a_flood_is_told_few_times_and_what_is_lost_is_told) {
  const auto words = told([&](NftTable&) {
    auto other = NftSocket::open();
    ASSERT_TRUE(other);
    nft::Table value = sample_table("g1_");
    const nft::Set& set = test::set_of(value, "g1_exact");
    for (std::uint32_t round = 0; round < 40; ++round) {
      NftBatch batch("sp");
      for (std::uint32_t i = 0; i < 5000; ++i) {
        NftElement element;
        element.key = test::nth_service_key(round * 5000 + i);
        element.size = static_cast<std::uint8_t>(set.key_size());
        batch.add_element(set, element);
      }
      ASSERT_EQ(other->commit(batch, {}).kind, NftOutcome::Kind::applied);
    }
  });
  ASSERT_FALSE(words.empty());
  EXPECT_LT(words.size(), 100U);
  for (const std::string& one : words) {
    EXPECT_THAT(one, testing::AnyOf(HasSubstr("changed table sp"), HasSubstr("were lost")));
  }
}

}  // namespace
}  // namespace sallyport
