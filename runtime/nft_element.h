// SPDX-License-Identifier: GPL-2.0-or-later
// Elements of nftables sets as the kernel counts them, and what a set should hold as a digest.
// Entry points: each_element(), digest_of().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/nft/table.h"

namespace sallyport {

/// An interval is two of these, its first key and an end behind its last; the last interval of a
/// set needs no end if there is nothing behind it.
struct NftElement {
  nft::Key key{};
  std::uint8_t size = 0;  // bytes of the key
  bool end = false;
  bool open = false;         // an interval without an end
  std::int32_t verdict = 0;  // NFT_JUMP, NFT_GOTO; 0: none
  bool odd = false;          // read back with what we never give, such as a timeout
  std::string_view target;   // the counter or the chain
};

NftElement element_of(const nft::Table& table, const nft::Set& set, const nft::Element& element);
/// In ascending order, the way nft(8) 1.0.6 sends them: before the first interval there is an end
/// at zero.
void each_element(const nft::Table& table, const nft::Set& set,
                  const std::function<void(const NftElement&)>& take);

/// What a set holds, without holding it: the number of its elements and the sum of their hashes, in
/// whatever order.
struct NftDigest {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  bool operator==(const NftDigest&) const = default;

  void add(const NftElement& element);
  void remove(const NftElement& element);
};
NftDigest digest_of(const nft::Table& table, const nft::Set& set);

/// The key for people: `192.0.2.1 . 6 . 443`.
std::string key_text(const std::vector<nft::KeyPart>& parts, const nft::Key& key);

}  // namespace sallyport
