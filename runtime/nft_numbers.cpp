// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers of types, sets and hooks.
#include "runtime/nft_numbers.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace sallyport {
namespace {

std::uint32_t type_number(nft::KeyPart part) {
  switch (part) {
    case nft::KeyPart::ipv4:
      return 7;
    case nft::KeyPart::ipv6:
      return 8;
    case nft::KeyPart::protocol:
      return 12;
    case nft::KeyPart::port:
      return 13;
    case nft::KeyPart::device:
      return 41;
  }
  return 0;
}

}  // namespace

std::uint32_t nft_type_number(const std::vector<nft::KeyPart>& parts) {
  std::uint32_t number = 0;
  for (const nft::KeyPart part : parts) number = number << 6 | type_number(part);
  return number;
}

bool holds_verdicts(const nft::Set& set) {
  return set.holds == nft::Holds::jumps || set.holds == nft::Holds::gotos;
}

std::uint32_t nft_set_flags(const nft::Set& set) {
  std::uint32_t flags = set.interval ? NFT_SET_INTERVAL : 0;
  if (set.holds == nft::Holds::counters) flags |= NFT_SET_OBJECT;
  if (holds_verdicts(set)) flags |= NFT_SET_MAP;
  if (set.remembers > 0) flags |= NFT_SET_EVAL;
  return flags;
}

std::uint32_t nft_hook_number(nft::Hook hook) {
  switch (hook) {
    case nft::Hook::prerouting:
      return NF_INET_PRE_ROUTING;
    case nft::Hook::forward:
      return NF_INET_FORWARD;
    case nft::Hook::output:
      return NF_INET_LOCAL_OUT;
    case nft::Hook::none:
      break;
  }
  return NF_INET_NUMHOOKS;
}

}  // namespace sallyport
