// SPDX-License-Identifier: GPL-2.0-or-later
// Reading a table of family inet back from the kernel. Torn dumps are read again, at most 8 times.
// Entry points: read_listing(), read_elements(), find_elements(), read_counts().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/nft/table.h"
#include "compiler/values/error.h"
#include "runtime/nft_element.h"
#include "runtime/nft_socket.h"

namespace sallyport {

constexpr int nft_attempts = 8;  // F4

struct NftCount {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  bool operator==(const NftCount&) const = default;
};

struct NftRuleFacts {
  std::uint64_t handle = 0;
  std::string text;  // canonical
};
struct NftChainFacts {
  std::string shape;  // see shape_of()
  std::vector<NftRuleFacts> rules;
};
struct NftSetFacts {
  std::string shape;                   // see shape_of()
  std::optional<std::uint32_t> count;  // of elements, from kernels since 6.16
};
/// All of a table but its elements, read at one generation.
struct NftListing {
  std::uint32_t generation = 0;
  bool exists = false;
  std::uint32_t flags = 0;  // NFT_TABLE_F_*
  std::uint32_t owner = 0;  // port of the owner's socket
  std::map<std::string, NftChainFacts> chains;
  std::map<std::string, NftSetFacts> sets;
  std::map<std::string, NftCount> counters;
};
Result<NftListing> read_listing(NftSocket& socket, const std::string& table);

/// What makes a chain (type, hook, priority, policy) or a set (key, flags, data) another one.
std::string shape_of(const nft::Chain& chain);
std::string shape_of(const nft::Set& set);

/// Every element of a set, in a time that grows with the square of their number: the kernel walks
/// a hash table anew for each datagram. While a table still grows after a large batch, some
/// elements may come twice and others not at all. `begin` is called first, and again whenever
/// reading starts again. The target of an element lives as long as the call.
Result<void> read_elements(NftSocket& socket, const std::string& table, const std::string& set,
                           const std::function<void()>& begin,
                           const std::function<void(const NftElement&)>& take);

/// What a set without intervals holds for a key.
struct NftFound {
  bool present = false;
  bool odd = false;
  std::int32_t verdict = 0;
  std::string target;

  bool is(const NftElement& element) const {
    return present && !odd && verdict == element.verdict && target == element.target;
  }
};
/// One for each of `keys`, in their order. Without the table or the set nothing is present.
Result<std::vector<NftFound>> find_elements(NftSocket& socket, const std::string& table,
                                            const nft::Set& set, std::span<const nft::Key> keys);

Result<std::map<std::string, NftCount>> read_counts(NftSocket& socket, const std::string& table);

}  // namespace sallyport
