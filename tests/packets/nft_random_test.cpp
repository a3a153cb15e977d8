// SPDX-License-Identifier: GPL-2.0-or-later
// Random programs, random frames: nftables does with each packet what the evaluator says, apart
// from what nft_engine.cpp declares, while names move on the live table (C2, C5, F3).
// SALLYPORT_SEED repeats a run, SALLYPORT_PACKETS sets its length.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "compiler/program/evaluator.h"
#include "compiler/program/program_text.h"
#include "tests/packets/random_run.h"
#include "tests/support/frame.h"
#include "tests/support/nft_engine.h"
#include "tests/support/packet_rows.h"
#include "tests/support/random_frame.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

constexpr std::uint64_t default_packets = 150'000;
constexpr std::uint64_t packets_per_program = 1000;
constexpr int rounds = 3;  // of bindings; the table is made with the first

struct Totals {
  std::uint64_t asked = 0;
  std::uint64_t passed = 0;
  std::uint64_t counted = 0;
  std::uint64_t counted_by_another = 0;
};

class NftTrial {
 public:
  explicit NftTrial(std::uint64_t seed) : random_(seed), program_(random_program(random_)) {
    if (random_() % 2 == 0 || program_.rules.empty()) return;
    for (Rule& rule : program_.rules) {
      if (random_() % 2 == 0) rule.direction = Direction::inward;
    }
    program_.rules.front().direction = Direction::inward;
    if (random_() % 2 == 0) surroundings_.direction = Direction::inward;
  }

  void run(std::uint64_t packets, Totals& totals) {
    surroundings_.bindings = random_bindings(random_);
    auto engine = NftEngine::make(program_, false, surroundings_.bindings, surroundings_.direction);
    ASSERT_TRUE(engine) << engine.error().text() << "\n" << program_text(program_);
    for (int round = 0; round < rounds; ++round) {
      SCOPED_TRACE("bindings " + std::to_string(round));
      if (round > 0) {
        surroundings_.bindings = random_bindings(random_);
        const auto bound = engine->rebind(surroundings_.bindings);
        ASSERT_TRUE(bound) << bound.error().text() << "\n" << program_text(program_);
      }
      roll(packets / rounds);
      ASSERT_NO_FATAL_FAILURE(compare_verdicts(*engine, totals));
      ASSERT_NO_FATAL_FAILURE(compare_counters(*engine, round == 0, totals));
    }
  }

 private:
  void roll(std::uint64_t packets) {
    FrameDice dice(random_, program_, surroundings_);
    frames_.clear();
    outcomes_.clear();
    for (std::uint64_t i = 0; i < packets; ++i) {
      Bytes frame = dice.roll();
      const Outcome outcome = evaluate_frame(program_, frame, surroundings_);
      if (not_for_nft(frame, outcome, surroundings_.own)) continue;
      frames_.push_back(std::move(frame));
      outcomes_.push_back(outcome);
    }
  }

  /// Keeps the frames that both engines judge alike and whose counting is promised.
  void compare_verdicts(NftEngine& engine, Totals& totals) {
    const auto fates = engine.run(frames_, outcomes_);
    ASSERT_TRUE(fates) << fates.error().text();
    std::vector<Bytes> frames;
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const auto fault = nft_fault(frames_[i], outcomes_[i], (*fates)[i]);
      ASSERT_FALSE(fault) << *fault << "\n" << described(frames_[i], outcomes_[i]);
      ++totals.asked;
      const bool passes = outcomes_[i].verdict == Verdict::pass;
      if (passes) ++totals.passed;
      const bool alike = (*fates)[i] == (passes ? Fate::passed : Fate::dropped);
      if (!alike || !counting_rule(frames_[i], outcomes_[i])) continue;
      frames.push_back(frames_[i]);
      outcomes.push_back(outcomes_[i]);
    }
    frames_ = std::move(frames);
    outcomes_ = std::move(outcomes);
  }

  /// Every packet counts once. In a table as it was made, in the rule that decides, or in one that
  /// decides the same: a set keeps a prefix longer than its own apart. A change of bindings leaves
  /// a key that stays with the counter that it has.
  void compare_counters(NftEngine& engine, bool as_made, Totals& totals) {
    totals.counted += frames_.size();
    const auto before = engine.counted();
    ASSERT_TRUE(engine.run(frames_));
    const auto after = engine.counted();
    ASSERT_TRUE(before && after);
    std::vector<std::uint64_t> wanted = *before;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      ++wanted[*counting_rule(frames_[i], outcomes_[i])];
    }
    if (*after == wanted) return;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      ASSERT_NO_FATAL_FAILURE(compare_counting(engine, i, as_made, totals));
    }
  }

  /// The rules that count one packet. A busy machine may put it off until the counters are read,
  /// or until the next one is sent: then it is sent again.
  static std::vector<std::uint32_t> counting(NftEngine& engine, const Bytes& frame) {
    constexpr int tries = 5;
    std::vector<std::uint32_t> risen;
    for (int i = 0; i < tries && risen.size() != 1; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      risen.clear();
      const auto before = engine.counted();
      const auto sent = engine.run(std::span(&frame, 1));
      const auto after = engine.counted();
      EXPECT_TRUE(before && sent && after);
      for (std::uint32_t rule = 0; before && after && rule < after->size(); ++rule) {
        if ((*after)[rule] != (*before)[rule]) risen.push_back(rule);
      }
    }
    return risen;
  }

  void compare_counting(NftEngine& engine, std::size_t index, bool as_made, Totals& totals) {
    const auto counted = counting(engine, frames_[index]);
    ASSERT_EQ(counted.size(), 1U) << "rules count\n" << described(frames_[index], outcomes_[index]);
    if (counted[0] == *counting_rule(frames_[index], outcomes_[index])) return;
    ++totals.counted_by_another;
    if (!as_made) return;
    Program alone = program_;
    alone.rules = {program_.rules[counted[0]]};
    const Outcome outcome = evaluate_frame(alone, frames_[index], surroundings_);
    ASSERT_TRUE(outcome.verdict == outcomes_[index].verdict && outcome.rule)
        << "counted by rule " << counted[0] << ", which does not match\n"
        << described(frames_[index], outcomes_[index]);
  }

  std::string described(const Bytes& frame, const Outcome& outcome) const {
    const bool inward = surroundings_.direction == Direction::inward;
    std::string text = std::string(inward ? "in " : "") + "frame " + hexadecimal(frame) +
                       "\nevaluator: " + (outcome.verdict == Verdict::pass ? "pass " : "drop ") +
                       reason_word(outcome.reason) + ", rule " +
                       (outcome.rule ? std::to_string(*outcome.rule) : "none") + "\n" +
                       program_text(program_);
    for (const auto& [name, addresses] : surroundings_.bindings) {
      text += "given " + name.text() + " is";
      for (const Address& address : addresses) text += " " + address.text();
      text += "\n";
    }
    return text;
  }

  std::mt19937_64 random_;
  Program program_;
  Surroundings surroundings_;
  std::vector<Bytes> frames_;
  std::vector<Outcome> outcomes_;
};

TEST(NftRandomPackets, C2_C5_F3_NftablesAgreesWithTheEvaluator) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const std::uint64_t seed = from_environment("SALLYPORT_SEED", std::random_device{}());
  const std::uint64_t packets = from_environment("SALLYPORT_PACKETS", default_packets);
  const std::uint64_t programs = std::max<std::uint64_t>(packets / packets_per_program, 1);
  std::cout << "SALLYPORT_SEED=" << seed << ", " << programs << " programs, " << packets
            << " packets\n";
  Totals totals;
  for (std::uint64_t number = 0; number < programs; ++number) {
    SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed) + ", program " + std::to_string(number));
    NftTrial trial(seed + number);
    ASSERT_NO_FATAL_FAILURE(trial.run(packets / programs, totals));
  }
  std::cout << totals.asked << " asked, " << totals.passed << " pass; " << totals.counted
            << " counted by a rule, " << totals.counted_by_another
            << " of them by another that decides the same\n";
  for (const std::string& line : differences_met()) std::cout << "  " << line << "\n";
  EXPECT_GT(totals.passed * 20, totals.asked) << "few packets reach an accept";
}

}  // namespace
}  // namespace sallyport
