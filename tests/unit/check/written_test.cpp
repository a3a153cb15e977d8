// SPDX-License-Identifier: GPL-2.0-or-later
// Single words: what each reader takes, and the complaint about everything else.
#include "compiler/check/written.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

template <class T>
std::string code_of(const Reading<T>& reading) {
  return reading ? "" : std::string(reading.error().code);
}

TEST(ReadRange, takes_addresses_prefixes_and_ranges) {
  const struct {
    std::string_view written, read;
  } rows[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1/32", "192.0.2.1"},
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.1-192.0.2.1", "192.0.2.1"},
      {"192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9"},
      {"192.0.2.0-192.0.2.255", "192.0.2.0/24"},
      {"::/0", "::/0"},
      {"2001:DB8::/32", "2001:db8::/32"},
      {"2001:db8::1-2001:db8::f", "2001:db8::1-2001:db8::f"},
  };
  for (const auto& row : rows) {
    const auto range = read_range(row.written);
    ASSERT_TRUE(range) << row.written << ": " << range.error().message;
    EXPECT_EQ(range->text(), row.read) << row.written;
  }
}

TEST(ReadRange, refuses_the_rest) {
  const struct {
    std::string_view written, code;
  } rows[] = {
      {"", "bad-address"},
      {"192.0.2", "bad-address"},
      {"192.0.2.01", "bad-address"},
      {"192.0.2.0/33", "bad-address"},
      {"192.0.2.0/", "bad-address"},
      {"192.0.2.0/024", "bad-address"},
      {"192.0.2.0/-1", "bad-address"},
      {"/24", "bad-address"},
      {"192.0.2.1/24", "host-bits"},
      {"192.0.2.1/31", "host-bits"},
      {"2001:db8::1/127", "host-bits"},
      {"192.0.2.9-192.0.2.8", "backwards-range"},
      {"192.0.2.9-2001:db8::", "bad-address"},
      {"192.0.2.9-", "bad-address"},
      {"fe80::1%eth0", "bad-address"},
  };
  for (const auto& row : rows) EXPECT_EQ(code_of(read_range(row.written)), row.code) << row.written;
}

TEST(ReadRange, shows_the_corrected_prefix) {
  const auto range = read_range("192.0.2.66/26");
  ASSERT_FALSE(range);
  EXPECT_NE(range.error().hint.text.find("`192.0.2.64/26`"), std::string::npos)
      << range.error().hint.text;
}

TEST(ReadDestination, C1_anywhere_is_both_families_and_nothing_else_is) {
  const auto anywhere = read_destination("anywhere");
  ASSERT_TRUE(anywhere);
  EXPECT_EQ(anywhere->ranges,
            (std::vector{AddressRange::whole(Family::v4), AddressRange::whole(Family::v6)}));
  EXPECT_EQ(code_of(read_destination("any")), "bad-host");
  EXPECT_EQ(code_of(read_destination("")), "bad-address");
}

TEST(ReadDestination, tells_names_patterns_and_addresses_apart) {
  EXPECT_EQ(read_destination("10.example.net")->name->text(), "10.example.net");
  EXPECT_EQ(read_destination("fe.de")->name->text(), "fe.de");
  EXPECT_EQ(read_destination("192-0-2-1.example.net")->name->text(), "192-0-2-1.example.net");
  EXPECT_EQ(read_destination("*.Example.net")->pattern->text(), "*.example.net");
  EXPECT_EQ(read_destination(".example.net")->pattern->text(), ".example.net");
  EXPECT_EQ(read_destination("?.example.net")->pattern->text(), "?.example.net");
  EXPECT_EQ(read_destination("192.0.2.0/24")->ranges.size(), 1u);
}

TEST(ReadDestination, C9_refuses_what_is_no_host) {
  const struct {
    std::string_view written, code, hint;
  } rows[] = {
      {"10.1", "bad-address", ""},
      {"1", "bad-address", ""},
      {"192.0.2.256", "bad-address", ""},
      {"localhost", "bad-host", ""},
      {"a_b.example.net", "bad-host", ""},
      {"https://a.example.net/x", "url", "`a.example.net`"},
      {"https://a.example.net:8443", "url", "`a.example.net`"},
      {"https://*.example.net", "url", "`*.example.net`"},
      {"a.example.net/", "url", "`a.example.net`"},
      {"a.example.net:443", "port-in-destination", "`tcp 443 to a.example.net`"},
      {"192.0.2.1:443", "port-in-destination", "`tcp 443 to 192.0.2.1`"},
      {"*.example.net:443", "port-in-destination", "`tcp 443 to *.example.net`"},
      {"*", "bad-pattern", ""},
  };
  for (const auto& row : rows) {
    const auto read = read_destination(row.written);
    ASSERT_FALSE(read) << row.written;
    EXPECT_EQ(read.error().code, row.code) << row.written;
    EXPECT_NE(read.error().hint.text.find(row.hint), std::string::npos) << read.error().hint.text;
  }
}

TEST(ReadPorts, C10_are_1_to_65535) {
  const auto whole = read_ports("1-65535");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->first, 1);
  EXPECT_EQ(whole->last, 65535);
  EXPECT_EQ(code_of(read_ports("443")), "");
  for (const char* written : {"0", "65536", "0-9", "1-65536", "", "-", "1-", "-1", "+1", "0443",
                              "99999999999", "1-2-3", "http"}) {
    EXPECT_EQ(code_of(read_ports(written)), "bad-port") << written;
  }
  EXPECT_EQ(code_of(read_ports("9-8")), "backwards-range");
}

TEST(ReadIcmpTypes, have_names_of_their_own_family) {
  EXPECT_EQ(read_icmp_types(protocol_icmp, "echo-request")->first, 8);
  EXPECT_EQ(read_icmp_types(protocol_icmp, "echo-reply")->first, 0);
  EXPECT_EQ(read_icmp_types(protocol_icmp, "destination-unreachable")->first, 3);
  EXPECT_EQ(read_icmp_types(protocol_icmp, "time-exceeded")->first, 11);
  EXPECT_EQ(read_icmp_types(protocol_icmpv6, "echo-request")->first, 128);
  EXPECT_EQ(read_icmp_types(protocol_icmpv6, "echo-reply")->first, 129);
  EXPECT_EQ(read_icmp_types(protocol_icmpv6, "packet-too-big")->first, 2);
  EXPECT_EQ(read_icmp_types(protocol_icmp, "255")->last, 255);
  EXPECT_EQ(code_of(read_icmp_types(protocol_icmp, "256")), "bad-icmp-type");
  EXPECT_EQ(code_of(read_icmp_types(protocol_icmp, "packet-too-big")), "bad-icmp-type");
}

TEST(ReadDuration, is_a_whole_number_with_a_unit) {
  EXPECT_EQ(read_duration("0s"), Seconds{0});
  EXPECT_EQ(read_duration("90s"), Seconds{90});
  EXPECT_EQ(read_duration("5m"), Seconds{300});
  EXPECT_EQ(read_duration("24h"), Seconds{86400});
  EXPECT_EQ(read_duration("366d"), Seconds{366 * 86400});
  for (const char* written :
       {"", "s", "5", "-5s", "1.5h", "500ms", "5S", "05s", "367d", "1h30m", "99999999999999s"}) {
    EXPECT_EQ(code_of(read_duration(written)), "bad-duration") << written;
  }
}

}  // namespace
}  // namespace sallyport
