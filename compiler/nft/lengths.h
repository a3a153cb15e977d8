// SPDX-License-Identifier: GPL-2.0-or-later
// Which prefix lengths get a hash set of their own. A set costs every packet a lookup, a prefix
// that is expanded to the next longer set costs memory. Entry point: choose_lengths().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/values/address.h"

namespace sallyport::nft {

/// How many prefixes of a length the rules name, and how many elements they make: prefixes times
/// ports.
struct LengthUse {
  unsigned length = 0;
  std::uint64_t prefixes = 0;
  std::uint64_t elements = 0;
};

struct LengthChoice {
  std::vector<unsigned> hashed;  // ascending: the lengths of the sets
  std::vector<unsigned> rare;    // ascending: lengths that the set of intervals holds instead
  std::uint64_t elements = 0;    // of all sets together, prefixes expanded

  bool is_rare(unsigned length) const;
  /// The length of the set that holds a prefix of `length`, which is not rare.
  unsigned set_for(unsigned length) const;
};

/// Deterministic. `uses` ascend by length. With `bound`, full-length addresses get a set even if
/// there are none yet, because names will bind some. `intervals` are in the set of intervals
/// anyway.
LengthChoice choose_lengths(Family family, const std::vector<LengthUse>& uses, bool bound,
                            std::uint64_t intervals = 0);

/// `/24 with 2250 prefixes, ...`: the inputs, for people.
std::string text_of(const std::vector<LengthUse>& uses);

}  // namespace sallyport::nft
