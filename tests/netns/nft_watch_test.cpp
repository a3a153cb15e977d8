// SPDX-License-Identifier: GPL-2.0-or-later
// What others do to our table is undone within a second (F7, T8), or refused where the table is
// ours alone (F8); what they have themselves is never touched (F6). Prints the gaps.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <sstream>
#include <thread>

#include "tests/netns/nft_gateway.h"
#include "tests/support/stream.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::CommandLine;
using test::eventually;
using test::soon;
using test::Stream;
using testing::HasSubstr;

const char* const policy_text = R"(policy watched {
  from any {
    allow udp 4000 to 198.51.100.0/28, 2001:db8:f::/124
    allow udp any to 198.51.100.20
    deny any to 198.51.100.66
  }
}
)";

const char* const foreign_tables = R"(table inet theirs {
  counter theirs { }
  set vendors { type ipv4_addr; flags interval; elements = { 192.0.2.0/25, 192.0.2.200 } }
  map ports { type inet_service : verdict; elements = { 22 : accept, 23 : drop } }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip daddr @vendors counter name theirs
    tcp dport vmap @ports
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark 0x77 masquerade
  }
}
table netdev edge {
  chain ingress { type filter hook ingress device "wan0" priority 0; policy accept; }
}
)";

/// The blocks of a listing, sorted: what was made anew may stand elsewhere.
std::vector<std::string> blocks_of(const std::string& listing) {
  std::vector<std::string> blocks(1);
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      blocks.emplace_back();
    } else {
      blocks.back() += line + '\n';
    }
  }
  for (std::string& block : blocks) {
    if (block.ends_with("}\n}\n")) block.resize(block.size() - 2);  // the end of the table
    const std::size_t head = block.find(" {\n\tcounter ");
    if (block.starts_with("table ") && head != std::string::npos) block.erase(0, head + 3);
  }
  std::ranges::sort(blocks);
  return blocks;
}

class NftWatch : public test::NftGateway {
 protected:
  std::vector<std::string> blocks() const {
    const test::Finished listed = gateway_->run({"nft", "-s", "list", "table", "inet", table()});
    return listed.status == 0 ? blocks_of(listed.output) : std::vector<std::string>{};
  }
  Stream stream_to(const char* text) const {
    return Stream(*client_, *internet_, *Address::parse(text), 4000);
  }

  struct Gaps {
    int flushes = 0;
    int open = 0;  // how many opened a gap
    milliseconds longest{0};
    std::uint64_t leaked = 0;
    std::uint64_t lost = 0;  // of the allowed, and not in a ring
    /// The kernel drops for some microseconds what a table accepted while that is deleted.
    std::uint64_t most_lost() const { return 2 * static_cast<std::uint64_t>(flushes); }
  };
  /// The rule set is flushed every 100 ms while the client sends. A gap lasts from the first
  /// datagram that should not have arrived to the last.
  Gaps flush_for(milliseconds most, Stream& allowed, Stream& forbidden) {
    constexpr milliseconds apart{20};  // between gaps
    Gaps gaps;
    allowed.reset();
    forbidden.reset();
    const std::uint64_t losses = ring_losses();
    std::atomic<bool> over{false};
    std::thread flusher([&] {
      const auto end = steady_clock::now() + most;
      while (steady_clock::now() < end) {
        const auto next = steady_clock::now() + milliseconds(100);
        gaps.flushes += gateway_->run({"nft", "flush", "ruleset"}).status == 0 ? 1 : 0;
        std::this_thread::sleep_until(next);
      }
      over = true;
    });
    steady_clock::time_point first;
    steady_clock::time_point last;
    while (!over) {
      allowed.send();
      forbidden.send();
      const auto sent = steady_clock::now();
      std::this_thread::sleep_for(milliseconds(1));
      const std::uint64_t before = forbidden.received();
      allowed.receive();
      forbidden.receive();
      if (forbidden.received() == before) continue;
      if (gaps.open == 0 || sent - last > apart) {
        ++gaps.open;
        first = sent;
      }
      last = sent;
      gaps.longest =
          std::max(gaps.longest, std::chrono::ceil<milliseconds>(steady_clock::now() - first));
    }
    flusher.join();
    std::this_thread::sleep_for(milliseconds(100));
    allowed.receive();
    forbidden.receive();
    gaps.leaked = forbidden.received();
    const std::uint64_t missing = allowed.sent() - allowed.received();
    gaps.lost = missing - std::min(missing, ring_losses() - losses);
    return gaps;
  }
};

TEST_F(NftWatch, T8_a_flush_every_100_ms_is_undone_each_time) {
  start(policy_text, {"--nft", "--device", "lan0", "--shared"});
  const auto before = blocks();
  Stream allowed = stream_to("198.51.100.1");
  Stream forbidden = stream_to("198.51.100.99");
  const Gaps gaps = flush_for(seconds(3), allowed, forbidden);
  EXPECT_TRUE(eventually(seconds(1), [&] { return blocks() == before; })) << daemon_->output();
  EXPECT_LT(gaps.longest, seconds(1));
  EXPECT_LE(gaps.lost, gaps.most_lost());
  EXPECT_THAT(daemon_->output(), HasSubstr("nft (pid "));
  EXPECT_THAT(daemon_->output(), HasSubstr("; it is whole again"));
  EXPECT_EQ(foreign(), "") << "what others flushed of theirs stays flushed";
  const Json now = status();
  EXPECT_GE(now["nft"]["restored"], gaps.flushes / 2);
  EXPECT_EQ(now["nft"]["trouble"], nullptr);
  std::printf(
      "nftables alone: %d flushes, %s restored, gap %ld ms at most; %lu of %lu forbidden "
      "datagrams passed in %d gaps, %lu allowed lost\n",
      gaps.flushes, now["nft"]["restored"].dump().c_str(), gaps.longest.count(), gaps.leaked,
      forbidden.sent(), gaps.open, gaps.lost);
}

TEST_F(NftWatch, T8_behind_xdp_a_flush_opens_no_gap_at_all) {
  start(policy_text, {"--xdp", "lan0", "--nft", "--shared"});
  const auto before = blocks();
  Stream allowed = stream_to("198.51.100.1");
  Stream forbidden = stream_to("198.51.100.99");
  const Gaps gaps = flush_for(seconds(2), allowed, forbidden);
  EXPECT_EQ(gaps.leaked, 0U);
  EXPECT_LE(gaps.lost, gaps.most_lost());
  EXPECT_TRUE(eventually(seconds(1), [&] { return blocks() == before; })) << daemon_->output();
  std::printf("both walls: %d flushes, %lu forbidden datagrams, none passed\n", gaps.flushes,
              forbidden.sent());
}

TEST_F(NftWatch, F8_a_table_of_ours_alone_outlives_a_flush_and_refuses_changes) {
  start(policy_text, {"--nft", "--device", "lan0"});
  if (status()["nft"]["owned"] != true) GTEST_SKIP() << "SKIP: this kernel has no PERSIST";
  const std::string before = listing(table());
  nft(foreign_tables);
  Stream allowed = stream_to("198.51.100.1");
  Stream forbidden = stream_to("198.51.100.99");
  const Gaps gaps = flush_for(seconds(1), allowed, forbidden);
  EXPECT_EQ(gaps.leaked, 0U);
  EXPECT_EQ(gaps.lost, 0U);
  EXPECT_EQ(foreign(), "") << "theirs is gone";
  for (const std::string& change :
       {"delete table inet " + table(), "insert rule inet " + table() + " forward accept",
        "flush chain inet " + table() + " forward",
        "add chain inet " + table() + " foreign { type filter hook forward priority 0; }"}) {
    EXPECT_NE(try_nft(change).status, 0) << change;
  }
  EXPECT_EQ(listing(table()), before);
  EXPECT_EQ(status()["nft"]["restored"], 0);
}

TEST_F(NftWatch, F7_whatever_others_change_in_our_table_is_undone_within_a_second) {
  nft(foreign_tables);
  const std::string theirs = foreign();
  start(policy_text, {"--nft", "--device", "lan0", "--shared"});
  const auto before = blocks();
  ASSERT_GT(before.size(), 5U);
  const std::string ours = "inet " + table();
  // A map of services and its first element.
  const std::string text = listing(table());
  const std::size_t wide = text.find("198.51.100.20 : jump ");
  ASSERT_NE(wide, std::string::npos) << text;
  const std::size_t map_at = text.rfind("map ", wide) + 4;
  const std::string map = text.substr(map_at, text.find(' ', map_at) - map_at);
  const std::string changes[] = {
      "insert rule " + ours + " forward accept",
      "add rule " + ours + " judge4 accept",
      "flush chain " + ours + " forward",
      "flush chain " + ours + " judge4",
      "flush map " + ours + " " + map,
      "delete element " + ours + " " + map + " { 198.51.100.20 }",
      "add element " + ours + " " + map + " { 198.51.100.99 : accept }",
      "add chain " + ours + " foreign { type filter hook forward priority 0; policy drop; }",
      "add table " + ours + " { flags dormant; }",
      "delete table " + ours,
      "flush table " + ours,
      "delete table " + ours + "\nadd table " + ours,
  };
  Stream allowed = stream_to("198.51.100.1");
  Stream forbidden = stream_to("198.51.100.99");
  for (const std::string& change : changes) {
    const test::Finished changed = try_nft(change);
    ASSERT_EQ(changed.status, 0) << changed.output;
    const auto start_time = steady_clock::now();
    const bool undone = eventually(seconds(1), [&] { return blocks() == before; });
    const auto took = std::chrono::ceil<milliseconds>(steady_clock::now() - start_time);
    EXPECT_TRUE(undone) << change << "\n" << daemon_->output() << listing(table());
    std::printf("%4ld ms: %s\n", took.count(), change.substr(0, change.find(" inet ")).c_str());
    allowed.reset();
    forbidden.reset();
    for (int i = 0; i < 20; ++i) {
      allowed.send();
      forbidden.send();
    }
    EXPECT_TRUE(eventually(soon, [&] {
      allowed.receive();
      return allowed.received() == 20;
    })) << change;
    forbidden.receive();
    EXPECT_EQ(forbidden.received(), 0U) << change;
  }
  EXPECT_EQ(foreign(), theirs);
  EXPECT_THAT(daemon_->output(), HasSubstr("nft (pid "));
}

TEST_F(NftWatch, F6_foreign_tables_are_the_same_before_and_after_everything) {
  nft(foreign_tables);
  const std::string theirs = foreign();
  for (const CommandLine& options : {CommandLine{"--nft", "--device", "lan0"},
                                     CommandLine{"--xdp", "lan0", "--nft", "--shared"}}) {
    start(policy_text, options);
    EXPECT_EQ(foreign(), theirs) << "started";
    const std::string next = build("policy next { from any allow udp 4000 to 198.51.100.1 }\n");
    EXPECT_EQ(load(next).status, 0);
    EXPECT_EQ(foreign(), theirs) << "loaded";
    (void)try_nft("delete table inet " + table());
    EXPECT_TRUE(eventually(seconds(1), [&] { return !listing(table()).empty(); }));
    EXPECT_EQ(foreign(), theirs) << "restored";
    daemon_->signal(SIGKILL);
    (void)daemon_->wait(seconds(5));
    start(policy_text, options);
    EXPECT_EQ(foreign(), theirs) << "restarted";
    EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
    EXPECT_EQ(listing(table()), "");
    EXPECT_EQ(foreign(), theirs) << "unloaded";
  }
}

TEST_F(NftWatch, F7_what_others_do_elsewhere_is_no_reason_to_change_anything) {
  start(policy_text, {"--nft", "--device", "lan0", "--shared"});
  const std::string before = listing(table());
  for (int i = 0; i < 50; ++i) {
    nft("add table inet busy\nadd chain inet busy c\ndelete table inet busy\n");
  }
  EXPECT_EQ(listing(table()), before);
  EXPECT_EQ(status()["nft"]["restored"], 0);
  EXPECT_THAT(daemon_->output(), testing::Not(HasSubstr("changed table")));
}

}  // namespace
}  // namespace sallyport
