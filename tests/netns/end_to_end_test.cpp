// SPDX-License-Identifier: GPL-2.0-or-later
// The main job, end to end: a real DNS server changes its answers every second while a client sends
// without a pause. Nothing to an address that stays is lost to the filter, nothing to an address
// that no answer ever named arrives (N14, B8, D1). SALLYPORT_SECONDS sets the duration, usually 60.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/support/knot.h"
#include "tests/support/netns.h"
#include "tests/support/stream.h"

namespace sallyport {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::eventually;
using test::Netns;
using test::Stream;

constexpr std::uint16_t port = 4000;

// The names share addresses, so that an address that stays changes its label all the time.
const char* const policy_text = R"(policy moving {
  ttl-floor 1s
  grace 2s
  from any {
    allow udp 4000 to moving.example.net
    allow udp 4000-4001 to anchor.example.net
  }
}
)";

int run_seconds() {
  const char* text = std::getenv("SALLYPORT_SECONDS");
  const int wanted = text == nullptr ? 60 : std::atoi(text);
  return wanted >= 10 ? wanted : 10;
}

Address address(const std::string& text) {
  return Address::parse(text).value();
}

/// What the server's names have at a step. 198.51.100.10 and 2001:db8:f::10 belong to `moving`
/// always, 198.51.100.11 to `anchor` always and to `moving` at every other step.
std::string moving_address(int step) {
  return "198.51.100." + std::to_string(100 + step % 100);
}

std::vector<test::Record> records_of(int step) {
  std::vector<test::Record> records{
      {"moving.example.net", "A", "198.51.100.10"},
      {"moving.example.net", "A", moving_address(step)},
      {"moving.example.net", "AAAA", "2001:db8:f::10"},
      {"moving.example.net", "AAAA", "2001:db8:f::" + std::to_string(100 + step % 100)},
      {"anchor.example.net", "A", "198.51.100.11"}};
  if (step % 2 == 0) records.push_back({"moving.example.net", "A", "198.51.100.11"});
  return records;
}

class EndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& reason : {test::why_no_kernel(), test::Knot::why_not()}) {
      if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    }
    if (!std::filesystem::exists(SALLYPORT_BINARY)) {
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    }
    folder_ = std::filesystem::temp_directory_path() / instance_;
    std::filesystem::create_directories(folder_);
    make_networks();
    dns_.emplace(*internet_, folder_, "example.net", "203.0.113.53");
    dns_->set(records_of(0));
    start_sallyport();
    expect_ready();
  }

  void TearDown() override {
    if (gateway_) gateway_->run({SALLYPORT_BINARY, "unload", "--instance", instance_});
    runtime_.reset();
    dns_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// client 10.9.1.2 -- lan0 gateway wan0 -- 203.0.113.2 internet, with the servers' addresses.
  void make_networks() {
    client_.emplace("client");
    gateway_.emplace("gateway");
    internet_.emplace("internet");
    test::connect(*client_, "eth0", *gateway_, "lan0");
    test::connect(*gateway_, "wan0", *internet_, "eth0");
    client_->address("eth0", "10.9.1.2/24");
    client_->address("eth0", "2001:db8:9::2/64");
    gateway_->address("lan0", "10.9.1.1/24");
    gateway_->address("lan0", "2001:db8:9::1/64");
    gateway_->address("wan0", "203.0.113.1/24");
    gateway_->address("wan0", "2001:db8:fff::1/64");
    internet_->address("eth0", "203.0.113.2/24");
    internet_->address("eth0", "203.0.113.53/24");
    internet_->address("eth0", "2001:db8:fff::2/64");
    gateway_->forward();
    client_->route("default", "10.9.1.1");
    client_->route("default", "2001:db8:9::1");
    gateway_->route("198.51.100.0/24", "203.0.113.2");
    gateway_->route("2001:db8:f::/64", "2001:db8:fff::2");
    internet_->route("default", "203.0.113.1");
    internet_->route("default", "2001:db8:fff::1");
    internet_->ip("route add local 198.51.100.0/24 dev lo");
    internet_->ip("-6 route add local 2001:db8:f::/64 dev lo");
  }

  void start_sallyport() {
    const std::string policy = (folder_ / "moving.sally").string();
    const std::string bundle = (folder_ / "moving.bundle").string();
    std::ofstream(policy) << policy_text;
    gateway_->must_run({SALLYPORT_BINARY, "build", policy, "-o", bundle});
    runtime_.emplace(gateway_->start({SALLYPORT_BINARY, "run", bundle, "--xdp", "lan0",
                                      "--resolver", "203.0.113.53:53", "--instance", instance_}));
  }

  /// Both names are bound. Before that nothing may be filtered yet, or nothing be open.
  void expect_ready() {
    const bool ready = eventually(seconds(15), [&] {
      const json now = status();
      return now.is_object() && now.contains("bindings") && now["bindings"]["bound_names"] == 2;
    });
    ASSERT_TRUE(ready) << runtime_->output() << status().dump(1);
  }

  json status() const {
    const test::Finished asked =
        gateway_->run({SALLYPORT_BINARY, "status", "--json", "--instance", instance_});
    return json::parse(asked.output, nullptr, false);
  }

  std::uint64_t changes() const {
    const json now = status();
    return now.is_object() && now.contains("bindings") ? now["bindings"].value("changes", 0UL) : 0;
  }

  bool is_bound(const std::string& text) const {
    const json now = status();
    if (!now.is_object() || !now.contains("names")) return false;
    for (const json& name : now["names"]) {
      for (const json& row : name.at("addresses")) {
        if (row.at("address") == text) return true;
      }
    }
    return false;
  }

  /// Packets of the reasons that start with the prefix.
  static std::uint64_t packets(const json& status, const std::string& prefix) {
    std::uint64_t sum = 0;
    for (const json& row : status.at("reasons")) {
      if (row.at("reason").get<std::string>().starts_with(prefix)) {
        sum += row.at("packets").get<std::uint64_t>();
      }
    }
    return sum;
  }

  /// Packets that the veth rings on the way threw away, which no filter has seen.
  std::uint64_t ring_losses() const {
    std::uint64_t sum = 0;
    for (const auto& [where, device] : {std::pair(&*client_, "eth0"), {&*gateway_, "wan0"}}) {
      const json link = json::parse(where->must_run({"ip", "-j", "-s", "link", "show", device}));
      sum += link.at(0).at("stats64").at("tx").at("dropped").get<std::uint64_t>();
    }
    return sum;
  }

  /// Sends until one arrives.
  static bool opens(Stream& stream, milliseconds most) {
    stream.reset();
    return eventually(most, [&] {
      stream.send();
      stream.receive();
      return stream.received() > 0;
    });
  }

  Stream stream_to(const std::string& text) const {
    return Stream(*client_, *internet_, address(text), port);
  }

  const std::string instance_ = "e2e-" + std::to_string(getpid());
  std::filesystem::path folder_;
  std::optional<Netns> client_;
  std::optional<Netns> gateway_;
  std::optional<Netns> internet_;
  std::optional<test::Knot> dns_;
  std::optional<test::Process> runtime_;
};

TEST_F(EndToEnd, addresses_that_stay_lose_nothing_while_others_come_and_go) {
  std::vector<Stream> streams;
  for (const char* stays : {"198.51.100.10", "198.51.100.11", "2001:db8:f::10"}) {
    streams.push_back(stream_to(stays));
    ASSERT_TRUE(opens(streams.back(), seconds(15))) << stays << "\n"
                                                    << runtime_->output() << status().dump(1);
  }
  const std::size_t staying = streams.size();
  for (const char* never : {"198.51.100.66", "2001:db8:f::66"}) {
    streams.push_back(stream_to(never));
  }
  for (Stream& stream : streams) stream.reset();

  const json before = status();
  const std::uint64_t losses_before = ring_losses();
  test::Sender sender(streams, milliseconds(2));
  const int steps = run_seconds();
  const auto start = std::chrono::steady_clock::now();
  int followed = 0;
  for (int step = 1; step <= steps; ++step) {
    dns_->set(records_of(step));
    std::this_thread::sleep_until(start + seconds(step));
    // What the DNS said in the second before stays bound for three.
    followed += is_bound(moving_address(step - 1)) ? 1 : 0;
  }
  sender.stop();
  const std::uint64_t losses = ring_losses() - losses_before;
  const json after = status();
  ASSERT_TRUE(before.is_object() && after.is_object()) << runtime_->output();

  std::uint64_t allowed = 0;
  std::uint64_t arrived = 0;
  std::uint64_t forbidden = 0;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const Stream& stream = streams[i];
    EXPECT_GT(stream.sent(), 100U * static_cast<unsigned>(steps)) << stream.address().text();
    if (i < staying) {
      allowed += stream.sent();
      arrived += stream.received();
      EXPECT_LE(stream.sent() - stream.received(), losses) << stream.address().text();
    } else {
      forbidden += stream.sent();
      EXPECT_EQ(stream.received(), 0U) << "delivered to " << stream.address().text();
    }
  }
  const std::uint64_t passed = packets(after, "pass-rule") - packets(before, "pass-rule");
  const std::uint64_t dropped = packets(after, "drop-") - packets(before, "drop-");
  EXPECT_LE(dropped, forbidden) << "the filter dropped what was allowed";
  EXPECT_GE(dropped + losses, forbidden);
  EXPECT_LE(passed, allowed);
  EXPECT_GE(passed + losses, allowed);

  // At least 50 in a minute, and most of the moves of the DNS, not one of them several times.
  const std::uint64_t applied =
      changes() - before.at("bindings").at("changes").get<std::uint64_t>();
  EXPECT_GE(applied * 60, 50U * static_cast<unsigned>(steps)) << "binding changes applied";
  EXPECT_GE(followed * 60, 50 * steps) << "moves followed";
  std::printf(
      "%d s: %lu binding changes, %d moves followed; %lu of %lu datagrams to staying addresses "
      "arrived, %lu lost in rings; %lu to others, all dropped\n",
      steps, applied, followed, arrived, allowed, losses, forbidden);
}

TEST_F(EndToEnd, a_moved_address_opens_and_the_old_one_closes) {
  Stream old_address = stream_to(moving_address(0));
  Stream new_address = stream_to(moving_address(1));
  ASSERT_TRUE(opens(old_address, seconds(15))) << runtime_->output();
  EXPECT_FALSE(opens(new_address, milliseconds(300)));
  dns_->set(records_of(1));
  EXPECT_TRUE(opens(new_address, seconds(10))) << runtime_->output();
  EXPECT_TRUE(eventually(seconds(15), [&] { return !opens(old_address, milliseconds(300)); }));
  EXPECT_TRUE(opens(new_address, seconds(1)));
}

}  // namespace
}  // namespace sallyport
