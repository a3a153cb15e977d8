// SPDX-License-Identifier: GPL-2.0-or-later
// Pieces: consecutive ranges of the addresses of one family with a number each, and the prefixes
// that make up a range. Entry points: for_each_piece() and prefixes_of().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/image/image.h"

namespace sallyport::nft {

/// The last of the addresses that begin at `first` and agree with it in the first `length` bits.
inline Address last_of_prefix(const Address& first, unsigned length) {
  const unsigned width = width_of(first.family);
  const Uint128 host = length == width ? 0 : last_number(first.family) >> length;
  return {first.family, first.number | host};
}

/// Calls `visit(range, label)` for every range of the table, in order.
template <class Number, class Visit>
void for_each_piece(const RangeTable<Number>& table, Family family, Visit visit) {
  for (std::size_t i = 0; i < table.starts.size(); ++i) {
    const Uint128 last =
        i + 1 < table.starts.size() ? Uint128{table.starts[i + 1]} - 1 : last_number(family);
    visit(AddressRange{{family, table.starts[i]}, {family, last}}, table.labels[i]);
  }
}

/// The same for the remote addresses of an image.
template <class Visit>
void for_each_remote_piece(const Image& image, Family family, Visit visit) {
  if (family == Family::v4) {
    for_each_piece(image.remote4, family, visit);
  } else {
    for_each_piece(image.remote6, family, visit);
  }
}

/// The same for the local addresses; the number is the place.
template <class Visit>
void for_each_local_piece(const Image& image, Family family, Visit visit) {
  if (family == Family::v4) {
    for_each_piece(image.zone4, family, visit);
  } else {
    for_each_piece(image.zone6, family, visit);
  }
}

/// Calls `visit(part, label)` for the parts of `range` that the table's ranges cut it into.
template <class Visit>
void for_each_overlap(const RangeTable<Uint128>& table, const AddressRange& range, Visit visit) {
  const auto after = std::upper_bound(table.starts.begin(), table.starts.end(), range.first.number);
  auto at = static_cast<std::size_t>(after - table.starts.begin()) - 1;
  for (; at < table.starts.size() && table.starts[at] <= range.last.number; ++at) {
    AddressRange part = range;
    part.first.number = std::max(part.first.number, table.starts[at]);
    if (at + 1 < table.starts.size()) {
      part.last.number = std::min(part.last.number, table.starts[at + 1] - 1);
    }
    visit(part, table.labels[at]);
  }
}

struct Prefix {
  Address first;
  unsigned length = 0;
  bool operator==(const Prefix&) const = default;
};

/// Calls `visit(Prefix)` for the fewest prefixes that make up the range, in order.
template <class Visit>
void for_each_prefix(const AddressRange& range, Visit visit) {
  const unsigned width = width_of(range.family());
  Address first = range.first;
  while (true) {
    unsigned length = width;
    while (length > 0) {
      const Uint128 open = last_number(first.family) >> (length - 1);
      if ((first.number & open) != 0 || (first.number | open) > range.last.number) break;
      --length;
    }
    visit(Prefix{first, length});
    const Address last = last_of_prefix(first, length);
    if (last == range.last) return;
    first = {first.family, last.number + 1};
  }
}

}  // namespace sallyport::nft
