// SPDX-License-Identifier: GPL-2.0-or-later
// Atoms: every combination of edges of a policy as a packet with the evaluator's verdict, or a draw
// of them where they are too many. Entry point: Atoms::for_each_batch().
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"
#include "runtime/boundary_probes.h"
#include "runtime/probe.h"

namespace sallyport {

/// The pieces of TCP that no policy lets pass.
enum class BadPiece : std::uint8_t {
  none,
  tiny,         // a first fragment that ends inside the header
  overwriting,  // a later one at offset 8, over the flags (RFC 3128)
};

struct Atom {
  Probe probe;
  BadPiece bad_piece = BadPiece::none;
  std::vector<std::uint8_t> frame;
  Outcome outcome;

  std::string text() const;
};

class Atoms {
 public:
  /// Refers to the program. Of more than `most` atoms so many are drawn, with every remote edge
  /// among them, but no bad piece.
  Atoms(const Program& program, const Bindings& bindings, std::uint64_t most, std::uint64_t seed);

  std::uint64_t total() const { return total_; }
  std::uint64_t to_try() const;

  /// The atoms in batches, ascending by remote address. Ends early if `take` fails.
  Result<void> for_each_batch(const std::function<Result<void>(std::span<const Atom>)>& take) const;

 private:
  /// One direction; the inward one only if a rule is inward. The remote edges are the same in all.
  struct Side {
    Direction direction = Direction::outward;
    std::vector<ProbeEdges> edges = {};  // of each family
    std::vector<Aim> plain_aims = {};    // what the rules open, not the edges around it
  };
  void add_edges(Side& side, Family family);
  std::uint64_t remotes() const;
  /// How often atoms of one remote address and side are drawn; 0: all are taken.
  std::uint64_t draws() const;
  void draw(std::mt19937_64& random, const Side& side, const ProbeEdges& edges,
            const Address& remote, std::vector<Probe>& probes) const;
  std::vector<Probe> probes_of(std::mt19937_64& random, std::size_t family,
                               const Address& remote) const;

  const Program& program_;
  Bindings bindings_;
  std::uint64_t most_;
  std::uint64_t seed_;
  std::vector<Side> sides_;
  std::uint64_t total_ = 0;
};

}  // namespace sallyport
