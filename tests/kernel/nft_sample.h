// SPDX-License-Identifier: GPL-2.0-or-later
// A hand-made table with every kind of expression and of set, and what the tests of the kernel's
// nftables share.
#pragma once

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "compiler/nft/table.h"
#include "tests/support/netns.h"

namespace sallyport::test {

inline std::string raw(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

inline nft::Key address_key(const std::string& text) {
  return nft::key_of(*Address::parse(text));
}
inline nft::Key service_key(const std::string& text, std::uint8_t protocol, std::uint16_t port) {
  return nft::key_of(*Address::parse(text), protocol, port);
}
/// 10.x.y.z, TCP 443.
inline nft::Key nth_service_key(std::uint32_t n) {
  return nft::key_of(Address::v4(0x0a000000U + n), 6, 443);
}
inline nft::Interval prefix(const std::string& text, std::uint32_t target = 0) {
  const AddressRange range = *AddressRange::parse(text);
  return {nft::key_of(range.first), nft::key_of(range.last), target};
}
inline nft::Interval ports(std::uint16_t first, std::uint16_t last) {
  return {nft::key_of_port(first), nft::key_of_port(last), 0};
}

inline nft::Set make_set(std::string name, std::vector<nft::KeyPart> key, nft::Holds holds,
                         bool interval) {
  nft::Set set;
  set.name = std::move(name);
  set.key = std::move(key);
  set.holds = holds;
  set.interval = interval;
  return set;
}

/// The names of the generation's things begin with `prefix`; counter `c_one` and the others last.
/// `gate` dispatches, `sink` is never reached but by entries of the second kind.
inline nft::Table sample_table(const std::string& generation_prefix,
                               const std::string& name = "sp") {
  using namespace nft;
  const std::string& g = generation_prefix;
  const MetaLoad nfproto{NFT_META_NFPROTO, 1};
  const Compare is_ipv4{NFT_CMP_EQ, raw({2})};
  const Compare is_ipv6{NFT_CMP_EQ, raw({10})};
  const PayloadLoad saddr{NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 1};
  const PayloadLoad daddr{NFT_PAYLOAD_NETWORK_HEADER, 16, 4, 1};
  const PayloadLoad daddr6{NFT_PAYLOAD_NETWORK_HEADER, 24, 16, 1};
  const nft::Verdict accept{Action::accept, ""};
  const nft::Verdict drop{Action::drop, ""};

  Table table;
  table.name = name;
  table.generation_prefix = g;
  table.counters = {{"c_one", "rule 1, \xc3\xa4 line"}, {"c_two", ""}};

  Chain gate{"gate", "entries only", Hook::none, 0, {}};
  Chain forward{"forward_in", "the hook", Hook::forward, 10, {}};
  forward.rules = {{"iifname != @filtered accept",
                    {MetaLoad{NFT_META_IIFNAME, 1}, Lookup{"filtered", true, false}, accept}},
                   {"jump gate", {nft::Verdict{Action::jump, "gate"}}},
                   {"limit rate 5/second log prefix \"sp drop \"", {Limit{5}, Log{"sp drop "}}},
                   {"drop", {drop}}};
  Chain pre{"pre_in", "", Hook::prerouting, -150, {{"return", {nft::Verdict{Action::leave, ""}}}}};
  Chain out{"out_in", "", Hook::output, 0, {}};

  Chain leaf{g + "leaf",
             "",
             Hook::none,
             0,
             {{"counter name \"c_two\" accept", {CountNamed{"c_two"}, accept}}}};
  Chain zone{g + "zone", "zone staff", Hook::none, 0, {}};
  zone.rules = {
      {"ip daddr . meta l4proto . th dport @" + g + "exact accept",
       {nfproto, is_ipv4, daddr, MetaLoad{NFT_META_L4PROTO, 9},
        PayloadLoad{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 10}, Lookup{g + "exact", false, false},
        accept}},
      {"counter name ip daddr . meta l4proto . th dport map @" + g + "count",
       {nfproto, is_ipv4, daddr, MetaLoad{NFT_META_L4PROTO, 9},
        PayloadLoad{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 10}, CountByKey{g + "count"}}},
      {"ip daddr & 255.255.255.0 vmap @" + g + "map24",
       {nfproto, is_ipv4, daddr, Mask{raw({255, 255, 255, 0})}, Lookup{g + "map24", false, true}}},
      {"ip saddr vmap @" + g + "ranges",
       {nfproto, is_ipv4, saddr, Lookup{g + "ranges", false, true}}},
      {"ip6 daddr . meta l4proto . th dport @" + g + "exact6 accept",
       {nfproto, is_ipv6, daddr6, MetaLoad{NFT_META_L4PROTO, 2},
        PayloadLoad{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 13}, Lookup{g + "exact6", false, false},
        accept}},
      {"exthdr rt exists drop",
       {nfproto, is_ipv6, HeaderLoad{NFT_EXTHDR_OP_IPV6, 43, 0, 1, true},
        Compare{NFT_CMP_EQ, raw({1})}, drop}},
      {"ct state established,related accept",
       {ConntrackLoad{NFT_CT_STATE, {}}, Mask{raw({6, 0, 0, 0})},
        Compare{NFT_CMP_NEQ, raw({0, 0, 0, 0})}, accept}},
      {"ip daddr 192.0.2.1 goto " + g + "leaf",
       {nfproto, is_ipv4, daddr, Compare{NFT_CMP_EQ, raw({192, 0, 2, 1})},
        nft::Verdict{Action::go, g + "leaf"}}},
      {"th dport @" + g + "ports accept",
       {PayloadLoad{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 1}, Lookup{g + "ports", false, false},
        accept}}};
  table.chains = {gate, forward, pre, out, leaf, zone};
  constexpr std::uint32_t to_leaf = 4;

  const std::vector<KeyPart> service{KeyPart::ipv4, KeyPart::protocol, KeyPart::port};
  const std::vector<KeyPart> service6{KeyPart::ipv6, KeyPart::protocol, KeyPart::port};
  Set devices = make_set("filtered", {KeyPart::device}, Holds::nothing, false);
  devices.elements = {{key_of_device("eth0"), 0}, {key_of_device("lan0"), 0}};
  Set exact = make_set(g + "exact", service, Holds::nothing, false);
  exact.elements = {{service_key("192.0.2.1", 6, 443), 0},
                    {service_key("192.0.2.1", 17, 53), 0},
                    {service_key("198.51.100.7", 6, 80), 0}};
  Set exact6 = make_set(g + "exact6", service6, Holds::nothing, false);
  exact6.elements = {{service_key("2001:db8::1", 6, 443), 0}};
  Set count = make_set(g + "count", service, Holds::counters, false);
  count.elements = {{service_key("192.0.2.1", 6, 443), 0}, {service_key("192.0.2.2", 6, 443), 1}};
  Set map24 = make_set(g + "map24", {KeyPart::ipv4}, Holds::jumps, false);
  map24.elements = {{address_key("198.51.100.0"), to_leaf}, {address_key("203.0.113.0"), to_leaf}};
  Set ranges = make_set(g + "ranges", {KeyPart::ipv4}, Holds::gotos, true);
  ranges.intervals = {prefix("10.0.0.0/24", to_leaf), prefix("10.0.1.0/24", to_leaf),
                      prefix("10.1.0.0-10.1.0.6", to_leaf), prefix("224.0.0.0/3", to_leaf)};
  Set from_zero = make_set(g + "from_zero", {KeyPart::ipv6}, Holds::nothing, true);
  from_zero.intervals = {prefix("::/8"), prefix("2001:db8::/32"), prefix("2001:db9::5")};
  Set port_set = make_set(g + "ports", {KeyPart::port}, Holds::nothing, true);
  port_set.intervals = {ports(1, 100), ports(443, 443), ports(60000, 65535)};
  Set counted_ranges = make_set(g + "counted", {KeyPart::ipv4}, Holds::counters, true);
  counted_ranges.intervals = {prefix("10.0.0.0/8", 1)};
  Set protocols = make_set(g + "protocols", {KeyPart::protocol}, Holds::nothing, false);
  Key tcp{};
  tcp[0] = 6;
  protocols.elements = {{tcp, 0}};
  Set empty = make_set(g + "empty", service, Holds::nothing, false);
  table.sets = {devices,   exact,    exact6,         count,     map24, ranges,
                from_zero, port_set, counted_ranges, protocols, empty};
  table.entries = {{"gate", {"jump " + g + "zone", {nft::Verdict{Action::jump, g + "zone"}}}}};
  return table;
}

inline nft::Set& set_of(nft::Table& table, const std::string& name) {
  for (nft::Set& set : table.sets) {
    if (set.name == name) return set;
  }
  throw std::out_of_range(name);
}
inline std::size_t index_of(const nft::Table& table, const std::string& name) {
  for (std::size_t i = 0; i < table.sets.size(); ++i) {
    if (table.sets[i].name == name) return i;
  }
  throw std::out_of_range(name);
}

/// A network namespace with nft(8).
class NftFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason = why_no_kernel();
    if (reason.empty() && !has_program("nft")) reason = "needs nft (nftables)";
    if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    host_.emplace("nft");
  }
  std::string nft(const std::string& script) const { return host_->must_run({"nft", script}); }
  std::string list() const { return host_->must_run({"nft", "-a", "list", "ruleset"}); }

  std::optional<Netns> host_;
};

}  // namespace sallyport::test
