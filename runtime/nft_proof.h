// SPDX-License-Identifier: GPL-2.0-or-later
// NftProof: a ruleset tried on real packets in a private network. It is hooked before routing, so
// that it meets packets that no kernel would forward; two tables around it remember which packets
// came in and which it let pass.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/nft/ruleset.h"
#include "compiler/values/error.h"
#include "runtime/flow_table.h"
#include "runtime/nft_table.h"
#include "runtime/private_network.h"

namespace sallyport {

/// What became of a packet.
enum class Fate : std::uint8_t {
  unseen,   // the kernel's IP layer refused it before nftables was asked
  dropped,  // by the table
  passed,
};

class NftProof {
 public:
  using Frame = std::vector<std::uint8_t>;
  using Bindings = std::map<Address, std::vector<ViewedName>>;

  /// Loads the table of the image into a private network, where every packet is of this direction;
  /// inward only if a rule is. Needs the rights of PrivateNetwork.
  static Result<NftProof> make(const Image& image, bool conntrack, const Bindings& bindings = {},
                               Direction direction = Direction::outward);
  /// The same for a table that need not be right: of faults planted by a test.
  static Result<NftProof> make(nft::Table table, const Image& image);

  /// Changes a binding in the loaded table, as the runtime would.
  Result<void> bind(const Address& address, std::span<const ViewedName> names);

  /// Sends Ethernet frames, without their tags and by the device of their VLAN, and tells what
  /// became of each. Addresses of the link, the IPv4 identification, the IPv6 flow label and
  /// checksums are the proof's own; what is too short for them is not sent and unseen.
  Result<std::vector<Fate>> run(std::span<const Frame> frames);

  /// Of the private network; entries that the packets themselves make are never kept.
  FlowTable& flows() { return *flows_; }
  const nft::Table& table() const { return table_; }

 private:
  explicit NftProof(PrivateNetwork network) : network_(std::move(network)) {}
  Result<void> load(nft::Table table);
  Result<void> run_round(std::span<const Frame> frames, std::span<const std::size_t> which,
                         std::vector<Fate>& fates);
  std::size_t take_tags(Frame& frame) const;
  Result<std::vector<bool>> arrivals_until(std::uint16_t number);
  Result<void> forget();
  Result<std::vector<bool>> remembered(const char* set);

  PrivateNetwork network_;
  RangeTable<std::uint32_t> vlan_;  // of the image, and the wire of each class
  std::vector<std::size_t> wires_;
  std::unique_ptr<nft::Ruleset> ruleset_;
  nft::Table table_;
  std::unique_ptr<NftTable> live_;
  std::unique_ptr<NftSocket> socket_;
  std::unique_ptr<FlowTable> flows_;
};

}  // namespace sallyport
