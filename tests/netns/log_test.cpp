// SPDX-License-Identifier: GPL-2.0-or-later
// Rules that log, with real packets: the runtime tells what XDP decided, the kernel's log what
// nftables did; what other rules decide is not told, and no verdict changes.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/netns/nft_gateway.h"

namespace sallyport {
namespace {

using test::arrives_udp;
using test::Crossings;
using test::eventually;
using test::never;
using test::soon;
using test::talks_tcp;
using testing::HasSubstr;
using testing::Not;

const char* const logging = R"(zone dmz = 10.9.1.0/24, 2001:db8:9::/64
policy told {
  from dmz {
    allow tcp 4443 to 198.51.100.7 log
    allow tcp 4443 to 198.51.100.8
    allow udp 5000-60000 to 198.51.100.9 log
    deny any to 198.51.100.66 log
    deny tcp any to 198.51.100.67
    allow tcp 4443 to 2001:db8:f::7 log
  }
  to dmz {
    allow in tcp 8080 from 203.0.113.2 log
    deny in tcp 8081 from 203.0.113.2 log
  }
}
)";

/// The kernel's log from now on, with what nftables says in any namespace.
class KernelLog {
 public:
  KernelLog() : all_(read_all()) {
    log_ = Fd{open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    if (log_) lseek(log_.get(), 0, SEEK_END);
    std::ofstream(every_namespace) << "1\n";
  }
  KernelLog(const KernelLog&) = delete;
  ~KernelLog() { std::ofstream(every_namespace) << all_; }

  std::string why_not() const {
    if (!log_) return "needs /dev/kmsg";
    return read_all() == "1" ? "" : std::string("needs ") + every_namespace;
  }
  const std::string& text() {
    char line[8192];
    for (ssize_t got; (got = read(log_.get(), line, sizeof(line))) > 0;) {
      text_.append(line, static_cast<std::size_t>(got));
    }
    return text_;
  }

 private:
  static constexpr const char* every_namespace = "/proc/sys/net/netfilter/nf_log_all_netns";
  static std::string read_all() {
    std::string word;
    std::ifstream(every_namespace) >> word;
    return word;
  }
  std::string all_;
  Fd log_;
  std::string text_;
};

class LoggingRules : public test::NftGateway {
 protected:
  /// One packet for each rule, and some that no rule decides.
  void send_all() {
    EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));
    EXPECT_TRUE(talks_tcp(*client_, *internet_, "2001:db8:f::7", 4443, soon));
    EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.8", 4443, soon));
    EXPECT_TRUE(arrives_udp(*client_, *internet_, "198.51.100.9", 5001, 8, soon));
    EXPECT_FALSE(talks_tcp(*client_, *internet_, "198.51.100.66", 80, never));
    EXPECT_FALSE(talks_tcp(*client_, *internet_, "198.51.100.67", 80, never));
    EXPECT_FALSE(talks_tcp(*client_, *internet_, "198.51.100.68", 80, never));
  }
  void send_all_inward() {
    EXPECT_TRUE(talks_tcp(*internet_, *client_, "10.9.1.2", 8080, soon));
    EXPECT_FALSE(talks_tcp(*internet_, *client_, "10.9.1.2", 8081, never));
  }
  bool is_told(const std::string& line) {
    return eventually(soon, [&] { return daemon_->output().find(line) != std::string::npos; });
  }
};

TEST_F(LoggingRules, XdpTellsThemThroughTheRuntime) {
  start(logging, {"--xdp", "lan0", "--xdp-in", "wan0"});
  send_all();
  send_all_inward();
  for (const char* line :
       {"log pass 10.9.1.2 -> 198.51.100.7 tcp 4443 (policy.sally:4: allow tcp 4443 to ",
        "log pass 198.51.100.7 -> 10.9.1.2 tcp 4443 answer (policy.sally:4: ",
        "log pass 2001:db8:9::2 -> 2001:db8:f::7 tcp 4443 (policy.sally:9: ",
        "log pass 10.9.1.2 -> 198.51.100.9 udp 5001 (policy.sally:6: ",
        "log drop 10.9.1.2 -> 198.51.100.66 tcp 80 (policy.sally:7: deny any to 198.51.100.66)",
        "log pass 203.0.113.2 -> 10.9.1.2 tcp 8080 (policy.sally:12: allow in tcp 8080 from ",
        "log pass 10.9.1.2 -> 203.0.113.2 tcp 8080 answer (policy.sally:12: ",
        "log drop 203.0.113.2 -> 10.9.1.2 tcp 8081 (policy.sally:13: deny in "}) {
    EXPECT_TRUE(is_told(line)) << line << "\n" << daemon_->output();
  }
  for (const char* silent : {"198.51.100.8 ", "198.51.100.67", "198.51.100.68"}) {
    EXPECT_THAT(daemon_->output(), Not(HasSubstr(silent)));
  }
}

TEST_F(LoggingRules, AFloodIsToldAsANumber) {
  start(logging, {"--xdp", "lan0"});
  const Fd sender = test::socket_in(*client_, AF_INET, SOCK_DGRAM);
  const test::SocketAddress to("198.51.100.66", 9);
  for (int i = 0; i < 1000; ++i) {
    (void)sendto(sender.get(), "flood", 5, 0, to.get(), to.size);
  }
  EXPECT_TRUE(is_told(" more of (policy.sally:7: deny any to 198.51.100.66)")) << daemon_->output();
  std::size_t lines = 0;
  const std::string output = daemon_->output();
  for (std::size_t at = 0; (at = output.find("log drop ", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(lines, 1U);
  EXPECT_LT(lines, 200U);
}

TEST_F(LoggingRules, AnotherPolicyLogsByItsOwnRules) {
  start(logging, {"--xdp", "lan0"});
  ASSERT_EQ(load(build("policy silent {\n  allow tcp 4443 to 198.51.100.7\n}\n")).status, 0);
  EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));
  EXPECT_THAT(daemon_->output(), Not(HasSubstr("log pass")));
  ASSERT_EQ(load(build("policy loud {\n  allow tcp 4443 to 198.51.100.7 log\n}\n")).status, 0);
  EXPECT_TRUE(talks_tcp(*client_, *internet_, "198.51.100.7", 4443, soon));
  EXPECT_TRUE(is_told("log pass 10.9.1.2 -> 198.51.100.7 tcp 4443 (policy.sally:2: "));
}

TEST_F(LoggingRules, NftablesTellsThemInTheLogOfTheKernel) {
  KernelLog log;
  if (const std::string why = log.why_not(); !why.empty()) GTEST_SKIP() << "SKIP: " << why;
  start(logging, {"--nft", "--device", "lan0"});
  send_all();
  send_all_inward();
  const auto in_log = [&](const std::string& verdict, int line, const std::string& packet) {
    return eventually(soon, [&] {
      std::istringstream lines(log.text());
      for (std::string one; std::getline(lines, one);) {
        const std::string prefix = table() + " log " + verdict + " rule_";
        const std::string place = " policy.sally:" + std::to_string(line) + ": IN=";
        if (one.find(prefix) == one.npos || one.find(place) == one.npos) continue;
        if (one.find(packet) != one.npos) return true;
      }
      return false;
    });
  };
  EXPECT_TRUE(in_log("pass", 4, "SRC=10.9.1.2 DST=198.51.100.7")) << log.text();
  EXPECT_TRUE(in_log("pass", 4, "SRC=198.51.100.7 DST=10.9.1.2")) << "the answer";
  EXPECT_TRUE(in_log("pass", 9, "DST=2001:0db8:000f:0000:0000:0000:0000:0007"));
  EXPECT_TRUE(in_log("pass", 6, "SRC=10.9.1.2 DST=198.51.100.9"));
  EXPECT_TRUE(in_log("drop", 7, "SRC=10.9.1.2 DST=198.51.100.66"));
  EXPECT_TRUE(in_log("pass", 12, "SRC=203.0.113.2 DST=10.9.1.2"));
  EXPECT_TRUE(in_log("pass", 12, "SRC=10.9.1.2 DST=203.0.113.2")) << "the answer";
  EXPECT_TRUE(in_log("drop", 13, "SRC=203.0.113.2 DST=10.9.1.2"));
  for (const int silent : {5, 8}) {
    EXPECT_THAT(log.text(), Not(HasSubstr("policy.sally:" + std::to_string(silent) + ":")));
  }
}

TEST_F(LoggingRules, NftablesPaysNothingForRulesThatDoNotLog) {
  const std::string silent = R"(policy silent {
  allow tcp 4443 to 198.51.100.7
  deny any to 198.51.100.66
}
)";
  start(silent, {"--nft", "--device", "lan0"});
  EXPECT_THAT(listing(table()), Not(HasSubstr("logged")));
  EXPECT_THAT(listing(table()), Not(HasSubstr(" log pass")));
  EXPECT_THAT(listing(table()), Not(HasSubstr(" log drop")));
}

}  // namespace
}  // namespace sallyport
