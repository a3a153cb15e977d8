// SPDX-License-Identifier: GPL-2.0-or-later
// Live flows and what becomes of the address they go to (DESIGN 4.10, N14, T29): an expiry lets
// them finish and opens nothing new, a policy without the rule cuts them, and connection tracking
// alone opens nothing.
#include <gmock/gmock.h>

#include <thread>

#include "tests/netns/nft_gateway.h"
#include "tests/support/knot.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::eventually;
using test::Netns;
using test::never;
using test::soon;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint16_t port = 4000;
constexpr std::uint16_t other_port = 5000;

/// A client and a server that stay connected.
class Conversation {
 public:
  Conversation(const Netns& from, const Netns& to, const std::string& text, std::uint16_t number)
      : address_(text, number),
        listening_(test::socket_in(to, address_.family, SOCK_STREAM)),
        client_(test::socket_in(from, address_.family, SOCK_STREAM)) {
    if (bind(listening_.get(), address_.get(), address_.size) != 0 ||
        listen(listening_.get(), 1) != 0)
      test::throw_errno("listen on " + text);
    (void)::connect(client_.get(), address_.get(), address_.size);
    opened_ = eventually(soon, [&] {
      if (!server_) server_ = Fd{accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK)};
      return server_ && talks(never);
    });
    listening_.reset();  // so that others may try whether they can connect
  }
  bool opened() const { return opened_; }

  /// A byte there and another one back, neither said before.
  bool talks(milliseconds most) {
    const char word = static_cast<char>('a' + ++said_ % 26);
    (void)::send(client_.get(), &word, 1, MSG_NOSIGNAL);
    return eventually(most, [&] {
      char heard = 0;
      while (recv(server_.get(), &heard, 1, 0) == 1) {
        (void)::send(server_.get(), &heard, 1, MSG_NOSIGNAL);
      }
      while (recv(client_.get(), &heard, 1, 0) == 1) {
        if (heard == word) return true;
      }
      return false;
    });
  }

 private:
  test::SocketAddress address_;
  Fd listening_, client_, server_;
  int said_ = 0;
  bool opened_ = false;
};

class NftFlows : public test::NftGateway {
 protected:
  static constexpr const char* old4 = "198.51.100.10";
  static constexpr const char* old6 = "2001:db8:f::10";
  static constexpr const char* new4 = "198.51.100.11";
  static constexpr const char* new6 = "2001:db8:f::11";

  void SetUp() override {
    if (const std::string reason = test::Knot::why_not(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    NftGateway::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    dns_.emplace(*internet_, folder_, "example.net", "203.0.113.53");
    dns_->set({{"moving.example.net", "A", old4}, {"moving.example.net", "AAAA", old6}});
  }
  void TearDown() override {
    dns_.reset();
    NftGateway::TearDown();
  }

  static std::string policy(const std::string& more) {
    return "policy moving {\n  ttl-floor 1s\n  grace 2s\n  from any {\n"
           "    allow udp 9 to 203.0.113.2\n    " +
           more + "\n  }\n}\n";
  }
  const std::string with_name_ = policy("allow tcp 4000 to moving.example.net");
  void start_tracking(const std::string& text) {
    start(text, {"--nft", "--device", "lan0", "--conntrack", "--resolver", "203.0.113.53:53"});
  }
  bool opens(const char* address, milliseconds most) {
    return test::talks_tcp(*client_, *internet_, address, port, most);
  }
  void wait_for(const char* address) {
    ASSERT_TRUE(eventually(seconds(15), [&] { return opens(address, never); }))
        << daemon_->output();
  }
  /// The name has other addresses from now on, and those it had are closed.
  void move() {
    dns_->set({{"moving.example.net", "A", new4}, {"moving.example.net", "AAAA", new6}});
    ASSERT_TRUE(eventually(seconds(20), [&] {
      const std::string bound = sallyport({"status", "--json", "--instance", instance_}).output;
      return bound.find(old4) == std::string::npos && bound.find(old6) == std::string::npos &&
             bound.find(new4) != std::string::npos && bound.find(new6) != std::string::npos;
    })) << daemon_->output();
  }
  std::uint64_t finishing() const { return status()["nft"]["outliving_flows"]; }

  std::optional<test::Knot> dns_;
};

TEST_F(NftFlows, N14_T29_a_live_flow_survives_the_expiry_of_its_address_and_nothing_new_opens) {
  gateway_->must_run({"nft",
                      "add table inet warm; add chain inet warm every { type filter hook "
                      "forward priority 0; }; add rule inet warm every ct state new counter"});
  gateway_->must_run({"sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_time_wait=1",
                      "net.netfilter.nf_conntrack_tcp_timeout_close=1"});
  start_tracking(with_name_);
  wait_for(old4);
  wait_for(old6);
  {
    Conversation v4(*client_, *internet_, old4, port);
    Conversation v6(*client_, *internet_, old6, port);
    ASSERT_TRUE(v4.opened() && v6.opened()) << daemon_->output();
    EXPECT_EQ(counted("outliving"), 0U) << "the tables decide first";
    ASSERT_NO_FATAL_FAILURE(move());
    EXPECT_GE(finishing(), 2U) << daemon_->output();
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(v4.talks(soon)) << daemon_->output();
      EXPECT_TRUE(v6.talks(soon)) << daemon_->output();
    }
    EXPECT_GE(counted("outliving"), 20U);
    EXPECT_FALSE(opens(old4, milliseconds(1500)));
    EXPECT_FALSE(opens(old6, milliseconds(1500)));
    EXPECT_TRUE(opens(new4, soon)) << daemon_->output();
    EXPECT_EQ(status()["nft"]["trouble"], nullptr);
    EXPECT_EQ(status()["nft"]["restored"], 0);
  }
  EXPECT_TRUE(eventually(seconds(30), [&] { return finishing() == 0; })) << "they have ended";
}

TEST_F(NftFlows, N14_T29_a_policy_without_the_rule_cuts_live_flows_at_once) {
  start_tracking(with_name_);
  wait_for(old4);
  Conversation expired(*client_, *internet_, old4, port);
  ASSERT_NO_FATAL_FAILURE(move());
  wait_for(new4);
  Conversation bound(*client_, *internet_, new4, port);
  ASSERT_TRUE(expired.opened() && bound.opened()) << daemon_->output();

  // What stays in the policy goes on.
  const auto more = load(build(policy("allow tcp 4000, 4001 to moving.example.net")));
  ASSERT_EQ(more.status, 0) << more.output;
  EXPECT_TRUE(expired.talks(soon)) << daemon_->output();
  EXPECT_TRUE(bound.talks(soon)) << daemon_->output();
  EXPECT_EQ(status()["nft"]["cut_flows"], 0) << daemon_->output();

  const auto without = load(build(policy("allow tcp 4001 to moving.example.net")));
  ASSERT_EQ(without.status, 0) << without.output;
  EXPECT_FALSE(expired.talks(seconds(1)));
  EXPECT_FALSE(bound.talks(seconds(1)));
  EXPECT_GE(status()["nft"]["cut_flows"], 2);
  EXPECT_EQ(finishing(), 0U);
  EXPECT_THAT(daemon_->output(), HasSubstr("cut: the new policy refuses"));
  // Connection tracking still knows both: a policy that opens the name again opens nothing else.
  const auto again = load(build(with_name_));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_FALSE(expired.talks(seconds(1)));
}

TEST_F(NftFlows, N14_a_denied_flow_is_cut) {
  start_tracking(with_name_);
  wait_for(old4);
  Conversation flow(*client_, *internet_, old4, port);
  ASSERT_TRUE(flow.opened());
  ASSERT_NO_FATAL_FAILURE(move());
  ASSERT_TRUE(flow.talks(soon)) << daemon_->output();
  const auto denied = load(
      build(policy("allow tcp 4000 to moving.example.net\n    deny tcp 4000 to 198.51.100.10")));
  ASSERT_EQ(denied.status, 0) << denied.output;
  EXPECT_FALSE(flow.talks(seconds(1)));
}

TEST_F(NftFlows, N14_flows_that_the_policy_never_passed_are_not_let_in) {
  // Tracked, and open to everything.
  gateway_->must_run({"nft",
                      "add table inet warm; add chain inet warm every { type filter hook "
                      "forward priority 0; }; add rule inet warm every ct state new counter"});
  Conversation elsewhere(*client_, *internet_, "198.51.100.77", port);
  Conversation another_port(*client_, *internet_, old4, other_port);
  Conversation allowed(*client_, *internet_, old4, port);
  ASSERT_TRUE(elsewhere.opened() && another_port.opened() && allowed.opened());
  start_tracking(with_name_);
  wait_for(old4);
  EXPECT_FALSE(elsewhere.talks(milliseconds(500)));
  EXPECT_FALSE(another_port.talks(milliseconds(500)));
  EXPECT_TRUE(allowed.talks(soon)) << "from now on the policy passes it";
  ASSERT_NO_FATAL_FAILURE(move());
  EXPECT_TRUE(allowed.talks(soon)) << daemon_->output();
  EXPECT_FALSE(elsewhere.talks(milliseconds(500)));
  EXPECT_FALSE(another_port.talks(milliseconds(500)));
}

TEST_F(NftFlows, B1_a_restart_with_the_same_policy_keeps_them_and_another_policy_does_not) {
  start_tracking(with_name_);
  wait_for(old4);
  Conversation flow(*client_, *internet_, old4, port);
  ASSERT_TRUE(flow.opened());
  ASSERT_NO_FATAL_FAILURE(move());
  ASSERT_TRUE(flow.talks(soon)) << daemon_->output();
  daemon_->signal(SIGKILL);
  ASSERT_EQ(daemon_->wait(seconds(5)), 128 + SIGKILL);
  EXPECT_TRUE(flow.talks(soon)) << "in force without a daemon";
  start_tracking(with_name_);
  EXPECT_TRUE(flow.talks(soon)) << daemon_->output();
  EXPECT_GE(finishing(), 1U);
  daemon_->signal(SIGKILL);
  ASSERT_EQ(daemon_->wait(seconds(5)), 128 + SIGKILL);
  start_tracking(policy("allow tcp 4000, 4001 to moving.example.net"));
  EXPECT_FALSE(flow.talks(seconds(1)));
}

TEST_F(NftFlows, without_conntrack_a_live_flow_ends_with_its_address) {
  start(with_name_, {"--nft", "--device", "lan0", "--resolver", "203.0.113.53:53"});
  wait_for(old4);
  Conversation flow(*client_, *internet_, old4, port);
  ASSERT_TRUE(flow.opened());
  ASSERT_NO_FATAL_FAILURE(move());
  EXPECT_FALSE(flow.talks(seconds(1)));
  EXPECT_THAT(listing(table()), Not(HasSubstr("outliving")));
}

}  // namespace
}  // namespace sallyport
