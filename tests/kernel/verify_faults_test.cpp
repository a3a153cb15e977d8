// SPDX-License-Identifier: GPL-2.0-or-later
// Who verifies the verification? Small faults planted in what each engine enforces, one at a time:
// the comparison with the evaluator must find every one, and nothing in what is sound (C2).
#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>

#include "compiler/label/labeler.h"
#include "compiler/nft/rule_builder.h"
#include "runtime/verify.h"
#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

/// Something of everything: two zones, denies, keys, ranges, ICMP, other protocols, names.
Program specimen() {
  constexpr std::uint32_t staff = 0;
  constexpr std::uint32_t guests = 1;
  Program program = program_of({
      in_zone(staff, deny({"tcp 8443"}, {"198.51.100.64/26", "2001:db8:100:40::/58"})),
      deny_every_service({"192.0.2.128/25", "2001:db8:bad::/48"}),
      in_zone(staff, allow({"tcp 443", "tcp 8443"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      in_zone(staff, allow({"tcp 1000-2000"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      in_zone(guests, allow({"udp 5000-6000", "tcp 443"}, {"192.0.2.0/24", "2001:db8:ba0::/44"})),
      allow({"icmp 8", "icmpv6 128"}, {"198.51.100.0/24", "2001:db8:100::/48"}),
      in_zone(staff, allow({"gre"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      allow({"tcp 0-65535"}, {"203.0.113.64-203.0.113.130", "2001:db8:200::/64"}),
      allow({"udp 0-65535"}, {"10.0.0.0/24"}),
      in_zone(staff, allow({"tcp 443"}, {"relay.example.com", "*.example.net"})),
      allow({"tcp 2001-3000"}, {"relay.example.com"}),
  });
  program.zones = {{"staff", {range("10.20.0.0/16"), range("2001:db8:20::/48")}},
                   {"guests", {range("10.30.0.0-10.30.0.99"), range("2001:db8:30::/64")}}};
  program.resolvers = {{"local", {{address("10.0.0.53"), 53}}}};
  return program;
}

template <class Value>
struct Fault {
  const char* what;
  std::function<void(Value&)> plant;
};

void say(const VerifyReport& report) {
  std::cout << report.tried << " atoms, " << report.passing << " pass, " << report.engines.size()
            << " engines, " << report.seconds << " s\n";
  for (const VerifiedEngine& engine : report.engines) {
    std::cout << "  " << engine.name << ": " << engine.disagreements << " of " << engine.atoms;
    if (!engine.examples.empty()) std::cout << ", first: " << engine.examples.front();
    std::cout << '\n';
  }
}

/// The first engine is the sound one; every other must have been found.
void expect_found(const VerifyReport& report) {
  say(report);
  ASSERT_FALSE(report.sampled());
  ASSERT_FALSE(report.engines.empty());
  EXPECT_GT(report.passing, 1000U);
  const VerifiedEngine& control = report.engines.front();
  EXPECT_GT(control.atoms, 0U);
  EXPECT_EQ(control.disagreements, 0U) << control.examples.front();
  for (std::size_t i = 1; i < report.engines.size(); ++i) {
    EXPECT_GT(report.engines[i].disagreements, 0U) << "not found: " << report.engines[i].name;
  }
}

class PlantedFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  }

  Result<Datapath> datapath_of(const Image& image, const NftProof::Bindings& bindings) {
    auto datapath = Datapath::load(image, static_cast<std::uint32_t>(bindings.size()));
    if (!datapath) return datapath;
    for (const auto& [address, names] : bindings) {
      if (auto bound = datapath->bind(address, names); !bound)
        return std::unexpected(bound.error());
    }
    return datapath;
  }

  const Program program_ = specimen();
  const Image image_ = make_image(program_);
  const BootClock clock_;
};

// ---- nftables ----

using nft::Table;

nft::Chain& chain_called(Table& table, std::string_view name) {
  const auto found = std::ranges::find(table.chains, name, &nft::Chain::name);
  EXPECT_NE(found, table.chains.end()) << name;
  return *found;
}

nft::Set& set_called(Table& table, std::string_view name) {
  const auto found = std::ranges::find(table.sets, name, &nft::Set::name);
  EXPECT_NE(found, table.sets.end()) << name;
  return *found;
}

/// What the names of the zone's chains and sets begin with.
std::string prefix_of_zone(const Table& table, const std::string& zone) {
  const auto found = std::ranges::find_if(table.chains, [&](const nft::Chain& chain) {
    return chain.comment == "from " + zone && chain.name.ends_with("_ip4") &&
           chain.name.find("later") == std::string::npos;
  });
  EXPECT_NE(found, table.chains.end()) << zone;
  return found->name.substr(0, found->name.size() - 3);
}
std::string staff(const Table& table, const std::string& what) {
  return prefix_of_zone(table, "staff") + what;
}

/// The key as a number, of `size` bytes, plus `by`.
void add_to(nft::Key& key, std::size_t size, int by) {
  int carry = by;
  for (std::size_t i = size; i-- > 0 && carry != 0;) {
    const int sum = key[i] + carry;
    key[i] = static_cast<std::uint8_t>(sum & 0xff);
    carry = (sum - (sum & 0xff)) / 256;
  }
}

nft::Element& element_with(nft::Set& set, std::uint8_t protocol, std::uint16_t port) {
  const std::size_t behind = nft::size_of(set.key[0]);
  const auto found = std::ranges::find_if(set.elements, [&](const nft::Element& element) {
    return element.key[behind] == protocol &&
           (element.key[behind + 4] << 8 | element.key[behind + 5]) == port;
  });
  EXPECT_NE(found, set.elements.end()) << set.name;
  return *found;
}

void sort(nft::Set& set) {
  std::ranges::sort(set.elements);
}

/// Changes the first expression of the kind for which `change` returns true.
template <class Kind>
void change_expression(nft::Chain& chain, const std::function<bool(Kind&)>& change) {
  for (nft::Rule& rule : chain.rules) {
    for (nft::Expression& expression : rule.expressions) {
      auto* kind = std::get_if<Kind>(&expression);
      if (kind != nullptr && change(*kind)) return;
    }
  }
  ADD_FAILURE() << "no such expression in " << chain.name;
}

/// The first comparison of this operation with a value of so many bytes.
void move_edge(nft::Chain& chain, std::uint32_t operation, std::size_t size, int by) {
  change_expression<nft::Compare>(chain, [&](nft::Compare& compare) {
    if (compare.operation != operation || compare.value.size() != size) return false;
    char& last = compare.value.back();
    last = static_cast<char>(last + by);
    return true;
  });
}

/// The first rule of the table in whose text all of this is.
nft::Chain& chain_with_rule(Table& table, std::string_view beginning, std::string_view words) {
  for (nft::Chain& chain : table.chains) {
    if (!chain.name.starts_with(beginning)) continue;
    for (const nft::Rule& rule : chain.rules) {
      if (rule.text.find(words) != std::string::npos) return chain;
    }
  }
  ADD_FAILURE() << "no rule " << words << " in a chain " << beginning;
  return table.chains.front();
}

void remove_rules(nft::Chain& chain, std::string_view words) {
  const auto removed = std::erase_if(chain.rules, [&](const nft::Rule& rule) {
    return rule.text.find(words) != std::string::npos;
  });
  EXPECT_GT(removed, 0U) << words;
}

void set_verdicts(nft::Chain& chain, nft::Action from, nft::Action to) {
  for (nft::Rule& rule : chain.rules) {
    auto* verdict = std::get_if<nft::Verdict>(&rule.expressions.back());
    if (verdict != nullptr && verdict->action == from) verdict->action = to;
  }
}

nft::Interval& interval_from(nft::Set& set, std::string_view first) {
  const auto found =
      std::ranges::find(set.intervals, nft::key_of(address(first)), &nft::Interval::first);
  EXPECT_NE(found, set.intervals.end()) << set.name << " from " << first;
  return *found;
}

const std::vector<Fault<Table>> nft_faults = {
    {"a deny begins one address late",
     [](Table& table) {
       add_to(interval_from(set_called(table, staff(table, "deny4")), "198.51.100.64").first, 4, 1);
     }},
    {"a deny ends one address early",
     [](Table& table) {
       add_to(interval_from(set_called(table, staff(table, "deny4")), "198.51.100.64").last, 4, -1);
     }},
    {"a deny of IPv6 ends one address early",
     [](Table& table) {
       add_to(interval_from(set_called(table, staff(table, "deny6")), "2001:db8:100:40::").last, 16,
              -1);
     }},
    {"a range of ports is open one address early",
     [](Table& table) {
       add_to(set_called(table, staff(table, "wide4")).intervals.front().first, 4, -1);
     }},
    {"a range of ports is open one address too long",
     [](Table& table) {
       add_to(set_called(table, staff(table, "wide4")).intervals.back().last, 4, 1);
     }},
    {"a key is missing",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip4_32"));
       const nft::Element gone = element_with(set, protocol_tcp, 443);
       std::erase(set.elements, gone);
     }},
    {"a key for the next address",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip4_32"));
       nft::Element more = element_with(set, protocol_tcp, 443);
       add_to(more.key, 4, 1);
       set.elements.push_back(more);
       sort(set);
     }},
    {"a key for the next port",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip4_32"));
       nft::Element more = element_with(set, protocol_tcp, 443);
       ++more.key[9];
       set.elements.push_back(more);
       sort(set);
     }},
    {"a wrong port in a key",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip4_32"));
       --element_with(set, protocol_tcp, 443).key[9];
       sort(set);
     }},
    {"a wrong protocol in a key",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip4_32"));
       element_with(set, protocol_tcp, 443).key[4] = protocol_udp;
       sort(set);
     }},
    {"one bit of an IPv6 key",
     [](Table& table) {
       nft::Set& set = set_called(table, staff(table, "ip6_48"));
       element_with(set, protocol_tcp, 443).key[5] ^= 1;
       sort(set);
     }},
    {"two zones exchanged",
     [](Table& table) {
       auto& zones = set_called(table, "g1_zones4").intervals;
       ASSERT_GT(zones.size(), 1U);
       std::swap(zones.front().target, zones.back().target);
     }},
    {"two zones of IPv6 exchanged",
     [](Table& table) {
       auto& zones = set_called(table, "g1_zones6").intervals;
       ASSERT_GT(zones.size(), 1U);
       std::swap(zones.front().target, zones.back().target);
     }},
    {"a zone is one address too long",
     [](Table& table) { add_to(set_called(table, "g1_zones4").intervals.back().last, 4, 1); }},
    {"a zone begins one address late",
     [](Table& table) { add_to(set_called(table, "g1_zones4").intervals.front().first, 4, 1); }},
    {"a deny is missing",
     [](Table& table) {
       auto& intervals = set_called(table, staff(table, "deny4")).intervals;
       std::erase_if(intervals, [](const nft::Interval& interval) {
         return interval.first == nft::key_of(address("198.51.100.64"));
       });
     }},
    {"the denies are not asked",
     [](Table& table) { remove_rules(chain_called(table, staff(table, "ip4")), "deny4"); }},
    {"a deny accepts",
     [](Table& table) {
       set_verdicts(chain_with_rule(table, "g1_deny4_", "dport 8443"), nft::Action::leave,
                    nft::Action::accept);
     }},
    {"a deny of everything forgets a protocol",
     [](Table& table) {
       for (nft::Chain& chain : table.chains) {
         if (!chain.name.starts_with("g1_deny6_")) continue;
         for (nft::Rule& rule : chain.rules) {
           if (!rule.text.starts_with("counter")) continue;
           rule = nft::RuleBuilder().protocols(protocol_udp, protocol_udp).leave();
         }
       }
     }},
    {"the allow rules come before the denies",
     [](Table& table) {
       auto& rules = chain_called(table, staff(table, "ip4")).rules;
       rules.insert(rules.begin(), nft::RuleBuilder().jump(staff(table, "allow4")));
     }},
    {"a later fragment passes",
     [](Table& table) {
       auto& rules = chain_called(table, "later_pieces").rules;
       rules.push_back(nft::RuleBuilder().protocols(protocol_tcp, protocol_tcp).accept());
     }},
    {"a first fragment is not looked at",
     [](Table& table) {
       chain_called(table, "first_piece4").rules = {nft::RuleBuilder().go("judge4")};
     }},
    {"a first fragment drops",
     [](Table& table) { chain_called(table, "first_piece4").rules.clear(); }},
    {"a fragment over the flags of TCP is a later one like others",
     [](Table& table) { remove_rules(chain_called(table, "later_pieces"), "frag-off"); }},
    {"no rule for later fragments",
     [](Table& table) { remove_rules(chain_called(table, "pieces"), "ip frag-off & 8191"); }},
    {"no rule for later fragments of IPv6",
     [](Table& table) { remove_rules(chain_called(table, "pieces"), "frag frag-off"); }},
    {"fragments are not judged",
     [](Table& table) { remove_rules(chain_called(table, "prerouting"), "jump outward_pieces"); }},
    {"fragments of IPv6 are not judged",
     [](Table& table) { remove_rules(chain_called(table, "prerouting"), "jump extended"); }},
    {"a mask is one bit short",
     [](Table& table) {
       change_expression<nft::Mask>(chain_called(table, staff(table, "allow6")),
                                    [](nft::Mask& mask) {
                                      const std::size_t end = mask.mask.find('\0');
                                      mask.mask.at(end - 1) = static_cast<char>(0xfe);
                                      return true;
                                    });
     }},
    {"an ICMP type is one off",
     [](Table& table) {
       nft::Chain& chain = chain_with_rule(table, "g1_wide4_", "icmp type 8");
       change_expression<nft::Compare>(chain, [](nft::Compare& compare) {
         if (compare.value != "\x08") return false;
         compare.value = "\x09";
         return true;
       });
     }},
    {"a range of ports begins one late",
     [](Table& table) {
       move_edge(chain_with_rule(table, "g1_wide4_", "dport 1000-2000"), NFT_CMP_GTE, 2, 1);
     }},
    {"a range of ports ends one late",
     [](Table& table) {
       move_edge(chain_with_rule(table, "g1_wide4_", "dport 1000-2000"), NFT_CMP_LTE, 2, 1);
     }},
    {"a bound address is missing where its keys are",
     [](Table& table) { set_called(table, staff(table, "ip4_32")).elements.clear(); }},
    {"a bound address is missing where its ranges are",
     [](Table& table) { set_called(table, staff(table, "wide4_bound")).elements.clear(); }},
    {"what nothing accepts passes",
     [](Table& table) { chain_called(table, "forward").rules.pop_back(); }},
    {"what nothing accepts of IPv6 passes",
     [](Table& table) { chain_called(table, "forward6").rules.pop_back(); }},
    {"IPv6 is judged as IPv4",
     [](Table& table) { remove_rules(chain_called(table, "forward"), "goto forward6"); }},
};

TEST_F(PlantedFaults, C2_EveryOneInTheNftablesTableIsFound) {
  Verification verification(program_, {}, clock_);
  auto sound = NftProof::make(image_, false, verification.bindings());
  ASSERT_TRUE(sound) << sound.error().text();
  const Table table = sound->table();
  verification.add("sound", std::move(*sound));
  for (const auto& [what, plant] : nft_faults) {
    SCOPED_TRACE(what);
    Table faulty = table;
    ASSERT_NO_FATAL_FAILURE(plant(faulty));
    ASSERT_NE(faulty, table);
    auto proof = NftProof::make(std::move(faulty), image_);
    ASSERT_TRUE(proof) << proof.error().text();
    verification.add(what, std::move(*proof));
  }
  const auto report = verification.run([](std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(report) << report.error().text();
  expect_found(*report);
}

const std::vector<Fault<Table>> tracked_faults = {
    {"a quoted port is one off",
     [](Table& table) {
       move_edge(chain_with_rule(table, "g1_quoted4_", "0x1bb"), NFT_CMP_EQ, 2, 1);
     }},
    {"a range of quoted ports begins one late",
     [](Table& table) {
       move_edge(chain_with_rule(table, "g1_quoted4_", "0x3e8-"), NFT_CMP_GTE, 2, 1);
     }},
    {"quotes of IPv6 are not looked at",
     [](Table& table) { chain_with_rule(table, "g1_quoted6_", "accept").rules.clear(); }},
    {"every quote passes",
     [](Table& table) {
       auto& rules = chain_called(table, staff(table, "errors4")).rules;
       rules.insert(rules.begin(), nft::RuleBuilder().accept());
     }},
    {"errors need not be about a flow of the zone",
     [](Table& table) {
       auto& intervals = set_called(table, staff(table, "local4")).intervals;
       add_to(intervals.front().last, 4, -1);
     }},
};

TEST_F(PlantedFaults, C2_D11_EveryOneInWhatIsSaidOfIcmpErrorsIsFound) {
  Verification verification(program_, {}, clock_);
  auto sound = NftProof::make(image_, true, verification.bindings());
  ASSERT_TRUE(sound) << sound.error().text();
  const Table table = sound->table();
  verification.add_tracked("sound", std::move(*sound));
  for (const auto& [what, plant] : tracked_faults) {
    SCOPED_TRACE(what);
    Table faulty = table;
    ASSERT_NO_FATAL_FAILURE(plant(faulty));
    ASSERT_NE(faulty, table);
    auto proof = NftProof::make(std::move(faulty), image_);
    ASSERT_TRUE(proof) << proof.error().text();
    verification.add_tracked(what, std::move(*proof));
  }
  const auto report = verification.run([](std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(report) << report.error().text();
  expect_found(*report);
}

// ---- BPF ----

template <class Number>
void move_start(RangeTable<Number>& table, Number start, int by) {
  const auto found = std::ranges::find(table.starts, start);
  ASSERT_NE(found, table.starts.end());
  *found += static_cast<Number>(by);
}

std::uint32_t v4(std::string_view text) {
  return static_cast<std::uint32_t>(address(text).number);
}
Uint128 v6(std::string_view text) {
  return address(text).number;
}

/// The cell for a packet, with its row.
std::uint32_t& cell_of(Image& image, std::string_view local, std::string_view remote,
                       std::uint32_t service_key) {
  const std::uint32_t row =
      image.labels.rows.at(image.remote4.find(v4(remote))).at(image.zone4.find(v4(local)));
  return image.labels.verdicts.at(row).at(image.service.find(service_key));
}

template <class Number>
void exchange_labels(RangeTable<Number>& table, Number one, Number other) {
  const std::uint32_t first = table.find(one);
  const std::uint32_t second = table.find(other);
  ASSERT_NE(first, second);
  for (std::uint32_t& label : table.labels) {
    label = label == first ? second : label == second ? first : label;
  }
}

const std::vector<Fault<Image>> image_faults = {
    {"a range begins one address late",
     [](Image& image) { move_start(image.remote4, v4("198.51.100.0"), 1); }},
    {"a range ends one address late",
     [](Image& image) { move_start(image.remote4, v4("198.51.101.0"), 1); }},
    {"a deny begins one address late",
     [](Image& image) { move_start(image.remote4, v4("198.51.100.64"), 1); }},
    {"a range of IPv6 begins one address late",
     [](Image& image) { move_start(image.remote6, v6("2001:db8:100::"), 1); }},
    {"a range of IPv6 ends one address early",
     [](Image& image) { move_start(image.remote6, v6("2001:db8:101::"), -1); }},
    {"a zone ends one address late",
     [](Image& image) { move_start(image.zone4, v4("10.30.0.100"), 1); }},
    {"a zone of IPv6 begins one address late",
     [](Image& image) { move_start(image.zone6, v6("2001:db8:20::"), 1); }},
    {"two zones exchanged",
     [](Image& image) { exchange_labels(image.zone4, v4("10.20.0.0"), v4("10.30.0.0")); }},
    {"two remote labels exchanged",
     [](Image& image) { exchange_labels(image.remote4, v4("198.51.100.0"), v4("203.0.113.64")); }},
    {"a port begins one early",
     [](Image& image) { move_start(image.service, SP_SERVICE_KEY(6U, 443U), -1); }},
    {"a range of ports ends one late",
     [](Image& image) { move_start(image.service, SP_SERVICE_KEY(6U, 2001U), 1); }},
    {"an ICMP type is one off",
     [](Image& image) {
       move_start(image.service, SP_SERVICE_KEY(1U, 9U), 1);
       move_start(image.service, SP_SERVICE_KEY(1U, 8U), 1);
     }},
    {"a deny allows",
     [](Image& image) {
       std::uint32_t& cell =
           cell_of(image, "10.20.0.1", "198.51.100.64", SP_SERVICE_KEY(6U, 8443U));
       ASSERT_NE(cell & SP_CELL_DENY, 0U);
       cell &= ~SP_CELL_DENY;
     }},
    {"an allow denies",
     [](Image& image) {
       std::uint32_t& cell = cell_of(image, "10.20.0.1", "198.51.100.0", SP_SERVICE_KEY(6U, 443U));
       ASSERT_EQ(cell & SP_CELL_DENY, 0U);
       cell |= SP_CELL_DENY;
     }},
    {"an allow is missing",
     [](Image& image) {
       cell_of(image, "10.20.0.1", "198.51.100.0", SP_SERVICE_KEY(6U, 443U)) = 0;
     }},
    {"a later fragment passes",
     [](Image& image) {
       std::uint32_t& cell = cell_of(image, "10.20.0.1", "198.51.100.0", SP_FRAGMENT_KEY(6U));
       ASSERT_EQ(cell, 0U);
       cell = 1;
     }},
    {"a later fragment drops",
     [](Image& image) {
       std::uint32_t& cell = cell_of(image, "10.20.0.1", "203.0.113.64", SP_FRAGMENT_KEY(6U));
       ASSERT_NE(cell, 0U);
       cell = 0;
     }},
    {"two rows exchanged",
     [](Image& image) {
       auto& rows = image.labels.rows.at(image.remote4.find(v4("198.51.100.0")));
       std::swap(rows.at(image.zone4.find(v4("10.20.0.0"))),
                 rows.at(image.zone4.find(v4("10.30.0.0"))));
     }},
};

TEST_F(PlantedFaults, C2_EveryOneInTheTablesOfTheBpfProgramIsFound) {
  Verification verification(program_, {}, clock_);
  auto sound = datapath_of(image_, verification.bindings());
  ASSERT_TRUE(sound) << sound.error().text();
  verification.add("sound", std::move(*sound));
  for (const auto& [what, plant] : image_faults) {
    SCOPED_TRACE(what);
    Image faulty = image_;
    ASSERT_NO_FATAL_FAILURE(plant(faulty));
    ASSERT_NE(faulty, image_);
    auto datapath = datapath_of(faulty, verification.bindings());
    ASSERT_TRUE(datapath) << datapath.error().text();
    verification.add(what, std::move(*datapath));
  }
  const auto report = verification.run([](std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(report) << report.error().text();
  expect_found(*report);
}

/// The same as `program_`, but for the VLANs of its zones; the operator has a translator.
Program specimen_by_vlan() {
  Program program = specimen();
  program.zones[0].vlans = {{0, 0}, {40, 49}};
  program.zones[1].vlans = {{45, 45}, {60, 60}};
  program.rules.push_back(allow({"tcp 4443"}, {"2001:db8:6400::/40"}));
  program.nat64 = {range("2001:db8:6464::/96")};
  return program;
}

const std::vector<Fault<Image>> vlan_faults = {
    {"a VLAN begins one id late", [](Image& image) { move_start(image.vlan, 40U, 1); }},
    {"a VLAN begins one id early", [](Image& image) { move_start(image.vlan, 40U, -1); }},
    {"a VLAN ends one id late", [](Image& image) { move_start(image.vlan, 50U, 1); }},
    {"untagged frames end one id late", [](Image& image) { move_start(image.vlan, 1U, 1); }},
    {"two classes of VLANs exchanged", [](Image& image) { exchange_labels(image.vlan, 45U, 60U); }},
    {"a zone has every VLAN",
     [](Image& image) {
       auto& labels = image.place_zones.at(image.zone4.find(v4("10.20.0.0")));
       std::ranges::fill(labels, labels.at(image.vlan.find(40)));
     }},
    {"a zone has no untagged frames",
     [](Image& image) {
       image.place_zones.at(image.zone4.find(v4("10.20.0.0"))).at(image.vlan.find(0)) = 0;
     }},
    {"the operator's NAT64 begins one address late",
     [](Image& image) { move_start(image.remote6, v6("2001:db8:6464::"), 1); }},
    {"the operator's NAT64 ends one address early",
     [](Image& image) { move_start(image.remote6, v6("2001:db8:6464::1:0:0"), -1); }},
};

TEST_F(PlantedFaults, D7_D9_EveryOneInTheTablesOfVlansAndNat64IsFound) {
  const Program program = specimen_by_vlan();
  const Image image = make_image(program);
  Verification verification(program, {.most = 300'000}, clock_);
  auto sound = datapath_of(image, verification.bindings());
  ASSERT_TRUE(sound) << sound.error().text();
  verification.add("sound", std::move(*sound));
  for (const auto& [what, plant] : vlan_faults) {
    SCOPED_TRACE(what);
    Image faulty = image;
    ASSERT_NO_FATAL_FAILURE(plant(faulty));
    ASSERT_NE(faulty, image);
    auto datapath = datapath_of(faulty, verification.bindings());
    ASSERT_TRUE(datapath) << datapath.error().text();
    verification.add(what, std::move(*datapath));
  }
  const auto report = verification.run([](std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(report) << report.error().text();
  say(*report);
  EXPECT_EQ(report->engines.front().disagreements, 0U) << report->engines.front().examples.front();
  for (std::size_t i = 1; i < report->engines.size(); ++i) {
    EXPECT_GT(report->engines[i].disagreements, 0U) << "not found: " << report->engines[i].name;
  }
}

// ---- the evaluator ----

void set_range(Program& program, std::size_t rule, std::string_view from, std::string_view to) {
  auto& ranges = program.rules.at(rule).remote.ranges;
  const auto found = std::ranges::find(ranges, range(from));
  ASSERT_NE(found, ranges.end());
  *found = range(to);
}

const std::vector<Fault<Program>> program_faults = {
    {"another port",
     [](Program& program) {
       program.rules[2].services[0] = {6, 444, 444};
     }},
    {"a range of ports ends one early",
     [](Program& program) { program.rules[3].services[0].last = 1999; }},
    {"another protocol",
     [](Program& program) { program.rules[3].services[0].protocol = protocol_udp; }},
    {"another ICMP type",
     [](Program& program) {
       program.rules[5].services[0] = {1, 9, 9};
     }},
    {"a range begins one address late",
     [](Program& program) {
       set_range(program, 3, "198.51.100.0/24", "198.51.100.1-198.51.100.255");
     }},
    {"a range ends one address early",
     [](Program& program) {
       set_range(program, 2, "2001:db8:100::/48",
                 "2001:db8:100::-2001:db8:100:ffff:ffff:ffff:ffff:fffe");
     }},
    {"a deny begins one address late",
     [](Program& program) {
       set_range(program, 0, "198.51.100.64/26", "198.51.100.65-198.51.100.127");
     }},
    {"a deny allows", [](Program& program) { program.rules[0].action = Action::allow; }},
    {"a deny of everything is one of a port",
     [](Program& program) {
       program.rules[1].every_service = false;
       program.rules[1].services = {{6, 443, 443}};
     }},
    {"a rule of another zone", [](Program& program) { program.rules[2].zone = 1; }},
    {"a rule of every zone", [](Program& program) { program.rules[2].zone.reset(); }},
    {"a zone ends one address early",
     [](Program& program) { program.zones[1].ranges[0] = range("10.30.0.0-10.30.0.98"); }},
    {"another resolver",
     [](Program& program) { program.resolvers[0].servers[0].address = address("10.0.0.54"); }},
    {"a name is missing", [](Program& program) { program.rules[9].remote.names.clear(); }},
    {"names may bind private addresses",
     [](Program& program) { program.rules[9].private_ok = true; }},
};

TEST_F(PlantedFaults, C2_EveryOneInTheProgramThatIsEvaluatedIsFound) {
  std::vector<Fault<Program>> all = program_faults;
  all.insert(all.begin(), {"sound", [](Program&) {}});
  for (const auto& [what, plant] : all) {
    SCOPED_TRACE(what);
    Program faulty = program_;
    ASSERT_NO_FATAL_FAILURE(plant(faulty));
    const auto report = verify(faulty, image_, {}, clock_, [](std::uint64_t, std::uint64_t) {});
    ASSERT_TRUE(report) << report.error().text();
    ASSERT_FALSE(report->sampled());
    std::cout << what << ": ";
    say(*report);
    for (const VerifiedEngine& engine : report->engines) {
      ASSERT_EQ(engine.skipped, "") << engine.name;
      const bool asked_about_it = engine.name != "nftables with conntrack";
      if (faulty == program_) {
        EXPECT_EQ(engine.disagreements, 0U) << engine.examples.front();
      } else if (asked_about_it) {
        EXPECT_GT(engine.disagreements, 0U) << "not found by " << engine.name;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
