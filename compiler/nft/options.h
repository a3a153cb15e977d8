// SPDX-License-Identifier: GPL-2.0-or-later
// What an Image does not say about its nftables table: where it hooks, and its name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport::nft {

struct Options {
  std::string table = "sallyport-main";
  std::uint64_t generation = 1;
  /// What enters through these is outward; empty: everything that this host forwards.
  std::vector<std::string> devices;
  /// Judge what this host itself sends, too. Needs `conntrack`, or the answers of its own servers
  /// would drop.
  bool host = false;
  /// Ask conntrack where the packet alone does not tell: ICMP errors about allowed flows, and flows
  /// that outlive the address of a name. It costs every packet of the host; without it, outward
  /// ICMP errors drop, and flows end with the address.
  bool conntrack = false;
  /// Judge fragments before defragmentation, which joins what the policy judges piece by piece. It
  /// costs every packet a second chain; where nothing of the host tracks connections, the forward
  /// hook sees the pieces itself.
  bool pieces_first = true;
  /// Hook everything that is received, before routing, so that a proof meets packets that no kernel
  /// would forward; all of it is of this direction.
  bool proof = false;
  Direction proof_direction = Direction::outward;
};

/// The base chains' places among those of others: after connection tracking helpers and the filters
/// of firewalld (filter + 10), ufw and Docker (filter), so that what they drop is not counted here;
/// what we drop is dropped whatever they say.
inline constexpr int priority_filter = 20;
/// Before defragmentation (-400), which joins what the evaluator judges piece by piece.
inline constexpr int priority_pieces = -450;
/// Of a proof: after connection tracking (-200), before address translation (-100).
inline constexpr int priority_proof = -150;

}  // namespace sallyport::nft
