// SPDX-License-Identifier: GPL-2.0-or-later
// The nftables wall through its life, under traffic: a name that moves, kill -9 and a restart, and
// loads, alone and behind XDP. Nothing allowed is lost on the way and nothing forbidden arrives
// (B1, B2, F3, N14).
#include <gmock/gmock.h>

#include <thread>

#include "tests/netns/nft_gateway.h"
#include "tests/support/knot.h"
#include "tests/support/stream.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::CommandLine;
using test::eventually;
using test::soon;
using test::Stream;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint16_t port = 4000;

struct Walls {
  const char* name;
  std::vector<std::string> options;
};

void PrintTo(const Walls& walls, std::ostream* out) {
  *out << walls.name;
}

/// Streams to addresses that stay allowed, and behind them to some that never are.
struct Traffic {
  Traffic(const test::Netns& from, const test::Netns& to, const std::vector<const char*>& allowed,
          const std::vector<const char*>& forbidden)
      : staying(allowed.size()) {
    for (const auto* list : {&allowed, &forbidden}) {
      for (const char* text : *list) streams.emplace_back(from, to, *Address::parse(text), port);
    }
  }

  /// `losses`: what rings lost meanwhile.
  void expect_nothing_wrong(std::uint64_t losses) const {
    std::uint64_t sent = 0;
    std::uint64_t arrived = 0;
    std::uint64_t refused = 0;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const Stream& stream = streams[i];
      EXPECT_GT(stream.sent(), 100U) << stream.address().text();
      if (i < staying) {
        EXPECT_LE(stream.sent() - stream.received(), losses) << stream.address().text();
        sent += stream.sent();
        arrived += stream.received();
      } else {
        EXPECT_EQ(stream.received(), 0U) << stream.address().text();
        refused += stream.sent();
      }
    }
    std::printf(
        "%lu of %lu allowed datagrams arrived, %lu lost in rings; %lu forbidden, none "
        "arrived\n",
        arrived, sent, losses, refused);
  }

  std::vector<Stream> streams;
  std::size_t staying;
};

class NftLife : public test::NftGateway, public testing::WithParamInterface<Walls> {
 protected:
  static bool opens(Stream& stream, milliseconds most) {
    stream.reset();
    return eventually(most, [&] {
      stream.send();
      stream.receive();
      return stream.received() > 0;
    });
  }
  Stream stream_to(const char* text) const {
    return Stream(*client_, *internet_, *Address::parse(text), port);
  }
};

class NftNames : public NftLife {
 protected:
  void SetUp() override {
    if (const std::string reason = test::Knot::why_not(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    NftLife::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    dns_.emplace(*internet_, folder_, "example.net", "203.0.113.53");
  }
  void TearDown() override {
    dns_.reset();
    NftLife::TearDown();
  }
  void start_with_names() {
    std::vector<std::string> options = GetParam().options;
    options.insert(options.end(), {"--resolver", "203.0.113.53:53"});
    start(
        "policy moving {\n  ttl-floor 1s\n  grace 2s\n  from any {\n"
        "    allow udp 4000 to moving.example.net\n    allow udp any to other.example.net\n  "
        "}\n}\n",
        options);
  }
  std::optional<test::Knot> dns_;
};

TEST_P(NftNames, a_name_that_moves_is_followed_by_differences) {
  dns_->set({{"moving.example.net", "A", "198.51.100.10"},
             {"moving.example.net", "AAAA", "2001:db8:f::10"},
             {"other.example.net", "A", "198.51.100.20"}});
  start_with_names();
  Stream old_address = stream_to("198.51.100.10");
  Stream new_address = stream_to("198.51.100.11");
  Stream other = stream_to("198.51.100.20");
  Stream v6 = stream_to("2001:db8:f::10");
  ASSERT_TRUE(opens(old_address, seconds(15))) << daemon_->output();
  ASSERT_TRUE(opens(v6, seconds(15))) << daemon_->output();
  ASSERT_TRUE(opens(other, seconds(15))) << daemon_->output();
  EXPECT_FALSE(opens(new_address, milliseconds(300)));
  EXPECT_THAT(listing(table()), HasSubstr("198.51.100.10 . udp . 4000"));
  EXPECT_THAT(listing(table()), HasSubstr("198.51.100.20 : jump"));

  // The name of wide services takes the address of the other one.
  dns_->set(
      {{"moving.example.net", "A", "198.51.100.11"}, {"other.example.net", "A", "198.51.100.10"}});
  EXPECT_TRUE(opens(new_address, seconds(10))) << daemon_->output();
  EXPECT_TRUE(eventually(seconds(15), [&] { return !opens(other, milliseconds(300)); }));
  EXPECT_TRUE(opens(old_address, seconds(1))) << "now by the other name";
  EXPECT_EQ(status()["generation"], 1) << "without a new table";
  dns_->set({{"other.example.net", "A", "198.51.100.20"}});
  EXPECT_TRUE(eventually(seconds(15), [&] { return !opens(old_address, milliseconds(300)); }));
  EXPECT_TRUE(opens(v6, seconds(1)));
  EXPECT_THAT(listing(table()), Not(HasSubstr("198.51.100.10")));
}

TEST_P(NftNames, B1_a_restart_adopts_table_and_bindings_without_a_gap) {
  dns_->set(
      {{"moving.example.net", "A", "198.51.100.10"}, {"other.example.net", "A", "198.51.100.20"}});
  start_with_names();
  Traffic traffic(*client_, *internet_, {"198.51.100.10", "198.51.100.20"},
                  {"198.51.100.66", "2001:db8:f::66"});
  ASSERT_TRUE(opens(traffic.streams[0], seconds(15))) << daemon_->output();
  ASSERT_TRUE(opens(traffic.streams[1], seconds(15))) << daemon_->output();
  for (Stream& stream : traffic.streams) stream.reset();

  const std::uint64_t losses = ring_losses();
  test::Sender sender(traffic.streams, milliseconds(2));
  for (int i = 0; i < 2; ++i) {
    const std::string before = listing(table());
    daemon_->signal(SIGKILL);
    ASSERT_EQ(daemon_->wait(seconds(5)), 128 + SIGKILL);
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_THAT(listing(table()), HasSubstr("198.51.100.20 : jump")) << "in force without a daemon";
    start_with_names();
    EXPECT_THAT(daemon_->output(), HasSubstr("adopted 2 addresses of an earlier run"));
    const std::string after = listing(table());
    EXPECT_THAT(after, HasSubstr("198.51.100.20 : jump"));
    EXPECT_THAT(after, Not(HasSubstr("g" + std::to_string(i + 1) + "_"))) << "what was before went";
  }
  sender.stop();
  traffic.expect_nothing_wrong(ring_losses() - losses);
  EXPECT_EQ(status()["nft"]["trouble"], nullptr);
}

TEST_P(NftLife, B2_a_load_under_traffic_loses_and_leaks_nothing) {
  const auto policy = [](const std::string& more) {
    return "policy swap {\n  from any {\n"
           "    allow udp 4000 to 198.51.100.1, 2001:db8:f::1\n"
           "    allow udp any to 198.51.100.2\n"
           "    allow udp 4000 to " +
           more + "\n    deny any to 198.51.100.66\n  }\n}\n";
  };
  start(policy("198.51.100.30"), GetParam().options);
  const std::string bundles[] = {build(policy("198.51.100.30, 198.51.100.0/28")),
                                 build(policy("198.51.100.31"))};
  Traffic traffic(*client_, *internet_, {"198.51.100.1", "198.51.100.2", "2001:db8:f::1"},
                  {"198.51.100.99", "2001:db8:f::99", "198.51.100.66"});
  const std::uint64_t losses = ring_losses();
  constexpr int loads = 8;
  {
    test::Sender sender(traffic.streams, milliseconds(1));
    for (int i = 0; i < loads; ++i) {
      const test::Finished loaded = load(bundles[i % 2]);
      EXPECT_EQ(loaded.status, 0) << loaded.output;
    }
    sender.stop();
  }
  traffic.expect_nothing_wrong(ring_losses() - losses);
  // The last one decides.
  Stream first = stream_to("198.51.100.30");
  Stream second = stream_to("198.51.100.31");
  EXPECT_TRUE(opens(second, soon));
  EXPECT_FALSE(opens(first, milliseconds(300)));
  const Json now = status();
  EXPECT_EQ(now["generation"], loads + 1);
  EXPECT_EQ(now["nft"]["restored"], 0);
  EXPECT_EQ(now["nft"]["trouble"], nullptr);
  for (int old = 1; old <= loads; ++old)
    EXPECT_THAT(listing(table()), Not(HasSubstr("g" + std::to_string(old) + "_")));
}

const Walls walls[] = {{"nft", {"--nft", "--device", "lan0"}},
                       {"both", {"--xdp", "lan0", "--nft"}}};
std::string name_of(const testing::TestParamInfo<Walls>& info) {
  return info.param.name;
}
class NftStart : public test::NftGateway {
 protected:
  std::string refusal(const CommandLine& options) {
    CommandLine words{"run", build("policy p { allow udp 4000 to 198.51.100.7 }")};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--instance", instance_});
    const auto finished = sallyport(words);
    EXPECT_NE(finished.status, 0) << finished.output;
    return finished.output;
  }
  std::string table() const {
    return gateway_->run({"nft", "list", "table", "inet", "sallyport-" + instance_}).output;
  }
};

/// What a start did not make, its failure does not remove.
TEST_F(NftStart, B1_one_that_fails_leaves_the_table_of_an_earlier_one) {
  start("policy p { allow udp 4000 to 198.51.100.7 }", {"--nft", "--device", "lan0", "--shared"});
  daemon_->signal(SIGKILL);
  daemon_->wait(seconds(5));
  const std::string before = table();
  ASSERT_THAT(before, HasSubstr("jump judge"));
  EXPECT_THAT(refusal({"--xdp", "nosuch0", "--nft", "--device", "lan0", "--shared"}),
              HasSubstr("nosuch0"));
  EXPECT_EQ(table(), before);
  // Without --nft nobody would keep it true.
  EXPECT_THAT(refusal({"--xdp", "lan0"}), HasSubstr("is in force"));
  EXPECT_EQ(table(), before);
}

/// Who may not read nftables must not take the table for gone, and remove what belongs to it.
TEST_F(NftStart, B1_one_without_the_right_to_read_nftables_removes_nothing) {
  if (!test::has_program("setpriv")) GTEST_SKIP() << "SKIP: needs setpriv (util-linux)";
  start("policy p { allow udp 4000 to 198.51.100.7 }", {"--nft", "--device", "lan0", "--shared"});
  daemon_->signal(SIGKILL);
  daemon_->wait(seconds(5));
  const std::string bundle = build("policy p { allow udp 4000 to 198.51.100.8 }");
  for (const char* how : {"--nft", "--xdp=lan0"}) {
    const auto finished =
        gateway_->run({"setpriv", "--inh-caps=-net_admin", "--bounding-set=-net_admin",
                       SALLYPORT_BINARY, "run", bundle, how, "--instance", instance_});
    EXPECT_NE(finished.status, 0) << finished.output;
    const Json now = status();
    EXPECT_EQ(now["generation"], 1) << how << "\n" << finished.output;
    EXPECT_EQ(now["policy"], "p") << how;
  }
  EXPECT_THAT(table(), HasSubstr("jump judge"));
}

/// From elsewhere the table cannot be seen, and must not be taken for gone.
TEST_F(NftStart, nobody_unloads_from_another_network) {
  start("policy p { allow udp 4000 to 198.51.100.7 }", {"--nft", "--device", "lan0", "--shared"});
  daemon_->signal(SIGKILL);
  daemon_->wait(seconds(5));
  for (const char* command : {"unload", "status"}) {
    const auto finished = client_->run({SALLYPORT_BINARY, command, "--instance", instance_});
    EXPECT_EQ(finished.status, 3) << finished.output;
    EXPECT_THAT(finished.output, HasSubstr("in another network namespace"));
  }
  EXPECT_THAT(table(), HasSubstr("jump judge"));
  EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
  EXPECT_THAT(table(), HasSubstr("No such file"));
}

TEST_F(NftStart, one_that_fails_leaves_nothing_of_its_own) {
  refusal({"--xdp", "nosuch0", "--nft", "--device", "lan0"});
  EXPECT_THAT(table(), HasSubstr("No such file"));
}

/// nftables matches names, so a wrong one would filter nothing and look well.
TEST_F(NftStart, D14_refuses_devices_that_no_packet_enters_through) {
  EXPECT_THAT(refusal({"--nft", "--device", "nosuch0"}), HasSubstr("there is no such device"));
  EXPECT_THAT(refusal({"--nft", "--device", "lan*"}), HasSubstr("is no device"));
  EXPECT_THAT(refusal({"--nft", "--device", "a\" accept #"}), HasSubstr("is no device"));
  gateway_->ip("link add name br0 type bridge");
  gateway_->ip("link set dev lan0 master br0");
  EXPECT_THAT(refusal({"--nft", "--device", "lan0"}), HasSubstr("part of br0"));
  EXPECT_THAT(table(), HasSubstr("No such file"));
}

INSTANTIATE_TEST_SUITE_P(Walls, NftLife, testing::ValuesIn(walls), name_of);
INSTANTIATE_TEST_SUITE_P(Walls, NftNames, testing::ValuesIn(walls), name_of);

}  // namespace
}  // namespace sallyport
