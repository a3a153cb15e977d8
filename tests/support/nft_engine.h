// SPDX-License-Identifier: GPL-2.0-or-later
// nftables as an engine of the packet tests: a policy's table in a private network, what it may do
// otherwise than the evaluator, and what its rules counted. Entry points: NftEngine and
// nft_fault().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/program/evaluator.h"
#include "runtime/nft_proof.h"
#include "runtime/nft_table.h"
#include "tests/support/frame.h"

namespace sallyport {

class NftEngine {
 public:
  static Result<NftEngine> make(const Program& program, bool conntrack, const Bindings& bindings,
                                Direction direction = Direction::outward);

  /// Leads from the bindings before to these, by changes of the loaded table.
  Result<void> rebind(const Bindings& bindings);

  Result<std::vector<Fate>> run(std::span<const Bytes> frames) { return proof_->run(frames); }
  /// The same, but what would be a fault is asked again: a busy machine may lose a packet, or the
  /// note that it passed. What is really wrong stays so.
  Result<std::vector<Fate>> run(std::span<const Bytes> frames, std::span<const Outcome> outcomes);
  NftProof& proof() { return *proof_; }

  /// Packets that each rule of the program counted so far.
  Result<std::vector<std::uint64_t>> counted();

 private:
  NftEngine() = default;

  std::unique_ptr<NftProof> proof_;
  std::unique_ptr<NftTable> counters_;  // the same table, to read
  std::vector<std::string> counter_names_;
  NftProof::Bindings bound_;
};

/// Why nftables is not asked about a packet, in words; empty if it is.
std::optional<std::string> not_for_nft(std::span<const std::uint8_t> frame, const Outcome& outcome,
                                       const std::set<Address>& own);

/// What is wrong if nftables without connection tracking did this to a packet that the evaluator
/// judges so, in words; empty if it is the same, or a difference that is declared.
std::optional<std::string> nft_fault(std::span<const std::uint8_t> frame, const Outcome& outcome,
                                     Fate fate);

/// The ICMP message with its checksum, whatever stands before it: the proof sets those of plain
/// packets only, and connection tracking verifies it.
Bytes with_icmp_checksum(Bytes frame);

/// How often each declared difference was met by nft_fault(), with its reason in words.
std::vector<std::string> differences_met();
/// Those that were not, in words.
std::set<std::string> differences_not_met();

/// The rule in whose counter nftables must have counted a packet that it saw, if that is promised.
std::optional<std::uint32_t> counting_rule(std::span<const std::uint8_t> frame,
                                           const Outcome& outcome);

}  // namespace sallyport
