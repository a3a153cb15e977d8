// SPDX-License-Identifier: GPL-2.0-or-later
// The room that is left for what names bring at run time.
#include "compiler/image/capacity.h"

#include <cstdint>

#include "compiler/image/arena.h"

namespace sallyport {

std::optional<std::string> overfull_table(const Image& image) {
  constexpr std::uint64_t most_names = std::uint64_t{most_claims} * 4 / 5;
  if (image.names.size() > most_names) {
    return std::to_string(image.names.size()) + " names: of the " + std::to_string(most_claims) +
           " claims on addresses that are kept, names may need " + std::to_string(most_names);
  }
  const auto arena = build_arena(image, image.labels, capacity_for(image.labels));
  if (!arena) return arena.error().text();
  return std::nullopt;
}

}  // namespace sallyport
