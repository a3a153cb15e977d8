// SPDX-License-Identifier: GPL-2.0-or-later
// The reader of frames, header by header: what it finds, and the exact reason where it refuses
// (D2, D4, D5, D6, D7, D8). The last tests cut frames at every byte.
#include "compiler/program/packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "compiler/values/service.h"
#include "tests/support/frame.h"
#include "tests/unit/program/reason_name.h"

namespace sallyport {
namespace {

Bytes frame(const std::string& text) {
  auto bytes = frame_of(text);
  EXPECT_TRUE(bytes) << text << ": " << bytes.error().text();
  return bytes.value_or(Bytes{});
}

/// The name of the reason to drop, or "read".
std::string verdict_on(std::span<const std::uint8_t> bytes) {
  const auto packet = read_frame(bytes);
  return packet ? "read" : name_of(packet.error());
}

struct DropRow {
  const char* text;
  SpReason reason;
};

void expect_drops(std::span<const DropRow> rows) {
  for (const DropRow& row : rows) {
    EXPECT_EQ(verdict_on(frame(row.text)), name_of(row.reason)) << row.text;
  }
}

void expect_read(std::span<const char* const> rows) {
  for (const char* row : rows) EXPECT_EQ(verdict_on(frame(row)), "read") << row;
}

Packet packet_of(const std::string& text) {
  const auto packet = read_frame(frame(text));
  EXPECT_TRUE(packet) << text << ": " << name_of(packet.error());
  return packet.value_or(Packet{});
}

// --- Link -----------------------------------------------------------------------------------

TEST(Packet, D7_TagsDoNotChangeWhatIsRead) {
  for (const char* tags : {"", "vlan 10 ", "svlan 10 ", "vlan 10 vlan 11 ", "svlan 5 vlan 6 "}) {
    const Packet packet =
        packet_of(tags + std::string("ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443"));
    EXPECT_EQ(packet.source.text(), "10.20.1.1") << tags;
    EXPECT_EQ(packet.destination.text(), "198.51.100.7") << tags;
    EXPECT_EQ(packet.protocol, protocol_tcp) << tags;
    EXPECT_EQ(packet.source_port, 40000) << tags;
    EXPECT_EQ(packet.destination_port, 443) << tags;
    EXPECT_EQ(packet.fragment, FragmentClass::whole) << tags;
    EXPECT_EQ(packet.hop_limit, 64) << tags;
    EXPECT_FALSE(packet.arp) << tags;
  }
}

TEST(Packet, D7_TheVlanIsThatOfTheOutermostTagWithAnId) {
  struct Row {
    const char* tags;
    std::uint16_t vlan;
  };
  const Row rows[] = {{"", 0},
                      {"vlan 0 ", 0},
                      {"svlan 0 vlan 0 ", 0},
                      {"vlan 1 ", 1},
                      {"svlan 4094 ", 4094},
                      {"vlan 4095 ", 4095},
                      {"vlan 10 vlan 11 ", 10},
                      {"svlan 11 vlan 10 ", 11},
                      {"vlan 0 vlan 11 ", 11},
                      {"vlan 10 vlan 0 ", 10}};
  for (const auto& [tags, vlan] : rows) {
    for (const char* packet : {"ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443", "arp",
                               "ip6 2001:db8::1 > 2001:db8::7 udp 1 > 2"}) {
      EXPECT_EQ(packet_of(tags + std::string(packet)).vlan, vlan) << tags << packet;
    }
  }
  // The priority and the mark for dropping stand in the same two bytes.
  Bytes marked = frame("vlan 40 ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443");
  marked[14] |= 0xf0;
  ASSERT_TRUE(read_frame(marked));
  EXPECT_EQ(read_frame(marked)->vlan, 40);
}

TEST(Packet, D7_LinkHeadersThatAreRefused) {
  const DropRow rows[] = {
      {"vlan 1 vlan 2 vlan 3 ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2", SP_DROP_VLAN_DEPTH},
      {"vlan 1 vlan 2 svlan 3 arp", SP_DROP_VLAN_DEPTH},
      {"ethertype 0x86de", SP_DROP_ETHERTYPE},
      {"ethertype 0x0000", SP_DROP_ETHERTYPE},
      {"vlan 1 ethertype 0x8847", SP_DROP_ETHERTYPE},
      {"ethertype 0x8100", SP_DROP_TRUNCATED_LINK},
      {"ethertype 0x0806", SP_DROP_TRUNCATED_LINK},
  };
  expect_drops(rows);
}

TEST(Packet, D10_ArpIsOnlyArp) {
  EXPECT_TRUE(packet_of("arp").arp);
  EXPECT_TRUE(packet_of("vlan 1 vlan 2 arp").arp);
}

// --- IPv4 -----------------------------------------------------------------------------------

TEST(Packet, D5_Ipv4HeadersThatAreRefused) {
  const DropRow rows[] = {
      {"ip4 10.0.0.1 > 198.51.100.7 version 6 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 version 0 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 ihl 4 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 ihl 0 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 total 19 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 total 0 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 ihl 6 total 23 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 total 41 tcp 1 > 2", SP_DROP_TRUNCATED_IP},
      {"ip4 10.0.0.1 > 198.51.100.7 total 65535 tcp 1 > 2", SP_DROP_TRUNCATED_IP},
      // The header itself would end behind the frame.
      {"ip4 10.0.0.1 > 198.51.100.7 ihl 15 total 60 proto 99", SP_DROP_TRUNCATED_IP},
      {"ip4 10.0.0.1 > 198.51.100.7 proto 58 payload 64", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 100 proto 58 payload 64", SP_DROP_TRANSPORT_HEADER},
  };
  expect_drops(rows);
}

TEST(Packet, D5_Ipv4Options) {
  const char* read[] = {
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x01010100 tcp 1 > 2",
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x94040000 tcp 1 > 2",  // router alert
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x4402 tcp 1 > 2",      // the least length
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x4428*20 tcp 1 > 2",   // exactly to the end
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x00830000 tcp 1 > 2",  // behind the end: padding
  };
  expect_read(read);
  EXPECT_EQ(packet_of("ip4 10.0.0.1 > 198.51.100.7 opts 0x01*40 tcp 7 > 2").source_port, 7);

  const DropRow rows[] = {
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x83070400 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x89030400 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x01010189 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x94040000830304 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x07000000 tcp 1 > 2", SP_DROP_IP_OPTIONS},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x07010000 tcp 1 > 2", SP_DROP_IP_OPTIONS},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x07050000 tcp 1 > 2", SP_DROP_IP_OPTIONS},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x07ff0000 tcp 1 > 2", SP_DROP_IP_OPTIONS},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x01010144 tcp 1 > 2", SP_DROP_IP_OPTIONS},
      // The order of walking decides.
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x07000083 tcp 1 > 2", SP_DROP_IP_OPTIONS},
  };
  expect_drops(rows);
}

TEST(Packet, D4_Ipv4Fragments) {
  const auto first = packet_of("ip4 10.0.0.1 > 198.51.100.7 frag 0 more tcp 1 > 443 payload 4");
  EXPECT_EQ(first.fragment, FragmentClass::first);
  EXPECT_EQ(first.destination_port, 443);
  const auto later = packet_of("ip4 10.0.0.1 > 198.51.100.7 frag 2 tcp 1 > 443");
  EXPECT_EQ(later.fragment, FragmentClass::later);
  EXPECT_EQ(later.protocol, protocol_tcp);
  EXPECT_EQ(later.destination_port, 0);
  const auto kept_whole = packet_of("ip4 10.0.0.1 > 198.51.100.7 df tcp 1 > 443");
  EXPECT_EQ(kept_whole.fragment, FragmentClass::whole);

  const char* read[] = {
      "ip4 10.0.0.1 > 198.51.100.7 df frag 0 more udp 1 > 443",  // DF does not matter
      "ip4 10.0.0.1 > 198.51.100.7 df frag 3 udp 1 > 443",
      "ip4 10.0.0.1 > 198.51.100.7 frag 1 proto 17 payload 8",          // 1 is bad for TCP only
      "ip4 10.0.0.1 > 198.51.100.7 frag 3 proto 17 payload 1",          // the last may be odd
      "ip4 10.0.0.1 > 198.51.100.7 frag 8190 proto 17 payload 15",      // ends at 65535
      "ip4 10.0.0.1 > 198.51.100.7 frag 0 more udp 1 > 2 udplen 2000",  // ends in later ones
      "ip4 10.0.0.1 > 198.51.100.7 frag 0 more proto 99 payload 8",
  };
  expect_read(read);
  const DropRow rows[] = {
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more proto 17 payload 12", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more proto 17", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 9 more proto 17 payload 7", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 9 proto 17", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 8190 proto 17 payload 16", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 8191 proto 17 payload 8", SP_DROP_BAD_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 1 proto 6 payload 8", SP_DROP_TINY_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 1 more proto 6 payload 8", SP_DROP_TINY_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more proto 6 payload 16", SP_DROP_TINY_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more tcp 1 > 2 doff 7 payload 4", SP_DROP_TINY_FRAGMENT},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more tcp 1 > 2 doff 4 payload 4",
       SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 frag 0 more udp 1 > 2 udplen 7", SP_DROP_TRANSPORT_HEADER},
  };
  expect_drops(rows);
}

// --- IPv6 -----------------------------------------------------------------------------------

TEST(Packet, D6_ChainsLeadToTheTransport) {
  const char* rows[] = {
      "ip6 2001:db8::1 > 2001:db8::7 tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 hbh tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 hbh size 3 dst size 1 tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 dst ah dst tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 ah size 1 tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 rh 2 left 0 tcp 40000 > 443",
      "ip6 2001:db8::1 > 2001:db8::7 frag 0 tcp 40000 > 443",  // atomic
      "ip6 2001:db8::1 > 2001:db8::7 hbh dst rh 4 left 0 frag 0 ah dst tcp 40000 > 443",
  };
  for (const char* row : rows) {
    const Packet packet = packet_of(row);
    EXPECT_EQ(packet.protocol, protocol_tcp) << row;
    EXPECT_EQ(packet.source_port, 40000) << row;
    EXPECT_EQ(packet.destination_port, 443) << row;
    EXPECT_EQ(packet.fragment, FragmentClass::whole) << row;
    EXPECT_EQ(packet.source.text(), "2001:db8::1") << row;
    EXPECT_EQ(packet.destination.text(), "2001:db8::7") << row;
  }
}

TEST(Packet, D6_ChainsThatAreRefused) {
  const DropRow rows[] = {
      {"ip6 2001:db8::1 > 2001:db8::7 version 4 tcp 1 > 2", SP_DROP_IP_HEADER},
      {"ip6 2001:db8::1 > 2001:db8::7 total 21 tcp 1 > 2", SP_DROP_TRUNCATED_IP},
      {"ip6 2001:db8::1 > 2001:db8::7 total 0 tcp 1 > 2", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip6 2001:db8::1 > 2001:db8::7 total 0 hbh tcp 1 > 2", SP_DROP_TRUNCATED_EXTENSION},
      {"ip6 2001:db8::1 > 2001:db8::7 hbh dst dst dst dst dst dst tcp 1 > 2",
       SP_DROP_EXTENSION_DEPTH},
      {"ip6 2001:db8::1 > 2001:db8::7 dst dst dst dst dst dst hbh tcp 1 > 2",
       SP_DROP_EXTENSION_DEPTH},
      {"ip6 2001:db8::1 > 2001:db8::7 dst dst dst dst dst dst ext 135 tcp 1 > 2",
       SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 dst hbh tcp 1 > 2", SP_DROP_EXTENSION_ORDER},
      {"ip6 2001:db8::1 > 2001:db8::7 hbh hbh tcp 1 > 2", SP_DROP_EXTENSION_ORDER},
      {"ip6 2001:db8::1 > 2001:db8::7 ah size 0 tcp 1 > 2", SP_DROP_EXTENSION_ORDER},
      {"ip6 2001:db8::1 > 2001:db8::7 rh 0 left 0 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip6 2001:db8::1 > 2001:db8::7 rh 0 left 1 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip6 2001:db8::1 > 2001:db8::7 rh 2 left 1 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip6 2001:db8::1 > 2001:db8::7 hbh rh 4 left 3 tcp 1 > 2", SP_DROP_SOURCE_ROUTE},
      {"ip6 2001:db8::1 > 2001:db8::7 ext 135 tcp 1 > 2", SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 ext 139 tcp 1 > 2", SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 ext 140 tcp 1 > 2", SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 ext 253 tcp 1 > 2", SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 hbh ext 254 tcp 1 > 2", SP_DROP_EXTENSION_UNKNOWN},
      {"ip6 2001:db8::1 > 2001:db8::7 dst len 200 tcp 1 > 2", SP_DROP_TRUNCATED_EXTENSION},
      {"ip6 2001:db8::1 > 2001:db8::7 dst len 3 tcp 1 > 2", SP_DROP_TRUNCATED_EXTENSION},
      {"ip6 2001:db8::1 > 2001:db8::7 ah len 255 tcp 1 > 2", SP_DROP_TRUNCATED_EXTENSION},
      {"ip6 2001:db8::1 > 2001:db8::7 proto 0", SP_DROP_TRUNCATED_EXTENSION},
      {"ip6 2001:db8::1 > 2001:db8::7 proto 1 payload 64", SP_DROP_TRANSPORT_HEADER},
      {"ip6 2001:db8::1 > 2001:db8::7 hbh proto 1", SP_DROP_TRANSPORT_HEADER},
  };
  expect_drops(rows);
}

TEST(Packet, D4_Ipv6Fragments) {
  const auto first = packet_of("ip6 2001:db8::1 > 2001:db8::7 frag 0 more tcp 1 > 443 payload 4");
  EXPECT_EQ(first.fragment, FragmentClass::first);
  EXPECT_EQ(first.destination_port, 443);
  const auto later = packet_of("ip6 2001:db8::1 > 2001:db8::7 hbh frag 5 tcp 1 > 443");
  EXPECT_EQ(later.fragment, FragmentClass::later);
  EXPECT_EQ(later.protocol, protocol_tcp);
  EXPECT_EQ(later.destination_port, 0);
  EXPECT_EQ(
      packet_of("ip6 2001:db8::1 > 2001:db8::7 frag 0 dst tcp 1 > 9 payload 4").destination_port,
      9);

  const DropRow rows[] = {
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 frag 0 tcp 1 > 2", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more frag 0 more tcp 1 > 2 payload 4",
       SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more proto 17 payload 12", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more proto 17", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 7 proto 17", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 8190 proto 17 payload 16", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 7 dst tcp 1 > 2", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 7 ext 254 tcp 1 > 2", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 7 frag 0 tcp 1 > 2", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 1 tcp 1 > 2", SP_DROP_TINY_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 7 proto 1 payload 8", SP_DROP_TRANSPORT_HEADER},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more proto 1 payload 8", SP_DROP_TRANSPORT_HEADER},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more proto 6 payload 16", SP_DROP_TINY_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more proto 17", SP_DROP_BAD_FRAGMENT},
      // Its ports would lie where a fragment that claims another protocol overwrites them.
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more dst tcp 1 > 9 payload 4", SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more ext 254 tcp 1 > 9 payload 4",
       SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 more dst len 9 proto 6 payload 8",
       SP_DROP_BAD_FRAGMENT},
      {"ip6 2001:db8::1 > 2001:db8::7 frag 0 dst len 9 proto 6 payload 8",
       SP_DROP_TRUNCATED_EXTENSION},
  };
  expect_drops(rows);
  const char* read[] = {
      "ip6 2001:db8::1 > 2001:db8::7 frag 8190 proto 17 payload 15",
      "ip6 2001:db8::1 > 2001:db8::7 frag 1 proto 17 payload 8",
      "ip6 2001:db8::1 > 2001:db8::7 frag 9 more proto 58 payload 8",
      "ip6 2001:db8::1 > 2001:db8::7 frag 9 proto 59 payload 1",
  };
  expect_read(read);
}

// --- Transport ------------------------------------------------------------------------------

TEST(Packet, TransportHeadersThatAreRefused) {
  const DropRow rows[] = {
      {"ip4 10.0.0.1 > 198.51.100.7 proto 6 payload 19", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 doff 4", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 doff 0", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 doff 6 payload 3", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip4 10.0.0.1 > 198.51.100.7 proto 17 payload 7", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 2 udplen 7", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 2 udplen 0", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 2 udplen 9", SP_DROP_TRANSPORT_HEADER},
      {"ip4 10.0.0.1 > 198.51.100.7 proto 1 payload 7", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip6 2001:db8::1 > 2001:db8::7 proto 58 payload 7", SP_DROP_TRUNCATED_TRANSPORT},
      // Padding behind the IP packet is none of it.
      {"ip4 10.0.0.1 > 198.51.100.7 proto 17 payload 7 pad 20", SP_DROP_TRUNCATED_TRANSPORT},
      {"ip4 10.0.0.1 > 198.51.100.7 udp 1 > 2 udplen 9 pad 20", SP_DROP_TRANSPORT_HEADER},
      {"ip6 2001:db8::1 > 2001:db8::7 proto 6 payload 19 pad 9", SP_DROP_TRUNCATED_TRANSPORT},
  };
  expect_drops(rows);
  const char* read[] = {
      "ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 doff 6 payload 4",
      "ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 doff 15 payload 40",
      "ip4 10.0.0.1 > 198.51.100.7 udp 1 > 2 udplen 8 payload 9",
  };
  expect_read(read);
}

TEST(Packet, ReadsTypesAndProtocols) {
  const Packet echo = packet_of("ip4 10.0.0.1 > 198.51.100.7 icmp 8/3");
  EXPECT_EQ(echo.protocol, protocol_icmp);
  EXPECT_EQ(echo.destination_port, 8);
  EXPECT_EQ(echo.icmp_code, 3);
  EXPECT_EQ(echo.source_port, 0);
  const Packet echo6 = packet_of("ip6 2001:db8::1 > 2001:db8::7 hoplimit 255 icmpv6 128");
  EXPECT_EQ(echo6.protocol, protocol_icmpv6);
  EXPECT_EQ(echo6.destination_port, 128);
  EXPECT_EQ(echo6.hop_limit, 255);
  // D8: all that is known of another protocol is its number.
  for (const int protocol : {4, 41, 47, 50, 59, 97, 115, 132, 0xff}) {
    const Packet other = packet_of("ip4 10.0.0.1 > 198.51.100.7 proto " + std::to_string(protocol) +
                                   " bytes 0xffff*20");
    EXPECT_EQ(other.protocol, protocol);
    EXPECT_EQ(other.source_port, 0);
    EXPECT_EQ(other.destination_port, 0);
  }
}

// --- Quotes ---------------------------------------------------------------------------------

TEST(Packet, D11_QuotesOfIcmpErrors) {
  const auto tcp = packet_of(
      "ip4 10.20.1.1 > 198.51.100.7 icmp 3/4 quote [ ip4 198.51.100.7 > 10.20.1.9 tcp 443 > 40000 "
      "]");
  ASSERT_TRUE(tcp.quote);
  EXPECT_EQ(tcp.quote->source.text(), "198.51.100.7");
  EXPECT_EQ(tcp.quote->destination.text(), "10.20.1.9");
  EXPECT_EQ(tcp.quote->protocol, protocol_tcp);
  EXPECT_EQ(tcp.quote->source_port, 443);
  EXPECT_EQ(tcp.quote->destination_port, 40000);
  const auto echo = packet_of(
      "ip6 2001:db8::1 > 2001:db8::7 icmpv6 2 quote [ ip6 2001:db8::7 > 2001:db8::1 icmpv6 129 ]");
  ASSERT_TRUE(echo.quote);
  EXPECT_EQ(echo.quote->protocol, protocol_icmpv6);
  EXPECT_EQ(echo.quote->source_port, 129);
  EXPECT_EQ(echo.quote->destination_port, 0);

  struct Row {
    const char* text;
    bool quoted;
  };
  const std::string v4 = "ip4 10.20.1.1 > 198.51.100.7 icmp ";
  const std::string v6 = "ip6 2001:db8::1 > 2001:db8::7 icmpv6 ";
  const Row v4_rows[] = {
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 ]", true},
      {"11 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 ]", true},
      {"12 quote [ ip4 198.51.100.7 > 10.20.1.9 opts 0x01*8 udp 443 > 9 ]", true},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 total 1500 udp 443 > 9 ]", true},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 frag 0 more udp 443 > 9 ]", true},
      {"4 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 ]", false},
      {"5 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 ]", false},
      {"8 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 frag 1 proto 17 payload 8 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 version 6 udp 443 > 9 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 ihl 4 udp 443 > 9 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 proto 17 payload 7 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 ihl 6 udp 443 > 9 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 proto 47 payload 8 ]", false},
      {"3 quote [ ip4 198.51.100.7 > 10.20.1.9 proto 58 payload 8 ]", false},
      {"3 quote [ ip6 2001:db8::7 > 2001:db8::1 udp 443 > 9 ]", false},
      {"3", false},
      {"3 payload 19", false},
  };
  const Row v6_rows[] = {
      {"1 quote [ ip6 2001:db8::7 > 2001:db8::1 udp 443 > 9 ]", true},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 total 1400 tcp 443 > 9 ]", true},
      {"3 quote [ ip6 2001:db8::7 > 2001:db8::1 tcp 443 > 9 ]", true},
      {"4 quote [ ip6 2001:db8::7 > 2001:db8::1 tcp 443 > 9 ]", true},
      {"5 quote [ ip6 2001:db8::7 > 2001:db8::1 tcp 443 > 9 ]", false},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 dst tcp 443 > 9 ]", false},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 version 4 tcp 443 > 9 ]", false},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 proto 17 payload 7 ]", false},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 proto 1 payload 8 ]", false},
      {"2 quote [ ip6 2001:db8::7 > 2001:db8::1 proto 59 payload 8 ]", false},
      {"2 quote [ ip4 198.51.100.7 > 10.20.1.9 udp 443 > 9 payload 40 ]", false},
      {"2", false},
  };
  for (const Row& row : v4_rows) {
    EXPECT_EQ(packet_of(v4 + row.text).quote.has_value(), row.quoted) << row.text;
  }
  for (const Row& row : v6_rows) {
    EXPECT_EQ(packet_of(v6 + row.text).quote.has_value(), row.quoted) << row.text;
  }
  // An error in pieces is none that could be judged.
  EXPECT_FALSE(packet_of("ip4 10.20.1.1 > 198.51.100.7 frag 0 more icmp 3 quote [ ip4 "
                         "198.51.100.7 > 10.20.1.9 udp 443 > 9 payload 4 ]")
                   .quote);
}

// --- Cut at every byte ----------------------------------------------------------------------

/// From `from` bytes on (up to the next row), the reader says this.
struct Step {
  std::size_t from;
  const char* said;
};

std::string said_at(std::span<const Step> steps, std::size_t size) {
  std::string said;
  for (const Step& step : steps) {
    if (size >= step.from) said = step.said;
  }
  return said;
}

TEST(Packet, D2_EveryCutOfTheFrameHasItsReason) {
  struct Row {
    const char* text;
    std::vector<Step> steps;
  };
  const Row rows[] = {
      {"arp", {{0, "SP_DROP_TRUNCATED_LINK"}, {42, "read"}}},
      {"vlan 1 arp", {{0, "SP_DROP_TRUNCATED_LINK"}, {46, "read"}}},
      {"ip4 10.0.0.1 > 198.51.100.7 opts 0x01*4 tcp 1 > 2 payload 5",
       {{0, "SP_DROP_TRUNCATED_LINK"}, {14, "SP_DROP_TRUNCATED_IP"}, {14 + 24 + 25, "read"}}},
      {"svlan 1 vlan 2 ip6 2001:db8::1 > 2001:db8::7 hbh dst udp 1 > 2 payload 5",
       {{0, "SP_DROP_TRUNCATED_LINK"}, {22, "SP_DROP_TRUNCATED_IP"}, {22 + 40 + 16 + 13, "read"}}},
      {"vlan 1 vlan 2 vlan 3 arp", {{0, "SP_DROP_TRUNCATED_LINK"}, {22, "SP_DROP_VLAN_DEPTH"}}},
      {"ip4 10.0.0.1 > 198.51.100.7 tcp 1 > 2 pad 6",
       {{0, "SP_DROP_TRUNCATED_LINK"}, {14, "SP_DROP_TRUNCATED_IP"}, {54, "read"}}},
  };
  for (const Row& row : rows) {
    const Bytes whole = frame(row.text);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      EXPECT_EQ(verdict_on(std::span(whole).first(size)), said_at(row.steps, size))
          << row.text << " cut to " << size;
    }
  }
}

TEST(Packet, D2_EveryCutOfThePacketHasItsReason) {
  struct Row {
    const char* head;  // up to where the length is written
    const char* tail;
    std::size_t greatest;  // length of the whole
    std::vector<Step> steps;
  };
  const Row rows[] = {
      {"ip4 10.0.0.1 > 198.51.100.7",
       "opts 0x01*4 tcp 1 > 2 doff 7 payload 8",
       24 + 28,
       {{0, "SP_DROP_IP_HEADER"}, {24, "SP_DROP_TRUNCATED_TRANSPORT"}, {24 + 28, "read"}}},
      {"ip4 10.0.0.1 > 198.51.100.7",
       "udp 1 > 2 payload 8",
       20 + 16,
       {{0, "SP_DROP_IP_HEADER"},
        {20, "SP_DROP_TRUNCATED_TRANSPORT"},
        {28, "SP_DROP_TRANSPORT_HEADER"},
        {36, "read"}}},
      {"ip4 10.0.0.1 > 198.51.100.7",
       "icmp 8 payload 8",
       20 + 16,
       {{0, "SP_DROP_IP_HEADER"}, {20, "SP_DROP_TRUNCATED_TRANSPORT"}, {28, "read"}}},
      {"ip4 10.0.0.1 > 198.51.100.7",
       "proto 47 payload 8",
       20 + 8,
       {{0, "SP_DROP_IP_HEADER"}, {20, "read"}}},
      {"ip6 2001:db8::1 > 2001:db8::7",
       "hbh dst size 1 ah tcp 1 > 2 payload 4",
       8 + 16 + 24 + 24,
       {{0, "SP_DROP_TRUNCATED_EXTENSION"}, {48, "SP_DROP_TRUNCATED_TRANSPORT"}, {68, "read"}}},
      {"ip6 2001:db8::1 > 2001:db8::7",
       "rh 2 left 0 icmpv6 128",
       16,
       {{0, "SP_DROP_TRUNCATED_EXTENSION"}, {8, "SP_DROP_TRUNCATED_TRANSPORT"}, {16, "read"}}},
      // A last fragment of a fragmented chain: the fragment header first, then anything not empty.
      {"ip6 2001:db8::1 > 2001:db8::7",
       "frag 5 proto 17 payload 8",
       16,
       {{0, "SP_DROP_TRUNCATED_EXTENSION"}, {8, "SP_DROP_BAD_FRAGMENT"}, {9, "read"}}},
  };
  for (const Row& row : rows) {
    for (std::size_t length = 0; length <= row.greatest; ++length) {
      const std::string text = row.head + (" total " + std::to_string(length)) + " " + row.tail;
      EXPECT_EQ(verdict_on(frame(text)), said_at(row.steps, length)) << text;
    }
  }
}

TEST(Packet, D4_EveryLengthOfAFirstFragment) {
  // Multiples of 8 only are well-formed first fragments; each transport needs its whole header.
  for (std::size_t payload = 0; payload <= 48; ++payload) {
    const std::string length = std::to_string(20 + payload);
    const bool bad = payload == 0 || payload % 8 != 0;
    const auto said = [&](std::size_t header) {
      return bad ? "SP_DROP_BAD_FRAGMENT" : payload < header ? "SP_DROP_TINY_FRAGMENT" : "read";
    };
    const std::string head = "ip4 10.0.0.1 > 198.51.100.7 total " + length + " frag 0 more ";
    EXPECT_EQ(verdict_on(frame(head + "tcp 1 > 2 payload 28")), said(20)) << payload;
    EXPECT_EQ(verdict_on(frame(head + "tcp 1 > 2 doff 8 payload 28")), said(32)) << payload;
    EXPECT_EQ(verdict_on(frame(head + "udp 1 > 2 payload 40")), said(8)) << payload;
    EXPECT_EQ(verdict_on(frame(head + "icmp 8 payload 40")), said(8)) << payload;
    EXPECT_EQ(verdict_on(frame(head + "proto 47 payload 48")), said(0)) << payload;
  }
}

TEST(Packet, D2_AnyBytesGetOneAnswer) {
  std::mt19937_64 random(7);
  const char* seeds[] = {
      "ip4 10.0.0.1 > 198.51.100.7 opts 0x01*8 tcp 1 > 2 payload 8",
      "vlan 3 ip4 10.0.0.1 > 198.51.100.7 icmp 3 quote [ ip4 198.51.100.7 > 10.0.0.1 tcp 1 > 2 ]",
      "ip6 2001:db8::1 > 2001:db8::7 hbh dst frag 0 rh 2 left 0 ah udp 1 > 2 payload 8",
      "ip6 2001:db8::1 > 2001:db8::7 icmpv6 2 quote [ ip6 2001:db8::7 > 2001:db8::1 tcp 1 > 2 ]",
  };
  for (const char* seed : seeds) {
    const Bytes whole = frame(seed);
    for (int round = 0; round < 3000; ++round) {
      Bytes bytes = whole;
      for (std::size_t count = 1 + random() % 4; count > 0; --count) {
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      }
      bytes.resize(random() % 4 == 0 ? random() % bytes.size() : bytes.size());
      const auto packet = read_frame(bytes);
      if (!packet) {
        ASSERT_GE(packet.error(), SP_DROP_TRUNCATED_LINK);
        ASSERT_LE(packet.error(), SP_DROP_TRANSPORT_HEADER);
      } else if (!packet->arp) {
        ASSERT_EQ(packet->source.family, packet->destination.family);
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
