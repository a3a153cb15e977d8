// SPDX-License-Identifier: GPL-2.0-or-later
// The loaded datapath against the evaluator. The evaluator walks every range of every rule, so it
// is asked about the part of the program that speaks of the packet's remote address; the verdict is
// the same, because no other rule could match. Entry points: check_image() and self_test().
#include "runtime/self_test.h"

#include <linux/bpf.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/program/evaluator.h"
#include "runtime/boundary_probes.h"

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

// ---- the part of a program that speaks of one address ----

/// A range that rule `rule` names.
struct Mention {
  AddressRange range;
  std::uint32_t rule = 0;
};

std::vector<Mention> mentions_in(const Program& program) {
  std::vector<Mention> mentions;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    for (const AddressRange& range : program.rules[rule].remote.ranges) {
      mentions.push_back({range, rule});
    }
  }
  std::ranges::sort(mentions, {}, [](const Mention& mention) { return mention.range; });
  return mentions;
}

/// How many ranges hold one address, at most.
std::size_t depth_of(const std::vector<Mention>& mentions) {
  std::vector<Address> ends;
  for (const Mention& mention : mentions) ends.push_back(mention.range.last);
  std::ranges::sort(ends);
  std::size_t deepest = 1;
  std::size_t ended = 0;
  for (std::size_t begun = 0; begun < mentions.size(); ++begun) {
    while (ends[ended] < mentions[begun].range.first) ++ended;
    deepest = std::max(deepest, begun + 1 - ended);
  }
  return deepest;
}

/// Moves over the remote addresses upwards, and holds the rules that cover where it stands.
class Slice {
 public:
  Slice(const Program& program, std::vector<Mention> mentions)
      : program_(program), mentions_(std::move(mentions)) {
    part_.policy = program.policy;
    part_.resolvers = program.resolvers;
    part_.zones = program.zones;
  }

  /// Never below where it stands.
  void move_to(const Address& remote) {
    std::erase_if(live_, [&](const Mention& mention) { return mention.range.last < remote; });
    for (; next_ < mentions_.size() && mentions_[next_].range.first <= remote; ++next_) {
      if (mentions_[next_].range.contains(remote)) live_.push_back(mentions_[next_]);
    }
    std::ranges::stable_sort(live_, {}, &Mention::rule);
    part_.rules.clear();
    original_.clear();
    for (const Mention& mention : live_) {
      if (original_.empty() || original_.back() != mention.rule) add_rule(mention.rule);
      part_.rules.back().remote.ranges.push_back(mention.range);
    }
  }

  /// What the evaluator says about a frame to this address, in terms of the whole program.
  Outcome judge(std::span<const std::uint8_t> frame) const {
    Outcome outcome = evaluate_frame(part_, frame, {});
    if (outcome.rule) outcome.rule = original_[*outcome.rule];
    return outcome;
  }

 private:
  void add_rule(std::uint32_t index) {
    const Rule& whole = program_.rules[index];
    Rule rule;
    rule.action = whole.action;
    rule.zone = whole.zone;
    rule.every_service = whole.every_service;
    rule.services = whole.services;
    part_.rules.push_back(std::move(rule));
    original_.push_back(index);
  }

  const Program& program_;
  std::vector<Mention> mentions_;  // sorted by range
  std::size_t next_ = 0;
  std::vector<Mention> live_;
  Program part_;
  std::vector<std::uint32_t> original_;  // indices of the part's rules in the program
};

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

  Result<void> run(std::span<const std::uint8_t> frame, const Outcome& outcome,
                   const auto& packet_text) {
    const auto action = datapath_.test_run(frame);
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

Result<void> self_test(const std::string& subject, const Program& program, Datapath& datapath) {
  auto mentions = mentions_in(program);
  const std::size_t most = std::min(most_frames, most_rule_visits / depth_of(mentions));
  std::vector<Probe> probes = boundary_probes(program, std::max<std::size_t>(most, 1));
  std::ranges::stable_sort(probes, {}, &Probe::destination);

  Comparison comparison(subject, program, datapath);
  Slice slice(program, std::move(mentions));
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    if (i == 0 || probes[i - 1].destination != probe.destination) slice.move_to(probe.destination);
    const auto frame = frame_of(probe);
    const auto same = comparison.run(frame, slice.judge(frame), [&probe] { return probe.text(); });
    if (!same) return same;
  }
  for (const FixedFrame& fixed : fixed_frames()) {
    const auto same = comparison.run(fixed.bytes, evaluate_frame(program, fixed.bytes, {}),
                                     [&fixed] { return std::string(fixed.what); });
    if (!same) return same;
  }
  if (auto same = comparison.check_counters(); !same) return same;
  return datapath.clear_counters();
}

}  // namespace sallyport
