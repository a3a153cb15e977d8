// SPDX-License-Identifier: GPL-2.0-or-later
// The same boundary packets as the self-test of the BPF program, fewer of them.
#include "runtime/nft_self_test.h"

#include <algorithm>
#include <vector>

#include "runtime/boundary_probes.h"
#include "runtime/nft_proof.h"
#include "runtime/program_slice.h"

namespace sallyport {
namespace {

constexpr std::size_t most_frames = 4'000;
constexpr std::size_t most_rule_visits = 1'000'000;

bool agrees(const Outcome& outcome, Fate fate) {
  // What nftables never sees, and what it cannot tell without connection tracking, is dropped.
  if (fate == Fate::passed) return outcome.verdict == Verdict::pass;
  return fate == Fate::unseen || outcome.verdict == Verdict::drop ||
         outcome.reason == SP_PASS_ICMP_ERROR;
}

/// As nft_self_test(), for one direction.
Result<bool> try_direction(const std::string& subject, const Program& program, const Image& image,
                           Direction direction, std::string& why) {
  auto proof = NftProof::make(image, false, {}, direction);
  if (!proof) {
    why = proof.error().text();
    return false;
  }
  ProgramSlice slice(program);
  const std::size_t most = std::min(most_frames, most_rule_visits / slice.depth());
  std::vector<Probe> probes = boundary_probes(program, std::max<std::size_t>(most, 1), direction);
  std::ranges::stable_sort(probes, {}, &Probe::remote);
  std::vector<NftProof::Frame> frames;
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (i == 0 || probes[i - 1].remote() != probes[i].remote()) slice.move_to(probes[i].remote());
    frames.push_back(frame_of(probes[i]));
    outcomes.push_back(slice.judge(frames.back(), direction));
  }
  const auto fates = proof->run(frames);
  if (!fates) return std::unexpected(fates.error());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (agrees(outcomes[i], (*fates)[i])) continue;
    const bool passes = outcomes[i].verdict == Verdict::pass;
    return std::unexpected(
        Error{"use " + subject, "nftables and the evaluator disagree",
              probes[i].text() + ": evaluator " +
                  (passes ? "passes, nftables drops" : "drops, nftables passes")});
  }
  return true;
}

}  // namespace

Result<bool> nft_self_test(const std::string& subject, const Program& program, const Image& image,
                           std::string& why) {
  for (const Direction direction : {Direction::outward, Direction::inward}) {
    if (direction == Direction::inward && !has_inward_rules(image)) break;
    auto tried = try_direction(subject, program, image, direction, why);
    if (!tried || !*tried) return tried;
  }
  return true;
}

}  // namespace sallyport
