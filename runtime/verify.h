// SPDX-License-Identifier: GPL-2.0-or-later
// The proof that every engine decides as the evaluator does: each atom of a policy as a packet,
// asked of the evaluator, of the loaded BPF program and of nftables in a private network. Entry
// points: verify(), and Verification for engines with tables of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"
#include "runtime/clock.h"
#include "runtime/datapath.h"
#include "runtime/nft_proof.h"

namespace sallyport {

struct VerifyOptions {
  std::uint64_t most = 2'000'000;  // atoms; of more, so many are drawn
  std::uint64_t seed = 1;          // of the draw
  bool bpf = true;
  bool nft = true;
};

/// One engine beside the evaluator.
struct VerifiedEngine {
  std::string name;
  std::string skipped;  // why it was not asked; empty if it was
  double seconds = 0;
  std::uint64_t atoms = 0;
  /// Refused though the evaluator passes them, where the engine is declared to be stricter: without
  /// connection tracking nftables drops every ICMP error, with it those about flows that others
  /// begin, and what the kernel's IP layer refuses never reaches it.
  std::uint64_t stricter = 0;
  std::uint64_t disagreements = 0;
  std::vector<std::string> examples;  // of disagreements, the first few
};

struct VerifyReport {
  std::uint64_t total = 0;  // atoms that there are
  std::uint64_t tried = 0;
  std::uint64_t passing = 0;  // of those tried, by the evaluator
  double seconds = 0;
  std::vector<VerifiedEngine> engines;

  bool sampled() const { return tried < total; }
  std::uint64_t disagreements() const;
};

/// One pass over the atoms of a program, with any number of engines beside the evaluator.
class Verification {
 public:
  /// Gets atoms tried and atoms to try, now and then.
  using Told = std::function<void(std::uint64_t, std::uint64_t)>;

  /// Refers to program and clock.
  Verification(const Program& program, const VerifyOptions& options, const Clock& clock);
  ~Verification();
  Verification(const Verification&) = delete;

  /// What an engine must be bound to before it is added.
  const NftProof::Bindings& bindings() const { return names_; }

  void add(std::string name, Datapath datapath);
  /// Without connection tracking. Asked about packets of one direction.
  void add(std::string name, NftProof proof, Direction direction = Direction::outward);
  /// With it: asked about ICMP errors only, each once the flow exists that it is about.
  void add_tracked(std::string name, NftProof proof);
  /// An engine that the system has not.
  void skip(std::string name, const Error& reason);

  /// Once. Fails only if an engine cannot be asked.
  Result<VerifyReport> run(const Told& told);

 private:
  class Engine;
  class BpfEngine;
  class NftEngine;
  class TrackedEngine;

  const Program& program_;
  VerifyOptions options_;
  const Clock& clock_;
  Bindings bindings_;
  NftProof::Bindings names_;
  std::vector<std::unique_ptr<Engine>> engines_;
  VerifyReport report_;
};

/// A Verification of the engines that are made of the image; one that the system has not is
/// skipped.
Result<VerifyReport> verify(const Program& program, const Image& image,
                            const VerifyOptions& options, const Clock& clock,
                            const Verification::Told& told);

/// Addresses for the names of a program, so that what names open is tried, too: each name gets one
/// of each family, some share one, some have a private one.
Bindings bindings_to_try(const Program& program);

/// A target for each alias of a program, so that derived names are tried, too.
Aliases aliases_to_try(const Program& program);

/// True for addresses that the IP layer of Linux refuses before any hook: a packet with them cannot
/// be received from a wire.
bool never_received(const Address& source, const Address& destination);

}  // namespace sallyport
