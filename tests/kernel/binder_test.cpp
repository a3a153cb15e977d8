// SPDX-License-Identifier: GPL-2.0-or-later
// Binder over a real datapath that has no room left: what must close closes.
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "compiler/label/labeler.h"
#include "runtime/binder.h"
#include "runtime/datapath.h"
#include "tests/support/build_rules.h"
#include "tests/support/frame.h"
#include "tests/unit/runtime/fakes.h"

namespace sallyport {
namespace {

constexpr std::uint16_t names = 12;

HostName name(std::uint32_t i) {
  return HostName::parse("n" + std::to_string(i) + ".example.com").value();
}

/// Every name with a rule and a port of its own, 1000 and up: each set of them is another label.
Image image_of_names() {
  Program program;
  program.policy = "shortage";
  program.lifetimes = {Seconds{10}, Seconds{0}, Seconds{3600}};
  for (std::uint16_t i = 0; i < names; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    Rule rule;
    rule.services = {{protocol_tcp, port, port}};
    rule.remote.names = {name(i)};
    program.rules.push_back(rule);
  }
  return make_image(program);
}

/// Binds addresses, no two with the same names of the first nine, until nothing fits.
void fill(Datapath& datapath) {
  for (std::uint32_t set = 1; set < 1U << 9 || !datapath.full(); ++set) {
    std::vector<ViewedName> some;
    for (std::uint32_t i = 0; i < names; ++i) {
      if ((set >> i & 1) != 0) some.push_back(name(i));
    }
    if (!datapath.bind(Address::v4(0xc6336400U + set), some)) return;
  }
}

class BinderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
    pins_.emplace(Pins::open("binder-" + std::to_string(getpid())).value());
  }
  void TearDown() override {
    if (!pins_) return;
    EXPECT_TRUE(pins_->remove_all());
  }
  static bool passes(const Datapath& datapath, int port) {
    const auto frame =
        frame_of("ip4 10.20.1.1 > 203.0.113.1 tcp 40000 > " + std::to_string(port)).value();
    return datapath.test_run(frame).value() == XDP_PASS;
  }

  std::optional<Pins> pins_;
};

TEST_F(BinderTest, N14_B8_a_name_that_goes_is_closed_even_if_there_is_no_room_for_the_rest) {
  const Image image = image_of_names();
  auto datapath = Datapath::load(image);
  ASSERT_TRUE(datapath) << datapath.error().text();
  const Bind bind = [&](const Address& address, std::span<const ViewedName> bound) {
    return datapath->bind(address, bound);
  };
  test::FakeClock clock;
  Binder binder(clock, ClaimStore::open(*pins_).value(), [](const std::string&) {});
  ASSERT_TRUE(binder.adopt(image));
  const Address shared = *Address::parse("203.0.113.1");
  const auto answer = [&](std::uint32_t i, Seconds ttl) {
    binder.answered(bind, name(i), Family::v4,
                    {Answer::Outcome::addresses, {{shared, ttl}}, {}, {}});
  };
  answer(9, Seconds{10});
  answer(10, Seconds{3000});
  answer(11, Seconds{3000});
  ASSERT_TRUE(passes(*datapath, 1009) && passes(*datapath, 1010) && passes(*datapath, 1011));
  fill(*datapath);
  ASSERT_TRUE(datapath->full());

  clock.time += Seconds{60};
  binder.expire(bind);
  EXPECT_FALSE(passes(*datapath, 1009)) << "its name has gone";
  EXPECT_FALSE(binder.settled()) << "the others wait for room";
}

}  // namespace
}  // namespace sallyport
