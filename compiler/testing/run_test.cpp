// SPDX-License-Identifier: GPL-2.0-or-later
// Packets of a test through the evaluator; see run_test.h.
#include "compiler/testing/run_test.h"

#include <algorithm>
#include <set>
#include <variant>

#include "compiler/analysis/near_miss.h"
#include "compiler/program/derivation.h"
#include "compiler/program/reason.h"
#include "compiler/values/service.h"

namespace sallyport {
namespace {

std::string_view word_of(Verdict verdict) {
  return verdict == Verdict::pass ? "pass" : "drop";
}

std::string_view family_text(Family family) {
  return family == Family::v6 ? "IPv6" : "IPv4";
}

/// The addresses that the remote stands for in the family of our end.
std::vector<Address> remotes_of(const FlowText& flow, const Bindings& bindings) {
  if (const auto* address = std::get_if<Address>(&flow.remote)) return {*address};
  std::vector<Address> addresses;
  const auto bound = bindings.find(std::get<HostName>(flow.remote));
  if (bound == bindings.end()) return addresses;
  for (const Address& address : bound->second) {
    if (address.family == flow.local.family) addresses.push_back(address);
  }
  return addresses;
}

class TestRun {
 public:
  TestRun(const TestCase& test, const Program& program, Day today) : program_(program) {
    surroundings_.bindings = test.bindings;
    surroundings_.day = test.at.value_or(today);
    std::set<std::string> views{""};
    for (const Rule& rule : program.rules) views.insert(rule.via);
    for (const std::string& view : views) {
      for (const auto& [name, addresses] : test.bindings) {
        surroundings_.bindings[{name.name, view}] = addresses;
      }
      for (const auto& [name, target] : test.aliases) {
        surroundings_.aliases.emplace(ViewedName(name, view), target);
      }
    }
  }

  Judgement judge(const Expectation& expectation);

 private:
  Judgement judge_packet(const Expectation& expectation, const Address& remote) const;
  std::optional<std::string> nearest(const FlowText& flow, const Address& remote) const;

  const Program& program_;
  Surroundings surroundings_;
};

/// The rule that comes closest to letting the packet pass.
std::optional<std::string> TestRun::nearest(const FlowText& flow, const Address& remote) const {
  const Program program = program_at(program_, surroundings_.day, surroundings_.aliases);
  const auto misses = near_misses(program, refused_flow(flow, remote), surroundings_.bindings, 1);
  if (misses.empty()) return {};
  const NearMiss& miss = misses.front();
  return miss.why + ": " + program_.rules[miss.rule].origin.rule.text() +
         (miss.advice.empty() ? "" : "; " + miss.advice);
}

Judgement TestRun::judge_packet(const Expectation& expectation, const Address& remote) const {
  const FlowText& flow = expectation.flow;
  const Outcome outcome = evaluate(program_, first_packet(flow, remote), surroundings_);
  Judgement judgement;
  judgement.met = outcome.verdict == expectation.verdict &&
                  (!expectation.reason || *expectation.reason == outcome.reason);
  judgement.packet = text_of(flow, remote);
  judgement.happened =
      std::string(word_of(outcome.verdict)) + ": " + std::string(reason_words(outcome.reason));
  judgement.rule = outcome.rule;
  if (!judgement.met && outcome.reason == SP_DROP_NO_RULE)
    judgement.near_miss = nearest(flow, remote);
  return judgement;
}

Judgement TestRun::judge(const Expectation& expectation) {
  const FlowText& flow = expectation.flow;
  surroundings_.direction = flow.direction;
  const auto addresses = remotes_of(flow, surroundings_.bindings);
  if (addresses.empty()) {
    // Nothing is sent to a name without an address or comes from it, and nothing is open (C1).
    const bool met = expectation.verdict == Verdict::drop &&
                     expectation.reason.value_or(SP_DROP_NO_RULE) == SP_DROP_NO_RULE;
    return {met,
            expectation.packet,
            "drop: " + std::get<HostName>(flow.remote).text() + " has no " +
                std::string(family_text(flow.local.family)) + " address here",
            {},
            {}};
  }
  Judgement judgement;
  for (const Address& address : addresses) {
    judgement = judge_packet(expectation, address);
    if (!judgement.met) break;
  }
  return judgement;
}

}  // namespace

std::vector<Judgement> run_test(const TestCase& test, const Program& program, Day today) {
  TestRun run(test, program, today);
  std::vector<Judgement> judgements;
  for (const Expectation& expectation : test.expectations) {
    judgements.push_back(run.judge(expectation));
  }
  return judgements;
}

}  // namespace sallyport
