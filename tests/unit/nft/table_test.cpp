// SPDX-License-Identifier: GPL-2.0-or-later
// What no table may hold is refused (C4, C12), and no emitted table holds it.
#include "compiler/nft/table.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

#include <random>

#include "compiler/label/labeler.h"
#include "compiler/nft/rule_builder.h"
#include "compiler/nft/ruleset.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport::nft {
namespace {

Table sound_table() {
  Table table;
  table.name = "sallyport-test";
  table.generation_prefix = "g1_";
  table.counters = {{"dropped", "everything"}};
  table.chains = {{.name = "judge", .comment = "all", .rules = {RuleBuilder().drop()}}};
  table.sets = {{.name = "blocked", .key = {KeyPart::ipv4}, .interval = true},
                {.name = "open", .key = {KeyPart::ipv4, KeyPart::protocol, KeyPart::port}}};
  return table;
}

Table with_rule(Rule rule) {
  Table table = sound_table();
  table.chains[0].rules.push_back(std::move(rule));
  return table;
}

Table with_intervals(std::vector<std::pair<const char*, const char*>> intervals) {
  Table table = sound_table();
  for (const auto& [first, last] : intervals) {
    table.sets[0].intervals.push_back({key_of(address(first)), key_of(address(last)), 0});
  }
  return table;
}

TEST(NftTableFault, ASoundTableHasNone) {
  EXPECT_EQ(table_fault(sound_table()), std::nullopt);
}

TEST(NftTableFault, C12_TheFirstNextHeaderOfIPv6IsNotTheProtocol) {
  EXPECT_TRUE(table_fault(with_rule({.text = "ip6 nexthdr 6 accept", .expressions = {}})));
  const auto loads = [](std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
    return table_fault(with_rule({.text = "accept",
                                  .expressions = {PayloadLoad{base, offset, size, 1},
                                                  Verdict{Action::accept, {}}}}))
        .has_value();
  };
  EXPECT_TRUE(loads(NFT_PAYLOAD_NETWORK_HEADER, 6, 1));
  EXPECT_TRUE(loads(NFT_PAYLOAD_NETWORK_HEADER, 4, 4));
  EXPECT_TRUE(loads(NFT_PAYLOAD_NETWORK_HEADER, 0, 40));
  EXPECT_TRUE(loads(NFT_PAYLOAD_NETWORK_HEADER, 6, 2));
  // The fragment field of IPv4, the hop limit of IPv6, the window of TCP.
  EXPECT_FALSE(
      table_fault(with_rule(RuleBuilder().header_word(6, 0x3fff, Relation::unequal, 0).drop())));
  EXPECT_TRUE(
      table_fault(with_rule(RuleBuilder().header_word(6, 0xff00, Relation::equal, 0x600).drop())));
  EXPECT_FALSE(loads(NFT_PAYLOAD_NETWORK_HEADER, 7, 1));
  EXPECT_FALSE(loads(NFT_PAYLOAD_TRANSPORT_HEADER, 6, 1));
  // The protocol behind every extension header, and the one behind the fragment header.
  EXPECT_FALSE(table_fault(with_rule(RuleBuilder().protocols(6, 6).accept())));
  EXPECT_FALSE(table_fault(with_rule(RuleBuilder().behind_fragment_header(60).drop())));
}

/// Where TCP follows the fixed header there is no extension header: rules that need one may be left
/// out, and nothing else.
TEST(NftTableFault, C12_TheNextHeaderMayOnlyLeaveOutTestsForExtensionHeaders) {
  const auto fault = [](Rule guard, Rule behind,
                        Rule more = RuleBuilder().extension(44, true).drop()) {
    Table table = with_rule(std::move(guard));
    table.chains.push_back({.name = "behind", .rules = {std::move(behind), std::move(more)}});
    return table_fault(table).has_value();
  };
  const auto guard = [] { return RuleBuilder().may_be_extended(); };
  const Rule looks_for_route = RuleBuilder().extension(43, true).drop();
  EXPECT_FALSE(fault(guard().jump("behind"), looks_for_route));
  EXPECT_FALSE(fault(guard().jump("behind"), RuleBuilder().extension(43, true).accept()));

  EXPECT_TRUE(fault(guard().accept(), looks_for_route));
  EXPECT_TRUE(fault(guard().drop(), looks_for_route));
  EXPECT_TRUE(fault(guard().leave(), looks_for_route));
  EXPECT_TRUE(fault(guard().go("behind"), looks_for_route)) << "what has none would not go on";
  EXPECT_TRUE(fault(guard().jump("nowhere"), looks_for_route));
  EXPECT_TRUE(fault(guard().jump("behind"), RuleBuilder().drop()));
  EXPECT_TRUE(fault(guard().jump("behind"), RuleBuilder().extension(43, false).drop()));
  EXPECT_TRUE(fault(guard().jump("behind"), looks_for_route, RuleBuilder().protocols(6, 6).drop()));
  const auto next_header = [](Relation relation, std::uint8_t number) {
    return RuleBuilder().header_byte(6, 0xff, relation, number).jump("behind");
  };
  EXPECT_FALSE(fault(next_header(Relation::unequal, 6), looks_for_route));
  EXPECT_TRUE(fault(next_header(Relation::equal, 6), looks_for_route));
  EXPECT_TRUE(fault(next_header(Relation::unequal, 43), looks_for_route));
  EXPECT_TRUE(fault(next_header(Relation::greater, 6), looks_for_route));

  Table entered = with_rule(guard().jump("behind"));
  entered.chains.push_back({.name = "behind", .rules = {looks_for_route}});
  EXPECT_FALSE(table_fault(entered));
  entered.entries = {{"behind", RuleBuilder().accept()}};
  EXPECT_TRUE(table_fault(entered));
  Table entry = sound_table();
  entry.entries = {{"judge", next_header(Relation::equal, 6)}};
  EXPECT_TRUE(table_fault(entry));
}

TEST(NftTableFault, C12_AConcatenationBeginsWithTheAddress) {
  const auto key = [](std::vector<KeyPart> parts) {
    Table table = sound_table();
    table.sets[1].key = std::move(parts);
    return table_fault(table).has_value();
  };
  EXPECT_TRUE(key({KeyPart::protocol, KeyPart::port}));
  EXPECT_TRUE(key({KeyPart::protocol, KeyPart::ipv4}));
  EXPECT_TRUE(key({KeyPart::port, KeyPart::ipv6}));
  EXPECT_TRUE(key({KeyPart::device, KeyPart::ipv4}));
  EXPECT_FALSE(key({KeyPart::ipv4, KeyPart::protocol, KeyPart::port}));
  EXPECT_FALSE(key({KeyPart::ipv6, KeyPart::port}));
  EXPECT_FALSE(key({KeyPart::port}));
}

TEST(NftTableFault, C4_IntervalsAreDisjointAndSorted) {
  using List = std::vector<std::pair<const char*, const char*>>;
  const List good[] = {{},
                       {{"10.0.0.0", "10.0.0.0"}},
                       {{"10.0.0.0", "10.0.0.9"}, {"10.0.0.10", "10.0.0.20"}},
                       {{"0.0.0.0", "255.255.255.255"}}};
  for (const List& intervals : good) EXPECT_FALSE(table_fault(with_intervals(intervals)));
  const List bad[] = {{{"10.0.0.9", "10.0.0.0"}},
                      {{"10.0.0.0", "10.0.0.9"}, {"10.0.0.9", "10.0.0.20"}},
                      {{"10.0.0.0", "10.0.0.9"}, {"10.0.0.0", "10.0.0.9"}},
                      {{"10.0.0.0", "10.0.0.9"}, {"10.0.0.3", "10.0.0.4"}},
                      {{"10.0.1.0", "10.0.1.9"}, {"10.0.0.0", "10.0.0.9"}}};
  for (const List& intervals : bad) EXPECT_TRUE(table_fault(with_intervals(intervals)));
}

TEST(NftTableFault, C4_KeysAreSortedAndEachOccursOnce) {
  const Key low = key_of(address("192.0.2.1"), protocol_tcp, 80);
  const Key high = key_of(address("192.0.2.1"), protocol_tcp, 443);
  const auto with = [](std::vector<Element> elements) {
    Table table = sound_table();
    table.sets[1].elements = std::move(elements);
    return table_fault(table).has_value();
  };
  EXPECT_FALSE(with({{low, 0}, {high, 0}}));
  EXPECT_TRUE(with({{high, 0}, {low, 0}}));
  EXPECT_TRUE(with({{low, 0}, {low, 0}}));
  EXPECT_TRUE(with({{low, 0}, {low, 1}}));
}

TEST(NftTableFault, NamesAndCommentsAreThoseThatNftReads) {
  const auto refused = [](auto change) {
    Table table = sound_table();
    change(table);
    return table_fault(table).has_value();
  };
  for (const char* name : {"", "1st", "a b", "a\"", "sally;port"}) {
    EXPECT_TRUE(refused([&](Table& table) { table.name = name; })) << name;
    EXPECT_TRUE(refused([&](Table& table) { table.chains[0].name = name; })) << name;
    EXPECT_TRUE(refused([&](Table& table) { table.sets[0].name = name; })) << name;
    EXPECT_TRUE(refused([&](Table& table) { table.counters[0].name = name; })) << name;
  }
  for (const std::string& comment :
       {std::string("a \"b\""), std::string("a\nb"), std::string("\\"), std::string(128, 'x')}) {
    EXPECT_TRUE(refused([&](Table& table) { table.chains[0].comment = comment; })) << comment;
    EXPECT_TRUE(refused([&](Table& table) { table.counters[0].comment = comment; })) << comment;
    EXPECT_FALSE(refused([&](Table& table) { table.chains[0].comment = comment_of(comment); }));
  }
}

TEST(NftTableFault, C4_C12_NoTableOfARandomProgramHasOne) {
  std::mt19937_64 random(20240602);
  for (int round = 0; round < 400; ++round) {
    const Program program = random_program(random);
    Options options;
    options.conntrack = round % 2 == 0;
    options.host = round % 8 == 0;
    options.proof = round % 4 == 1;
    options.pieces_first = round % 3 != 0;
    if (round % 5 > 0) options.devices = {"lan0"};
    if (round % 5 == 2) options.devices = {"lan0", "lan1", "lan0"};
    Ruleset ruleset(make_image(program), options);
    EXPECT_EQ(table_fault(ruleset.table()), std::nullopt);
    std::map<Address, std::vector<ViewedName>> names;
    for (const auto& [name, addresses] : random_bindings(random)) {
      for (const Address& address : addresses) names[address].push_back(name);
    }
    for (const auto& [address, of_address] : names) (void)ruleset.bind(address, of_address);
    EXPECT_EQ(table_fault(ruleset.table()), std::nullopt);
  }
}

/// What nft(8) would read as grammar or as a pattern is no device.
TEST(NftDeviceName, is_what_may_stand_in_a_rule) {
  for (const char* name :
       {"lan0", "eth0.100", "br-lan", "wg_1", "veth@1", "a", "fifteen-letters"}) {
    EXPECT_TRUE(is_device_name(name)) << name;
  }
  for (const char* name : {"", ".", "..", "lan*", "a b", "a\"b", "a\n", "a;", "sixteen-letters-"}) {
    EXPECT_FALSE(is_device_name(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::nft
