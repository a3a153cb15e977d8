// SPDX-License-Identifier: GPL-2.0-or-later
// NftTable: generations, changes, read-back and restoring, each against nft(8)'s own listing.
#include "runtime/nft_table.h"

#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/kernel/nft_sample.h"

namespace sallyport {
namespace {

using test::index_of;
using test::nth_service_key;
using test::sample_table;
using test::set_of;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

#define ASSERT_OK(expression)                       \
  do {                                              \
    const auto& outcome = (expression);             \
    ASSERT_TRUE(outcome) << outcome.error().text(); \
  } while (false)

constexpr NftTable::Options shared{.own = false, .receive_buffer = 0};

/// The sample with `count` elements in its exact set.
nft::Table large_table(const std::string& prefix, std::uint32_t count) {
  nft::Table table = sample_table(prefix);
  nft::Set& set = set_of(table, prefix + "exact");
  set.elements.clear();
  set.elements.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) set.elements.push_back({nth_service_key(i), 0});
  return table;
}

nft::SetChange change_of(const nft::Table& table, const std::string& set,
                         std::vector<nft::Element> elements) {
  return {index_of(table, set), std::move(elements)};
}

class NftTableTest : public test::NftFixture {
 protected:
  /// The name of the chain's listing, without handles.
  std::string chain(const std::string& name) const {
    return host_->must_run({"nft", "list", "chain", "inet", "sp", name});
  }
  void foreign_tables() const {
    nft("add table ip kube-proxy; add chain ip kube-proxy pre "
        "{ type nat hook prerouting priority -100; }; add rule ip kube-proxy pre counter; "
        "add table inet sp_other; add set inet sp_other s { type ipv4_addr; }; "
        "add element inet sp_other s { 1.2.3.4 }");
  }
  /// `nft -a list ruleset` of all tables but ours.
  std::string foreign() const {
    return host_->must_run({"nft", "-a", "list", "table", "ip", "kube-proxy"}) +
           host_->must_run({"nft", "-a", "list", "table", "inet", "sp_other"});
  }
};

// ---- generations ----

TEST_F(NftTableTest, a_table_is_created_live_in_one_batch) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    EXPECT_FALSE(table->exists());
    EXPECT_EQ(table->free_prefix(), "g1_");
    const auto before = NftSocket::open()->generation().value();
    ASSERT_OK(table->prepare(sample_table("g1_")));
    EXPECT_EQ(NftSocket::open()->generation().value(), before + 1);
    EXPECT_TRUE(table->exists());
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_THAT(chain("gate"), HasSubstr("jump g1_zone"));
    ASSERT_OK(table->swap());
    ASSERT_OK(table->retire());
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_EQ(NftSocket::open()->generation().value(), before + 1) << "nothing was left to do";
  });
}

TEST_F(NftTableTest, prepare_changes_nothing_enforced_widen_adds_and_narrow_takes_away) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    EXPECT_EQ(table->free_prefix(), "g2_");
    const std::string gate = chain("gate");
    const std::string hook = chain("forward_in");

    ASSERT_OK(table->prepare(sample_table("g2_")));
    EXPECT_EQ(chain("gate"), gate);
    EXPECT_EQ(chain("forward_in"), hook);
    EXPECT_THAT(chain("g2_zone"), HasSubstr("@g2_exact"));
    EXPECT_EQ(table->difference().value(), "");

    ASSERT_OK(table->widen());
    const std::string both = chain("gate");
    EXPECT_LT(both.find("jump g1_zone"), both.find("jump g2_zone"));
    EXPECT_EQ(table->difference().value(), "");

    ASSERT_OK(table->narrow());
    EXPECT_THAT(chain("gate"), Not(HasSubstr("g1_zone")));
    EXPECT_THAT(chain("gate"), HasSubstr("jump g2_zone"));
    EXPECT_EQ(chain("forward_in"), hook);
    EXPECT_EQ(table->difference().value(), "");

    ASSERT_OK(table->retire());
    EXPECT_THAT(list(), Not(HasSubstr("g1_")));
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftTableTest, swap_is_one_batch_and_counters_survive) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    host_->must_run({"nft", "delete", "element", "inet", "sp", "g1_count",
                     "{ 192.0.2.1 . 6 . 443 }"});  // only to see that counters are not made anew
    nft::Table next = sample_table("g2_");
    next.counters.push_back({"c_three", "new"});
    ASSERT_OK(table->prepare(next));
    const std::string counter = host_->must_run({"nft", "-a", "list", "counters"});
    const auto before = NftSocket::open()->generation().value();
    ASSERT_OK(table->swap());
    EXPECT_EQ(NftSocket::open()->generation().value(), before + 1);
    ASSERT_OK(table->retire());
    EXPECT_EQ(host_->must_run({"nft", "-a", "list", "counters"}), counter)
        << "handles are the same";
    EXPECT_EQ(table->counters()->size(), 3U);
    ASSERT_OK(table->prepare(sample_table("g3_")));
    ASSERT_OK(table->swap());
    ASSERT_OK(table->retire());
    EXPECT_EQ(table->counters()->size(), 2U) << "c_three went with its generation";
  });
}

TEST_F(NftTableTest, what_was_only_prepared_can_be_dropped_and_its_prefix_not_used_twice) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    const std::string before = list();
    EXPECT_FALSE(table->prepare(sample_table("g1_")));
    ASSERT_OK(table->prepare(sample_table("g2_")));
    ASSERT_OK(table->retire());
    EXPECT_EQ(list(), before);
    ASSERT_OK(table->swap());
    EXPECT_EQ(list(), before);
  });
}

TEST_F(NftTableTest, lasting_sets_change_when_the_generation_goes_live) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    nft::Table next = sample_table("g2_");
    set_of(next, "filtered").elements = {{nft::key_of_device("eth0"), 0},
                                         {nft::key_of_device("wan9"), 0}};
    const auto devices = [&] {
      return host_->must_run({"nft", "list", "set", "inet", "sp", "filtered"});
    };
    ASSERT_OK(table->prepare(next));
    EXPECT_THAT(devices(), HasSubstr("lan0"));
    EXPECT_THAT(devices(), Not(HasSubstr("wan9")));
    ASSERT_OK(table->widen());
    EXPECT_THAT(devices(), Not(HasSubstr("lan0"))) << "what passes from there now passes at once";
    EXPECT_THAT(devices(), Not(HasSubstr("wan9")));
    ASSERT_OK(table->narrow());
    EXPECT_THAT(devices(), HasSubstr("wan9"));
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftTableTest, an_earlier_process_s_table_is_taken_over_without_a_gap) {
  host_->inside([&] {
    {
      auto table = NftTable::open("sp", shared);
      ASSERT_OK(table);
      nft::Table old = sample_table("g4_");
      old.chains.push_back({"old_hook", "", nft::Hook::forward, 5, {}});
      ASSERT_OK(table->prepare(old));
    }
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    EXPECT_TRUE(table->exists());
    EXPECT_EQ(table->free_prefix(), "g5_");
    ASSERT_OK(table->prepare(sample_table("g5_")));
    EXPECT_THAT(chain("gate"), HasSubstr("g4_zone"));
    ASSERT_OK(table->swap());
    ASSERT_OK(table->retire());
    EXPECT_THAT(list(), Not(HasSubstr("g4_")));
    EXPECT_THAT(list(), Not(HasSubstr("old_hook")));
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftTableTest, what_was_widened_can_be_abandoned) {
  host_->inside([&] {
    for (const bool known : {true, false}) {
      SCOPED_TRACE(known);
      auto table = NftTable::open("sp", shared);
      ASSERT_OK(table);
      if (known) ASSERT_OK(table->prepare(sample_table("g1_")));
      const std::string before = host_->must_run({"nft", "list", "ruleset"});
      nft::Table next = sample_table("g2_");
      set_of(next, "filtered").elements = {{nft::key_of_device("wan9"), 0}};
      ASSERT_OK(table->prepare(next));
      ASSERT_OK(table->widen());
      EXPECT_NE(host_->must_run({"nft", "list", "ruleset"}), before);
      ASSERT_OK(table->abandon());
      const std::string after = host_->must_run({"nft", "list", "ruleset"});
      EXPECT_EQ(after.size(), before.size());
      EXPECT_THAT(after, HasSubstr("lan0"));
      EXPECT_THAT(after, Not(HasSubstr("g2_")));
      EXPECT_EQ(table->difference().value(), "");
    }
  });
}

TEST_F(NftTableTest, F2_a_large_set_is_looked_up_key_by_key) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 30'000);
    ASSERT_OK(table->prepare(value));
    EXPECT_EQ(table->difference(&value).value(), "");
    nft("delete element inet sp g1_exact { 10.0.0.5 . 6 . 443, 10.0.0.6 . 6 . 443 }");
    EXPECT_THAT(table->difference(&value).value(), HasSubstr("g1_exact"));
    nft("add element inet sp g1_exact { 192.0.2.5 . 6 . 443, 192.0.2.6 . 6 . 443 }");
    EXPECT_THAT(table->difference(&value).value(),
                HasSubstr("of set g1_exact 2 of 30000 elements are gone or not ours"));
    ASSERT_OK(table->restore(value));
    EXPECT_EQ(table->difference(&value).value(), "");
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftTableTest, what_is_prepared_can_change_before_it_is_live) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    nft::Table next = sample_table("g2_");
    ASSERT_OK(table->prepare(next));
    nft::Delta delta;
    delta.added = {change_of(next, "g2_exact", {{nth_service_key(1), 0}})};
    ASSERT_OK(table->change(next, delta));
    ASSERT_OK(table->swap());
    EXPECT_EQ(table->difference().value(), "");
    ASSERT_OK(table->restore(next));
    nft::Table unknown = sample_table("g3_");
    EXPECT_FALSE(table->change(unknown, delta));
  });
}

// ---- changes ----

TEST_F(NftTableTest, F2_F9_a_change_adds_then_removes_and_both_are_read_back) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 1000);
    ASSERT_OK(table->prepare(value));
    nft::Delta delta;
    delta.chains = {{"g1_more", "", nft::Hook::none, 0, {{"accept", {nft::Verdict{}}}}}};
    const auto more = static_cast<std::uint32_t>(value.chains.size());
    delta.added = {
        change_of(value, "g1_exact", {{nth_service_key(5000), 0}, {nth_service_key(6000), 0}}),
        change_of(value, "g1_map24", {{test::address_key("192.0.2.0"), more}}),
        change_of(value, "g1_count", {{nth_service_key(1), 1}})};
    delta.removed = {
        change_of(value, "g1_exact", {{nth_service_key(0), 0}, {nth_service_key(7), 0}})};
    const auto before = NftSocket::open()->generation().value();
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(NftSocket::open()->generation().value(), before + 2) << "two batches";
    EXPECT_EQ(set_of(value, "g1_exact").elements.size(), 1000U);
    EXPECT_EQ(nft::table_fault(value), std::nullopt);
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_THAT(list(), HasSubstr("192.0.2.0 : jump g1_more"));
    // The value is what was loaded: nothing to restore.
    const std::string all = list();
    ASSERT_OK(table->restore(value));
    EXPECT_EQ(list(), all);
    // Again: it is all there already.
    delta.chains.clear();
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(list(), all);
  });
}

TEST_F(NftTableTest, F3_a_key_that_stays_is_neither_removed_nor_added) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = sample_table("g1_");
    ASSERT_OK(table->prepare(value));
    // Whoever makes deltas may name a key on both sides: it stays.
    nft::Delta delta;
    delta.added = {
        change_of(value, "g1_exact", {value.sets[index_of(value, "g1_exact")].elements[0]})};
    delta.removed = delta.added;
    const auto before = NftSocket::open()->generation().value();
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(NftSocket::open()->generation().value(), before);
    EXPECT_EQ(set_of(value, "g1_exact").elements.size(), 3U);
    // Another target for a key of a map: the kernel knows no other way than both in one batch.
    delta.added = {change_of(value, "g1_count", {{set_of(value, "g1_count").elements[0].key, 1}})};
    delta.removed = {change_of(value, "g1_count", {set_of(value, "g1_count").elements[0]})};
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(NftSocket::open()->generation().value(), before + 1);
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_EQ(set_of(value, "g1_count").elements[0].target, 1U);
  });
}

TEST_F(NftTableTest, F9_an_element_that_is_gone_already_aborts_nothing) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 100);
    ASSERT_OK(table->prepare(value));
    nft("delete element inet sp g1_exact { 10.0.0.5 . 6 . 443 }");
    nft("add element inet sp g1_exact { 10.0.2.5 . 6 . 443 }");
    nft::Delta delta;
    delta.added = {
        change_of(value, "g1_exact", {{nth_service_key(517), 0}, {nth_service_key(518), 0}})};
    delta.removed = {
        change_of(value, "g1_exact", {{nth_service_key(5), 0}, {nth_service_key(6), 0}})};
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_EQ(set_of(value, "g1_exact").elements.size(), 100U);
  });
}

TEST_F(NftTableTest, F4_T7_a_change_by_others_in_between_is_stale_and_retried) {
  foreign_tables();
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 1000);
    ASSERT_OK(table->prepare(value));
    for (std::uint32_t round = 0; round < 20; ++round) {
      nft("add element inet sp g1_exact { 192.0.2.1 . 6 . " + std::to_string(round + 1) + " }");
      nft("delete element inet sp g1_exact { 192.0.2.1 . 6 . " + std::to_string(round + 1) + " }");
      nft::Delta delta;
      delta.added = {change_of(value, "g1_exact", {{nth_service_key(2000 + round), 0}})};
      delta.removed = {change_of(value, "g1_exact", {{nth_service_key(round), 0}})};
      ASSERT_OK(table->change(value, delta));
    }
    EXPECT_GE(table->retries(), 20U) << "what we knew was of a generation before";
    EXPECT_EQ(table->difference().value(), "");
  });
}

TEST_F(NftTableTest, F4_T7_changes_while_another_socket_commits_all_the_time) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 1000);
    ASSERT_OK(table->prepare(value));
    auto other = NftSocket::open();
    ASSERT_OK(other);
    std::atomic<bool> stop = false;
    std::thread noise([&] {
      while (!stop) {
        NftBatch batch("sp");
        const nft::Set& set = value.sets[index_of(value, "g1_protocols")];
        NftElement element;
        element.key[0] = 50;
        element.size = 1;
        batch.add_element(set, element);
        batch.remove_element(set, element);
        other->commit(batch, {});
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
    });
    int failed = 0;
    for (std::uint32_t round = 0; round < 200; ++round) {
      nft::Delta delta;
      delta.added = {change_of(value, "g1_exact", {{nth_service_key(2000 + round), 0}})};
      delta.removed = {change_of(value, "g1_exact", {{nth_service_key(round), 0}})};
      if (!table->change(value, delta)) ++failed;
    }
    stop = true;
    noise.join();
    EXPECT_EQ(failed, 0);
    EXPECT_GE(table->retries(), 1U);
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_EQ(set_of(value, "g1_exact").elements.size(), 1000U);
  });
}

/// Whatever swap() answers, what it thinks is live is what the kernel has: a swap that was taken
/// and then told as a failure would be undone into a table that lets nothing pass.
TEST_F(NftTableTest, F4_F5_a_swap_among_foreign_changes_is_told_as_it_went) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(large_table("g1_", 20)));
    auto other = NftSocket::open();
    ASSERT_OK(other);
    std::atomic<bool> noisy = false;
    std::atomic<bool> stop = false;
    std::thread noise([&] {
      for (std::uint32_t i = 0; !stop; ++i) {
        if (noisy) {
          NftBatch batch("sp_noise");
          batch.add_table(0);
          other->commit(batch, {});
        }
        std::this_thread::sleep_for(std::chrono::microseconds(50 + i % 7 * 100));
      }
    });
    int refused = 0;
    for (std::uint32_t round = 2; round < 40; ++round) {
      noisy = true;
      const bool went =
          table->prepare(large_table("g" + std::to_string(round) + "_", 20)) && table->swap();
      noisy = false;
      if (!went) {
        ++refused;
        EXPECT_TRUE(table->abandon());
      }
      EXPECT_EQ(table->difference().value(), "") << "round " << round;
      EXPECT_TRUE(table->retire());
    }
    stop = true;
    noise.join();
    std::cout << refused << " of 38 swaps were refused\n";
  });
}

TEST_F(NftTableTest, F5_T6_with_4_KiB_to_receive_in_everything_still_comes_out_right) {
  host_->inside([&] {
    auto socket = NftSocket::open(4096);
    ASSERT_OK(socket);
    // Its own notifications push acknowledgements out.
    const int group = NFNLGRP_NFTABLES;
    ASSERT_EQ(setsockopt(socket->descriptor(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              0);
    auto table = NftTable::over(std::move(*socket), "sp", false);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 5000);
    ASSERT_OK(table->prepare(value));
    EXPECT_GE(table->retries(), 1U) << "an acknowledgement was lost";
    EXPECT_EQ(table->difference().value(), "");
    nft::Delta delta;
    std::vector<nft::Element> added;
    std::vector<nft::Element> removed;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      added.push_back({nth_service_key(5000 + i), 0});
      removed.push_back({nth_service_key(i), 0});
    }
    delta.added = {change_of(value, "g1_exact", added)};
    delta.removed = {change_of(value, "g1_exact", removed)};
    ASSERT_OK(table->change(value, delta));
    EXPECT_EQ(table->difference().value(), "");
    ASSERT_OK(table->prepare(sample_table("g2_")));
    ASSERT_OK(table->swap());
    ASSERT_OK(table->retire());
    EXPECT_EQ(table->difference().value(), "");
    EXPECT_THAT(list(), Not(HasSubstr("g1_")));
  });
}

// ---- what others do ----

TEST_F(NftTableTest, F2_every_difference_is_seen_and_F7_restored) {
  struct Tampering {
    const char* command;
    const char* words;
  };
  const Tampering tamperings[] = {
      {"add rule inet sp gate accept", "chain gate has other rules"},
      {"insert rule inet sp forward_in accept", "chain forward_in has other rules"},
      {"flush chain inet sp g1_zone", "chain g1_zone has other rules"},
      {"flush set inet sp g1_exact", "set g1_exact holds 0 elements instead of 3"},
      {"add element inet sp g1_exact { 203.0.113.9 . 6 . 22 }", "g1_exact holds 4 elements"},
      {"delete element inet sp g1_exact6 { 2001:db8::1 . 6 . 443 }", "g1_exact6 holds 0"},
      {"delete element inet sp g1_map24 { 198.51.100.0 }; "
       "add element inet sp g1_map24 { 198.51.100.0 : accept }",
       "some of them not ours"},
      {"delete element inet sp g1_map24 { 198.51.100.0 }; "
       "add element inet sp g1_map24 { 198.51.100.0 : goto g1_leaf }",
       "some of them not ours"},
      {"delete element inet sp g1_count { 192.0.2.1 . 6 . 443 }; "
       "add element inet sp g1_count { 192.0.2.1 . 6 . 443 : \"c_two\" }",
       "some of them not ours"},
      {"delete element inet sp g1_ports { 1-100 }; add element inet sp g1_ports { 1-200 }",
       "some of them not ours"},
      {"delete element inet sp g1_ranges { 10.0.0.0/24 }", "g1_ranges holds"},
      {"add element inet sp g1_ranges { 172.16.0.0/12 : goto g1_leaf }", "g1_ranges holds"},
      {"add chain inet sp foreign { type filter hook forward priority 0; }", "foreign is not ours"},
      {"delete chain inet sp out_in", "chain out_in is gone"},
      {"delete chain inet sp out_in; add chain inet sp out_in "
       "{ type filter hook output priority 7; }",
       "another hook"},
      {"flush chain inet sp forward_in; delete chain inet sp forward_in", "forward_in is gone"},
      {"add table inet sp { flags dormant; }", "dormant"},
      {"flush chain inet sp gate; flush chain inet sp g1_zone; delete set inet sp g1_exact",
       "g1_exact is gone"},
      {"delete table inet sp", "table sp is gone"},
      {"flush ruleset", "table sp is gone"},
  };
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    const nft::Table value = sample_table("g1_");
    ASSERT_OK(table->prepare(value));
    for (const Tampering& tampering : tamperings) {
      SCOPED_TRACE(tampering.command);
      nft(tampering.command);
      const auto difference = table->difference();
      ASSERT_OK(difference);
      EXPECT_THAT(*difference, HasSubstr(tampering.words));
      ASSERT_OK(table->restore(value));
      EXPECT_EQ(table->difference().value(), "");
    }
    EXPECT_THAT(list(), Not(HasSubstr("foreign")));
  });
}

TEST_F(NftTableTest, F6_other_tables_are_byte_identical_whatever_we_do) {
  foreign_tables();
  const std::string before = foreign();
  host_->inside([&] {
    auto table = NftTable::open("sp", {});
    ASSERT_OK(table);
    nft::Table value = sample_table("g1_");
    ASSERT_OK(table->prepare(value));
    ASSERT_OK(table->prepare(sample_table("g2_")));
    ASSERT_OK(table->widen());
    ASSERT_OK(table->narrow());
    ASSERT_OK(table->retire());
    ASSERT_OK(table->restore(value));
    EXPECT_EQ(foreign(), before);
    ASSERT_OK(table->remove());
    ASSERT_OK(table->remove());
    EXPECT_FALSE(table->exists());
  });
  EXPECT_EQ(foreign(), before);
  EXPECT_EQ(host_->must_run({"nft", "list", "tables"}),
            "table ip kube-proxy\ntable inet sp_other\n");
}

// ---- ownership ----

TEST_F(NftTableTest, F8_an_owned_table_is_closed_to_others_and_survives_its_owner) {
  host_->inside([&] {
    std::string before;
    {
      auto table = NftTable::open("sp", {});
      ASSERT_OK(table);
      ASSERT_OK(table->prepare(sample_table("g1_")));
      if (!table->owned()) GTEST_SKIP() << "SKIP: the kernel does not take owner and persist";
      const auto refused = host_->run({"nft", "flush", "table", "inet", "sp"});
      EXPECT_NE(refused.status, 0);
      EXPECT_THAT(refused.output, HasSubstr("Operation not permitted"));
      nft("flush ruleset");
      EXPECT_EQ(table->difference().value(), "") << "passes over the tables of others";
      const auto second = NftTable::open("sp", {});
      ASSERT_FALSE(second);
      EXPECT_THAT(second.error().text(), HasSubstr("another process owns it"));
      before = host_->must_run({"nft", "list", "chain", "inet", "sp", "gate"});
    }
    EXPECT_EQ(host_->must_run({"nft", "list", "chain", "inet", "sp", "gate"}), before);
    auto heir = NftTable::open("sp", {});
    ASSERT_OK(heir);
    EXPECT_TRUE(heir->owned());
    ASSERT_OK(heir->prepare(sample_table("g2_")));
    ASSERT_OK(heir->swap());
    ASSERT_OK(heir->retire());
    EXPECT_EQ(heir->difference().value(), "");
    EXPECT_NE(host_->run({"nft", "delete", "table", "inet", "sp"}).status, 0);
    ASSERT_OK(heir->remove());
  });
}

TEST_F(NftTableTest, F8_without_ownership_no_flag_is_set) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    ASSERT_OK(table->prepare(sample_table("g1_")));
    EXPECT_FALSE(table->owned());
  });
  EXPECT_THAT(list(), Not(HasSubstr("flags owner")));
}

// ---- size ----

TEST_F(NftTableTest, ten_elements_of_a_hundred_thousand_change_within_milliseconds) {
  host_->inside([&] {
    auto table = NftTable::open("sp", shared);
    ASSERT_OK(table);
    nft::Table value = large_table("g1_", 100'000);
    ASSERT_OK(table->prepare(value));
    std::vector<double> milliseconds;
    for (std::uint32_t round = 0; round < 20; ++round) {
      std::vector<nft::Element> added;
      std::vector<nft::Element> removed;
      for (std::uint32_t i = 0; i < 10; ++i) {
        added.push_back({nth_service_key(200'000 + round * 10 + i), 0});
        removed.push_back({nth_service_key(round * 5000 + i), 0});
      }
      nft::Delta delta;
      delta.added = {change_of(value, "g1_exact", added)};
      delta.removed = {change_of(value, "g1_exact", removed)};
      const auto begin = std::chrono::steady_clock::now();
      ASSERT_OK(table->change(value, delta));
      milliseconds.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count());
    }
    std::ranges::sort(milliseconds);
    RecordProperty("median_us", static_cast<int>(milliseconds[10] * 1000));
    EXPECT_LT(milliseconds[10], 50) << "generous, for busy machines";
    EXPECT_EQ(table->difference().value(), "");
  });
}

}  // namespace
}  // namespace sallyport
