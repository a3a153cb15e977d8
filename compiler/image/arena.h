// SPDX-License-Identifier: GPL-2.0-or-later
// The Image's tables laid out as the datapath reads them (struct SpArenaHeader), with headroom for
// labels that bindings create at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/values/error.h"

namespace sallyport {

struct ArenaCapacity {
  std::uint32_t remote_labels = 0;
  std::uint32_t rows = 0;
};

/// Room for what the labels hold and for as much again, at least 1024 more of each.
ArenaCapacity capacity_for(const LabelTables& labels);

/// The arena's bytes; the size is a power of two from SP_ARENA_MIN_SIZE. Fails if SP_ARENA_MAX_SIZE
/// or the capacity does not suffice.
Result<std::vector<std::byte>> build_arena(const Image& image, const LabelTables& labels,
                                           ArenaCapacity capacity);

/// Appends labels to a live arena: verdict cells first, then the rows that name them; the caller
/// publishes the label itself (in bound4 or bound6) afterwards. `arena` may be an mmap of the live
/// map. Returns false if the capacity does not suffice; then nothing was written.
bool append_labels(std::span<std::byte> arena, const LabelTables& labels,
                   std::size_t first_new_label, std::size_t first_new_row);

}  // namespace sallyport
