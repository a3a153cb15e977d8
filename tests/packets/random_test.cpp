// SPDX-License-Identifier: GPL-2.0-or-later
// Random programs, random frames: the loaded BPF program gives the verdict of the evaluator for
// each, and counts every packet under the same reason and the same rule (C2, C5, D2).
// SALLYPORT_SEED repeats a run, SALLYPORT_PACKETS sets its length.
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <random>
#include <string>

#include "compiler/label/labeler.h"
#include "compiler/program/evaluator.h"
#include "compiler/program/program_text.h"
#include "runtime/datapath.h"
#include "tests/packets/random_run.h"
#include "tests/support/frame.h"
#include "tests/support/random_frame.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

constexpr std::uint64_t default_packets = 1'000'000;
constexpr std::uint64_t packets_per_program = 2000;
constexpr int binding_changes = 2;

std::set<Address> bound_addresses(const Bindings& bindings) {
  std::set<Address> addresses;
  for (const auto& [name, of_name] : bindings) addresses.insert(of_name.begin(), of_name.end());
  return addresses;
}

std::vector<ViewedName> names_of(const Bindings& bindings, const Address& address) {
  std::vector<ViewedName> names;
  for (const auto& [name, addresses] : bindings) {
    if (addresses.contains(address)) names.push_back(name);
  }
  return names;
}

Counters zero_counters(std::size_t rules) {
  return {std::vector<Counter>(rules), std::vector<Counter>(SP_REASON_COUNT)};
}

void count(Counters& counters, const Outcome& outcome, std::size_t bytes) {
  const auto add = [bytes](Counter& counter) {
    counter.packets += 1;
    counter.bytes += bytes;
  };
  add(counters.reasons[outcome.reason]);
  if (outcome.rule) add(counters.rules[*outcome.rule]);
}

/// One program in both engines.
class Trial {
 public:
  explicit Trial(std::uint64_t seed) : random_(seed), program_(random_program(random_)) {
    if (random_() % 2 == 0) return;
    for (Rule& rule : program_.rules) {
      if (random_() % 2 == 0) rule.direction = Direction::inward;
    }
  }

  /// Runs `packets` frames; the reasons they met are added to `met`.
  void run(std::uint64_t packets, std::vector<std::uint64_t>& met) {
    auto datapath = Datapath::load(make_image(program_));
    ASSERT_TRUE(datapath) << datapath.error().text();
    expected_ = zero_counters(program_.rules.size());
    surroundings_.own = {Address::parse("10.0.0.1").value(), Address::parse("fe80::1").value(),
                         Address::parse("2001:db8::1").value()};
    const auto set = datapath->set_own(surroundings_.own);
    ASSERT_TRUE(set) << set.error().text();
    for (int change = 0; change < binding_changes; ++change) {
      ASSERT_NO_FATAL_FAILURE(change_bindings(*datapath));
      ASSERT_NO_FATAL_FAILURE(run_frames(*datapath, packets / binding_changes));
    }
    for (std::size_t reason = 0; reason < SP_REASON_COUNT; ++reason) {
      met[reason] += expected_.reasons[reason].packets;
    }
  }

 private:
  /// Addresses move, join and go while the program lives.
  void change_bindings(Datapath& datapath) {
    const std::set<Address> before = bound_addresses(surroundings_.bindings);
    surroundings_.bindings = random_bindings(random_);
    std::set<Address> touched = bound_addresses(surroundings_.bindings);
    touched.insert(before.begin(), before.end());
    for (const Address& address : touched) {
      const auto bound = datapath.bind(address, names_of(surroundings_.bindings, address));
      ASSERT_TRUE(bound) << bound.error().text();
    }
  }

  void run_frames(Datapath& datapath, std::uint64_t packets) {
    surroundings_.direction = random_() % 2 == 0 ? Direction::outward : Direction::inward;
    FrameDice dice(random_, program_, surroundings_);
    std::vector<Bytes> frames;
    for (std::uint64_t i = 0; i < packets; ++i) frames.push_back(dice.roll());
    for (const Bytes& frame : frames) ASSERT_NO_FATAL_FAILURE(compare_verdict(datapath, frame));
    const auto counted = datapath.counters();
    ASSERT_TRUE(counted) << counted.error().text();
    if (counted->reasons == expected_.reasons && counted->rules == expected_.rules) return;
    for (const Bytes& frame : frames) ASSERT_NO_FATAL_FAILURE(compare_counting(datapath, frame));
    FAIL() << "the counters differ, but not when the frames are repeated one by one";
  }

  void compare_verdict(const Datapath& datapath, const Bytes& frame) {
    const Outcome outcome = evaluate_frame(program_, frame, surroundings_);
    count(expected_, outcome, frame.size());
    const auto action = datapath.test_run(frame, surroundings_.direction);
    ASSERT_TRUE(action) << action.error().text();
    const std::uint32_t wanted = outcome.verdict == Verdict::pass ? XDP_PASS : XDP_DROP;
    ASSERT_EQ(*action, wanted) << described(frame, outcome);
  }

  /// The slow way, to find the frame that was counted elsewhere.
  void compare_counting(const Datapath& datapath, const Bytes& frame) {
    const auto before = datapath.counters();
    ASSERT_TRUE(datapath.test_run(frame, surroundings_.direction));
    const auto after = datapath.counters();
    ASSERT_TRUE(before && after);
    const Outcome outcome = evaluate_frame(program_, frame, surroundings_);
    Counters wanted = *before;
    count(wanted, outcome, frame.size());
    for (std::size_t reason = 0; reason < SP_REASON_COUNT; ++reason) {
      ASSERT_EQ(wanted.reasons[reason].packets, after->reasons[reason].packets)
          << "reason " << reason << "\n"
          << described(frame, outcome);
    }
    ASSERT_TRUE(wanted.rules == after->rules) << "rule counters\n" << described(frame, outcome);
  }

  std::string described(const Bytes& frame, const Outcome& outcome) const {
    const bool inward = surroundings_.direction == Direction::inward;
    return std::string(inward ? "in " : "") + "frame " + hexadecimal(frame) +
           "\nevaluator: reason " + std::to_string(outcome.reason) + ", rule " +
           (outcome.rule ? std::to_string(*outcome.rule) : "none") + "\n" + program_text(program_);
  }

  std::mt19937_64 random_;
  Program program_;
  Surroundings surroundings_;
  Counters expected_;
};

TEST(RandomPackets, C2_D2_BpfAgreesWithTheEvaluator) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const std::uint64_t seed = from_environment("SALLYPORT_SEED", std::random_device{}());
  const std::uint64_t packets = from_environment("SALLYPORT_PACKETS", default_packets);
  const std::uint64_t programs = std::max<std::uint64_t>(packets / packets_per_program, 1);
  std::cout << "SALLYPORT_SEED=" << seed << ", " << programs << " programs, " << packets
            << " packets\n";

  std::vector<std::uint64_t> met(SP_REASON_COUNT);
  for (std::uint64_t number = 0; number < programs; ++number) {
    SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed) + ", program " + std::to_string(number));
    Trial trial(seed + number);
    ASSERT_NO_FATAL_FAILURE(trial.run(packets / programs, met));
  }

  // Agreement says little about what was never met. No generation is missing here.
  constexpr std::array<const char*, SP_REASON_COUNT> names = {
#define SALLYPORT_REASON_NAME(name, words) #name,
      SP_REASONS(SALLYPORT_REASON_NAME)
#undef SALLYPORT_REASON_NAME
  };
  for (std::size_t reason = 0; reason < SP_REASON_COUNT; ++reason) {
    std::cout << "  " << met[reason] << " " << names[reason] << "\n";
    if (packets < default_packets || reason == SP_DROP_NO_GENERATION) continue;
    EXPECT_GT(met[reason], 100U) << names[reason];
  }
}

}  // namespace
}  // namespace sallyport
