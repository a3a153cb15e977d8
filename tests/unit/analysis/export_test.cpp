// SPDX-License-Identifier: GPL-2.0-or-later
// Lists for other firewalls, and what they cannot say.
#include "compiler/analysis/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/analysis/query.h"
#include "tests/unit/analysis/policy_program.h"

namespace sallyport {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Exported exported(const std::string& policy, const ExportOptions& options) {
  const Program program = test::program_from(policy);
  const Extents extents(program);
  return export_cells(openings(program), extents, options);
}

TEST(Export, a_plain_list_for_one_zone_on_one_service_loses_nothing) {
  const Exported list = exported(R"(zone staff = 10.20.0.0/16
policy p { from staff allow tcp 443 to a.example.com, .example.net, 192.0.2.16-192.0.2.40 })",
                                 {});
  EXPECT_EQ(list.text,
            "192.0.2.16/28\n192.0.2.32/29\n192.0.2.40\n*.example.net\na.example.com\n"
            "example.net\n");
  EXPECT_THAT(list.losses, IsEmpty());
  EXPECT_THAT(list.holds_for, ElementsAre("from staff", "on tcp 443"));
  EXPECT_EQ(list.entries, 6U);
}

TEST(Export, denies_are_subtracted_from_addresses_and_told_of_names) {
  const Exported list = exported(R"(policy p {
    allow tcp 443 to 198.51.100.64/30, a.example.com
    deny any to 198.51.100.66
  })",
                                 {});
  EXPECT_EQ(list.text, "198.51.100.64/31\n198.51.100.67\na.example.com\n");
  EXPECT_THAT(list.losses, ElementsAre(HasSubstr("except at 198.51.100.66")));
}

TEST(Export, differing_zones_services_days_and_odd_patterns_are_losses) {
  const Exported list = exported(R"(zone staff = 10.20.0.0/16
zone dmz = 10.40.0.0/24
policy p {
  from staff allow tcp 443 to a.example.com, g*.example.net, ?.example.org
  from dmz allow udp 3478 to 192.0.2.1
})",
                                 {});
  EXPECT_THAT(list.losses,
              ElementsAre(HasSubstr("zones, which differ between entries: from dmz, from staff"),
                          HasSubstr("services, which differ between entries: tcp 443, udp 3478"),
                          HasSubstr("names: ?.example.org, g*.example.net")));
}

TEST(Export, a_semicolon_list_refuses_ipv6_and_names) {
  const std::string policy =
      "policy p { allow tcp 443 to 192.0.2.0/24, 198.51.100.7, 2001:db8::/32, a.example.com }";
  Exported list = exported(policy, {.format = ExportFormat::semicolon});
  EXPECT_EQ(list.text, "192.0.2.0/24;198.51.100.7\n");
  EXPECT_THAT(list.losses, ElementsAre(HasSubstr("IPv6"), HasSubstr("names: a.example.com")));
  list = exported(
      policy,
      {.format = ExportFormat::semicolon, .kind = ExportKind::addresses, .ipv4_only = true});
  EXPECT_THAT(list.losses, IsEmpty());
  EXPECT_THAT(list.left_out,
              ElementsAre(HasSubstr("IPv6: 2001:db8::/32"), HasSubstr("a.example.com")));
}

TEST(Export, csv_keeps_everything) {
  const Exported list = exported(R"(zone staff = 10.20.0.0/16
policy p {
  from staff allow tcp 80, 443 or udp 3478 to a.example.com
  from any allow gre to 192.0.2.1
})",
                                 {.format = ExportFormat::csv});
  EXPECT_EQ(list.text,
            "direction,zone,protocol,ports,kind,remote,restriction,days,view,vendor,place\n"
            "outward,staff,tcp,80 443,name,a.example.com,,,,,test.sally:3:14\n"
            "outward,staff,udp,3478,name,a.example.com,,,,,test.sally:3:14\n"
            "outward,any,gre,,prefix,192.0.2.1,,,,,test.sally:4:12\n");
  EXPECT_THAT(list.losses, IsEmpty());
}

TEST(Export, prefixes_are_the_fewest) {
  const auto texts = [](const char* range) {
    std::string text;
    for (const AddressRange& prefix : prefixes_of({AddressRange::parse(range).value()}))
      text += prefix.text() + ' ';
    return text;
  };
  EXPECT_EQ(texts("0.0.0.0/0"), "0.0.0.0/0 ");
  EXPECT_EQ(texts("::/0"), "::/0 ");
  EXPECT_EQ(texts("255.255.255.255"), "255.255.255.255 ");
  EXPECT_EQ(texts("192.0.2.1-192.0.2.6"), "192.0.2.1 192.0.2.2/31 192.0.2.4/31 192.0.2.6 ");
  EXPECT_EQ(texts("255.255.255.254-255.255.255.255"), "255.255.255.254/31 ");
  EXPECT_EQ(texts("0.0.0.0-255.255.255.254").substr(0, 11), "0.0.0.0/1 1");
}

}  // namespace
}  // namespace sallyport
