// SPDX-License-Identifier: GPL-2.0-or-later
// Attributes of nftables messages, read within the bounds of the message and numbers only at their
// size. Entry points: NftAttributes, each_attribute().
#pragma once

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sallyport {

template <class Take>
void each_attribute(const void* begin, std::size_t size, const Take& take) {
  const auto* attribute = static_cast<const nlattr*>(begin);
  auto left = static_cast<int>(size);
  while (left > 0 && mnl_attr_ok(attribute, left)) {
    take(attribute);
    left -= static_cast<int>(MNL_ALIGN(attribute->nla_len));
    attribute = mnl_attr_next(attribute);
  }
}
template <class Take>
void each_attribute(const nlattr* nest, const Take& take) {
  if (nest) each_attribute(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), take);
}

/// Those of a message or of another attribute, by type; the last of each type counts.
class NftAttributes {
 public:
  explicit NftAttributes(const nlmsghdr& message) {
    const std::size_t head = mnl_nlmsg_size(sizeof(nfgenmsg));
    if (message.nlmsg_len < head) return;
    each_attribute(mnl_nlmsg_get_payload_offset(&message, sizeof(nfgenmsg)),
                   message.nlmsg_len - head, [this](const nlattr* one) { keep(one); });
  }
  explicit NftAttributes(const nlattr* nest) {
    each_attribute(nest, [this](const nlattr* one) { keep(one); });
  }

  const nlattr* at(std::uint16_t type) const { return by_type_[type]; }
  std::string_view text(std::uint16_t type) const {
    const nlattr* attribute = by_type_[type];
    if (!attribute) return {};
    const char* begin = mnl_attr_get_str(attribute);
    return {begin, strnlen(begin, mnl_attr_get_payload_len(attribute))};
  }
  std::uint32_t number(std::uint16_t type) const {
    const nlattr* attribute = by_type_[type];
    if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(std::uint32_t)) return 0;
    return be32toh(mnl_attr_get_u32(attribute));
  }
  std::uint64_t large_number(std::uint16_t type) const {
    const nlattr* attribute = by_type_[type];
    if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(std::uint64_t)) return 0;
    return be64toh(mnl_attr_get_u64(attribute));
  }

 private:
  static constexpr std::size_t types = 32;
  void keep(const nlattr* attribute) {
    const std::uint16_t type = mnl_attr_get_type(attribute);
    if (type < types) by_type_[type] = attribute;
  }

  std::array<const nlattr*, types> by_type_{};
};

/// NFT_MSG_*; NFT_MSG_MAX for messages of others.
inline std::uint16_t kind_of(const nlmsghdr& message) {
  return message.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES
             ? static_cast<std::uint16_t>(message.nlmsg_type & 0xff)
             : static_cast<std::uint16_t>(NFT_MSG_MAX);
}

}  // namespace sallyport
