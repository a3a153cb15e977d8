// SPDX-License-Identifier: GPL-2.0-or-later
// The statements. Values in expressions are in network order, except what the kernel itself loads
// as a number of its own (conntrack state), which is in host order.
#include "compiler/nft/rule_builder.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include <cassert>
#include <cstring>

#include "compiler/values/service.h"

namespace sallyport::nft {
namespace {

constexpr std::uint32_t network = NFT_PAYLOAD_NETWORK_HEADER;
constexpr std::uint32_t transport = NFT_PAYLOAD_TRANSPORT_HEADER;
constexpr std::uint8_t routing_header = 43;
constexpr std::uint8_t fragment_header = 44;

std::string byte(std::uint8_t value) {
  return {static_cast<char>(value)};
}

std::string word(std::uint16_t value) {
  return byte(static_cast<std::uint8_t>(value >> 8)) + byte(static_cast<std::uint8_t>(value));
}

std::string host_number(std::uint32_t value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

std::string octets(const Address& address) {
  const auto bytes = address.bytes();
  return {bytes.begin(), bytes.begin() + width_of(address.family) / 8};
}

/// The address with `length` leading ones.
Address mask_of(Family family, unsigned length) {
  const Uint128 host = length == width_of(family) ? 0 : last_number(family) >> length;
  return {family, last_number(family) & ~host};
}

std::string words_of(std::uint32_t first, std::uint32_t last) {
  return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
}

std::string hexadecimal(std::uint32_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value > 0);
  return "0x" + text;
}

std::string hexadecimal(std::uint32_t first, std::uint32_t last) {
  return first == last ? hexadecimal(first) : hexadecimal(first) + "-" + hexadecimal(last);
}

std::string address_words(Side side, Family family) {
  return std::string(family == Family::v4 ? "ip " : "ip6 ") +
         (side == Side::source ? "saddr" : "daddr");
}

std::string masked_words(Side side, Family family, unsigned length) {
  std::string words = address_words(side, family);
  if (length < width_of(family)) words += " & " + mask_of(family, length).text();
  return words;
}

std::uint32_t address_offset(Side side, Family family) {
  if (family == Family::v4) return side == Side::source ? 12 : 16;
  return side == Side::source ? 8 : 24;
}

std::uint32_t operation_of(Relation relation) {
  switch (relation) {
    case Relation::equal:
      return NFT_CMP_EQ;
    case Relation::unequal:
      return NFT_CMP_NEQ;
    case Relation::less:
      return NFT_CMP_LT;
    case Relation::greater:
      return NFT_CMP_GT;
  }
  return NFT_CMP_EQ;
}

std::string sign_of(Relation relation) {
  switch (relation) {
    case Relation::equal:
      return "";
    case Relation::unequal:
      return "!= ";
    case Relation::less:
      return "< ";
    case Relation::greater:
      return "> ";
  }
  return "";
}

/// `& 0xf0 == 0x60`, or `0x45` of a whole field.
std::string masked_value(bool whole, std::uint32_t mask, Relation relation, std::uint32_t value) {
  if (whole) return sign_of(relation) + hexadecimal(value);
  const std::string sign = relation == Relation::equal ? "== " : sign_of(relation);
  return "& " + hexadecimal(mask) + ' ' + sign + hexadecimal(value);
}

Family family_of_icmp(std::uint8_t protocol) {
  return protocol == protocol_icmp ? Family::v4 : Family::v6;
}

bool is_icmp(std::uint8_t protocol) {
  return protocol == protocol_icmp || protocol == protocol_icmpv6;
}

}  // namespace

void RuleBuilder::say(std::string_view words) {
  if (!rule_.text.empty()) rule_.text += ' ';
  rule_.text += words;
}

void RuleBuilder::need_family(Family family) {
  if (family_ == family) return;
  assert(!family_);
  family_ = family;
  add(MetaLoad{NFT_META_NFPROTO});
  add(Compare{NFT_CMP_EQ, byte(family == Family::v4 ? NFPROTO_IPV4 : NFPROTO_IPV6)});
}

void RuleBuilder::need_protocol(std::uint8_t protocol) {
  if (is_icmp(protocol)) need_family(family_of_icmp(protocol));
  if (protocol_ == protocol) return;
  protocol_ = protocol;
  add(MetaLoad{NFT_META_L4PROTO});
  add(Compare{NFT_CMP_EQ, byte(protocol)});
}

void RuleBuilder::between(std::string first, std::string last) {
  if (first == last) {
    add(Compare{NFT_CMP_EQ, std::move(first)});
  } else {
    add(Compare{NFT_CMP_GTE, std::move(first)});
    add(Compare{NFT_CMP_LTE, std::move(last)});
  }
}

Rule RuleBuilder::verdict(Verdict verdict) {
  switch (verdict.action) {
    case Action::accept:
      say("accept");
      break;
    case Action::drop:
      say("drop");
      break;
    case Action::jump:
      say("jump " + verdict.chain);
      break;
    case Action::go:
      say("goto " + verdict.chain);
      break;
    case Action::leave:
      say("return");
      break;
  }
  add(std::move(verdict));
  return std::move(rule_);
}

// ---- devices and families ----

RuleBuilder& RuleBuilder::from_device(std::string_view device) {
  say("iifname \"" + std::string(device) + "\"");
  add(MetaLoad{NFT_META_IIFNAME});
  const Key key = key_of_device(device);
  add(Compare{NFT_CMP_EQ, std::string(key.begin(), key.begin() + size_of(KeyPart::device))});
  return *this;
}

RuleBuilder& RuleBuilder::not_from_device(std::string_view device) {
  say("iifname != \"" + std::string(device) + "\"");
  add(MetaLoad{NFT_META_IIFNAME});
  const Key key = key_of_device(device);
  add(Compare{NFT_CMP_NEQ, std::string(key.begin(), key.begin() + size_of(KeyPart::device))});
  return *this;
}

RuleBuilder& RuleBuilder::not_from_devices(const std::string& set) {
  say("iifname != @" + set);
  add(MetaLoad{NFT_META_IIFNAME});
  add(Lookup{.set = set, .inverted = true});
  return *this;
}

RuleBuilder& RuleBuilder::not_to_device(std::string_view device) {
  say("oifname != \"" + std::string(device) + "\"");
  add(MetaLoad{NFT_META_OIFNAME});
  const Key key = key_of_device(device);
  add(Compare{NFT_CMP_NEQ, std::string(key.begin(), key.begin() + size_of(KeyPart::device))});
  return *this;
}

RuleBuilder& RuleBuilder::not_to_devices(const std::string& set) {
  say("oifname != @" + set);
  add(MetaLoad{NFT_META_OIFNAME});
  add(Lookup{.set = set, .inverted = true});
  return *this;
}

RuleBuilder& RuleBuilder::to_device(std::string_view device) {
  say("oifname \"" + std::string(device) + "\"");
  add(MetaLoad{NFT_META_OIFNAME});
  const Key key = key_of_device(device);
  add(Compare{NFT_CMP_EQ, std::string(key.begin(), key.begin() + size_of(KeyPart::device))});
  return *this;
}

RuleBuilder& RuleBuilder::family(Family family) {
  say(family == Family::v4 ? "meta nfproto ipv4" : "meta nfproto ipv6");
  need_family(family);
  return *this;
}

RuleBuilder& RuleBuilder::protocols(std::uint8_t first, std::uint8_t last) {
  say("meta l4proto " + words_of(first, last));
  add(MetaLoad{NFT_META_L4PROTO});
  between(byte(first), byte(last));
  if (first == last) protocol_ = first;
  return *this;
}

// ---- addresses ----

void RuleBuilder::load_address(Side side, Family family, unsigned length) {
  need_family(family);
  add(PayloadLoad{network, address_offset(side, family), width_of(family) / 8, 1});
  if (length < width_of(family)) add(Mask{octets(mask_of(family, length))});
}

RuleBuilder& RuleBuilder::in_prefix(Side side, const AddressRange& prefix) {
  const Family family = prefix.family();
  const unsigned length = prefix.prefix_length().value();
  say(address_words(side, family) + ' ' + prefix.text());
  const bool whole_bytes = length % 8 == 0 && length > 0;
  if (!whole_bytes) {
    load_address(side, family, length);
    add(Compare{NFT_CMP_EQ, octets(prefix.first)});
    return *this;
  }
  need_family(family);
  add(PayloadLoad{network, address_offset(side, family), length / 8, 1});
  add(Compare{NFT_CMP_EQ, octets(prefix.first).substr(0, length / 8)});
  return *this;
}

RuleBuilder& RuleBuilder::obey(Side side, Family family, unsigned length, const std::string& map) {
  say(masked_words(side, family, length) + " vmap @" + map);
  load_address(side, family, length);
  add(Lookup{.set = map, .verdict = true});
  return *this;
}

RuleBuilder& RuleBuilder::count_service(Side side, Side port, Family family, unsigned length,
                                        const std::string& map) {
  say("counter name " + masked_words(side, family, length) + " . meta l4proto . th " +
      (port == Side::source ? "sport" : "dport") + " map @" + map);
  load_end(side, port, family, length);
  add(CountByKey{map});
  return *this;
}

RuleBuilder& RuleBuilder::end_in(Side side, Family family, const std::string& set) {
  say(address_words(side, family) + " . meta l4proto . th " +
      (side == Side::source ? "sport" : "dport") + " @" + set);
  load_end(side, side, family, width_of(family));
  add(Lookup{.set = set});
  return *this;
}

/// The address of one side, the protocol, and the port of one side.
void RuleBuilder::load_end(Side side, Side port, Family family, unsigned length) {
  load_address(side, family, length);
  // Four bytes each, right behind the address in register 1.
  const bool v4 = family == Family::v4;
  add(MetaLoad{NFT_META_L4PROTO, v4 ? 9U : 2U});
  add(PayloadLoad{transport, port == Side::source ? 0U : 2U, 2, v4 ? 10U : 13U});
}

// ---- headers ----

RuleBuilder& RuleBuilder::fragment_field(std::uint16_t mask, Relation relation,
                                         std::uint16_t value) {
  const std::string sign = relation == Relation::equal ? "== " : sign_of(relation);
  say("ip frag-off & " + std::to_string(mask) + ' ' + sign + std::to_string(value));
  need_family(Family::v4);
  add(PayloadLoad{network, 6, 2, 1});
  add(Mask{word(mask)});
  add(Compare{operation_of(relation), word(value)});
  return *this;
}

RuleBuilder& RuleBuilder::header_byte(std::uint32_t offset, std::uint8_t mask, Relation relation,
                                      std::uint8_t value) {
  const bool whole = mask == 0xff;
  say("@nh," + std::to_string(offset * 8) + ",8 " + masked_value(whole, mask, relation, value));
  add(PayloadLoad{network, offset, 1, 1});
  if (!whole) add(Mask{byte(mask)});
  add(Compare{operation_of(relation), byte(value)});
  return *this;
}

RuleBuilder& RuleBuilder::header_word(std::uint32_t offset, std::uint16_t mask, Relation relation,
                                      std::uint16_t value) {
  const bool whole = mask == 0xffff;
  say("@nh," + std::to_string(offset * 8) + ",16 " + masked_value(whole, mask, relation, value));
  add(PayloadLoad{network, offset, 2, 1});
  if (!whole) add(Mask{word(mask)});
  add(Compare{operation_of(relation), word(value)});
  return *this;
}

RuleBuilder& RuleBuilder::may_be_extended() {
  constexpr std::uint32_t next_header = 6;
  for (const std::uint8_t plain : {protocol_tcp, protocol_udp, protocol_icmpv6}) {
    header_byte(next_header, 0xff, Relation::unequal, plain);
  }
  return *this;
}

/// Not `> 5`: a test for equality is twice as fast, and no header is shorter.
RuleBuilder& RuleBuilder::has_options() {
  say("ip hdrlength != 5");
  need_family(Family::v4);
  add(PayloadLoad{network, 0, 1, 1});
  add(Mask{byte(0x0f)});
  add(Compare{NFT_CMP_NEQ, byte(5)});
  return *this;
}

RuleBuilder& RuleBuilder::option(std::uint8_t number) {
  assert(number == 131 || number == 137);
  say(number == 131 ? "ip option lsrr exists" : "ip option ssrr exists");
  need_family(Family::v4);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV4, number, 0, 1, true});
  add(Compare{NFT_CMP_EQ, byte(1)});
  return *this;
}

RuleBuilder& RuleBuilder::extension(std::uint8_t number, bool exists) {
  assert(number == routing_header || number == fragment_header);
  say(std::string("exthdr ") + (number == routing_header ? "rt" : "frag") +
      (exists ? " exists" : " missing"));
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, number, 0, 1, true});
  add(Compare{NFT_CMP_EQ, byte(exists ? 1 : 0)});
  return *this;
}

RuleBuilder& RuleBuilder::fragment_offset(Relation relation, std::uint16_t offset) {
  say("frag frag-off " + sign_of(relation) + std::to_string(offset));
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, fragment_header, 2, 2, false});
  add(Mask{word(0xfff8)});
  add(Compare{operation_of(relation), word(static_cast<std::uint16_t>(offset << 3))});
  return *this;
}

RuleBuilder& RuleBuilder::more_fragments() {
  say("frag more-fragments 1");
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, fragment_header, 3, 1, false});
  add(Mask{byte(1)});
  add(Compare{NFT_CMP_EQ, byte(1)});
  return *this;
}

RuleBuilder& RuleBuilder::behind_fragment_header(std::uint8_t number) {
  say("frag nexthdr " + std::to_string(number));
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, fragment_header, 0, 1, false});
  add(Compare{NFT_CMP_EQ, byte(number)});
  return *this;
}

RuleBuilder& RuleBuilder::behind_routing_header(std::uint8_t number) {
  say("rt nexthdr " + std::to_string(number));
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, routing_header, 0, 1, false});
  add(Compare{NFT_CMP_EQ, byte(number)});
  return *this;
}

RuleBuilder& RuleBuilder::routing_type(std::uint8_t type) {
  say("rt type " + std::to_string(type));
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, routing_header, 2, 1, false});
  add(Compare{NFT_CMP_EQ, byte(type)});
  return *this;
}

RuleBuilder& RuleBuilder::segments_left() {
  say("rt seg-left != 0");
  need_family(Family::v6);
  add(HeaderLoad{NFT_EXTHDR_OP_IPV6, routing_header, 3, 1, false});
  add(Compare{NFT_CMP_NEQ, byte(0)});
  return *this;
}

RuleBuilder& RuleBuilder::hop_limit(std::uint8_t limit) {
  say("ip6 hoplimit " + std::to_string(limit));
  need_family(Family::v6);
  add(PayloadLoad{network, 7, 1, 1});
  add(Compare{NFT_CMP_EQ, byte(limit)});
  return *this;
}

// ---- transport ----

RuleBuilder& RuleBuilder::ports(std::uint8_t protocol, std::uint16_t first, std::uint16_t last) {
  need_protocol(protocol);
  if (is_icmp(protocol)) {
    say(protocol_name(protocol) + " type " + words_of(first, last));
    add(PayloadLoad{transport, 0, 1, 1});
    between(byte(static_cast<std::uint8_t>(first)), byte(static_cast<std::uint8_t>(last)));
  } else {
    assert(has_ports(protocol));
    say(protocol_name(protocol) + " dport " + words_of(first, last));
    add(PayloadLoad{transport, 2, 2, 1});
    between(word(first), word(last));
  }
  return *this;
}

RuleBuilder& RuleBuilder::source_ports(std::uint8_t protocol, std::uint16_t first,
                                       std::uint16_t last) {
  need_protocol(protocol);
  say(protocol_name(protocol) + " sport " + words_of(first, last));
  add(PayloadLoad{transport, 0, 2, 1});
  between(word(first), word(last));
  return *this;
}

RuleBuilder& RuleBuilder::tcp_flags(std::uint8_t mask, Relation relation, std::uint8_t value) {
  protocols(protocol_tcp, protocol_tcp);
  say("@th,104,8 " + masked_value(false, mask, relation, value));
  add(PayloadLoad{transport, 13, 1, 1});
  add(Mask{byte(mask)});
  add(Compare{operation_of(relation), byte(value)});
  return *this;
}

RuleBuilder& RuleBuilder::icmpv6_code(std::uint8_t code) {
  need_protocol(protocol_icmpv6);
  say("icmpv6 code " + std::to_string(code));
  add(PayloadLoad{transport, 1, 1, 1});
  add(Compare{NFT_CMP_EQ, byte(code)});
  return *this;
}

RuleBuilder& RuleBuilder::tcp_header_words(std::uint8_t words) {
  need_protocol(protocol_tcp);
  say("tcp doff " + std::to_string(words));
  add(PayloadLoad{transport, 12, 1, 1});
  add(Mask{byte(0xf0)});
  add(Compare{NFT_CMP_EQ, byte(static_cast<std::uint8_t>(words << 4))});
  return *this;
}

RuleBuilder& RuleBuilder::udp_length_at_least(std::uint16_t length) {
  need_protocol(protocol_udp);
  say("udp length >= " + std::to_string(length));
  add(PayloadLoad{transport, 4, 2, 1});
  add(Compare{NFT_CMP_GTE, word(length)});
  return *this;
}

RuleBuilder& RuleBuilder::transport_byte(std::uint32_t offset, std::uint8_t first,
                                         std::uint8_t last) {
  say("@th," + std::to_string(offset * 8) + ",8 " + hexadecimal(first, last));
  add(PayloadLoad{transport, offset, 1, 1});
  between(byte(first), byte(last));
  return *this;
}

RuleBuilder& RuleBuilder::not_transport_byte(std::uint32_t offset, std::uint8_t value) {
  say("@th," + std::to_string(offset * 8) + ",8 != " + hexadecimal(value));
  add(PayloadLoad{transport, offset, 1, 1});
  add(Compare{NFT_CMP_NEQ, byte(value)});
  return *this;
}

RuleBuilder& RuleBuilder::transport_word(std::uint32_t offset, std::uint16_t first,
                                         std::uint16_t last) {
  say("@th," + std::to_string(offset * 8) + ",16 " + hexadecimal(first, last));
  add(PayloadLoad{transport, offset, 2, 1});
  between(word(first), word(last));
  return *this;
}

// ---- conntrack ----

RuleBuilder& RuleBuilder::related() {
  say("ct state related");
  add(ConntrackLoad{NFT_CT_STATE, {}});
  add(Mask{host_number(NF_CT_STATE_BIT(IP_CT_RELATED))});
  add(Compare{NFT_CMP_NEQ, host_number(0)});
  return *this;
}

RuleBuilder& RuleBuilder::established() {
  say("ct state established");
  add(ConntrackLoad{NFT_CT_STATE, {}});
  add(Mask{host_number(NF_CT_STATE_BIT(IP_CT_ESTABLISHED))});
  add(Compare{NFT_CMP_NEQ, host_number(0)});
  return *this;
}

RuleBuilder& RuleBuilder::original() {
  say("ct direction original");
  add(ConntrackLoad{NFT_CT_DIRECTION, {}});
  add(Compare{NFT_CMP_EQ, byte(IP_CT_DIR_ORIGINAL)});
  return *this;
}

RuleBuilder& RuleBuilder::reply() {
  say("ct direction reply");
  add(ConntrackLoad{NFT_CT_DIRECTION, {}});
  add(Compare{NFT_CMP_EQ, byte(IP_CT_DIR_REPLY)});
  return *this;
}

RuleBuilder& RuleBuilder::flow_not_from(Family family, const std::string& set) {
  say(std::string("ct original ") + (family == Family::v4 ? "ip" : "ip6") + " saddr != @" + set);
  const std::uint32_t key = family == Family::v4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6;
  add(ConntrackLoad{key, std::uint8_t{0}});
  add(Lookup{.set = set, .inverted = true});
  return *this;
}

// ---- counting and telling ----

RuleBuilder& RuleBuilder::count(const std::string& counter) {
  say("counter name \"" + counter + "\"");
  add(CountNamed{counter});
  return *this;
}

RuleBuilder& RuleBuilder::log(const std::string& prefix) {
  constexpr std::uint64_t per_second = 10;
  say("limit rate " + std::to_string(per_second) + "/second log prefix \"" + prefix + "\"");
  add(Limit{per_second});
  add(Log{prefix});
  return *this;
}

}  // namespace sallyport::nft
