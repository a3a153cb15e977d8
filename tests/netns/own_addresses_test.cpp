// SPDX-License-Identifier: GPL-2.0-or-later
// The host's own addresses, read and watched in a network namespace.
#include "runtime/own_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/support/netns.h"

namespace sallyport {
namespace {

using test::Netns;

class OwnAddresses : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = test::why_no_kernel();
    if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    host_.emplace("host");
    host_->ip("link add lan0 type veth peer name lan1");
    // Keeps the kernel from adding link-local addresses of its own, whenever it likes.
    host_->ip("link set lan0 addrgenmode none");
    host_->ip("link set lan1 addrgenmode none");
  }

  std::set<std::string> read() {
    std::set<std::string> texts;
    host_->inside([&] {
      const auto addresses = own_addresses();
      ASSERT_TRUE(addresses) << addresses.error().text();
      for (const Address& address : *addresses) texts.insert(address.text());
    });
    return texts;
  }

  std::optional<Netns> host_;
};

TEST_F(OwnAddresses, every_device_counts_and_loopback_itself_does_not) {
  EXPECT_THAT(read(), testing::IsEmpty()) << "127.0.0.1 and ::1 are not among them";
  host_->address("lan0", "192.0.2.1/24");
  host_->address("lan0", "192.0.2.2/24");
  host_->address("lan1", "2001:db8::1/64");
  host_->address("lan1", "fe80::1/64");
  host_->address("lo", "198.51.100.1/32");
  EXPECT_THAT(read(), testing::ElementsAre("192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::1",
                                           "fe80::1"));
}

/// Runs a loop inside until `changes` have led to `wanted` or five seconds have passed.
void expect_follows(const Netns& host, const std::string& change, const Address& address,
                    bool wanted) {
  host.inside([&] {
    const BootClock clock;
    auto loop = EventLoop::create(clock);
    ASSERT_TRUE(loop) << loop.error().text();
    std::optional<std::set<Address>> last;
    const auto watched = watch_own_addresses(*loop, [&](std::set<Address> addresses) {
      last = std::move(addresses);
      if (last->contains(address) == wanted) loop->stop();
    });
    ASSERT_TRUE(watched) << watched.error().text();
    loop->at(clock.now(), [&] { host.ip(change); });
    loop->at(clock.now() + std::chrono::seconds(5), [&] { loop->stop(); });
    ASSERT_TRUE(loop->run());
    ASSERT_TRUE(last) << "nothing was reported after: ip " << change;
    EXPECT_EQ(last->contains(address), wanted) << "after: ip " << change;
  });
}

TEST_F(OwnAddresses, changes_are_followed) {
  const Address v4 = *Address::parse("192.0.2.7");
  const Address v6 = *Address::parse("2001:db8::7");
  expect_follows(*host_, "addr add 192.0.2.7/24 dev lan0", v4, true);
  expect_follows(*host_, "addr add 2001:db8::7/64 dev lan0 nodad", v6, true);
  expect_follows(*host_, "addr del 2001:db8::7/64 dev lan0", v6, false);
  expect_follows(*host_, "link del lan0", v4, false);
}

}  // namespace
}  // namespace sallyport
