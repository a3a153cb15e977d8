// SPDX-License-Identifier: GPL-2.0-or-later
// Names that a deployment's alias decides, against a real server: Azure's algorithm with every form
// of target, members that do not exist yet, an alias that moves, a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "runtime/cares_lookup.h"
#include "runtime/runtime.h"
#include "tests/support/knot.h"
#include "tests/support/netns.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Netns;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const char* const relay = R"(
vendor relay {
  part hybrid {
    let d = first label of cname acme.servicebus.azure.test, lower case,
            without prefix "ns-sb2-" else "ns-"
    allow tcp 443 to acme.servicebus.azure.test
    allow tcp 443 to g{0..127}-{d}-sb.servicebus.azure.test absent ok
    allow tcp 443 to gv{0..127}-{d}-sb.servicebus.azure.test absent ok unless d like "*-v*"
  }
}
policy gate {
  ttl-floor 1s
  grace 2s
  from any use relay.hybrid
}
)";

Bundle bundle_of(const std::string& text) {
  const auto compilation = compile(
      "test.sally", [&](const std::filesystem::path&) -> Result<std::string> { return text; });
  EXPECT_TRUE(compilation && compilation->programs.size() == 1)
      << (compilation ? render(compilation->diagnostics, false) : compilation.error().text());
  const Program& program = compilation->programs.front();
  auto bundle = read_bundle(bundle_bytes(make_image(program), program_text(program)));
  EXPECT_TRUE(bundle) << bundle.error().text();
  return std::move(*bundle);
}

class DerivedNames : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = test::why_no_kernel(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    if (const std::string reason = test::Knot::why_not(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    gate_.emplace("dn");
    peer_.emplace("dnpeer");
    test::connect(*gate_, "lan0", *peer_, "eth0");
    gate_->address("lan0", "10.9.2.1/24");
    gate_->address("lo", "127.0.0.53/8");
    folder_ = std::filesystem::temp_directory_path() / ("derived-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    knot_.emplace(*gate_, folder_, "azure.test", "127.0.0.53");
  }
  void TearDown() override {
    if (gate_) (void)unload(instance_);
    knot_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result<std::unique_ptr<Runtime>> start() {
    const auto lookup = [](EventLoop& loop, const std::vector<Endpoint>& servers)
        -> Result<std::unique_ptr<Lookup>> { return CaresLookup::create(loop, servers); };
    return Runtime::start(
        bundle_of(relay), {instance_, {"lan0"}, {Endpoint{Address::v4(0x7f000035), 53}}},
        {clock_, lookup, [this](const std::string& line) { log_ += line + '\n'; }});
  }

  bool run_until(Runtime& runtime, const std::function<bool()>& holds) {
    const Moment end = clock_.now() + seconds(20);
    std::function<void()> look = [&] {
      if (holds() || clock_.now() > end) return runtime.stop();
      runtime.loop().at(clock_.now() + milliseconds(20), look);
    };
    look();
    const auto ran = runtime.loop().run();
    EXPECT_TRUE(ran) << ran.error().text();
    return holds();
  }

  /// `g1-prod-001-sb.servicebus.azure.test 198.51.100.1`, of every bound name.
  static std::vector<std::string> bound(Runtime& runtime) {
    std::vector<std::string> pairs;
    const Status status = runtime.status();
    for (const NameStatus& name : status.runtime->per_name) {
      for (const auto& one : name.addresses)
        pairs.push_back(name.name.text() + " " + one.address.text());
    }
    return pairs;
  }
  static std::size_t names(Runtime& runtime) { return runtime.status().runtime->names; }
  static std::size_t failing(Runtime& runtime) {
    const auto status = runtime.status();
    return static_cast<std::size_t>(std::ranges::count_if(
        status.runtime->per_name, [](const NameStatus& name) { return !name.failing.empty(); }));
  }
  static std::string gateway(const std::string& member) {
    return member + "-sb.servicebus.azure.test";
  }

  const BootClock clock_;
  const std::string instance_ = "dn-" + std::to_string(getpid());
  std::filesystem::path folder_;
  std::optional<Netns> gate_, peer_;
  std::optional<test::Knot> knot_;
  std::string log_;
};

TEST_F(DerivedNames, three_of_256_gateways_exist_and_a_fourth_follows_an_alias_that_moves) {
  gate_->inside([&] {
    knot_->set({{"acme.servicebus.azure.test", "CNAME", "ns-sb2-prod-sy3-001.cloudapp.azure.test."},
                {"ns-sb2-prod-sy3-001.cloudapp.azure.test", "A", "198.51.100.10"},
                {gateway("g0-prod-sy3-001"), "A", "198.51.100.1"},
                {gateway("g31-prod-sy3-001"), "A", "198.51.100.2"},
                {gateway("gv7-prod-sy3-001"), "A", "198.51.100.3"}});
    {
      auto runtime = start();
      ASSERT_TRUE(runtime) << runtime.error().text();
      ASSERT_TRUE(run_until(**runtime, [&] { return bound(**runtime).size() == 4; })) << log_;
      EXPECT_EQ(names(**runtime), 257U);
      EXPECT_EQ(failing(**runtime), 0U) << "253 names that need not exist are no failure";
      EXPECT_THAT(bound(**runtime), Contains(gateway("g31-prod-sy3-001") + " 198.51.100.2"));
      EXPECT_THAT(log_, HasSubstr("is an alias of ns-sb2-prod-sy3-001.cloudapp.azure.test"));
    }
    // A restart knows the derived names before anything is asked.
    auto runtime = start();
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_THAT(bound(**runtime), SizeIs(4)) << log_;
    // The deployment moves: its new gateway is bound, the old ones go when they expire.
    knot_->set({{"ns-other-v2.cloudapp.azure.test", "A", "198.51.100.20"},
                {gateway("g5-other-v2"), "A", "198.51.100.21"},
                {"acme.servicebus.azure.test", "CNAME", "ns-other-v2.cloudapp.azure.test."}});
    ASSERT_TRUE(run_until(**runtime, [&] {
      const auto pairs = bound(**runtime);
      return std::ranges::find(pairs, gateway("g5-other-v2") + " 198.51.100.21") != pairs.end();
    })) << log_;
    EXPECT_TRUE(run_until(**runtime, [&] { return names(**runtime) == 129; })) << log_;
    EXPECT_THAT(bound(**runtime), Not(Contains(HasSubstr("prod-sy3-001"))));
    EXPECT_THAT(bound(**runtime), SizeIs(2));
  });
}

/// Knot does not find the address behind a target in upper case; the names need none of it.
TEST_F(DerivedNames, upper_case_in_the_target_is_folded) {
  gate_->inside([&] {
    knot_->set({{"acme.servicebus.azure.test", "CNAME", "NS-Prod-SY3.CloudApp.azure.test."},
                {gateway("gv0-prod-sy3"), "A", "198.51.100.1"}});
    auto runtime = start();
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_TRUE(run_until(**runtime, [&] { return bound(**runtime).size() == 1; })) << log_;
    EXPECT_THAT(bound(**runtime), Contains(gateway("gv0-prod-sy3") + " 198.51.100.1"));
  });
}

TEST_F(DerivedNames, a_private_link_is_followed_once_more) {
  gate_->inside([&] {
    knot_->set(
        {{"acme.servicebus.azure.test", "CNAME", "acme.privatelink.servicebus.azure.test."},
         {"acme.privatelink.servicebus.azure.test", "CNAME", "ns-link-001.cloudapp.azure.test."},
         {"ns-link-001.cloudapp.azure.test", "A", "198.51.100.10"},
         {gateway("g127-link-001"), "A", "198.51.100.1"}});
    auto runtime = start();
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_TRUE(run_until(**runtime, [&] { return bound(**runtime).size() == 2; })) << log_;
    EXPECT_THAT(bound(**runtime), Contains(gateway("g127-link-001") + " 198.51.100.1"));
  });
}

}  // namespace
}  // namespace sallyport
