// SPDX-License-Identifier: GPL-2.0-or-later
// The local dimension: zone labels that the rules treat alike are one zone class, which gets one
// set of chains. Entry point: zone_classes_of().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/image/image.h"

namespace sallyport::nft {

struct ZoneClass {
  std::uint32_t zone_label = 0;      // one of those it stands for
  std::string words;                 // `staff, desk`; `no zone`
  std::vector<AddressRange> ranges;  // canonical; of class 0 everything that no other has
};

/// By the rules of one direction. Class 0 is that of addresses for which no zone counts.
std::vector<ZoneClass> zone_classes_of(const Image& image,
                                       Direction direction = Direction::outward);

}  // namespace sallyport::nft
