// SPDX-License-Identifier: GPL-2.0-or-later
// make_image(): groups, names, zones, services and fragments of small programs, and the promises
// C1, C3 and C5. Verdicts at large are the differential test's.
#include <gtest/gtest.h>

#include <random>

#include "compiler/image/bundle.h"
#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr std::uint32_t denied(std::uint32_t id) {
  return id | SP_CELL_DENY;
}

/// The cell for a packet to an address to which nothing is bound.
std::uint32_t static_cell(const Image& image, std::string_view local, std::string_view remote,
                          std::uint32_t key) {
  return cell_of(image, image.labels, address(local), static_label(image, address(remote)), key);
}
std::uint32_t cell(const Image& image, std::string_view remote, std::string_view service) {
  const Service parsed = Service::parse(service).value();
  return static_cell(image, "10.0.0.1", remote, SP_SERVICE_KEY(parsed.protocol, parsed.first));
}
std::uint32_t fragment_cell(const Image& image, std::string_view remote, std::uint8_t protocol) {
  return static_cell(image, "10.0.0.1", remote, SP_FRAGMENT_KEY(protocol));
}

TEST(MakeImage, AnEmptyProgramOpensNothing) {
  const Image image = make_image(program_of({}));
  EXPECT_EQ(image_fault(image), std::nullopt);
  EXPECT_EQ(image.service_labels, 1U);
  EXPECT_EQ(image.labels.verdicts, std::vector<Numbers>{{0}});
}

TEST(MakeImage, C1UnboundNamesAndEmptySetsMatchNothing) {
  const Image image = make_image(program_of({allow({"tcp 443"}, {"a.example.com", "*.example.net"}),
                                             allow({"tcp 443"}, {}), deny_every_service({})}));
  EXPECT_EQ(image.remote4, RangeTable<std::uint32_t>{});
  EXPECT_EQ(image.remote6, RangeTable<Uint128>{});
  for (const char* remote : {"0.0.0.0", "198.51.100.1", "255.255.255.255", "::", "2001:db8::1"}) {
    EXPECT_EQ(cell(image, remote, "tcp 443"), 0U) << remote;
  }
}

TEST(MakeImage, C3EqualProgramsGiveEqualImagesAndBytes) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 first(seed);
    std::mt19937_64 second(seed);
    const Image a = make_image(random_program(first));
    const Image b = make_image(random_program(second));
    ASSERT_EQ(a, b) << "seed " << seed;
    ASSERT_EQ(bundle_bytes(a, "text"), bundle_bytes(b, "text")) << "seed " << seed;
  }
}

TEST(MakeImage, C5AnAddressHasAllItsGroupsHoweverSpecific) {
  const Image image =
      make_image(program_of({allow({"tcp 80"}, {"198.51.100.0/24"}),
                             allow({"tcp 443"}, {"198.51.100.16/28", "203.0.113.0/24"}),
                             allow({"tcp 22"}, {"198.51.100.16"})}));
  EXPECT_EQ(image.labels.remote_groups[static_label(image, address("198.51.100.16"))],
            (Numbers{1, 2, 3}));
  EXPECT_EQ(cell(image, "198.51.100.16", "tcp 80"), 1U);
  EXPECT_EQ(cell(image, "198.51.100.16", "tcp 443"), 2U);
  EXPECT_EQ(cell(image, "198.51.100.16", "tcp 22"), 3U);
  EXPECT_EQ(cell(image, "198.51.100.17", "tcp 22"), 0U);
  EXPECT_EQ(cell(image, "198.51.100.17", "tcp 80"), 1U);
}

TEST(MakeImage, C5AddingAnAllowRemovesNoPermission) {
  int permissions = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Program before = random_program(random);
    Program after = before;
    for (const Rule& rule : random_program(random).rules) {
      const bool stands_alone = rule.action == Action::allow && !rule.zone;
      if (stands_alone) after.rules.push_back(rule);
    }
    const Image narrow = make_image(before);
    const Image wide = make_image(after);
    for (const Address& remote : remote_boundaries(after, {})) {
      for (const Service& service : service_boundaries(after)) {
        const std::uint32_t key = SP_SERVICE_KEY(service.protocol, service.first);
        const std::uint32_t was = static_cell(narrow, "10.20.0.3", remote.text(), key);
        if (was == 0 || (was & SP_CELL_DENY) != 0) continue;
        ++permissions;
        ASSERT_EQ(static_cell(wide, "10.20.0.3", remote.text(), key), was)
            << remote.text() << " " << service.text();
      }
    }
  }
  EXPECT_GT(permissions, 10'000);
}

TEST(MakeImage, RulesWithEqualRemotesShareAGroup) {
  Rule consenting = allow({"tcp 22"}, {"192.0.2.0/24"});
  consenting.private_ok = true;
  const Image image = make_image(
      program_of({allow({"tcp 80"}, {"192.0.2.0/24"}), deny({"tcp 80"}, {"192.0.2.0/24"}),
                  allow({"udp 80"}, {"192.0.2.0/24"}), consenting}));
  Numbers groups;
  for (const ImageRule& rule : image.rules) groups.push_back(rule.group);
  EXPECT_EQ(groups, (Numbers{1, 2, 1, 3}));
  EXPECT_TRUE(image.groups[3].private_ok);
}

TEST(MakeImage, NamesListTheGroupsThatNameThemOrWhosePatternCoversThem) {
  const Image image = make_image(program_of(
      {allow({"tcp 1"}, {"a.example.com"}), allow({"tcp 2"}, {".example.com"}),
       allow({"tcp 3"}, {"*.example.com"}), allow({"tcp 4"}, {"a.example.com", "b.example.net"})}));
  const std::vector<ImageName> wanted{{host("a.example.com"), {1, 2, 3, 4}},
                                      {host("b.example.net"), {4}},
                                      {host("example.com"), {2}}};
  EXPECT_EQ(image.names, wanted);
}

TEST(MakeImage, NamesHaveTheirLabelsBeforeTheFirstAnswer) {
  Image image = make_image(
      program_of({allow({"tcp 1"}, {"a.example.com"}), allow({"tcp 2"}, {"b.example.com"})}));
  const std::size_t before = image.labels.remote_groups.size();
  Labeler labeler(image, image.labels);
  const ViewedName name = host("b.example.com");
  EXPECT_LT(labeler.label_for(address("198.51.100.1"), {&name, 1}), before);
}

TEST(MakeImage, AnAllowLeavesSpecialRangesOutAndADenyDoesNot) {
  const Image image =
      make_image(program_of({allow({"tcp 443"}, {"0.0.0.0/0"}), deny({"udp 443"}, {"0.0.0.0/0"}),
                             allow({"tcp 80"}, {"169.254.169.254"})}));
  EXPECT_EQ(cell(image, "198.51.100.1", "tcp 443"), 1U);
  EXPECT_EQ(cell(image, "169.254.169.254", "tcp 443"), 0U);
  EXPECT_EQ(cell(image, "127.0.0.1", "tcp 443"), 0U);
  EXPECT_EQ(cell(image, "127.0.0.1", "udp 443"), denied(2));
  EXPECT_EQ(cell(image, "169.254.169.254", "tcp 80"), 3U);
}

TEST(MakeImage, ADenyWinsWhereverItStands) {
  const Image image = make_image(
      program_of({allow({"tcp 443"}, {"192.0.2.0/24"}), deny({"tcp 1-500"}, {"192.0.2.66"}),
                  deny_every_service({"192.0.2.66"})}));
  EXPECT_EQ(cell(image, "192.0.2.65", "tcp 443"), 1U);
  EXPECT_EQ(cell(image, "192.0.2.66", "tcp 443"), denied(2));
  EXPECT_EQ(cell(image, "192.0.2.66", "tcp 501"), denied(3));
  EXPECT_EQ(cell(image, "192.0.2.66", "gre"), denied(3));
  EXPECT_EQ(fragment_cell(image, "192.0.2.66", 47), denied(3));
  EXPECT_EQ(fragment_cell(image, "192.0.2.66", protocol_tcp), denied(2));
}

TEST(MakeImage, ZonesThatOverlapUnite) {
  Program program =
      program_of({in_zone(0, allow({"tcp 1"}, {"192.0.2.1"})),
                  in_zone(1, allow({"tcp 2"}, {"192.0.2.1"})), allow({"tcp 3"}, {"192.0.2.1"})});
  program.zones = {{"staff", {AddressRange::parse("10.0.0.0/8").value()}},
                   {"lab", {AddressRange::parse("10.1.0.0/16").value()}}};
  const Image image = make_image(program);
  EXPECT_EQ(image.zone_sets, (std::vector<Numbers>{{}, {0}, {0, 1}}));

  struct Row {
    const char* local;
    Numbers cells;  // for tcp 1, 2 and 3
  };
  for (const Row& row : {Row{"10.0.0.1", {1, 0, 3}}, Row{"10.1.0.1", {1, 2, 3}},
                         Row{"172.16.0.1", {0, 0, 3}}, Row{"2001:db8::1", {0, 0, 3}}}) {
    Numbers cells;
    for (const std::uint32_t port : {1U, 2U, 3U}) {
      cells.push_back(
          static_cell(image, row.local, "192.0.2.1", SP_SERVICE_KEY(protocol_tcp, port)));
    }
    EXPECT_EQ(cells, row.cells) << row.local;
  }
}

TEST(MakeImage, TheDnsGuardOpensOnlyToItsOwnPortOrAtAResolver) {
  Program program = program_of({allow({"tcp 0-65535", "udp 50-60"}, {"192.0.2.0/24"}),
                                allow({"udp 53", "tcp 853"}, {"203.0.113.0/24"}),
                                deny({"udp 50-60"}, {"192.0.2.9"})});
  program.resolvers = {{"office", {{address("192.0.2.53"), 53}}}};
  const Image image = make_image(program);
  struct Row {
    const char* remote;
    const char* service;
    std::uint32_t cell;
  };
  for (const Row& row :
       {Row{"192.0.2.1", "tcp 52", 1}, Row{"192.0.2.1", "tcp 53", 0}, Row{"192.0.2.1", "tcp 54", 1},
        Row{"192.0.2.1", "tcp 853", 0}, Row{"192.0.2.1", "udp 53", 0},
        Row{"192.0.2.1", "udp 52", 1}, Row{"192.0.2.53", "tcp 53", 1},
        Row{"192.0.2.53", "udp 53", 1}, Row{"192.0.2.53", "tcp 853", 0},
        Row{"203.0.113.1", "udp 53", 2}, Row{"203.0.113.1", "tcp 853", 2},
        Row{"203.0.113.1", "tcp 53", 0}, Row{"192.0.2.9", "udp 53", denied(3)}}) {
    EXPECT_EQ(cell(image, row.remote, row.service), row.cell) << row.remote << " " << row.service;
  }
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_tcp), 1U)
      << "the guard alone closes 53, 853";
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_udp), 0U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.9", protocol_udp), denied(3));
}

TEST(MakeImage, APortNamedBesideARangeIsNotGuarded) {
  const Image image =
      make_image(program_of({allow({"tcp 0-65535", "tcp 53", "tcp 853"}, {"192.0.2.1"})}));
  EXPECT_EQ(image.rules[0].guarded_services, Numbers{});
  EXPECT_EQ(cell(image, "192.0.2.1", "tcp 53"), 1U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_tcp), 1U);
}

TEST(MakeImage, FragmentsPassOnlyWhereEveryPortPasses) {
  const Image image = make_image(program_of(
      {allow({"tcp 0-1000"}, {"192.0.2.1"}), allow({"tcp 1001-65535"}, {"192.0.2.1"}),
       allow({"udp 0-852", "udp 854-65535"}, {"192.0.2.1"}), allow({"gre"}, {"192.0.2.1"}),
       allow({"icmp 0-255"}, {"192.0.2.1"}), allow({"icmpv6 128"}, {"2001:db8::1"})}));
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_tcp), 1U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_udp), 0U) << "no range contains 853";
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", 47), 4U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", protocol_icmp), 5U);
  EXPECT_EQ(fragment_cell(image, "2001:db8::1", protocol_icmpv6), 0U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.1", 132), 0U);
  EXPECT_EQ(fragment_cell(image, "192.0.2.2", protocol_tcp), 0U);
}

TEST(MakeImage, PortsThatTheSameRulesMatchHaveOneLabel) {
  const Image image = make_image(program_of(
      {allow({"tcp 80", "udp 443", "gre"}, {"192.0.2.1"}), allow({"tcp 80"}, {"192.0.2.2"})}));
  const auto label = [&](std::string_view text) {
    const Service service = Service::parse(text).value();
    return image.service.find(SP_SERVICE_KEY(service.protocol, service.first));
  };
  EXPECT_EQ(label("udp 443"), label("gre"));
  EXPECT_NE(label("tcp 80"), label("gre"));
  EXPECT_EQ(label("tcp 81"), 0U);
  EXPECT_EQ(label("udp 53"), 0U);
}

TEST(MakeImage, EqualRowsAreStoredOnce) {
  const Image image = make_image(
      program_of({allow({"tcp 80"}, {"192.0.2.1", "a.example.com"}),
                  deny({"tcp 443"}, {"192.0.2.0/31"}), deny({"tcp 443"}, {"192.0.2.1"})}));
  // 192.0.2.0, 192.0.2.1 and the name; the third group never decides, yet is a label of its own.
  EXPECT_EQ(image.labels.remote_groups, (std::vector<Numbers>{{}, {2}, {1, 2, 3}, {1}}));
  EXPECT_EQ(image.labels.verdicts.size(), 4U);
  EXPECT_EQ(image_fault(image), std::nullopt);
}

}  // namespace
}  // namespace sallyport
