// SPDX-License-Identifier: GPL-2.0-or-later
// The lasting part of every table: base chains, fragments, what drops under every policy, local
// plumbing, counters of drops and the log. Entry point: add_skeleton().
#pragma once

#include "compiler/nft/draft.h"

namespace sallyport::nft {

/// Counters of what the lasting chains drop.
inline constexpr const char* dropped = "dropped";
inline constexpr const char* dropped_piece = "dropped_piece";
inline constexpr const char* dropped_source_route = "dropped_source_route";
inline constexpr const char* dropped_bad_source = "dropped_bad_source";
/// Of packets of flows that outlive the address they were opened to.
inline constexpr const char* outliving = "outliving";
inline constexpr const char* dropped_bad_destination = "dropped_bad_destination";  // inward only

/// The set of devices whose packets are outward.
inline constexpr const char* device_set = "lan_devices";

/// Leaves chains `judge4`, `judge6` and `later_pieces` for the entries of generations: whatever
/// these accept passes, and the rest drops.
/// With `inward`, the same for what comes in, in chains named().
void add_skeleton(Draft& draft, const Options& options, bool inward = false);

}  // namespace sallyport::nft
