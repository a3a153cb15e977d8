// SPDX-License-Identifier: GPL-2.0-or-later
// The loaded datapath against the evaluator. Entry points: check_image() and self_test().
#include "runtime/self_test.h"

#include <linux/bpf.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/program/evaluator.h"
#include "runtime/boundary_probes.h"
#include "runtime/program_slice.h"

namespace sallyport {
namespace {

constexpr std::size_t most_frames = 20'000;
// Rules that the evaluator may look at in all: about half a second.
constexpr std::size_t most_rule_visits = 4'000'000;

std::string words_of(SpReason reason) {
  constexpr const char* words[] = {
#define SALLYPORT_REASON_WORDS(name, words_for_people) words_for_people,
      SP_REASONS(SALLYPORT_REASON_WORDS)
#undef SALLYPORT_REASON_WORDS
  };
  return words[reason];
}

// ---- comparing ----

/// One run of frames through both engines.
class Comparison {
 public:
  Comparison(const std::string& subject, const Program& program, const Datapath& datapath)
      : subject_(subject),
        program_(program),
        datapath_(datapath),
        rules_(program.rules.size()),
        reasons_(SP_REASON_COUNT) {}

  Result<void> run(std::span<const std::uint8_t> frame, Direction direction, const Outcome& outcome,
                   const auto& packet_text) {
    const auto action = datapath_.test_run(frame, direction);
    if (!action) return std::unexpected(action.error());
    const std::uint32_t wanted = outcome.verdict == Verdict::pass ? XDP_PASS : XDP_DROP;
    if (*action != wanted) {
      return disagreement(packet_text() + ": evaluator " + described(outcome) + ", datapath " +
                          (*action == XDP_PASS ? "passes" : "drops"));
    }
    count(reasons_[outcome.reason], frame.size());
    if (outcome.rule) count(rules_[*outcome.rule], frame.size());
    return {};
  }

  /// Every frame was counted under the reason and the rule that decided it for the evaluator.
  Result<void> check_counters() const {
    const auto counted = datapath_.counters();
    if (!counted) return std::unexpected(counted.error());
    if (counted->rules.size() != rules_.size()) {
      return disagreement(std::to_string(rules_.size()) + " rules in the evaluator, " +
                          std::to_string(counted->rules.size()) + " in the datapath");
    }
    for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
      if (counted->rules[rule] == rules_[rule]) continue;
      return disagreement("rule " + place_of(rule) + " decides " +
                          difference(rules_[rule], counted->rules[rule]));
    }
    for (std::size_t reason = 0; reason < reasons_.size(); ++reason) {
      if (counted->reasons[reason] == reasons_[reason]) continue;
      return disagreement("reason \"" + words_of(static_cast<SpReason>(reason)) + "\" holds for " +
                          difference(reasons_[reason], counted->reasons[reason]));
    }
    return {};
  }

 private:
  static void count(Counter& counter, std::size_t bytes) {
    counter.packets += 1;
    counter.bytes += bytes;
  }

  static std::string difference(const Counter& evaluator, const Counter& datapath) {
    return std::to_string(evaluator.packets) + " test packets in the evaluator, " +
           std::to_string(datapath.packets) + " in the datapath";
  }

  std::string place_of(std::size_t rule) const { return program_.rules[rule].origin.rule.text(); }

  std::string described(const Outcome& outcome) const {
    const std::string verb = outcome.verdict == Verdict::pass ? "passes" : "drops";
    if (outcome.rule) return verb + " by " + place_of(*outcome.rule);
    return verb + " (" + words_of(outcome.reason) + ")";
  }

  Result<void> disagreement(std::string detail) const {
    return std::unexpected(Error{
        "use " + subject_, "the loaded datapath and the evaluator disagree", std::move(detail)});
  }

  const std::string& subject_;
  const Program& program_;
  const Datapath& datapath_;
  std::vector<Counter> rules_;
  std::vector<Counter> reasons_;
};

}  // namespace

Result<void> check_image(const std::string& subject, const Program& program, const Image& image) {
  if (make_image(program) == image) return {};
  return std::unexpected(Error{"use " + subject,
                               "the tables of its bundle are not what its program means",
                               "build the bundle again with this version"});
}

namespace {

/// The boundary packets of one direction, at most `most`, and those that no policy changes.
Result<void> compare_direction(Comparison& comparison, const Program& program, Direction direction,
                               std::size_t most) {
  ProgramSlice slice(program);
  std::vector<Probe> probes = boundary_probes(program, most, direction);
  std::ranges::stable_sort(probes, {}, &Probe::remote);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    if (i == 0 || probes[i - 1].remote() != probe.remote()) slice.move_to(probe.remote());
    const auto frame = frame_of(probe);
    const auto same = comparison.run(frame, direction, slice.judge(frame, direction),
                                     [&probe] { return probe.text(); });
    if (!same) return same;
  }
  for (const FixedFrame& fixed : fixed_frames()) {
    const Outcome outcome =
        evaluate_frame(program, fixed.bytes, {.bindings = {}, .own = {}, .direction = direction});
    const auto same = comparison.run(fixed.bytes, direction, outcome,
                                     [&fixed] { return std::string(fixed.what); });
    if (!same) return same;
  }
  return {};
}

}  // namespace

Result<void> self_test(const std::string& subject, const Program& program, Datapath& datapath) {
  const std::size_t depth = ProgramSlice(program).depth();
  const std::size_t most =
      std::max<std::size_t>(std::min(most_frames, most_rule_visits / depth), 2);
  Comparison comparison(subject, program, datapath);
  for (const Direction direction : {Direction::outward, Direction::inward}) {
    if (auto same = compare_direction(comparison, program, direction, most / 2); !same) return same;
  }
  if (auto same = comparison.check_counters(); !same) return same;
  return datapath.clear_counters();
}

}  // namespace sallyport
