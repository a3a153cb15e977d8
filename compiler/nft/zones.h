// SPDX-License-Identifier: GPL-2.0-or-later
// The local dimension: zone labels that the rules treat alike are one zone class, which gets one
// set of chains; and the ways in, by device, that stand for VLANs. Entry points: zone_classes_of()
// and ways_of().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/nft/options.h"

namespace sallyport::nft {

/// What enters through these devices is of one class of VLANs.
struct Way {
  std::uint32_t vlan_class = 0;
  std::vector<std::string> devices;  // sorted; of way 0, that of untagged frames, all others
  bool operator==(const Way&) const = default;
};

/// One way for each class of VLANs that has a device, and that of untagged frames first.
std::vector<Way> ways_of(const Image& image, const std::vector<VlanDevice>& devices);
/// The VLANs that zones tell from untagged frames and that have no device, as `40, 50-59`; empty if
/// there are none. Of ids in a row that no zone tells apart, one device is enough.
std::string vlans_without_device(const Image& image, const std::vector<VlanDevice>& devices);

struct ZoneClass {
  std::uint32_t zone_label = 0;  // one of those it stands for
  std::string words;             // `staff, desk`; `no zone`
  /// By way: canonical; of class 0 everything that no other has.
  std::vector<std::vector<AddressRange>> ranges;
};

/// By the rules of one direction. Class 0 is that of addresses for which no zone counts.
std::vector<ZoneClass> zone_classes_of(const Image& image, const std::vector<Way>& ways,
                                       Direction direction = Direction::outward);

}  // namespace sallyport::nft
