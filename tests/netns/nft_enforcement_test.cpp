// SPDX-License-Identifier: GPL-2.0-or-later
// What `run --nft` lets through a gateway, alone and behind XDP: real packets of every kind (D3,
// D5, D6, D11, D12, T26), also beside tables that track connections, and with the host itself
// judged.
#include <gmock/gmock.h>

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

const char* const policy_text = R"(policy wall {
  from any {
    allow udp 4000 to 198.51.100.0/25, 2001:db8:f::/96
    allow tcp 4443 to 198.51.100.7, 2001:db8:f::7
    allow icmp echo-request or icmpv6 echo-request to 198.51.100.7, 2001:db8:f::7
    allow udp any to 198.51.100.20, 2001:db8:f::20
    deny any to 198.51.100.66, 2001:db8:f::66
  }
}
)";

const char* const always = "ip4 10.9.1.2 > 198.51.100.1 udp 4000 > 4000";

const Crossing common_rows[] = {
    {"ip4 10.9.1.2 > 198.51.100.7 udp 4001 > 4000", true},
    {"ip4 10.9.1.2 > 198.51.100.7 udp 4000 > 4001", false},
    {"ip4 10.9.1.2 > 198.51.100.127 udp 4000 > 4000", true},
    {"ip4 10.9.1.2 > 198.51.100.128 udp 4000 > 4000", false},
    {"ip4 10.9.1.2 > 198.51.100.66 udp 4000 > 4000", false},
    {"ip4 10.9.1.2 > 198.51.100.7 tcp 40000 > 4443", true},
    {"ip4 10.9.1.2 > 198.51.100.8 tcp 40000 > 4443", false},
    {"ip4 10.9.1.2 > 198.51.100.7 tcp 40000 > 4000", false},
    {"ip4 10.9.1.2 > 198.51.100.7 icmp echo-request", true},
    {"ip4 10.9.1.2 > 198.51.100.8 icmp echo-request", false},
    {"ip4 10.9.1.2 > 198.51.100.7 icmp 13", false},
    {"ip4 10.9.1.2 > 198.51.100.7 proto 47 payload 20", false},
    {"ip4 10.9.1.2 > 198.51.100.20 udp 4000 > 9", true},
    {"ip4 10.9.1.2 > 198.51.100.20 tcp 4000 > 9", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 udp 4001 > 4000", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 udp 4000 > 4001", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::1:0:7 udp 4000 > 4000", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::66 udp 4000 > 4000", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 tcp 40000 > 4443", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::8 tcp 40000 > 4443", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 icmpv6 echo-request", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::8 icmpv6 echo-request", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 icmpv6 135", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::20 udp 4000 > 9", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 dst udp 4001 > 4000", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 dst udp 4001 > 4001", false},
};

/// Sources that nobody can have.
const Crossing bad_sources[] = {
    {"ip4 0.0.0.0 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 0.1.2.3 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 127.0.0.1 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 127.9.9.9 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 224.0.0.1 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 239.1.1.1 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip4 255.255.255.255 > 198.51.100.7 udp 4000 > 4000", false},
    {"ip6 :: > 2001:db8:f::7 udp 4000 > 4000", false},
    {"ip6 ::1 > 2001:db8:f::7 udp 4000 > 4000", false},
    {"ip6 ff02::1 > 2001:db8:f::7 udp 4000 > 4000", false},
    {"ip6 ff0e::1 > 2001:db8:f::7 udp 4000 > 4000", false},
    {"ip6 ::ffff:10.9.1.2 > 2001:db8:f::7 udp 4000 > 4000", false},
    // The same with a source that somebody can have.
    {"ip4 10.9.1.77 > 198.51.100.7 udp 4000 > 4000", true},
    {"ip6 2001:db8:9::77 > 2001:db8:f::7 udp 4000 > 4000", true},
};

const Crossing source_routes[] = {
    {"ip4 10.9.1.2 > 198.51.100.7 opts 0x830704c6336409 udp 4000 > 4000", false},
    {"ip4 10.9.1.2 > 198.51.100.7 opts 0x890704c6336409 udp 4000 > 4000", false},
    {"ip4 10.9.1.2 > 198.51.100.20 opts 0x830704c6336409 frag 5 more proto udp payload 8", false},
    {"ip4 10.9.1.2 > 198.51.100.7 opts 0x94040000 udp 4000 > 4000", true},  // router alert
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 rh 0 left 1 udp 4000 > 4000", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 rh 0 left 0 udp 4000 > 4000", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 rh 2 left 1 udp 4000 > 4000", false},
};

/// Fragments where nobody defragments: each meets the policy by itself.
const Crossing pieces[] = {
    {"ip4 10.9.1.2 > 198.51.100.7 frag 0 more udp 4000 > 4000 udplen 1000 payload 24", true},
    {"ip4 10.9.1.2 > 198.51.100.7 frag 0 more udp 4000 > 4001 udplen 1000 payload 24", false},
    {"ip4 10.9.1.2 > 198.51.100.7 frag 0 more proto udp payload 0", false},
    {"ip4 10.9.1.2 > 198.51.100.7 frag 5 proto udp payload 8", false},
    {"ip4 10.9.1.2 > 198.51.100.7 frag 5 more proto udp payload 8", false},
    {"ip4 10.9.1.2 > 198.51.100.20 frag 5 proto udp payload 8", true},
    {"ip4 10.9.1.2 > 198.51.100.20 frag 5 more proto udp payload 8", true},
    {"ip4 10.9.1.2 > 198.51.100.20 frag 5 proto tcp payload 8", false},
    {"ip4 10.9.1.2 > 198.51.100.66 frag 5 proto udp payload 8", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 frag 0 more udp 4000 > 4000 udplen 1000 payload 24", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 frag 0 more udp 4000 > 4001 udplen 1000 payload 24", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::7 frag 5 proto udp payload 8", false},
    {"ip6 2001:db8:9::2 > 2001:db8:f::20 frag 5 proto udp payload 8", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::66 frag 5 proto udp payload 8", false},
};

/// Fragments that are whole.
const Crossing atomic[] = {
    {"ip6 2001:db8:9::2 > 2001:db8:f::9 frag 0 udp 4000 > 4000", true},
    {"ip6 2001:db8:9::2 > 2001:db8:f::9 frag 0 udp 4000 > 4001", false},
};

template <std::size_t N>
std::vector<Crossing> rows_of(const Crossing (&rows)[N]) {
  return {std::begin(rows), std::end(rows)};
}

/// Connection tracking by somebody else, which defragments.
const char* const tracking_table = R"(table inet tracker {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    ct state invalid counter accept
  }
}
)";

struct Mode {
  const char* name;
  std::vector<std::string> options;
  bool all = false;  // nftables judges both directions
  bool tracks = false;
};

void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.name;
}

class NftEnforcement : public test::NftGateway, public testing::WithParamInterface<Mode> {
 protected:
  void SetUp() override {
    NftGateway::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start(policy_text, GetParam().options);
    if (HasFatalFailure()) return;
    crossings_.emplace(*client_, *internet_);
  }
  void TearDown() override {
    crossings_.reset();
    NftGateway::TearDown();
  }
  void expect(const std::vector<Crossing>& rows) { crossings_->expect(rows, always); }

  std::optional<Crossings> crossings_;
};

TEST_P(NftEnforcement, passes_what_the_policy_allows_and_nothing_else) {
  expect(rows_of(common_rows));
  expect(rows_of(source_routes));
  expect(rows_of(atomic));
  // Connection tracking keeps pieces until the others come.
  if (!GetParam().tracks) expect(rows_of(pieces));
}

TEST_P(NftEnforcement, never_forwards_impossible_sources) {
  expect(rows_of(bad_sources));
  // As kube-proxy sets it: packets from 127/8 are routed then.
  gateway_->must_run({"sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1",
                      "net.ipv4.conf.lan0.route_localnet=1"});
  expect(rows_of(bad_sources));
}

TEST_P(NftEnforcement, D12_answers_come_back) {
  if (GetParam().all) {
    // By design an answer is judged as any other forwarded packet.
    EXPECT_FALSE(talks_udp(*client_, *internet_, "198.51.100.7", 4000, never));
    EXPECT_TRUE(arrives_udp(*client_, *internet_, "198.51.100.7", 4000, 8, soon));
    return;
  }
  for (const std::string prefix : {"198.51.100.", "2001:db8:f::"}) {
    EXPECT_TRUE(talks_udp(*client_, *internet_, prefix + "7", 4000, soon)) << prefix;
    EXPECT_FALSE(talks_udp(*client_, *internet_, prefix + "7", 4001, never)) << prefix;
    EXPECT_TRUE(talks_tcp(*client_, *internet_, prefix + "7", 4443, soon)) << prefix;
    EXPECT_FALSE(talks_tcp(*client_, *internet_, prefix + "7", 4444, never)) << prefix;
    EXPECT_TRUE(pings(*client_, prefix + "7", 3)) << prefix;
    EXPECT_FALSE(pings(*client_, prefix + "8", 1)) << prefix;
  }
  // What comes unasked from an allowed address opens nothing outward.
  EXPECT_FALSE(talks_udp(*internet_, *client_, "10.9.1.2", 5353, never));
}

TEST_P(NftEnforcement, D3_pieces_are_judged_by_themselves_whether_or_not_others_defragment) {
  const auto expect_fragmented = [&](const char* when) {
    for (const std::string prefix : {"198.51.100.", "2001:db8:f::"}) {
      const std::string message = prefix + ", " + when;
      EXPECT_TRUE(arrives_udp(*client_, *internet_, prefix + "20", 9, 4000, soon)) << message;
      EXPECT_TRUE(arrives_udp(*client_, *internet_, prefix + "7", 4000, 400, soon)) << message;
      EXPECT_FALSE(arrives_udp(*client_, *internet_, prefix + "7", 4000, 4000, never)) << message;
    }
  };
  expect_fragmented("nobody tracks connections");
  nft(tracking_table);
  expect_fragmented("another table tracks connections");
  expect(rows_of(common_rows));
  expect(rows_of(source_routes));
  expect(rows_of(bad_sources));
}

INSTANTIATE_TEST_SUITE_P(Walls, NftEnforcement,
                         testing::Values(Mode{"everything_forwarded", {"--nft"}, true},
                                         Mode{"nft_on_lan0", {"--nft", "--device", "lan0"}},
                                         Mode{"two_walls", {"--xdp", "lan0", "--nft"}},
                                         Mode{"nft_with_conntrack",
                                              {"--nft", "--device", "lan0", "--conntrack"},
                                              false,
                                              true}),
                         [](const auto& mode) { return std::string(mode.param.name); });

class NftGatewayWall : public test::NftGateway {};

TEST_F(NftGatewayWall, without_defragmentation_pieces_are_judged_in_the_forward_hook) {
  start(policy_text, {"--nft", "--device", "lan0", "--no-defragmentation"});
  Crossings(*client_, *internet_).expect(rows_of(common_rows), always);
  Crossings(*client_, *internet_).expect(rows_of(pieces), always);
  Crossings(*client_, *internet_).expect(rows_of(atomic), always);
  Crossings(*client_, *internet_).expect(rows_of(source_routes), always);
}

/// ICMP errors that the client sends about what reached it.
std::vector<Crossing> errors(bool tracked) {
  return {
      // about an answer of an allowed flow
      {"ip4 10.9.1.2 > 198.51.100.7 icmp 3/4 quote [ ip4 198.51.100.7 > 10.9.1.2 udp 4000 > 40001 "
       "]",
       tracked},
      {"ip4 10.9.1.2 > 198.51.100.7 icmp 3/4 quote [ ip4 198.51.100.7 > 10.9.1.2 udp 4000 > 40009 "
       "]",
       false},  // a flow that never was
      // about what came unasked, of an address and port that is not allowed
      {"ip4 10.9.1.2 > 198.51.100.7 icmp 3/4 quote [ ip4 198.51.100.7 > 10.9.1.2 udp 5000 > 40002 "
       "]",
       false},
      {"ip6 2001:db8:9::2 > 2001:db8:f::7 icmpv6 2/0 quote [ ip6 2001:db8:f::7 > 2001:db8:9::2 udp "
       "4000 > 40001 ]",
       tracked},
      {"ip6 2001:db8:9::2 > 2001:db8:f::7 icmpv6 2/0 quote [ ip6 2001:db8:f::7 > 2001:db8:9::2 udp "
       "5000 > 40002 ]",
       false},
  };
}

void send_unasked(const test::Netns& from, const std::string& source, const std::string& to) {
  const test::SocketAddress local(source, 5000);
  const test::SocketAddress remote(to, 40002);
  const Fd socket = test::socket_in(from, local.family, SOCK_DGRAM);
  ASSERT_EQ(bind(socket.get(), local.get(), local.size), 0);
  ASSERT_EQ(sendto(socket.get(), "x", 1, 0, remote.get(), remote.size), 1);
}

TEST_F(NftGatewayWall, D11_errors_about_allowed_flows_pass_with_conntrack_only) {
  for (const bool tracked : {true, false}) {
    std::vector<std::string> options{"--nft", "--device", "lan0"};
    if (tracked) options.push_back("--conntrack");
    start(policy_text, options);
    Crossings crossings(*client_, *internet_);
    crossings.expect({{"ip4 10.9.1.2 > 198.51.100.7 udp 40001 > 4000", true},
                      {"ip6 2001:db8:9::2 > 2001:db8:f::7 udp 40001 > 4000", true}},
                     always);
    send_unasked(*internet_, "198.51.100.7", "10.9.1.2");
    send_unasked(*internet_, "2001:db8:f::7", "2001:db8:9::2");
    crossings.expect(errors(tracked), always);
    EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
  }
}

TEST_F(NftGatewayWall, the_host_itself_is_judged_if_it_shall_and_its_servers_still_answer) {
  for (const bool host : {true, false}) {
    std::vector<std::string> options{"--nft", "--device", "lan0"};
    if (host) options.push_back("--host");
    start(policy_text, options);
    for (const std::string prefix : {"198.51.100.", "2001:db8:f::"}) {
      EXPECT_TRUE(talks_udp(*gateway_, *internet_, prefix + "7", 4000, soon)) << prefix;
      EXPECT_TRUE(talks_tcp(*gateway_, *internet_, prefix + "7", 4443, soon)) << prefix;
      EXPECT_EQ(arrives_udp(*gateway_, *internet_, prefix + "7", 4001, 8, host ? never : soon),
                !host)
          << prefix;
      EXPECT_EQ(talks_tcp(*gateway_, *internet_, prefix + "8", 4443, host ? never : soon), !host)
          << prefix;
      EXPECT_EQ(arrives_udp(*gateway_, *internet_, prefix + "66", 4000, 8, host ? never : soon),
                !host)
          << prefix;
      EXPECT_TRUE(talks_udp(*client_, *internet_, prefix + "7", 4000, soon)) << prefix;
    }
    // What it serves to both sides, and to itself.
    for (const char* address : {"10.9.1.1", "2001:db8:9::1"}) {
      EXPECT_TRUE(talks_tcp(*client_, *gateway_, address, 2222, soon)) << address;
      EXPECT_TRUE(talks_udp(*client_, *gateway_, address, 2222, soon)) << address;
      EXPECT_TRUE(talks_tcp(*gateway_, *gateway_, address, 2222, soon)) << address;
      EXPECT_TRUE(pings(*client_, address, 3)) << address;
    }
    for (const char* address : {"203.0.113.1", "2001:db8:fff::1"}) {
      EXPECT_TRUE(talks_tcp(*internet_, *gateway_, address, 2222, soon)) << address;
      EXPECT_TRUE(pings(*internet_, address, 3)) << address;
    }
    EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
  }
}

TEST_F(NftGatewayWall, D10_neighbours_are_found_while_the_host_is_judged) {
  start(policy_text, {"--nft", "--device", "lan0", "--host"});
  gateway_->ip("neigh flush dev wan0");
  gateway_->ip("neigh flush dev lan0");
  client_->ip("neigh flush dev eth0");
  EXPECT_TRUE(talks_udp(*client_, *internet_, "198.51.100.7", 4000, soon));
  EXPECT_TRUE(talks_udp(*client_, *internet_, "2001:db8:f::7", 4000, soon));
  // It joins groups and solicits as ever.
  internet_->ip("-6 neigh flush dev eth0");
  EXPECT_TRUE(pings(*internet_, "2001:db8:fff::1", 3));
}

TEST_F(NftGatewayWall, foreign_marks_and_tables_are_left_alone) {
  nft(tracking_table);
  const std::string before = foreign();
  start(policy_text, {"--nft", "--device", "lan0", "--conntrack"});
  Crossings(*client_, *internet_).expect(rows_of(common_rows), always);
  EXPECT_EQ(foreign(), before);
  EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
  EXPECT_EQ(foreign(), before);
  EXPECT_EQ(listing(table()), "");
  EXPECT_TRUE(Crossings(*client_, *internet_)
                  .crosses("ip4 10.9.1.2 > 198.51.100.66 udp 4000 > 4000", soon));
}

}  // namespace
}  // namespace sallyport
