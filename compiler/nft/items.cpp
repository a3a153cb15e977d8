// SPDX-License-Identifier: GPL-2.0-or-later
// The ranges of the service table cut at protocols, and protocols next to each other joined again.
#include "compiler/nft/items.h"

#include <algorithm>
#include <array>

#include "compiler/values/service.h"

namespace sallyport::nft {
namespace {

/// More ports than this in one range are matched as a range, fewer each as a key of its own.
constexpr std::uint32_t most_exact_ports = 16;

/// Extension headers, and those whose layout the datapath does not know (bpf/parse.bpf.h).
constexpr std::array<std::uint8_t, 10> not_transport_v6 = {0,   43,  44,  51,  60,
                                                           135, 139, 140, 253, 254};

/// Appends, joined with the item before where both are whole protocols with one label.
void append(std::vector<Item>& items, const Item& next) {
  if (!items.empty()) {
    Item& before = items.back();
    if (before.whole && next.whole && before.label == next.label &&
        before.last_protocol + 1 == next.protocol) {
      before.last_protocol = next.last_protocol;
      return;
    }
  }
  items.push_back(next);
}

Item item_of(std::uint8_t protocol, std::uint32_t first, std::uint32_t last, std::uint32_t label) {
  const std::uint16_t greatest = last_port(protocol);
  last = std::min<std::uint32_t>(last, greatest);
  Item item{.protocol = protocol, .last_protocol = protocol, .label = label};
  item.whole = first == 0 && last == greatest;
  if (!item.whole) {
    item.first = static_cast<std::uint16_t>(first);
    item.last = static_cast<std::uint16_t>(last);
    item.exact = has_ports(protocol) && item.width() <= most_exact_ports;
  }
  return item;
}

/// Calls `visit(first key, last key, label)` for the ranges of service keys in [from, to].
template <class Visit>
void for_each_range(const RangeTable<std::uint32_t>& table, std::uint32_t from, std::uint32_t to,
                    Visit visit) {
  for (std::size_t i = 0; i < table.starts.size(); ++i) {
    const std::uint32_t end =
        i + 1 < table.starts.size() ? table.starts[i + 1] - 1 : SP_SERVICE_KEY_LAST;
    const std::uint32_t first = std::max(table.starts[i], from);
    const std::uint32_t last = std::min(end, to);
    if (first <= last && table.labels[i] != 0) visit(first, last, table.labels[i]);
  }
}

}  // namespace

bool occurs(std::uint8_t protocol, Family family) {
  if (family == Family::v4) return protocol != protocol_icmpv6;
  return protocol != protocol_icmp &&
         std::ranges::find(not_transport_v6, protocol) == not_transport_v6.end();
}

std::vector<Item> items_of(const Image& image, Family family) {
  std::vector<Item> items;
  const auto add = [&](std::uint32_t first_key, std::uint32_t last_key, std::uint32_t label) {
    for (std::uint32_t protocol = first_key >> 16; protocol <= last_key >> 16; ++protocol) {
      const auto number = static_cast<std::uint8_t>(protocol);
      if (!occurs(number, family)) continue;
      const std::uint32_t first = std::max(first_key, SP_SERVICE_KEY(protocol, 0)) & 0xffff;
      const std::uint32_t last = std::min(last_key, SP_SERVICE_KEY(protocol, 0xffff)) & 0xffff;
      // Of a protocol without ports only port 0 occurs, of ICMP only 255 types.
      if (first <= last_port(number)) append(items, item_of(number, first, last, label));
    }
  };
  for_each_range(image.service, 0, SP_SERVICE_KEY(0xff, 0xffff), add);
  return items;
}

std::vector<Item> fragment_items_of(const Image& image, Family family) {
  std::vector<Item> items;
  const auto add = [&](std::uint32_t first_key, std::uint32_t last_key, std::uint32_t label) {
    for (std::uint32_t protocol = (first_key >> 16) & 0xff; protocol <= ((last_key >> 16) & 0xff);
         ++protocol) {
      const auto number = static_cast<std::uint8_t>(protocol);
      // A fragment has port 0 in its key; a range may begin or end inside a protocol's keys.
      const std::uint32_t key = SP_FRAGMENT_KEY(protocol);
      if (key < first_key || key > last_key || !occurs(number, family)) continue;
      append(items, {.protocol = number, .last_protocol = number, .whole = true, .label = label});
    }
  };
  for_each_range(image.service, SP_FRAGMENT_KEY(0), SP_SERVICE_KEY_LAST, add);
  return items;
}

}  // namespace sallyport::nft
