// SPDX-License-Identifier: GPL-2.0-or-later
// Services: what is written is what is opened, protocol by protocol (C10, D8).
#include "compiler/values/service.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport {
namespace {

TEST(Service, WritesWhatItReads) {
  struct Row {
    const char* written;
    Service service;
    const char* text;
  };
  const Row rows[] = {
      {"tcp 443", {6, 443, 443}, "tcp 443"},
      {"tcp 443-443", {6, 443, 443}, "tcp 443"},
      {"udp 10000-60000", {17, 10000, 60000}, "udp 10000-60000"},
      {"tcp 0-65535", {6, 0, 65535}, "tcp 0-65535"},
      {"tcp 0", {6, 0, 0}, "tcp 0"},
      {"icmp 8", {1, 8, 8}, "icmp 8"},
      {"icmpv6 0-255", {58, 0, 255}, "icmpv6 0-255"},
      {"gre", {47, 0, 0}, "gre"},
      {"47", {47, 0, 0}, "gre"},
      {"6 22", {6, 22, 22}, "tcp 22"},
      {"200", {200, 0, 0}, "200"},
      {"0", {0, 0, 0}, "0"},
      {"255", {255, 0, 0}, "255"},
  };
  for (const Row& row : rows) {
    const auto parsed = Service::parse(row.written);
    ASSERT_TRUE(parsed) << row.written;
    EXPECT_EQ(*parsed, row.service) << row.written;
    EXPECT_EQ(parsed->text(), row.text);
    EXPECT_EQ(Service::parse(parsed->text()), parsed);
  }
}

TEST(Service, C10_RefusesAServiceWithoutItsPortAndOtherNonsense) {
  const char* rows[] = {"",           "tcp",       "udp",        "icmp",       "tcp ",
                        "tcp  443",   "tcp 65536", "tcp 443-80", "tcp -1",     "tcp 443-",
                        "tcp 0443",   "icmp 256",  "icmp 8-256", "gre 1",      "gre ",
                        "TCP 443",    "tcp 443 ",  "any",        "nosuch",     "256",
                        "tcp 80,443", "tcp +80",   "tcp 1-2-3",  "tcp 443 443"};
  for (const char* row : rows) EXPECT_FALSE(Service::parse(row)) << row;
}

TEST(Service, C10_TcpIsNotUdp) {
  const Service https{protocol_tcp, 443, 443};
  EXPECT_TRUE(https.contains(protocol_tcp, 443));
  EXPECT_FALSE(https.contains(protocol_udp, 443));
  EXPECT_FALSE(https.contains(protocol_tcp, 442));
  EXPECT_FALSE(https.contains(protocol_tcp, 444));
}

TEST(Service, D8_ProtocolsHaveTheNamesOfIana) {
  struct Row {
    const char* name;
    std::uint8_t number;
  };
  const Row rows[] = {{"icmp", 1},  {"igmp", 2},    {"ipip", 4},   {"tcp", 6},
                      {"udp", 17},  {"ipv6", 41},   {"gre", 47},   {"esp", 50},
                      {"ah", 51},   {"icmpv6", 58}, {"ospf", 89},  {"etherip", 97},
                      {"pim", 103}, {"vrrp", 112},  {"l2tp", 115}, {"sctp", 132}};
  for (const Row& row : rows) {
    EXPECT_EQ(protocol_number(row.name), row.number) << row.name;
    EXPECT_EQ(protocol_name(row.number), row.name);
  }
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    EXPECT_EQ(protocol_number(protocol_name(protocol)), protocol);
    EXPECT_EQ(has_ports(protocol), number == 6 || number == 17);
    const std::uint16_t last = number == 6 || number == 17   ? 65535
                               : number == 1 || number == 58 ? 255
                                                             : 0;
    EXPECT_EQ(last_port(protocol), last) << number;
  }
}

TEST(Service, AnyIsTcpUdpAndEchoRequests) {
  const auto any = any_service();
  const auto opens = [&](std::uint8_t protocol, std::uint16_t port) {
    return std::ranges::any_of(any, [&](const Service& s) { return s.contains(protocol, port); });
  };
  EXPECT_TRUE(opens(protocol_tcp, 0) && opens(protocol_tcp, 65535));
  EXPECT_TRUE(opens(protocol_udp, 0) && opens(protocol_udp, 65535));
  EXPECT_TRUE(opens(protocol_icmp, 8) && opens(protocol_icmpv6, 128));
  EXPECT_FALSE(opens(protocol_icmp, 0) || opens(protocol_icmp, 5) || opens(protocol_icmpv6, 137));
  EXPECT_FALSE(opens(47, 0) || opens(50, 0) || opens(41, 0));
}

TEST(Service, GuardedPorts) {
  for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
    EXPECT_TRUE(is_guarded_port(protocol, 53));
    EXPECT_TRUE(is_guarded_port(protocol, 853));
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 52, 54, 852, 854}) {
      EXPECT_FALSE(is_guarded_port(protocol, port)) << port;
    }
  }
  EXPECT_FALSE(is_guarded_port(protocol_icmp, 53));
  EXPECT_FALSE(is_guarded_port(132, 53));
}

}  // namespace
}  // namespace sallyport
