// SPDX-License-Identifier: GPL-2.0-or-later
// Tables as scripts for nft(8): the text. That nft reads it as meant is tested in tests/kernel.
#include "compiler/nft/script.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

namespace sallyport::nft {
namespace {

Table small_table() {
  Table table;
  table.name = "sp";
  table.generation_prefix = "g1_";
  table.counters = {{"c_one", "rule 1"}, {"c_two", ""}};
  Chain hook;
  hook.name = "forward_in";
  hook.comment = "the hook";
  hook.hook = Hook::forward;
  hook.priority = -5;
  hook.rules = {{"jump gate", {}}, {"drop", {}}};
  Chain gate;
  gate.name = "gate";
  Chain zone;
  zone.name = "g1_zone";
  zone.rules = {{"accept", {}}};
  table.chains = {hook, gate, zone};
  table.entries = {{"gate", {"jump g1_zone", {}}}};
  return table;
}

TEST(ScriptTest, remarks_counters_and_chains_with_entries_at_their_end) {
  EXPECT_EQ(script_of(small_table(), {"made of branch.sally", "two\nlines"}),
            R"(# made of branch.sally
# two
# lines

create table inet sp

table inet sp {
	counter c_one {
		comment "rule 1"
	}

	counter c_two {
	}

	chain forward_in {
		comment "the hook"
		type filter hook forward priority -5; policy accept;
		jump gate
		drop
	}

	chain gate {
		jump g1_zone
	}

	chain g1_zone {
		accept
	}
}
)");
}

std::string set_text(const Table& table) {
  const std::string script = script_of(table, {});
  const auto begin =
      script.find("\tset ") != std::string::npos ? script.find("\tset ") : script.find("\tmap ");
  return script.substr(begin, script.find("\n\n", begin) - begin);
}

TEST(ScriptTest, sets_and_maps_of_every_kind) {
  Table table = small_table();
  Set& set = table.sets.emplace_back();
  set.name = "g1_exact";
  set.key = {KeyPart::ipv4, KeyPart::protocol, KeyPart::port};
  set.elements = {{key_of(*Address::parse("192.0.2.1"), 6, 443), 0},
                  {key_of(*Address::parse("192.0.2.1"), 17, 53), 1}};
  EXPECT_EQ(set_text(table),
            "\tset g1_exact {\n\t\ttype ipv4_addr . inet_proto . inet_service\n\t\telements = {\n"
            "\t\t\t192.0.2.1 . 6 . 443,\n\t\t\t192.0.2.1 . 17 . 53\n\t\t}\n\t}");
  set.holds = Holds::counters;
  EXPECT_NE(set_text(table).find("\tmap g1_exact {\n\t\ttype ipv4_addr . inet_proto . "
                                 "inet_service : counter\n"),
            std::string::npos);
  EXPECT_NE(set_text(table).find("192.0.2.1 . 17 . 53 : \"c_two\"\n"), std::string::npos);

  set = Set();
  set.name = "g1_map6";
  set.key = {KeyPart::ipv6};
  set.holds = Holds::gotos;
  set.interval = true;
  set.intervals = {
      {key_of(*Address::parse("2001:db8::")),
       key_of(*Address::parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")), 2},
      {key_of(*Address::parse("2001:db9::1")), key_of(*Address::parse("2001:db9::3")), 2}};
  EXPECT_EQ(set_text(table),
            "\tmap g1_map6 {\n\t\ttype ipv6_addr : verdict\n\t\tflags interval\n\t\telements = {\n"
            "\t\t\t2001:db8::/32 : goto g1_zone,\n"
            "\t\t\t2001:db9::1-2001:db9::3 : goto g1_zone\n\t\t}\n\t}");

  set = Set();
  set.name = "g1_ports";
  set.key = {KeyPart::port};
  set.interval = true;
  set.intervals = {{key_of_port(80), key_of_port(80), 0},
                   {key_of_port(1000), key_of_port(65535), 0}};
  EXPECT_NE(set_text(table).find("\t\t\t80,\n\t\t\t1000-65535\n"), std::string::npos);

  set = Set();
  set.name = "filtered";
  set.key = {KeyPart::device};
  set.elements = {{key_of_device("lan0"), 0}};
  EXPECT_NE(set_text(table).find("\t\t\t\"lan0\"\n"), std::string::npos);

  set.elements.clear();
  EXPECT_EQ(set_text(table), "\tset filtered {\n\t\ttype ifname\n\t}");
}

}  // namespace
}  // namespace sallyport::nft
