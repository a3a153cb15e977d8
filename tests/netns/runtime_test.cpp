// SPDX-License-Identifier: GPL-2.0-or-later
// The runtime in a namespace of its own with scripted answers: what survives it, what a load
// changes, and that a failure changes nothing (B1, B5, B8, N14). Verdicts are asked of the pinned
// program itself, so that no packet can be lost on the way.
#include "runtime/runtime.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "tests/support/device_features.h"
#include "tests/support/frame.h"
#include "tests/support/netns.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Netns;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char* const allows_relay = R"(
policy first {
  ttl-floor 1s
  grace 1s
  from any {
    allow tcp 443 to relay.example.net, other.example.net, *.example.net
    allow tcp 80 to 198.51.100.0/24
  }
}
)";
const char* const allows_other = R"(
policy second {
  from any {
    allow tcp 443 to other.example.net
    allow tcp 80 to 198.51.100.0/24
  }
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

/// What the names have. A name that is not listed is never answered.
using Zone = std::map<std::string, Answer>;

class ScriptedLookup : public Lookup {
 public:
  ScriptedLookup(EventLoop& loop, const Zone& zone) : loop_(loop), zone_(zone) {}
  void ask(const HostName& name, Family family, std::function<void(Answer)> done) override {
    const auto found = zone_.find(name.text());
    if (found == zone_.end()) return;
    Answer answer = found->second;
    std::erase_if(answer.addresses,
                  [&](const AnsweredAddress& one) { return one.address.family != family; });
    if (answer.outcome == Answer::Outcome::addresses && answer.addresses.empty())
      answer.outcome = Answer::Outcome::no_data;
    loop_.at(loop_.clock().now(), [answer, done = std::move(done)] { done(answer); });
  }
  void ask_alias(const HostName&, std::function<void(AliasAnswer)>) override {}

 private:
  EventLoop& loop_;
  const Zone& zone_;
};

Answer has(std::initializer_list<const char*> addresses) {
  Answer answer;
  answer.outcome = Answer::Outcome::addresses;
  for (const char* text : addresses)
    answer.addresses.push_back({Address::parse(text).value(), Seconds{1}});
  return answer;
}

class RuntimeInNamespace : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = test::why_no_kernel(); !reason.empty())
      GTEST_SKIP() << "SKIP: " << reason;
    gate_.emplace("rt");
    peer_.emplace("rtpeer");
    test::connect(*gate_, "lan0", *peer_, "eth0");
    gate_->address("lan0", "10.9.1.1/24");
  }

  void TearDown() override {
    if (gate_) (void)unload(instance_);
  }

  using Started = Result<std::unique_ptr<Runtime>>;
  Started start(const std::string& policy, std::vector<std::string> devices = {"lan0"}) {
    const auto lookup =
        [this](EventLoop& loop,
               const std::vector<Endpoint>& servers) -> Result<std::unique_ptr<Lookup>> {
      const auto view = views_.find(servers.front().address);
      if (view == views_.end()) return std::make_unique<ScriptedLookup>(loop, zone_);
      return std::make_unique<ScriptedLookup>(loop,
                                              tunnel_ = Zone{{"relay.example.net", view->second}});
    };
    return Runtime::start(forbidding_ ? *forbidding_ : bundle_of(policy),
                          {instance_, std::move(devices), {Endpoint{Address::v4(0x7f000001)}}},
                          {clock_, lookup, [this](const std::string& line) { log_ += line + '\n'; },
                           [this] { return wall_time_; }});
  }

  /// Runs the loop until it holds; false after ten seconds.
  bool run_until(Runtime& runtime, const std::function<bool()>& holds) {
    const Moment end = clock_.now() + seconds(10);
    std::function<void()> look = [&] {
      if (holds() || clock_.now() > end) return runtime.stop();
      runtime.loop().at(clock_.now() + milliseconds(10), look);
    };
    look();
    const auto ran = runtime.loop().run();
    EXPECT_TRUE(ran) << ran.error().text();
    return holds();
  }

  /// What the program that lan0 runs does with a TCP segment.
  std::string verdict(const std::string& destination, unsigned port,
                      std::optional<std::uint16_t> vlan = {}) const {
    const auto pins = Pins::find(instance_);
    if (!pins) return "not enforced";
    const auto live = live_generation(*pins);
    if (!live) return "not enforced";
    const auto program = pinned_program(*pins, *live);
    FrameParts parts;
    if (vlan) parts.tags = {{0x8100, *vlan}};
    parts.packet.emplace();
    parts.packet->source = Address::parse("10.9.1.2").value();
    parts.packet->destination = Address::parse(destination).value();
    parts.packet->protocol = protocol_tcp;
    parts.packet->body = tcp_header(40000, static_cast<std::uint16_t>(port));
    const Bytes frame = assemble(parts);
    if (!program) return "no answer";
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data(),
                .data_size_in = static_cast<__u32>(frame.size()), .repeat = 1);
    if (bpf_prog_test_run_opts(program->get(), &run) != 0) return "no answer";
    return run.retval == XDP_PASS ? "pass" : run.retval == XDP_DROP ? "drop" : "error";
  }

  std::vector<std::uint64_t> pinned_generations() const {
    const auto pins = Pins::find(instance_);
    return pins ? pins->generations() : std::vector<std::uint64_t>{};
  }

  static std::uint64_t rule_packets(const Status& status, const std::string& text) {
    for (std::size_t i = 0; i < status.bundle->image.rules.size(); ++i) {
      if (status.bundle->image.rules[i].text.find(text) != std::string::npos)
        return status.counters.rules[i].packets;
    }
    return 0;
  }

  void expect_nothing_left() const {
    EXPECT_FALSE(Pins::find(instance_));
    EXPECT_FALSE(std::filesystem::exists("/run/sallyport/" + instance_));
    EXPECT_THAT(gate_->must_run({"ip", "link", "show", "lan0"}), testing::Not(HasSubstr("xdp")));
  }

  const BootClock clock_;
  const std::string instance_ = "rt-" + std::to_string(getpid());
  std::optional<Netns> gate_, peer_;
  Zone zone_{{"relay.example.net", has({"192.0.2.7"})}};
  std::map<Address, Answer> views_;  // what relay.example.net has for other servers
  Zone tunnel_;
  std::optional<Bundle> forbidding_;  // instead of what is compiled
  std::string log_;
  WallTime wall_time_ = Day(std::chrono::year{2025} / 2 / 1) - std::chrono::seconds(2);
};

const char* const by_vlan = R"(
zone cameras = 10.9.1.0/24 vlan 40
zone staff = 10.9.1.0/24 vlan untagged
policy vlans {
  from cameras allow tcp 443 to 198.51.100.0/24
  from staff allow tcp 22 to 198.51.100.0/24
}
)";

void show_tags(bool on) {
  for (const char* feature : {"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"}) {
    test::set_feature("lan0", feature, !on);
  }
}

TEST_F(RuntimeInNamespace, D7_zones_by_vlan_need_devices_that_show_the_tags) {
  gate_->inside([&] {
    const auto refused = start(by_vlan);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(),
                HasSubstr("`ethtool -K lan0 rx-vlan-hw-parse off rx-vlan-stag-hw-parse off`"));
    expect_nothing_left();

    // One of the two is not enough.
    test::set_feature("lan0", "rx-vlan-hw-parse", false);
    const auto half = start(by_vlan);
    ASSERT_FALSE(half);
    EXPECT_THAT(half.error().text(), HasSubstr("`ethtool -K lan0 rx-vlan-stag-hw-parse off`"));

    show_tags(true);
    auto runtime = start(by_vlan);
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_EQ(verdict("198.51.100.1", 443, 40), "pass");
    EXPECT_EQ(verdict("198.51.100.1", 443, 41), "drop");
    EXPECT_EQ(verdict("198.51.100.1", 443), "drop");
    EXPECT_EQ(verdict("198.51.100.1", 22), "pass");
    EXPECT_EQ(verdict("198.51.100.1", 22, 40), "drop");

    // What is live stays when the offload comes back, and the log says what it means.
    show_tags(false);
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.contains("ethtool -K lan0"); })) << log_;
    EXPECT_EQ(verdict("198.51.100.1", 443, 40), "pass");
    show_tags(true);
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.contains("shows its VLAN tags again"); }));
  });
}

TEST_F(RuntimeInNamespace, D7_a_policy_with_vlans_is_not_loaded_where_tags_are_hidden) {
  gate_->inside([&] {
    auto runtime = start(allows_other);
    ASSERT_TRUE(runtime) << runtime.error().text();
    const auto refused = (*runtime)->load(bundle_of(by_vlan));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("before XDP sees the frames"));
    EXPECT_EQ(verdict("198.51.100.1", 80), "pass");
    show_tags(true);
    const auto loaded = (*runtime)->load(bundle_of(by_vlan));
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(verdict("198.51.100.1", 80), "drop");
    EXPECT_EQ(verdict("198.51.100.1", 443, 40), "pass");
    const auto back = (*runtime)->load(bundle_of(allows_other));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(verdict("198.51.100.1", 80, 40), "pass");
  });
}

const char* const has_windows = R"(
policy staged {
  ttl-floor 1s
  from any {
    allow tcp 443 to relay.example.net until 2025-02-01
    allow tcp 80 to 198.51.100.0/24 until 2025-02-01
    allow tcp 22 to 198.51.100.0/24 valid 2025-02-01
  }
}
)";

TEST_F(RuntimeInNamespace, windows_open_and_close_at_midnight_utc_and_a_failure_is_tried_again) {
  gate_->inside([&] {
    auto runtime = start(has_windows);
    ASSERT_TRUE(runtime) << runtime.error().text();
    ASSERT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; })) << log_;
    EXPECT_EQ(verdict("198.51.100.1", 80), "pass");
    EXPECT_EQ(verdict("198.51.100.1", 22), "drop");
    EXPECT_EQ(day_text((*runtime)->status().runtime->windows->next_edge.value()), "2025-02-01");

    // Nothing can be written, so the swap fails: told, shown, and tried until it succeeds.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, RLIM_INFINITY}, all{RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    wall_time_ += std::chrono::seconds(2);
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.contains("ALARM"); })) << log_;
    EXPECT_EQ(verdict("198.51.100.1", 80), "pass");
    EXPECT_FALSE((*runtime)->status().runtime->windows->trouble.empty());
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &all), 0);
    EXPECT_TRUE(run_until(**runtime, [&] { return verdict("198.51.100.1", 80) == "drop"; }));
    EXPECT_EQ(verdict("198.51.100.1", 22), "pass");
    EXPECT_EQ(verdict("192.0.2.7", 443), "drop") << "a name of no rule in force is not bound";
    EXPECT_TRUE((*runtime)->status().runtime->windows->trouble.empty());
    EXPECT_FALSE((*runtime)->status().runtime->windows->next_edge);
  });
}

TEST_F(RuntimeInNamespace, an_address_of_a_forbidden_name_is_refused_to_names) {
  gate_->inside([&] {
    zone_["relay.example.net"] = has({"192.0.2.7", "192.0.2.8"});
    zone_["lb.example.net"] = has({"192.0.2.8"});
    Bundle bundle = bundle_of(allows_relay);
    Program program = read_program(bundle.program_text).value();
    program.nevers = {{HostName::parse("lb.example.net").value(), {}, "it never calls", {}}};
    forbidding_ = read_bundle(bundle_bytes(make_image(program), program_text(program))).value();
    auto runtime = start({});
    ASSERT_TRUE(runtime) << runtime.error().text();
    ASSERT_TRUE(run_until(**runtime, [&] { return log_.contains("refused 192.0.2.8"); })) << log_;
    EXPECT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; })) << log_;
    EXPECT_EQ(verdict("192.0.2.8", 443), "drop");
    EXPECT_EQ((*runtime)->status().runtime->refused, 1U);
    EXPECT_THAT(log_, HasSubstr("lb.example.net has it, which the policy forbids"));
  });
}

TEST_F(RuntimeInNamespace, each_view_binds_its_own_addresses) {
  gate_->inside([&] {
    views_ = {{Address::v4(0xc6336435), has({"192.0.2.9"})}};
    auto runtime = start(R"(
resolver tunnel = 198.51.100.53
policy views {
  ttl-floor 1s
  allow tcp 443 to relay.example.net
  allow tcp 22 to relay.example.net via tunnel
}
)");
    ASSERT_TRUE(runtime) << runtime.error().text();
    ASSERT_TRUE(run_until(**runtime, [&] {
      return verdict("192.0.2.7", 443) == "pass" && verdict("192.0.2.9", 22) == "pass";
    })) << log_;
    EXPECT_EQ(verdict("192.0.2.7", 22), "drop");
    EXPECT_EQ(verdict("192.0.2.9", 443), "drop");
    EXPECT_THAT(log_, HasSubstr("bound relay.example.net via tunnel to 192.0.2.9"));
  });
}

TEST_F(RuntimeInNamespace, binds_what_the_answers_say_and_tells_it) {
  gate_->inside([&] {
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_EQ(verdict("192.0.2.7", 443), "drop");
    EXPECT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; })) << log_;
    EXPECT_EQ(verdict("192.0.2.8", 443), "drop");
    EXPECT_EQ(verdict("10.9.1.1", 22), "pass") << "our own address";
    EXPECT_THAT(log_, HasSubstr("bound relay.example.net to 192.0.2.7"));
    EXPECT_THAT(log_, HasSubstr("`*.example.net`: bound to 2 exact names of this policy; other "
                                "names wait for observed answers"));

    zone_["relay.example.net"] = has({"192.0.2.8"});
    EXPECT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "drop"; })) << log_;
    EXPECT_EQ(verdict("192.0.2.8", 443), "pass");
    EXPECT_THAT(log_, HasSubstr("192.0.2.7 left relay.example.net"));
  });
}

TEST_F(RuntimeInNamespace, the_enforcement_survives_and_a_restart_adopts_it_without_a_gap) {
  gate_->inside([&] {
    {
      auto runtime = start(allows_relay);
      ASSERT_TRUE(runtime) << runtime.error().text();
      ASSERT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; }));
    }
    EXPECT_EQ(verdict("192.0.2.7", 443), "pass") << "without a runtime";
    zone_.clear();  // no answer will ever come
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_EQ(verdict("192.0.2.7", 443), "pass") << "adopted before the take-over";
    const Status status = (*runtime)->status();
    EXPECT_EQ(status.runtime->addresses, 1U);
    EXPECT_THAT(pinned_generations(), SizeIs(1));
    // Adopted for its grace only, since nobody confirms it.
    EXPECT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "drop"; })) << log_;
  });
}

TEST_F(RuntimeInNamespace, claims_of_names_that_the_policy_lost_are_not_adopted) {
  gate_->inside([&] {
    {
      auto runtime = start(allows_relay);
      ASSERT_TRUE(runtime) << runtime.error().text();
      ASSERT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; }));
    }
    auto runtime = start(allows_other);
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_EQ(verdict("192.0.2.7", 443), "drop");
    auto claims = ClaimStore::open(Pins::find(instance_).value());
    ASSERT_TRUE(claims);
    EXPECT_THAT(claims->rows().value(), IsEmpty());
  });
}

TEST_F(RuntimeInNamespace, a_load_swaps_the_policy_and_keeps_bindings_and_counters) {
  gate_->inside([&] {
    zone_["other.example.net"] = has({"192.0.2.9"});
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    ASSERT_TRUE(run_until(**runtime, [&] {
      return verdict("192.0.2.7", 443) == "pass" && verdict("192.0.2.9", 443) == "pass";
    }));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(verdict("198.51.100.1", 80), "pass");
    EXPECT_EQ(rule_packets((*runtime)->status(), "tcp 80"), 3U);

    zone_.clear();
    // Rules meet by identity, which has the policy's name in it: the same policy, one name less.
    std::string changed = allows_relay;
    changed.replace(changed.find("relay.example.net, "), 19, "");
    changed.replace(changed.find(", *.example.net"), 15, "");
    const auto loaded = (*runtime)->load(bundle_of(changed));
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(verdict("192.0.2.9", 443), "pass") << "the name stayed";
    EXPECT_EQ(verdict("192.0.2.7", 443), "drop") << "the name is gone";
    const Status status = (*runtime)->status();
    EXPECT_EQ(status.generation, 2U);
    EXPECT_EQ(rule_packets(status, "tcp 80"), 3U);
    EXPECT_THAT(pinned_generations(), SizeIs(1));
    EXPECT_EQ(status.runtime->per_name.size(), 2U);
  });
}

TEST_F(RuntimeInNamespace, a_load_that_cannot_be_changes_nothing) {
  gate_->inside([&] {
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    ASSERT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; }));
    const auto files = RunDirectory::of(instance_).value();

    std::string refusal;
    std::atomic<bool> refused{false};
    std::thread client([&] {
      const std::vector<std::uint8_t> damaged(1000, 'x');
      const auto reply = control_call(files.control(), "load", damaged);
      refusal = reply ? "accepted" : reply.error().text();
      refused = true;
    });
    run_until(**runtime, [&] { return refused.load(); });
    client.join();
    EXPECT_THAT(refusal, HasSubstr("cannot ask the runtime to load: "));
    EXPECT_EQ(verdict("192.0.2.7", 443), "pass");
    EXPECT_EQ((*runtime)->status().generation, 1U);
    EXPECT_THAT(pinned_generations(), SizeIs(1));
  });
}

/// A policy of this name that opens one port.
std::string opens_port(const std::string& name, int port) {
  return "policy " + name + " {\n  from any { allow tcp " + std::to_string(port) +
         " to 198.51.100.0/24 }\n}\n";
}

TEST_F(RuntimeInNamespace, what_was_enforced_before_can_be_enforced_again) {
  gate_->inside([&] {
    auto runtime = start(opens_port("a", 1));
    ASSERT_TRUE(runtime) << runtime.error().text();
    const auto none = (*runtime)->roll_back({});
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().text(), HasSubstr("no policy was enforced before this one"));
    for (int port = 2; port <= 5; ++port) {
      const auto loaded =
          (*runtime)->load(bundle_of(opens_port(std::string(1, "?abcde"[port]), port)));
      ASSERT_TRUE(loaded) << loaded.error().text();
    }

    const auto back = (*runtime)->roll_back({});
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->generation, 4U);
    EXPECT_EQ(verdict("198.51.100.1", 4), "pass");
    EXPECT_EQ(verdict("198.51.100.1", 5), "drop");
    EXPECT_EQ((*runtime)->status().generation, 6U);
    EXPECT_THAT(pinned_generations(), SizeIs(1));
    ASSERT_TRUE((*runtime)->roll_back({}));
    EXPECT_EQ(verdict("198.51.100.1", 5), "pass") << "twice is where it was";

    ASSERT_TRUE((*runtime)->roll_back(3));
    EXPECT_EQ(verdict("198.51.100.1", 3), "pass");
    const auto beyond = (*runtime)->roll_back(1);
    ASSERT_FALSE(beyond);
    EXPECT_THAT(beyond.error().text(), HasSubstr("generation 1: its policy is not kept"));
    EXPECT_EQ(verdict("198.51.100.1", 3), "pass") << "a refusal changes nothing";
    EXPECT_THAT((*runtime)->status().runtime->earlier, SizeIs(3));
  });
}

TEST_F(RuntimeInNamespace, a_restart_can_go_back_to_what_ran_before_it) {
  gate_->inside([&] {
    { ASSERT_TRUE(start(opens_port("a", 1))); }
    auto runtime = start(opens_port("b", 2));
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_EQ(verdict("198.51.100.1", 1), "drop");

    const auto file = "/run/sallyport/" + instance_ + "/gen-1.bundle";
    std::filesystem::copy_file(file, file + ".aside");
    std::filesystem::resize_file(file, 100);
    const auto damaged = (*runtime)->roll_back({});
    ASSERT_FALSE(damaged);
    EXPECT_EQ(verdict("198.51.100.1", 2), "pass") << "a damaged bundle changes nothing";

    std::filesystem::rename(file + ".aside", file);
    ASSERT_TRUE((*runtime)->roll_back({}));
    EXPECT_EQ(verdict("198.51.100.1", 1), "pass");
    EXPECT_EQ(verdict("198.51.100.1", 2), "drop");
  });
}

TEST_F(RuntimeInNamespace, a_second_runtime_is_turned_away) {
  gate_->inside([&] {
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    const auto second = start(allows_other);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().text(), HasSubstr("another runtime has it"));
    const auto unloaded = unload(instance_);
    ASSERT_FALSE(unloaded);
    EXPECT_THAT(unloaded.error().text(), HasSubstr("another runtime has it"));
    EXPECT_EQ((*runtime)->status().bundle->image.policy, "first");
  });
}

TEST_F(RuntimeInNamespace, a_start_that_fails_leaves_no_trace) {
  gate_->inside([&] {
    const auto runtime = start(allows_relay, {"lan0", "lan9"});
    ASSERT_FALSE(runtime);
    EXPECT_THAT(runtime.error().text(), HasSubstr("cannot attach to lan9"));
  });
  expect_nothing_left();
}

TEST_F(RuntimeInNamespace, a_restart_that_fails_leaves_what_was_enforced) {
  gate_->inside([&] {
    {
      auto runtime = start(allows_relay);
      ASSERT_TRUE(runtime) << runtime.error().text();
      ASSERT_TRUE(run_until(**runtime, [&] { return verdict("192.0.2.7", 443) == "pass"; }));
    }
    const auto runtime = start(allows_other, {"lan0", "lan9"});
    ASSERT_FALSE(runtime);
    EXPECT_EQ(verdict("192.0.2.7", 443), "pass");
    EXPECT_EQ(verdict("192.0.2.9", 443), "drop");
    EXPECT_THAT(pinned_generations(), SizeIs(1));
  });
}

TEST_F(RuntimeInNamespace, unload_leaves_nothing_with_and_without_a_runtime) {
  gate_->inside([&] {
    for (const bool alive : {true, false}) {
      auto runtime = start(allows_relay);
      ASSERT_TRUE(runtime) << runtime.error().text();
      if (!alive) runtime->reset();
      const auto unloaded = alive ? (*runtime)->unload() : unload(instance_);
      ASSERT_TRUE(unloaded) << unloaded.error().text();
      expect_nothing_left();
    }
    EXPECT_FALSE(unload(instance_)) << "unknown by now";
  });
}

TEST_F(RuntimeInNamespace, a_device_that_was_made_again_is_filtered_again) {
  gate_->inside([&] {
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    gate_->ip("link delete lan0");
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.find("lan0 is gone") != log_.npos; }));
    EXPECT_FALSE((*runtime)->status().devices.at(0).alive);
    test::connect(*gate_, "lan0", *peer_, "eth0");
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.find("lan0 is back") != log_.npos; }));
    const Status status = (*runtime)->status();
    ASSERT_THAT(status.devices, SizeIs(1));
    EXPECT_TRUE(status.devices[0].alive);
    EXPECT_EQ(status.devices[0].mode, "native");
  });
}

TEST_F(RuntimeInNamespace,
       B5_a_device_that_returns_and_cannot_be_filtered_is_told_and_tried_again) {
  gate_->inside([&] {
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    gate_->ip("link delete lan0");
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.find("lan0 is gone") != log_.npos; }));
    test::connect(*gate_, "lan0", *peer_, "eth0");
    peer_->ip("link set eth0 mtu 9000");  // veth judges its peer's
    EXPECT_TRUE(run_until(**runtime, [&] { return log_.find("NOT filtered") != log_.npos; }));
    EXPECT_FALSE((*runtime)->status().devices.at(0).alive);
    peer_->ip("link set eth0 mtu 1500");  // of which this namespace hears nothing
    EXPECT_TRUE(
        run_until(**runtime, [&] { return log_.find("lan0 is back and filtered") != log_.npos; }));
    EXPECT_TRUE((*runtime)->status().devices.at(0).alive);
    EXPECT_EQ(log_.find("NOT filtered"), log_.rfind("NOT filtered")) << "once: " << log_;
  });
}

TEST_F(RuntimeInNamespace, refused_addresses_and_failures_are_told_once) {
  gate_->inside([&] {
    Answer failing;
    failing.failure = "SERVFAIL";
    zone_["relay.example.net"] = has({"127.0.0.1", "192.0.2.7"});
    zone_["other.example.net"] = failing;
    auto runtime = start(allows_relay);
    ASSERT_TRUE(runtime) << runtime.error().text();
    EXPECT_TRUE(
        run_until(**runtime, [&] { return (*runtime)->status().runtime->lookups.asked > 8; }));
    const auto times = [&](const std::string& words) {
      std::size_t count = 0;
      for (std::size_t at = 0; (at = log_.find(words, at)) != log_.npos; ++at) ++count;
      return count;
    };
    EXPECT_EQ(times("refused 127.0.0.1 for relay.example.net: loopback"), 1U) << log_;
    EXPECT_EQ(times("other.example.net A: SERVFAIL"), 1U) << log_;
    EXPECT_EQ((*runtime)->status().runtime->refused, 1U);
    EXPECT_EQ(verdict("192.0.2.7", 443), "pass");
  });
}

TEST_F(RuntimeInNamespace, more_addresses_than_expected_find_room_and_nothing_is_lost) {
  constexpr int names = 66, addresses_of_each = 256;  // more than a datapath has room for at first
  std::string policy = "policy wide {\n  from any allow tcp 443 to n{0.." +
                       std::to_string(names - 1) + "}.example.net\n}\n";
  for (int i = 0; i < names; ++i) {
    Answer& answer = zone_["n" + std::to_string(i) + ".example.net"];
    answer.outcome = Answer::Outcome::addresses;
    for (int j = 0; j < addresses_of_each; ++j) {
      const auto number = 0xc6120000U + static_cast<std::uint32_t>(i * addresses_of_each + j);
      answer.addresses.push_back({Address::v4(number), Seconds{60}});  // from 198.18.0.0
    }
  }
  gate_->inside([&] {
    auto runtime = start(policy);
    ASSERT_TRUE(runtime) << runtime.error().text();
    const auto addresses = [&] { return (*runtime)->status().runtime->addresses; };
    EXPECT_TRUE(run_until(**runtime, [&] { return addresses() == names * addresses_of_each; }));
    EXPECT_THAT(log_, HasSubstr("making room"));
    EXPECT_THAT(pinned_generations(), SizeIs(1));
    for (const char* address : {"198.18.0.0", "198.18.40.1", "198.18.65.255"})
      EXPECT_EQ(verdict(address, 443), "pass") << address;
    EXPECT_EQ(verdict("198.18.66.0", 443), "drop");
  });
}

TEST_F(RuntimeInNamespace, a_policy_with_names_needs_a_resolver) {
  gate_->inside([&] {
    const auto runtime = Runtime::start(bundle_of(allows_relay), {instance_, {"lan0"}, {}},
                                        {clock_, {}, [](const std::string&) {}});
    ASSERT_FALSE(runtime);
    EXPECT_THAT(runtime.error().text(), HasSubstr("no resolver to ask"));
  });
  expect_nothing_left();
}

}  // namespace
}  // namespace sallyport
