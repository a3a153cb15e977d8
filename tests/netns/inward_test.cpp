// SPDX-License-Identifier: GPL-2.0-or-later
// Both directions at once on a real gateway: flows that others begin, and replies to either (D12).
// What one direction opens never opens the other; nobody outside sends from a zone (D13); the
// gateway itself is no exception where packets come in (DESIGN 4.3).
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/netns/nft_gateway.h"

namespace sallyport {
namespace {

using test::arrives_udp;
using test::Crossing;
using test::Crossings;
using test::never;
using test::pings;
using test::soon;
using test::talks_tcp;
using test::talks_udp;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const char* const both_ways = R"(zone dmz = 10.9.1.0/24, 2001:db8:9::/64
policy both {
  to dmz {
    allow in tcp 8080 from 203.0.113.2, 2001:db8:fff::2, 198.51.100.0/25
    allow in udp 9090 from 203.0.113.2
  }
  to any allow in tcp 1790 from 203.0.113.2
  from dmz {
    allow tcp 4443 to 198.51.100.7, 2001:db8:f::7
    allow udp 4000 to 198.51.100.7
  }
}
)";
const char* const outward_only = R"(policy outward {
  from any allow tcp 4443 to 198.51.100.7
}
)";

/// From the internet to the client.
const Crossing inward_rows[] = {
    {"ip4 198.51.100.9 > 10.9.1.2 tcp 40000 > 8080", true},
    {"ip4 198.51.100.9 > 10.9.1.2 tcp 40000 > 8081", false},
    {"ip4 198.51.100.129 > 10.9.1.2 tcp 40000 > 8080", false},
    {"ip6 2001:db8:fff::2 > 2001:db8:9::2 tcp 40000 > 8080", true},
    {"ip6 2001:db8:fff::3 > 2001:db8:9::2 tcp 40000 > 8080", false},
    // An outward rule opens nothing that comes in, only replies do.
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 4443", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 40000 > 4443", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 22", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 40000 flags 0x06", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 40000 flags 0x01", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 40000 flags 0x12", true},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 40000 ack", true},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4444 > 40000 ack", false},
    {"ip4 198.51.100.8 > 10.9.1.2 tcp 4443 > 40000 ack", false},
    {"ip4 198.51.100.7 > 10.9.1.2 tcp 4443 > 40000 flags 0x04", true},
    {"ip6 2001:db8:f::7 > 2001:db8:9::2 tcp 4443 > 40000 ack", true},
    // Over UDP nothing tells an answer from a question.
    {"ip4 198.51.100.7 > 10.9.1.2 udp 4000 > 40000", false},
    // Nobody outside sends from the zone.
    {"ip4 10.9.1.77 > 10.9.1.2 tcp 40000 > 8080", false},
    {"ip6 2001:db8:9::77 > 2001:db8:9::2 tcp 40000 > 8080", false},
    {"ip4 203.0.113.9 > 10.9.1.2 icmp 3/4 quote [ ip4 10.9.1.2 > 198.51.100.7 tcp 40000 > 4443 ]",
     true},
    {"ip4 203.0.113.9 > 10.9.1.2 icmp 3/4 quote [ ip4 10.9.1.2 > 198.51.100.7 tcp 40000 > 4444 ]",
     false},
    {"ip4 203.0.113.9 > 10.9.1.2 icmp 3/4 quote [ ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 40000 ]",
     true},
};
const char* const inward_always = "ip4 203.0.113.2 > 10.9.1.2 tcp 50000 > 8080";

/// From the client to the internet.
const Crossing outward_rows[] = {
    {"ip4 10.9.1.2 > 198.51.100.7 tcp 40000 > 4443", true},
    // An inward rule opens nothing that goes out, only replies do.
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 40000 > 8080", false},
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 8080", false},
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 40000", false},
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 40000 flags 0x06", false},
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 40000 flags 0x12", true},
    {"ip4 10.9.1.2 > 198.51.100.9 tcp 8080 > 40000 ack", true},
    {"ip4 10.9.1.2 > 198.51.100.129 tcp 8080 > 40000 ack", false},
    {"ip4 10.9.1.2 > 203.0.113.2 udp 9090 > 40000", false},
    {"ip4 10.9.1.2 > 198.51.100.9 icmp 3/4 quote [ ip4 198.51.100.9 > 10.9.1.2 tcp 40000 > 8080 ]",
     true},
};
const char* const outward_always = "ip4 10.9.1.2 > 198.51.100.7 tcp 50000 > 4443";

class Inward : public test::NftGateway {
 protected:
  void SetUp() override {
    NftGateway::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // Where frame_of() sends to.
    gateway_->ip("link set wan0 address 02:00:00:00:00:01");
    internet_->ip("neigh flush dev eth0");
    gateway_->must_run({"sysctl", "-qw", "net.ipv4.conf.wan0.rp_filter=0"});
    ASSERT_TRUE(pings(*client_, "198.51.100.1", 5));
    ASSERT_TRUE(pings(*internet_, "2001:db8:9::2", 5));
  }

  void expect_both_ways() {
    EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));
    EXPECT_TRUE(talks_tcp(*client_, *internet_, "2001:db8:f::7", 4443, soon));
    EXPECT_FALSE(talks_tcp(*client_, *internet_, "198.51.100.8", 4443, never));
    EXPECT_TRUE(talks_tcp(*internet_, *client_, "10.9.1.2", 8080, soon));
    EXPECT_TRUE(talks_tcp(*internet_, *client_, "2001:db8:9::2", 8080, soon));
    EXPECT_FALSE(talks_tcp(*internet_, *client_, "10.9.1.2", 8081, never));
    EXPECT_FALSE(talks_tcp(*client_, *internet_, "203.0.113.2", 8080, never));
  }

  Json device(const std::string& name) const {
    const Json now = status();
    for (const Json& row : now.at("devices")) {
      if (row.at("device") == name) return row;
    }
    return {};
  }
};

TEST_F(Inward, D11_D12_D13_XdpFiltersBothDirections) {
  start(both_ways, {"--xdp", "lan0", "--xdp-in", "wan0"});
  expect_both_ways();
  Crossings inward(*internet_, *client_);
  inward.expect({std::begin(inward_rows), std::end(inward_rows)}, inward_always);
  Crossings outward(*client_, *internet_);
  outward.expect({std::begin(outward_rows), std::end(outward_rows)}, outward_always);

  // What a rule opens arrives over UDP, too; the answer of either side does not.
  EXPECT_TRUE(arrives_udp(*internet_, *client_, "10.9.1.2", 9090, 8, soon));
  EXPECT_FALSE(talks_udp(*internet_, *client_, "10.9.1.2", 9090, never));
  EXPECT_FALSE(talks_udp(*client_, *internet_, "198.51.100.7", 4000, never));

  // The gateway itself: its neighbours find it, and nothing else passes without a rule.
  EXPECT_TRUE(talks_tcp(*internet_, *gateway_, "203.0.113.1", 1790, soon));
  EXPECT_FALSE(talks_tcp(*internet_, *gateway_, "203.0.113.1", 1791, never));
  EXPECT_FALSE(pings(*internet_, "203.0.113.1", 1));
  EXPECT_TRUE(talks_tcp(*client_, *gateway_, "10.9.1.1", 1791, soon));
}

TEST_F(Inward, D14_StatusNamesTheDirectionsThatAreNotFiltered) {
  start(both_ways, {"--xdp", "lan0"});
  EXPECT_TRUE(talks_tcp(*internet_, *client_, "10.9.1.2", 8080, soon));
  EXPECT_EQ(device("lan0").at("direction"), "outward");
  const std::string unfiltered = "packets from the internet towards the clients";
  EXPECT_THAT(status().at("not_filtered"), Contains(unfiltered));
  EXPECT_THAT(daemon_->output(), HasSubstr("no device is filtered inward"));
  daemon_->stop();

  start(both_ways, {"--xdp", "lan0", "--xdp-in", "wan0"});
  EXPECT_EQ(device("lan0").at("direction"), "outward");
  EXPECT_EQ(device("wan0").at("direction"), "inward");
  EXPECT_EQ(device("wan0").at("mode"), "native");
  EXPECT_EQ(device("wan0").at("program_tag").get<std::string>().size(), 16U);
  EXPECT_NE(device("wan0").at("program_tag"), device("lan0").at("program_tag"));
  EXPECT_THAT(status().at("not_filtered"), Not(Contains(unfiltered)));
}

TEST_F(Inward, B1_B5_TheDirectionOutlivesTheDaemonAndTheDevice) {
  start(both_ways, {"--xdp", "lan0", "--xdp-in", "wan0"});
  daemon_->signal(SIGKILL);
  ASSERT_TRUE(daemon_->wait(std::chrono::seconds(5)));
  expect_both_ways();
  EXPECT_EQ(device("wan0").at("direction"), "inward");

  // Nobody turns it round by mistake.
  const test::Finished turned =
      sallyport({"run", build(both_ways), "--xdp", "wan0", "--instance", instance_});
  EXPECT_EQ(turned.status, 3);
  EXPECT_THAT(turned.output, HasSubstr("an earlier run filters it inward"));

  // Named or not, it stays as it was.
  start(both_ways, {"--xdp", "lan0"});
  EXPECT_EQ(device("wan0").at("direction"), "inward");
  expect_both_ways();
  ASSERT_EQ(load(build(outward_only)).status, 0);
  EXPECT_FALSE(talks_tcp(*internet_, *client_, "10.9.1.2", 8080, never));
  EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));

  const test::Finished twice =
      sallyport({"run", build(both_ways), "--xdp", "wan0", "--xdp-in", "wan0"});
  EXPECT_EQ(twice.status, 2);
  EXPECT_THAT(twice.output, HasSubstr("a device has one side"));
}

/// Without those for which nftables would have to compare a packet with what it quotes.
template <std::size_t N>
std::vector<Crossing> without_errors(const Crossing (&rows)[N]) {
  std::vector<Crossing> kept;
  for (const Crossing& row : rows) {
    if (row.frame.find(" quote ") == std::string::npos) kept.push_back(row);
  }
  return kept;
}

TEST_F(Inward, C2_D12_D13_NftablesFiltersBothDirections) {
  start(both_ways, {"--nft", "--device", "lan0"});
  expect_both_ways();
  Crossings inward(*internet_, *client_);
  inward.expect(without_errors(inward_rows), inward_always);
  Crossings outward(*client_, *internet_);
  outward.expect(without_errors(outward_rows), outward_always);
  EXPECT_FALSE(talks_udp(*internet_, *client_, "10.9.1.2", 9090, never));
  EXPECT_FALSE(talks_udp(*client_, *internet_, "198.51.100.7", 4000, never));
  EXPECT_THAT(status().at("not_filtered"),
              Not(Contains("packets from the internet towards the clients")));

  // The lasting chains come and go with inward rules, and nothing is left behind.
  const std::string with_inward = listing(table());
  EXPECT_THAT(with_inward, HasSubstr("chain forward_in"));
  ASSERT_EQ(load(build(outward_only)).status, 0);
  EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));
  EXPECT_TRUE(arrives_udp(*internet_, *client_, "10.9.1.2", 9091, 8, soon)) << "not judged now";
  EXPECT_THAT(status().at("not_filtered"),
              Contains("packets from the internet towards the clients"));
  const test::Finished again = load(build(both_ways));
  ASSERT_EQ(again.status, 0) << again.output << daemon_->output();
  expect_both_ways();
  EXPECT_EQ(status().at("nft").at("trouble"), nullptr);
}

TEST_F(Inward, D12_ConnectionTrackingCarriesAnswersOverUdp) {
  start(both_ways, {"--nft", "--device", "lan0", "--conntrack"});
  expect_both_ways();
  EXPECT_TRUE(talks_udp(*internet_, *client_, "10.9.1.2", 9090, soon));
  EXPECT_TRUE(talks_udp(*client_, *internet_, "198.51.100.7", 4000, soon));
  EXPECT_FALSE(arrives_udp(*internet_, *client_, "10.9.1.2", 9091, 8, never));
  EXPECT_FALSE(arrives_udp(*client_, *internet_, "198.51.100.7", 4001, 8, never));
}

TEST_F(Inward, D12_BothWallsInBothDirections) {
  start(both_ways, {"--xdp", "lan0", "--xdp-in", "wan0", "--nft"});
  expect_both_ways();
  Crossings inward(*internet_, *client_);
  inward.expect(without_errors(inward_rows), inward_always);
  ASSERT_EQ(load(build(outward_only)).status, 0);
  EXPECT_FALSE(talks_tcp(*internet_, *client_, "10.9.1.2", 8080, never));
}

TEST_F(Inward, AWallThatCannotJudgeInwardRulesRefusesThem) {
  const std::string bundle = build(both_ways);
  for (const test::CommandLine& options :
       {test::CommandLine{"--nft"}, test::CommandLine{"--nft", "--device", "lan0", "--host"}}) {
    test::CommandLine words{"run", bundle, "--instance", instance_};
    words.insert(words.begin() + 2, options.begin(), options.end());
    const test::Finished refused = sallyport(words);
    EXPECT_EQ(refused.status, 3) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(options.size() == 1 ? "need --device" : "--host does"));
  }
}

}  // namespace
}  // namespace sallyport
