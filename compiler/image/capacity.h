// SPDX-License-Identifier: GPL-2.0-or-later
// overfull_table(): whether the tables of the datapath have room for an image, before anybody loads
// it (C11).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/image/image.h"

namespace sallyport {

/// Of all names together, each of each address that it has, or had until lately.
inline constexpr std::uint32_t most_claims = 1U << 18;

/// The first table that the image would leave too little room in, in words; empty if all fit. A
/// table of a fixed size may be full to four fifths; the arena must have room for as many labels
/// again as the policy has.
std::optional<std::string> overfull_table(const Image& image);

}  // namespace sallyport
