// SPDX-License-Identifier: GPL-2.0-or-later
// The way of a packet: `pieces` sees fragments before defragmentation; `forward` (and `output`) see
// every packet, let pass the pieces that were judged already, and ask `judge`.
#include "compiler/nft/skeleton.h"

#include <algorithm>
#include <array>

#include "compiler/nft/rule_builder.h"
#include "compiler/values/service.h"

namespace sallyport::nft {
namespace {

constexpr std::uint16_t piece_bits = 0x3fff;   // offset and more-fragments of an IPv4 header
constexpr std::uint16_t offset_bits = 0x1fff;  // the offset alone
constexpr std::uint8_t loose_source_route = 131;
constexpr std::uint8_t strict_source_route = 137;
constexpr std::uint8_t routing_header = 43;
constexpr std::uint8_t fragment_header = 44;
/// IPv6 headers that are no transport, as the evaluator counts them.
constexpr std::array<std::uint8_t, 10> headers_v6 = {0, 43, 44, 51, 60, 135, 139, 140, 253, 254};

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

class Skeleton {
 public:
  Skeleton(Draft& draft, const Options& options) : draft_(draft), options_(options) {}

  void add() {
    for (const char* name : {dropped, dropped_piece, dropped_source_route, dropped_bad_source}) {
      draft_.table().counters.push_back({name, {}});
    }
    if (options_.devices.size() > 1) add_devices();
    add_strict_chains();
    add_judge();
    add_piece_chains();
    if (options_.proof || options_.host) add_plumbing();
    add_base_chains();
  }

 private:
  std::uint32_t add_base(const std::string& name, Hook hook, int priority) {
    const std::uint32_t index = draft_.add_chain(name);
    draft_.chain(index).hook = hook;
    draft_.chain(index).priority = priority;
    return index;
  }

  void add_devices() {
    Set set{.name = device_set, .key = {KeyPart::device}};
    for (const std::string& device : options_.devices) {
      set.elements.push_back({key_of_device(device), 0});
    }
    std::ranges::sort(set.elements);
    const auto repeated = std::ranges::unique(set.elements);
    set.elements.erase(repeated.begin(), repeated.end());
    draft_.add_set(std::move(set));
  }

  void drop_counted(std::uint32_t chain, RuleBuilder rule, const char* counter) {
    draft_.add_rule(chain, rule.count(counter).drop());
  }

  /// Packets that no policy lets pass; each chain returns if the packet is none.
  void add_strict_chains() {
    const auto options = draft_.add_chain("ipv4_options");
    for (const std::uint8_t number : {loose_source_route, strict_source_route}) {
      drop_counted(options, RuleBuilder().option(number), dropped_source_route);
    }
    const auto routing = draft_.add_chain("routing_header");
    drop_counted(routing, RuleBuilder().routing_type(0), dropped_source_route);
    drop_counted(routing, RuleBuilder().segments_left(), dropped_source_route);
    // nftables finds the first one only. Behind it a fragment header may stand, and behind that no
    // other.
    for (const std::uint8_t number : headers_v6) {
      if (number == fragment_header) continue;
      drop_counted(routing, RuleBuilder().behind_routing_header(number), dropped_source_route);
    }
    add_source_chains();
  }

  /// The first byte decides for almost every source; the rest is looked at only where it may
  /// matter.
  void add_source_chains() {
    const auto bad = draft_.add_chain("bad_source");
    drop_counted(bad, RuleBuilder(), dropped_bad_source);
    const auto doubtful = draft_.add_chain("doubtful_source");
    for (const char* text : {"255.255.255.255", "::/127", "::ffff:0:0/96"}) {
      drop_counted(doubtful, RuleBuilder().in_prefix(Side::source, range(text)),
                   dropped_bad_source);
    }
    Set v4{.name = "sources4", .key = {KeyPart::ipv4}, .holds = Holds::jumps};
    const auto first_byte4 = [](std::uint32_t byte) { return key_of(Address::v4(byte << 24)); };
    v4.elements = {{first_byte4(0), bad}, {first_byte4(127), bad}};
    for (std::uint32_t byte = 224; byte < 240; ++byte)
      v4.elements.push_back({first_byte4(byte), bad});
    v4.elements.push_back({first_byte4(255), doubtful});
    Set v6{.name = "sources6", .key = {KeyPart::ipv6}, .holds = Holds::jumps};
    v6.elements = {{key_of({Family::v6, 0}), doubtful},
                   {key_of({Family::v6, Uint128{0xff} << 120}), bad}};
    draft_.add_set(std::move(v4));
    draft_.add_set(std::move(v6));
  }

  void add_route_rules(std::uint32_t chain) {
    draft_.add_rule(chain, RuleBuilder().has_options().jump("ipv4_options"));
    draft_.add_rule(chain, RuleBuilder().extension(routing_header, true).jump("routing_header"));
  }

  void add_strict_rules(std::uint32_t chain) {
    add_route_rules(chain);
    // Routing refuses most of these, but not all of 0.0.0.0/8 and ::ffff:0:0/96, nor loopback where
    // route_localnet is set.
    draft_.add_rule(chain, RuleBuilder().obey(Side::source, Family::v4, 8, "sources4").done());
    draft_.add_rule(chain, RuleBuilder().obey(Side::source, Family::v6, 8, "sources6").done());
  }

  void add_judge() {
    const auto judge = draft_.add_chain(judge_chain, "generations; the first that accepts decides");
    add_strict_rules(judge);
  }

  /// Reached by fragments only. What returns from here drops.
  void add_piece_chains() {
    const auto later = draft_.add_chain(later_chain, "generations, for fragments without ports");
    add_strict_rules(later);
    // RFC 3128: this one would overwrite the flags of a TCP header.
    draft_.add_rule(later, RuleBuilder()
                               .fragment_field(offset_bits, Relation::equal, 1)
                               .protocols(protocol_tcp, protocol_tcp)
                               .leave());
    draft_.add_rule(later, RuleBuilder()
                               .fragment_offset(Relation::equal, 1)
                               .protocols(protocol_tcp, protocol_tcp)
                               .leave());

    const auto first = draft_.add_chain("first_piece", "its whole transport header must be there");
    add_first_piece(first);

    const auto pieces = draft_.add_chain("pieces", "returns what is whole");
    const auto fate = [&](const RuleBuilder& piece, const char* chain) {
      draft_.add_rule(pieces, RuleBuilder(piece).jump(chain));
      drop_counted(pieces, piece, dropped_piece);
    };
    fate(RuleBuilder().fragment_field(offset_bits, Relation::unequal, 0), later_chain);
    fate(RuleBuilder().fragment_field(piece_bits, Relation::unequal, 0), "first_piece");
    fate(RuleBuilder().fragment_offset(Relation::unequal, 0), later_chain);
    fate(RuleBuilder().more_fragments(), "first_piece");
    // A second fragment header would be found by nobody; the kernel takes the flow label for the
    // port of a later fragment that it describes.
    for (const std::uint8_t number : headers_v6) {
      drop_counted(pieces, RuleBuilder().behind_fragment_header(number), dropped_piece);
    }
  }

  void add_first_piece(std::uint32_t first) {
    // A header behind that of the fragment would push the ports to where a later fragment, one that
    // claims another protocol, could overwrite them.
    for (const std::uint8_t number : headers_v6) {
      draft_.add_rule(first, RuleBuilder().behind_fragment_header(number).leave());
    }
    for (std::uint8_t words = 5; words <= 15; ++words) {
      draft_.add_rule(first, RuleBuilder()
                                 .tcp_header_words(words)
                                 .transport_byte(words * 4U - 1, 0, 0xff)
                                 .go(judge_chain));
    }
    draft_.add_rule(
        first, RuleBuilder().udp_length_at_least(8).transport_byte(7, 0, 0xff).go(judge_chain));
    for (const std::uint8_t protocol : {protocol_icmp, protocol_icmpv6}) {
      draft_.add_rule(
          first,
          RuleBuilder().protocols(protocol, protocol).transport_byte(7, 0, 0xff).go(judge_chain));
    }
    for (const std::uint8_t protocol :
         {protocol_tcp, protocol_udp, protocol_icmp, protocol_icmpv6}) {
      draft_.add_rule(first, RuleBuilder().protocols(protocol, protocol).leave());
    }
    draft_.add_rule(first, RuleBuilder().go(judge_chain));
  }

  /// DESIGN 4.3, for hooks that see it; none of it is ever forwarded.
  void add_plumbing() {
    // An impossible source is none here: who asks for an address has none.
    const std::string pass = "link_packet";
    const auto passed = draft_.add_chain(pass);
    add_route_rules(passed);
    draft_.add_rule(passed, RuleBuilder().accept());
    const auto chain = draft_.add_chain("plumbing", "what a link needs under every policy");
    const AddressRange link_multicast = range("ff02::/16");
    const AddressRange link_local = range("fe80::/10");
    for (const AddressRange& link : {link_multicast, link_local}) {
      draft_.add_rule(chain, RuleBuilder()
                                 .in_prefix(Side::destination, link)
                                 .ports(protocol_icmpv6, 133, 136)
                                 .icmpv6_code(0)
                                 .hop_limit(255)
                                 .go(pass));
    }
    for (const auto& [first, last] : {std::pair{130, 132}, std::pair{143, 143}}) {
      draft_.add_rule(chain, RuleBuilder()
                                 .in_prefix(Side::destination, link_multicast)
                                 .ports(protocol_icmpv6, static_cast<std::uint16_t>(first),
                                        static_cast<std::uint16_t>(last))
                                 .go(pass));
    }
    draft_.add_rule(chain, RuleBuilder()
                               .in_prefix(Side::destination, range("255.255.255.255"))
                               .source_port(protocol_udp, 68)
                               .ports(protocol_udp, 67, 67)
                               .go(pass));
    draft_.add_rule(chain, RuleBuilder()
                               .in_prefix(Side::destination, link_multicast)
                               .source_port(protocol_udp, 546)
                               .ports(protocol_udp, 547, 547)
                               .go(pass));
  }

  void refuse(std::uint32_t chain, const char* counter) {
    const std::string where = draft_.chain_name(chain);
    // `status` and whoever reads the kernel's log find table and hook by these words.
    draft_.add_rule(chain, RuleBuilder().log(options_.table + ' ' + where + " drop: ").done());
    drop_counted(chain, RuleBuilder(), counter);
  }

  void only_outward(std::uint32_t chain) {
    if (options_.devices.size() == 1) {
      draft_.add_rule(chain, RuleBuilder().not_from_device(options_.devices.front()).accept());
    } else if (!options_.devices.empty()) {
      draft_.add_rule(chain, RuleBuilder().not_from_devices(device_set).accept());
    }
  }

  bool judges_pieces_first() const { return options_.pieces_first || options_.proof; }

  void add_base_chains() {
    if (judges_pieces_first()) {
      const auto pieces = add_base("prerouting", Hook::prerouting, priority_pieces);
      draft_.add_rule(pieces,
                      RuleBuilder().fragment_field(piece_bits, Relation::equal, 0).accept());
      draft_.add_rule(pieces, RuleBuilder().extension(fragment_header, false).accept());
      only_outward(pieces);
      draft_.add_rule(pieces, RuleBuilder().jump("pieces"));
    }
    const auto forward = options_.proof ? add_base("forward", Hook::prerouting, priority_proof)
                                        : add_base("forward", Hook::forward, priority_filter);
    only_outward(forward);
    if (!judges_pieces_first()) add_pieces(forward);
    if (options_.proof) draft_.add_rule(forward, RuleBuilder().jump("plumbing"));
    draft_.add_rule(forward, RuleBuilder().jump(judge_chain));
    // Judged again, since a table between the hooks may have changed their addresses. Asked last:
    // what a set accepts need not pay.
    if (judges_pieces_first()) add_pieces(forward);
    refuse(forward, dropped);
    if (options_.host) add_output();
  }

  void add_pieces(std::uint32_t chain) {
    const auto piece4 = RuleBuilder().fragment_field(piece_bits, Relation::unequal, 0);
    draft_.add_rule(chain, RuleBuilder(piece4).jump("pieces"));
    draft_.add_rule(chain, RuleBuilder().extension(fragment_header, true).jump("pieces"));
  }

  /// What a program sends as fragments (a raw socket may) has met no prerouting.
  void add_output() {
    const auto output = add_base("output", Hook::output, priority_filter);
    draft_.add_rule(output, RuleBuilder().to_device("lo").accept());
    draft_.add_rule(output, RuleBuilder().jump("plumbing"));
    // The host's own answers and probes go to global addresses, too. Only the kernel, and who may
    // send anything, makes ICMPv6.
    draft_.add_rule(
        output,
        RuleBuilder().ports(protocol_icmpv6, 135, 136).icmpv6_code(0).hop_limit(255).accept());
    draft_.add_rule(output, RuleBuilder().reply().accept());
    add_pieces(output);
    draft_.add_rule(output, RuleBuilder().jump(judge_chain));
    refuse(output, dropped);
  }

  Draft& draft_;
  const Options& options_;
};

}  // namespace

void add_skeleton(Draft& draft, const Options& options) {
  Skeleton(draft, options).add();
}

}  // namespace sallyport::nft
