// SPDX-License-Identifier: GPL-2.0-or-later
// Items: the service dimension of an Image as nftables can match it, a range of ports of one
// protocol or a range of whole protocols, with its label. Entry points: items_of() and
// fragment_items_of().
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/image/image.h"

namespace sallyport::nft {

struct Item {
  std::uint8_t protocol = 0;
  std::uint8_t last_protocol = 0;  // above `protocol` only for whole protocols
  bool whole = false;              // every port and ICMP type of the protocols
  std::uint16_t first = 0;         // ports or ICMP types, both 0 if `whole`
  std::uint16_t last = 0;
  std::uint32_t label = 0;  // of image.service
  bool exact = false;       // a few ports of tcp or udp: each is a key of its own

  std::uint32_t width() const { return std::uint32_t{last} - first + 1; }
};

/// The services that some rule of the image names, in the order of their keys. Protocols that a
/// packet of the family cannot have are left out: the ICMP of the other one, and IPv6 extension
/// headers, which the evaluator refuses as a transport protocol.
std::vector<Item> items_of(const Image& image, Family family);

/// False for a protocol that no packet of the family has.
bool occurs(std::uint8_t protocol, Family family);

/// The protocols of later fragments, whole.
std::vector<Item> fragment_items_of(const Image& image, Family family);

}  // namespace sallyport::nft
