// SPDX-License-Identifier: GPL-2.0-or-later
#include "compiler/program/packet_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport {
namespace {

using testing::HasSubstr;

std::expected<FlowText, std::string> read_packet_text(const std::string& text) {
  return read_flow_text(text, Direction::outward);
}

Address address(const char* text) {
  return Address::parse(text).value();
}

TEST(PacketText, the_tag_of_the_frame_stands_in_front) {
  for (const char* text :
       {"vlan 40 tcp 10.40.1.1 -> 198.51.100.7:443", "vlan 4094 gre 10.40.1.1 -> 198.51.100.7",
        "vlan 1 icmp 10.40.1.1 -> 198.51.100.7 8", "tcp 10.40.1.1 -> 198.51.100.7:443"}) {
    const auto read = read_packet_text(text);
    ASSERT_TRUE(read) << text << ": " << read.error();
    EXPECT_EQ(text_of(*read, address("198.51.100.7")), text);
    EXPECT_EQ(first_packet(*read, address("198.51.100.7")).vlan, read->vlan);
  }
  EXPECT_EQ(read_packet_text("vlan 40 icmp echo-request 10.40.1.1 -> 198.51.100.7")->vlan, 40);
  EXPECT_EQ(read_packet_text("tcp 10.40.1.1 -> 198.51.100.7:443")->vlan, 0);
}

TEST(PacketText, what_is_no_tag_is_said) {
  for (const char* id : {"0", "4095", "x", "40-50", "-1"}) {
    const auto read =
        read_packet_text("vlan " + std::string(id) + " tcp 10.40.1.1 -> 198.51.100.7:443");
    ASSERT_FALSE(read) << id;
    EXPECT_THAT(read.error(), HasSubstr("a number from 1 to 4094 was expected"));
  }
  EXPECT_FALSE(read_packet_text("vlan 40"));
  EXPECT_FALSE(read_packet_text("vlan"));
}

}  // namespace
}  // namespace sallyport
