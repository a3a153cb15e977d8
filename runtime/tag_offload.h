// SPDX-License-Identifier: GPL-2.0-or-later
// Whether XDP on a device sees the VLAN tags of frames: hardware, veth and VLAN devices take them
// off before (TRAPS 5). Entry point: see_tags().
#pragma once

#include <string>

#include "compiler/values/error.h"

namespace sallyport {

/// An error if frames reach XDP on the device without their tags, with the command that mends it;
/// or if the device does not tell.
Result<void> see_tags(const std::string& device);

}  // namespace sallyport
