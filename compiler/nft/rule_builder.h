// SPDX-License-Identifier: GPL-2.0-or-later
// RuleBuilder: a rule statement by statement, as text and as the expressions that nft(8) 1.0.6
// makes of this text, dependencies included. One function for each statement that we emit.
#pragma once

#include <string>
#include <string_view>

#include "compiler/nft/table.h"

namespace sallyport::nft {

enum class Side : std::uint8_t { source, destination };

constexpr Side opposite(Side side) {
  return side == Side::source ? Side::destination : Side::source;
}

/// `equal` and `unequal` need first == last.
enum class Relation : std::uint8_t { equal, unequal, less, greater };

class RuleBuilder {
 public:
  // ---- devices and families ----
  RuleBuilder& from_device(std::string_view device);              // iifname "lan0.40"
  RuleBuilder& not_from_device(std::string_view device);          // iifname != "lan0"
  RuleBuilder& not_from_devices(const std::string& set);          // iifname != @set
  RuleBuilder& to_device(std::string_view device);                // oifname "lo"
  RuleBuilder& not_to_device(std::string_view device);            // oifname != "lan0"
  RuleBuilder& not_to_devices(const std::string& set);            // oifname != @set
  RuleBuilder& family(Family family);                             // meta nfproto ipv4
  RuleBuilder& protocols(std::uint8_t first, std::uint8_t last);  // meta l4proto 2-5

  // ---- addresses ----
  /// The address is in this prefix: ip6 saddr fe80::/10
  RuleBuilder& in_prefix(Side side, const AddressRange& prefix);
  /// ip daddr & 255.255.255.0 vmap @map
  RuleBuilder& obey(Side side, Family family, unsigned length, const std::string& map);
  /// counter name ip daddr & 255.255.255.0 . meta l4proto . th dport map @map
  RuleBuilder& count_service(Side side, Side port, Family family, unsigned length,
                             const std::string& map);

  /// The address and port of this side are in the set: ip saddr . meta l4proto . th sport @set
  RuleBuilder& end_in(Side side, Family family, const std::string& set);

  // ---- headers ----
  /// ip frag-off & 16383 != 0
  RuleBuilder& fragment_field(std::uint16_t mask, Relation relation, std::uint16_t value);
  /// A byte of the IP header whatever its version, which spares a rule the question for the family:
  /// @nh,0,8 & 0xf0 == 0x60. Without a mask if that is 0xff.
  RuleBuilder& header_byte(std::uint32_t offset, std::uint8_t mask, Relation relation,
                           std::uint8_t value);
  /// The same of two bytes: @nh,48,16 & 0x3fff != 0x0
  RuleBuilder& header_word(std::uint32_t offset, std::uint16_t mask, Relation relation,
                           std::uint16_t value);
  /// An IPv6 header that something else than TCP, UDP or ICMPv6 follows: where one of these does,
  /// there is no extension header to look for. Only for a rule that jumps to a chain of rules which
  /// do (table_fault()).
  RuleBuilder& may_be_extended();
  RuleBuilder& has_options();                // ip hdrlength != 5
  RuleBuilder& option(std::uint8_t number);  // ip option lsrr exists; 131 or 137
  /// exthdr frag exists; 43 or 44
  RuleBuilder& extension(std::uint8_t number, bool exists);
  RuleBuilder& fragment_offset(Relation relation, std::uint16_t offset);  // frag frag-off != 0
  RuleBuilder& more_fragments();                                          // frag more-fragments 1
  RuleBuilder& behind_fragment_header(std::uint8_t number);               // frag nexthdr 60
  RuleBuilder& behind_routing_header(std::uint8_t number);                // rt nexthdr 60
  RuleBuilder& routing_type(std::uint8_t type);                           // rt type 0
  RuleBuilder& segments_left();                                           // rt seg-left != 0
  RuleBuilder& hop_limit(std::uint8_t limit);                             // ip6 hoplimit 255

  // ---- transport ----
  /// tcp dport 1000-2000, icmp type 8; of tcp, udp, icmp or icmpv6
  RuleBuilder& ports(std::uint8_t protocol, std::uint16_t first, std::uint16_t last);
  /// udp sport 68, tcp sport 1000-2000
  RuleBuilder& source_ports(std::uint8_t protocol, std::uint16_t first, std::uint16_t last);
  RuleBuilder& source_port(std::uint8_t protocol, std::uint16_t port) {
    return source_ports(protocol, port, port);
  }
  /// Flags of a TCP segment: meta l4proto tcp @th,104,8 & 0x06 == 0x04
  RuleBuilder& tcp_flags(std::uint8_t mask, Relation relation, std::uint8_t value);
  RuleBuilder& icmpv6_code(std::uint8_t code);             // icmpv6 code 0
  RuleBuilder& tcp_header_words(std::uint8_t words);       // tcp doff 5
  RuleBuilder& udp_length_at_least(std::uint16_t length);  // udp length >= 8
  /// A byte of the transport packet from first to last: @th,64,8 0x45
  RuleBuilder& transport_byte(std::uint32_t offset, std::uint8_t first, std::uint8_t last);
  RuleBuilder& not_transport_byte(std::uint32_t offset, std::uint8_t value);
  /// Two bytes of it: @th,224,16 0x1bb-0x1bc
  RuleBuilder& transport_word(std::uint32_t offset, std::uint16_t first, std::uint16_t last);

  // ---- conntrack ----
  RuleBuilder& related();                                             // ct state related
  RuleBuilder& established();                                         // ct state established
  RuleBuilder& original();                                            // ct direction original
  RuleBuilder& reply();                                               // ct direction reply
  RuleBuilder& flow_not_from(Family family, const std::string& set);  // ct original ip saddr != @s

  // ---- counting and telling ----
  RuleBuilder& count(const std::string& counter);  // counter name "x"
  RuleBuilder& log(const std::string& prefix);     // limit rate 10/second log prefix "x"

  // ---- the end ----
  Rule accept() { return verdict({Action::accept, {}}); }
  Rule drop() { return verdict({Action::drop, {}}); }
  Rule leave() { return verdict({Action::leave, {}}); }
  Rule jump(const std::string& chain) { return verdict({Action::jump, chain}); }
  Rule go(const std::string& chain) { return verdict({Action::go, chain}); }
  /// A rule without a verdict of its own.
  Rule done() { return std::move(rule_); }

 private:
  void say(std::string_view words);
  void add(Expression expression) { rule_.expressions.push_back(std::move(expression)); }
  void need_family(Family family);
  void need_protocol(std::uint8_t protocol);
  void between(std::string first, std::string last);
  void load_address(Side side, Family family, unsigned length);
  void load_end(Side side, Side port, Family family, unsigned length);
  Rule verdict(Verdict verdict);

  Rule rule_;
  std::optional<Family> family_;
  std::optional<std::uint8_t> protocol_;
};

}  // namespace sallyport::nft
