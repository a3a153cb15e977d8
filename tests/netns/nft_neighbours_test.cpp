// SPDX-License-Identifier: GPL-2.0-or-later
// Beside others who filter: the real firewalld and ufw, and tables as Docker and kube-proxy make
// them. A packet passes only if all of them let it pass, and nobody touches what is another's (F6).
// Our place is filter + 20, behind theirs.
#include <gmock/gmock.h>

#include "tests/netns/nft_gateway.h"

namespace sallyport {
namespace {

using std::chrono::seconds;
using test::CommandLine;
using test::eventually;
using test::Finished;
using test::never;
using test::Process;
using test::SocketAddress;
using test::soon;
using test::talks_udp;
using testing::HasSubstr;

const char* const policy_text = R"(policy neighbour {
  from any {
    allow udp 4000 to 198.51.100.7, 2001:db8:f::7
    allow udp 53 to 203.0.113.201
  }
}
)";
const char* const allowed = "198.51.100.7";
const char* const forbidden = "198.51.100.8";

class NftNeighbours : public test::NftGateway {
 protected:
  bool passes(const char* address) const {
    return talks_udp(*client_, *internet_, address, 4000, soon);
  }
  bool drops(const char* address) const {
    return !talks_udp(*client_, *internet_, address, 4000, never);
  }
  void start_ours() {
    start(policy_text, {"--nft", "--device", "lan0"});
    ours_ = listing(table());
    ASSERT_FALSE(ours_.empty());
  }
  void expect_ours_untouched(const std::string& after) {
    EXPECT_EQ(listing(table()), ours_) << after;
    EXPECT_TRUE(drops(forbidden)) << after;
  }
  /// A load, a restart of the daemon and an unload, while theirs stays as it is.
  void expect_theirs_untouched() {
    const std::string theirs = foreign();
    EXPECT_EQ(load(build("policy other { from any allow udp 4000 to 198.51.100.9 }\n")).status, 0);
    EXPECT_EQ(foreign(), theirs);
    EXPECT_TRUE(drops(allowed));
    EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
    EXPECT_EQ(foreign(), theirs);
    EXPECT_EQ(listing(table()), "");
    EXPECT_TRUE(passes(forbidden)) << "nobody forbids it any more";
    start_ours();
    EXPECT_EQ(foreign(), theirs);
  }

  std::string ours_;
};

// ---- firewalld ----

const char* const bus_configuration = R"(<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=@BUS@</listen>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
)";

class NftFirewalld : public NftNeighbours {
 protected:
  void SetUp() override {
    for (const char* program : {"firewalld", "firewall-cmd", "dbus-daemon"}) {
      if (!test::has_program(program))
        GTEST_SKIP() << "SKIP: needs " << program << " (firewalld, dbus)";
    }
    NftNeighbours::SetUp();
  }
  void TearDown() override {
    firewalld_.reset();
    bus_.reset();
    NftNeighbours::TearDown();
  }

  std::string bus() const { return (folder_ / "bus").string(); }
  CommandLine on_bus(CommandLine words) const {
    words.insert(words.begin(), {"env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + bus()});
    return words;
  }
  Finished firewall(CommandLine words) const {
    words.insert(words.begin(), "firewall-cmd");
    return gateway_->run(on_bus(std::move(words)));
  }
  void must_firewall(const CommandLine& words) const {
    const Finished done = firewall(words);
    ASSERT_EQ(done.status, 0) << testing::PrintToString(words) << done.output;
  }
  /// With lan0 and wan0 where firewalld lets everything pass.
  void start_firewalld() {
    if (!bus_) {
      std::string text = bus_configuration;
      text.replace(text.find("@BUS@"), 5, bus());
      bus_.emplace(gateway_->start(
          {"dbus-daemon", "--nofork", "--nopidfile", "--config-file=" + file("bus.conf", text)}));
      ASSERT_TRUE(eventually(seconds(5), [&] { return std::filesystem::exists(bus()); }))
          << bus_->output();
    }
    const auto settings = folder_ / "firewalld";
    std::filesystem::create_directories(settings / "zones");
    std::filesystem::copy_file("/etc/firewalld/firewalld.conf", settings / "firewalld.conf",
                               std::filesystem::copy_options::overwrite_existing);
    std::ofstream(settings / "zones" / "trusted.xml") << R"(<?xml version="1.0" encoding="utf-8"?>
<zone target="ACCEPT">
  <short>Trusted</short>
  <interface name="lan0"/>
  <interface name="wan0"/>
  <forward/>
</zone>
)";
    firewalld_.emplace(gateway_->start(
        on_bus({"firewalld", "--nofork", "--nopid", "--system-config", settings.string(),
                "--log-file", (folder_ / "firewalld.log").string()})));
    ASSERT_TRUE(eventually(seconds(15), [&] {
      return !firewalld_->running() || firewall({"--state"}).status == 0;
    })) << firewalld_->output();
    ASSERT_TRUE(firewalld_->running()) << firewalld_->output();
  }

  std::optional<Process> bus_;
  std::optional<Process> firewalld_;
};

TEST_F(NftFirewalld, whatever_it_does_our_table_stays_and_both_must_let_pass) {
  start_ours();
  start_firewalld();
  if (HasFatalFailure()) return;
  EXPECT_THAT(gateway_->must_run({"nft", "list", "tables"}), HasSubstr("inet firewalld"));
  expect_ours_untouched("firewalld started");
  EXPECT_TRUE(passes(allowed)) << "both let it pass";

  // Ours would let it pass, firewalld does not.
  must_firewall({"--zone=drop", "--change-interface=lan0"});
  expect_ours_untouched("another zone");
  EXPECT_TRUE(drops(allowed));
  must_firewall({"--reload"});  // back to what is on disk
  expect_ours_untouched("reloaded");
  EXPECT_TRUE(passes(allowed));
  must_firewall({"--complete-reload"});
  expect_ours_untouched("completely reloaded");
  EXPECT_TRUE(passes(allowed));

  must_firewall({"--panic-on"});
  expect_ours_untouched("panic");
  EXPECT_TRUE(drops(allowed));
  must_firewall({"--panic-off"});
  expect_ours_untouched("panic over");
  EXPECT_TRUE(passes(allowed));

  expect_theirs_untouched();
  EXPECT_EQ(firewalld_->stop(), 0) << firewalld_->output();
  expect_ours_untouched("stopped");
  EXPECT_EQ(foreign(), "");
  EXPECT_TRUE(passes(allowed));
}

// ---- ufw ----

class NftUfw : public NftNeighbours {
 protected:
  void SetUp() override {
    for (const char* program : {"ufw", "iptables-nft", "unshare"}) {
      if (!test::has_program(program))
        GTEST_SKIP() << "SKIP: needs " << program << " (ufw, iptables, util-linux)";
    }
    NftNeighbours::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // Its files are copies, so that the host's ufw stays as it is.
    const auto all = std::filesystem::copy_options::recursive;
    std::filesystem::copy("/etc/ufw", folder_ / "etc", all);
    std::filesystem::copy("/lib/ufw", folder_ / "lib", all);
    std::filesystem::copy_file("/etc/default/ufw", folder_ / "default");
  }
  void TearDown() override {
    if (gateway_ && !folder_.empty()) ufw("disable");
    NftNeighbours::TearDown();
  }
  Finished ufw(const std::string& words) const {
    const std::string at = folder_.string();
    return gateway_->run({"unshare", "-m", "bash", "-c",
                          "mount --make-rprivate / && mount --bind " + at + "/etc /etc/ufw && " +
                              "mount --bind " + at + "/default /etc/default/ufw && " +
                              "ufw --force " + words});
  }
  void must_ufw(const std::string& words) const {
    const Finished done = ufw(words);
    ASSERT_EQ(done.status, 0) << words << ": " << done.output;
  }
};

TEST_F(NftUfw, whatever_it_does_our_table_stays_and_both_must_let_pass) {
  start_ours();
  must_ufw("enable");
  EXPECT_THAT(foreign(), HasSubstr("ufw-before-forward"));
  expect_ours_untouched("ufw enabled");
  EXPECT_TRUE(drops(allowed)) << "ufw forwards nothing yet";
  must_ufw("route allow in on lan0 out on wan0");
  expect_ours_untouched("a route allowed");
  EXPECT_TRUE(passes(allowed)) << "both let it pass";
  must_ufw("reload");
  expect_ours_untouched("reloaded");
  EXPECT_TRUE(passes(allowed));
  expect_theirs_untouched();
  must_ufw("disable");
  expect_ours_untouched("disabled");
  EXPECT_TRUE(passes(allowed));
}

// ---- Docker, kube-proxy ----

const char* const translating_tables = R"(table ip services {
  counter marked { }
  counter unmarked { }
  map destinations {
    type ipv4_addr . inet_service : ipv4_addr . inet_service
    elements = { 203.0.113.200 . 53 : 198.51.100.7 . 4000,
                 203.0.113.201 . 53 : 198.51.100.8 . 4000 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    meta mark set meta mark | 0x4000 dnat to ip daddr . udp dport map @destinations
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ct mark set 0x7
  }
  chain late {
    type filter hook postrouting priority mangle; policy accept;
    meta mark & 0x4000 == 0x4000 ct mark 0x7 counter name marked
    oifname "wan0" meta mark 0 counter name unmarked
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x4000 == 0x4000 masquerade
  }
}
)";

class NftTranslation : public NftNeighbours {
 protected:
  /// The source that a server at `server` sees when the client sends to `address`, port 53; empty
  /// if nothing arrives or no answer comes back.
  std::string seen_source(const char* address, const char* server) const {
    const SocketAddress to(address, 53);
    const SocketAddress at(server, 4000);
    const Fd client = test::socket_in(*client_, AF_INET, SOCK_DGRAM);
    const Fd listener = test::socket_in(*internet_, AF_INET, SOCK_DGRAM);
    if (bind(listener.get(), at.get(), at.size) != 0 ||
        connect(client.get(), to.get(), to.size) != 0)
      test::throw_errno("bind and connect");
    std::string source;
    int turn = 0;
    const bool answered = eventually(seconds(2), [&] {
      if (turn++ % 10 == 0) (void)send(client.get(), "q", 1, 0);
      sockaddr_in peer{};
      socklen_t size = sizeof(peer);
      char byte = 0;
      if (recvfrom(listener.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&peer), &size) == 1) {
        char text[INET_ADDRSTRLEN];
        source = inet_ntop(AF_INET, &peer.sin_addr, text, sizeof(text));
        (void)sendto(listener.get(), "a", 1, 0, reinterpret_cast<sockaddr*>(&peer), size);
      }
      return recv(client.get(), &byte, 1, 0) == 1;
    });
    return answered ? source : "";
  }
  std::uint64_t their_count(const char* counter) const {
    const Json listed = Json::parse(
        gateway_->must_run({"nft", "-j", "list", "counter", "ip", "services", counter}));
    for (const Json& row : listed.at("nftables")) {
      if (row.contains("counter")) return row["counter"]["packets"].get<std::uint64_t>();
    }
    return 0;
  }
};

TEST_F(NftTranslation, the_translated_destination_is_judged_and_foreign_marks_arrive) {
  nft(translating_tables);
  for (const bool tracked : {false, true}) {
    CommandLine options{"--nft", "--device", "lan0"};
    if (tracked) options.push_back("--conntrack");
    start(policy_text, options);
    const std::string theirs = foreign();
    const std::uint64_t marked = their_count("marked");
    EXPECT_EQ(seen_source("203.0.113.200", "198.51.100.7"), "203.0.113.1")
        << "no rule names 203.0.113.200, one names where it leads";
    EXPECT_GT(their_count("marked"), marked) << "the mark is what they set";
    EXPECT_EQ(their_count("unmarked"), 0U);
    EXPECT_EQ(seen_source("203.0.113.201", "198.51.100.8"), "")
        << "a rule names 203.0.113.201, none where it leads";
    EXPECT_EQ(foreign(), theirs);
    EXPECT_EQ(sallyport({"unload", "--instance", instance_}).status, 0);
    EXPECT_EQ(foreign(), theirs);
    EXPECT_EQ(seen_source("203.0.113.201", "198.51.100.8"), "203.0.113.1") << "without us";
  }
}

TEST_F(NftNeighbours, our_place_is_behind_theirs) {
  start_ours();
  EXPECT_EQ(status()["nft"]["hooks"], Json({"prerouting, priority -450", "forward, priority 20"}));
  for (const auto& [chain, priority] : {std::pair("prerouting", -450), {"forward", 20}}) {
    const Json listed =
        Json::parse(gateway_->must_run({"nft", "-j", "list", "chain", "inet", table(), chain}));
    for (const Json& row : listed.at("nftables")) {
      if (!row.contains("chain")) continue;
      EXPECT_EQ(row["chain"]["prio"], priority) << chain;
    }
  }
}

}  // namespace
}  // namespace sallyport
