// SPDX-License-Identifier: GPL-2.0-or-later
// Events as lines: whose port is told, what is known of an address, and which rule it was.
#include "runtime/event_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/values/service.h"

namespace sallyport {
namespace {

SpKey6 key(std::string_view text) {
  const Address address = Address::parse(text).value();
  SpKey6 made{};
  if (address.family == Family::v4) {
    made.address[10] = made.address[11] = 0xff;
    std::copy_n(address.bytes().begin(), 4, &made.address[12]);
  } else {
    std::copy_n(address.bytes().begin(), 16, &made.address[0]);
  }
  return made;
}

SpEvent event(std::string_view from, std::string_view to, std::uint8_t protocol, SpReason reason) {
  SpEvent made{};
  made.kind = SP_EVENT_LOG;
  made.rule = 1;
  made.reason = reason;
  made.direction = SP_OUTWARD;
  made.source_port = 40000;
  made.destination_port = 443;
  made.family = from.find(':') == from.npos ? 4 : 6;
  made.protocol = protocol;
  made.source = key(from);
  made.destination = key(to);
  return made;
}

Image image_with(std::string text) {
  Image image;
  ImageRule& rule = image.rules.emplace_back();
  rule.text = std::move(text);
  rule.origin.rule = {"gateway.sally", 14, 3};
  rule.log = true;
  return image;
}

ViewedName name(std::string_view text) {
  return HostName::parse(text).value();
}

TEST(EventText, tells_verdict_ends_service_and_rule) {
  const Image image = image_with("deny any to 192.0.2.66 log");
  EXPECT_EQ(event_text(event("10.20.1.7", "192.0.2.66", protocol_tcp, SP_DROP_DENIED), image, {}),
            "log drop 10.20.1.7 -> 192.0.2.66 tcp 443 (gateway.sally:14: deny any to 192.0.2.66)");
  EXPECT_EQ(
      event_text(event("2001:db8::7", "2001:db8::66", protocol_udp, SP_PASS_RULE), image, {}),
      "log pass 2001:db8::7 -> 2001:db8::66 udp 443 (gateway.sally:14: deny any to 192.0.2.66)");
}

TEST(EventText, an_answer_is_told_by_the_port_that_answers) {
  const Image image = image_with("allow in tcp 40000 from anywhere log");
  const SpEvent answer = event("10.20.1.7", "192.0.2.66", protocol_tcp, SP_PASS_REPLY);
  EXPECT_TRUE(
      event_text(answer, image, {})
          .starts_with("log pass 10.20.1.7 -> 192.0.2.66 tcp 40000 answer (gateway.sally:14: "));
}

TEST(EventText, what_has_no_port_has_none_told) {
  const Image image = image_with("deny any to anywhere log");
  const auto told = [&](const SpEvent& one) {
    const std::string text = event_text(one, image, {});
    return text.substr(0, text.find(" ("));
  };
  SpEvent one = event("10.20.1.7", "192.0.2.66", protocol_udp, SP_DROP_DENIED);
  one.fragment = 2;
  EXPECT_EQ(told(one), "log drop 10.20.1.7 -> 192.0.2.66 udp fragment");
  one = event("10.20.1.7", "192.0.2.66", protocol_icmp, SP_DROP_DENIED);
  one.destination_port = 8;
  EXPECT_EQ(told(one), "log drop 10.20.1.7 -> 192.0.2.66 icmp 8");
  one = event("10.20.1.7", "192.0.2.66", 47, SP_DROP_DENIED);
  EXPECT_EQ(told(one), "log drop 10.20.1.7 -> 192.0.2.66 gre");
}

TEST(EventText, the_names_of_the_far_side_are_told) {
  const Image image = image_with("allow tcp 443 to relay.example.net log");
  SpEvent one = event("10.20.1.7", "198.51.100.7", protocol_tcp, SP_PASS_RULE);
  EXPECT_EQ(remote_of(one), Address::parse("198.51.100.7").value());
  std::vector<ViewedName> names{name("relay.example.net")};
  EXPECT_TRUE(event_text(one, image, names)
                  .starts_with("log pass 10.20.1.7 -> 198.51.100.7 (relay.example.net) tcp 443 ("));
  for (const char* more : {"a.example.net", "b.example.net", "c.example.net"})
    names.push_back(name(more));
  EXPECT_TRUE(event_text(one, image, names)
                  .starts_with("log pass 10.20.1.7 -> 198.51.100.7 (relay.example.net, "
                               "a.example.net, b.example.net, ...) tcp 443 ("));
  one.direction = SP_INWARD;
  EXPECT_EQ(remote_of(one), Address::parse("10.20.1.7").value());
  names.erase(names.begin() + 1, names.end());
  EXPECT_TRUE(event_text(one, image, names)
                  .starts_with("log pass 10.20.1.7 (relay.example.net) -> 198.51.100.7 tcp 443 ("));
}

TEST(EventText, a_rule_that_is_not_there_is_not_told) {
  SpEvent one = event("10.20.1.7", "192.0.2.66", protocol_tcp, SP_DROP_DENIED);
  one.rule = 2;
  EXPECT_EQ(event_text(one, image_with("deny any to 192.0.2.66 log"), {}),
            "log drop 10.20.1.7 -> 192.0.2.66 tcp 443");
}

}  // namespace
}  // namespace sallyport
