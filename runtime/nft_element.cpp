// SPDX-License-Identifier: GPL-2.0-or-later
// Elements of sets: intervals as pairs of ends, and hashes. Entry points: each_element(),
// digest_of().
#include "runtime/nft_element.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace sallyport {
namespace {

/// The key behind `key`; none behind the last.
std::optional<nft::Key> behind(nft::Key key, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) {
    if (++key[i] != 0) return key;
  }
  return std::nullopt;
}

void point(NftElement& element, const nft::Table& table, const nft::Set& set,
           std::uint32_t target) {
  switch (set.holds) {
    case nft::Holds::nothing:
      return;
    case nft::Holds::counters:
      element.target = table.counters.at(target).name;
      return;
    case nft::Holds::jumps:
    case nft::Holds::gotos:
      element.verdict = set.holds == nft::Holds::jumps ? NFT_JUMP : NFT_GOTO;
      element.target = table.chains.at(target).name;
      return;
  }
}

std::uint64_t mixed(std::uint64_t number) {
  number ^= number >> 32;
  number *= 0xd6e8feb86659fd93U;
  number ^= number >> 32;
  number *= 0xd6e8feb86659fd93U;
  return number ^ number >> 32;
}

std::uint64_t hash_of(const NftElement& element) {
  std::uint64_t hash =
      mixed(element.size | (element.end ? 0x100U : 0U) | (element.odd ? 0x200U : 0U) |
            std::uint64_t{static_cast<std::uint32_t>(element.verdict)} << 32);
  const auto take = [&hash](const void* bytes, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    hash = mixed(std::rotl(hash, 23) ^ word);
  };
  static_assert(sizeof(element.key) % 8 == 0);
  for (std::size_t i = 0; i < sizeof(element.key); i += 8) take(element.key.data() + i, 8);
  for (std::size_t i = 0; i < element.target.size(); i += 8) {
    take(element.target.data() + i, std::min<std::size_t>(8, element.target.size() - i));
  }
  return hash;
}

}  // namespace

NftElement element_of(const nft::Table& table, const nft::Set& set, const nft::Element& element) {
  NftElement made;
  made.key = element.key;
  made.size = static_cast<std::uint8_t>(set.key_size());
  point(made, table, set, element.target);
  return made;
}

void each_element(const nft::Table& table, const nft::Set& set,
                  const std::function<void(const NftElement&)>& take) {
  if (!set.interval) {
    for (const nft::Element& element : set.elements) take(element_of(table, set, element));
    return;
  }
  const auto size = static_cast<std::uint8_t>(set.key_size());
  NftElement end;
  end.size = size;
  end.end = true;
  if (!set.intervals.empty() && set.intervals.front().first != nft::Key{}) take(end);
  for (const nft::Interval& interval : set.intervals) {
    const auto next = behind(interval.last, size);
    NftElement first;
    first.key = interval.first;
    first.size = size;
    first.open = !next;
    point(first, table, set, interval.target);
    take(first);
    if (!next) continue;
    end.key = *next;
    take(end);
  }
}

void NftDigest::add(const NftElement& element) {
  ++count;
  sum += hash_of(element);
}

void NftDigest::remove(const NftElement& element) {
  --count;
  sum -= hash_of(element);
}

NftDigest digest_of(const nft::Table& table, const nft::Set& set) {
  NftDigest digest;
  each_element(table, set, [&](const NftElement& element) { digest.add(element); });
  return digest;
}

std::string key_text(const std::vector<nft::KeyPart>& parts, const nft::Key& key) {
  std::string text;
  std::size_t at = 0;
  for (const nft::KeyPart part : parts) {
    if (!text.empty()) text += " . ";
    const std::span<const std::uint8_t> bytes(key.data() + at, nft::size_of(part));
    switch (part) {
      case nft::KeyPart::ipv4:
        text += Address::from_bytes(Family::v4, bytes).text();
        break;
      case nft::KeyPart::ipv6:
        text += Address::from_bytes(Family::v6, bytes).text();
        break;
      case nft::KeyPart::protocol:
        text += std::to_string(bytes[0]);
        break;
      case nft::KeyPart::port:
        text += std::to_string(bytes[0] << 8 | bytes[1]);
        break;
      case nft::KeyPart::device:
        text.append(reinterpret_cast<const char*>(bytes.data()),
                    strnlen(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        break;
    }
    at += (bytes.size() + 3) / 4 * 4;
  }
  return text;
}

}  // namespace sallyport
