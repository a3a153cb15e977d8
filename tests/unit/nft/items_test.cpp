// SPDX-License-Identifier: GPL-2.0-or-later
// Services as nftables can match them, against the service table key by key.
#include "compiler/nft/items.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "compiler/label/labeler.h"
#include "compiler/values/service.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport::nft {
namespace {

constexpr std::uint8_t not_of_v6[] = {0, 43, 44, 51, 60, 135, 139, 140, 253, 254};

std::string words_of(const Item& item) {
  std::string words = std::to_string(item.protocol);
  if (item.last_protocol != item.protocol) words += "-" + std::to_string(item.last_protocol);
  if (!item.whole) words += ":" + std::to_string(item.first) + "-" + std::to_string(item.last);
  return words + (item.exact ? " exact" : "");
}

std::vector<std::string> words_of(const std::vector<Item>& items) {
  std::vector<std::string> words;
  for (const Item& item : items) words.push_back(words_of(item));
  return words;
}

using Words = std::vector<std::string>;

Words items(std::initializer_list<std::string_view> services, Family family) {
  const Image image =
      make_image(program_of({allow(services, {"198.51.100.0/24", "2001:db8::/32"})}));
  return words_of(items_of(image, family));
}

TEST(NftItems, PortsOfOneProtocol) {
  for (const Family family : {Family::v4, Family::v6}) {
    EXPECT_EQ(items({"tcp 443"}, family), Words{"6:443-443 exact"});
    EXPECT_EQ(items({"tcp 443", "udp 443"}, family),
              (Words{"6:443-443 exact", "17:443-443 exact"}));
    EXPECT_EQ(items({"tcp 1000-1015"}, family), Words{"6:1000-1015 exact"});
    EXPECT_EQ(items({"tcp 1000-1016"}, family), Words{"6:1000-1016"});
    EXPECT_EQ(items({"tcp 65535"}, family), Words{"6:65535-65535 exact"});
    EXPECT_EQ(items({"tcp 0"}, family), Words{"6:0-0 exact"});
  }
}

TEST(NftItems, WholeProtocolsAreJoined) {
  EXPECT_EQ(items({"47"}, Family::v4), Words{"47"});
  EXPECT_EQ(items({"47", "48", "49"}, Family::v4), Words{"47-49"});
  // 51 is an extension header in IPv6 and a protocol in IPv4.
  EXPECT_EQ(items({"50", "51", "52"}, Family::v4), Words{"50-52"});
  EXPECT_EQ(items({"50", "51", "52"}, Family::v6), (Words{"50", "52"}));
}

TEST(NftItems, IcmpBelongsToItsFamily) {
  EXPECT_EQ(items({"icmp 8"}, Family::v4), Words{"1:8-8"});
  EXPECT_EQ(items({"icmp 8"}, Family::v6), Words{});
  EXPECT_EQ(items({"icmpv6 128"}, Family::v6), Words{"58:128-128"});
  EXPECT_EQ(items({"icmpv6 128"}, Family::v4), Words{});
  EXPECT_EQ(items({"icmp 0-255"}, Family::v4), Words{"1"});
}

TEST(NftItems, ADenyOfEverythingLeavesOutWhatNoPacketHas) {
  const Image image =
      make_image(program_of({deny_every_service({"198.51.100.0/24", "2001:db8::/32"})}));
  for (const Family family : {Family::v4, Family::v6}) {
    std::vector<bool> held(256, false);
    for (const Item& item : items_of(image, family)) {
      for (unsigned protocol = item.protocol; protocol <= item.last_protocol; ++protocol) {
        held[protocol] = true;
      }
    }
    for (unsigned protocol = 0; protocol < 256; ++protocol) {
      const auto number = static_cast<std::uint8_t>(protocol);
      EXPECT_EQ(held[protocol], occurs(number, family)) << protocol;
    }
  }
}

TEST(NftItems, D6_ExtensionHeadersAreNoProtocolOfIPv6) {
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    const auto number = static_cast<std::uint8_t>(protocol);
    const bool extension = std::ranges::find(not_of_v6, number) != std::end(not_of_v6);
    EXPECT_EQ(occurs(number, Family::v4), number != protocol_icmpv6);
    EXPECT_EQ(occurs(number, Family::v6), number != protocol_icmp && !extension);
  }
}

/// The one item that holds the service; null if none does.
const Item* item_with(const std::vector<Item>& items, std::uint8_t protocol, std::uint32_t port) {
  const Item* found = nullptr;
  for (const Item& item : items) {
    if (protocol < item.protocol || protocol > item.last_protocol) continue;
    if (!item.whole && (port < item.first || port > item.last)) continue;
    EXPECT_EQ(found, nullptr) << "two items hold " << unsigned{protocol} << ":" << port;
    found = &item;
  }
  return found;
}

TEST(NftItems, C2_EveryServiceHasTheLabelOfTheTable) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    const Image image = make_image(random_program(random));
    for (const Family family : {Family::v4, Family::v6}) {
      const auto all = items_of(image, family);
      const auto fragments = fragment_items_of(image, family);
      for (unsigned protocol = 0; protocol < 256; ++protocol) {
        const auto number = static_cast<std::uint8_t>(protocol);
        const bool tried_everywhere = number == protocol_tcp && round < 4;
        const unsigned step = tried_everywhere ? 1 : 17;
        for (unsigned port = 0; port <= last_port(number); port += has_ports(number) ? step : 1) {
          const Item* item = item_with(all, number, port);
          const std::uint32_t label =
              occurs(number, family) ? image.service.find(SP_SERVICE_KEY(protocol, port)) : 0;
          ASSERT_EQ(item == nullptr ? 0 : item->label, label) << protocol << ":" << port;
        }
        const Item* later = item_with(fragments, number, 0);
        const std::uint32_t label =
            occurs(number, family) ? image.service.find(SP_FRAGMENT_KEY(protocol)) : 0;
        ASSERT_EQ(later == nullptr ? 0 : later->label, label) << "fragments of " << protocol;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::nft
