// SPDX-License-Identifier: GPL-2.0-or-later
// What an Image does not say about its nftables table: where it hooks, and its name.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/program/program.h"

namespace sallyport::nft {

/// What enters through the device is of this VLAN: a table of family inet never sees a tag.
struct VlanDevice {
  std::uint16_t vlan = 0;
  std::string device;
  bool operator==(const VlanDevice&) const = default;
};

struct Options {
  std::string table = "sallyport-main";
  std::uint64_t generation = 1;
  /// What enters through these is outward; empty: everything that this host forwards.
  std::vector<std::string> devices;
  /// Clients' devices, too. What enters through others is of no VLAN.
  std::vector<VlanDevice> vlan_devices = {};
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

/// `40=lan0.40`; the error says what was expected.
std::expected<VlanDevice, std::string> read_vlan_device(std::string_view text);

/// Every device on the clients' side; empty: everything that this host forwards comes from there.
std::vector<std::string> client_devices(const Options& options);

/// The base chains' places among those of others: after connection tracking helpers and the filters
/// of firewalld (filter + 10), ufw and Docker (filter), so that what they drop is not counted here;
/// what we drop is dropped whatever they say.
inline constexpr int priority_filter = 20;
/// Before defragmentation (-400), which joins what the evaluator judges piece by piece.
inline constexpr int priority_pieces = -450;
/// Of a proof: after connection tracking (-200), before address translation (-100).
inline constexpr int priority_proof = -150;

}  // namespace sallyport::nft
