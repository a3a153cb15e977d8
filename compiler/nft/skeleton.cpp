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
constexpr std::uint32_t fragment_word = 6;     // where these are in it
constexpr std::uint8_t loose_source_route = 131;
constexpr std::uint8_t strict_source_route = 137;
constexpr std::uint8_t routing_header = 43;
constexpr std::uint8_t fragment_header = 44;
/// IPv6 headers that are no transport, as the evaluator counts them.
constexpr std::array<std::uint8_t, 10> headers_v6 = {0, 43, 44, 51, 60, 135, 139, 140, 253, 254};

// Chains.
constexpr const char* doubtful_source = "doubtful_source";
constexpr const char* extended_routes = "extended_routes";
constexpr const char* extended_pieces = "extended_pieces";
constexpr const char* forward_in = "forward_in";
constexpr const char* bad_destination = "bad_destination";

AddressRange range(std::string_view text) {
  return AddressRange::parse(text).value();
}

class Skeleton {
 public:
  Skeleton(Draft& draft, const Options& options, bool inward)
      : draft_(draft), options_(options), devices_(client_devices(options)), inward_(inward) {}

  void add() {
    for (const char* name : {dropped, dropped_piece, dropped_source_route, dropped_bad_source}) {
      draft_.table().counters.push_back({name, {}});
    }
    if (devices_.size() > 1) add_devices();
    add_strict_chains();
    if (inward_) {
      draft_.table().counters.push_back({dropped_bad_destination, {}});
      add_destination_chains();
    }
    for (const Direction direction : directions()) {
      add_judge(direction);
      add_piece_chains(direction);
    }
    if (options_.proof || options_.host) add_plumbing();
    add_base_chains();
  }

 private:
  std::vector<Direction> directions() const {
    if (inward_) return {Direction::outward, Direction::inward};
    return {Direction::outward};
  }

  std::uint32_t add_base(const std::string& name, Hook hook, int priority) {
    const std::uint32_t index = draft_.add_chain(name);
    draft_.chain(index).hook = hook;
    draft_.chain(index).priority = priority;
    return index;
  }

  void add_devices() {
    Set set{.name = device_set, .key = {KeyPart::device}};
    for (const std::string& device : devices_) {
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
    const auto doubtful = draft_.add_chain(doubtful_source);
    for (const char* text : {"224.0.0.0/4", "255.255.255.255", "::/127", "::ffff:0:0/96"}) {
      drop_counted(doubtful, RuleBuilder().in_prefix(Side::source, range(text)),
                   dropped_bad_source);
    }
    for (const Family family : {Family::v4, Family::v6}) {
      add_source_rules(draft_.add_chain(sources_of(family)), family);
    }
  }

  static const char* sources_of(Family family) {
    return family == Family::v4 ? "sources4" : "sources6";
  }

  /// Routing refuses most of these, but not all of 0.0.0.0/8 and ::ffff:0:0/96, nor loopback where
  /// route_localnet is set.
  void add_source_rules(std::uint32_t chain, Family family) {
    const auto first_byte = [&](std::uint8_t mask, std::uint8_t value) {
      const std::uint32_t source = family == Family::v4 ? 12 : 8;
      return RuleBuilder().header_byte(source, mask, Relation::equal, value);
    };
    if (family == Family::v4) {
      drop_counted(chain, first_byte(0xff, 0), dropped_bad_source);
      drop_counted(chain, first_byte(0xff, 127), dropped_bad_source);
      draft_.add_rule(chain, first_byte(0xe0, 0xe0).jump(doubtful_source));
    } else {
      drop_counted(chain, first_byte(0xff, 0xff), dropped_bad_source);
      draft_.add_rule(chain, first_byte(0xff, 0).jump(doubtful_source));
    }
  }

  /// Nobody is reached there, whatever a rule for every local address says.
  void add_destination_chains() {
    const auto chain = draft_.add_chain(bad_destination);
    for (const char* text : {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::/127",
                             "::ffff:0:0/96", "ff00::/8"}) {
      drop_counted(chain, RuleBuilder().in_prefix(Side::destination, range(text)),
                   dropped_bad_destination);
    }
  }

  void add_route_rules(std::uint32_t chain, Family family) {
    if (family == Family::v4) {
      draft_.add_rule(chain, RuleBuilder().has_options().jump("ipv4_options"));
    } else {
      draft_.add_rule(chain, RuleBuilder().extension(routing_header, true).jump("routing_header"));
    }
  }
  void add_route_rules(std::uint32_t chain) {
    for (const Family family : {Family::v4, Family::v6}) add_route_rules(chain, family);
  }

  /// For the few packets whose family was not asked before.
  void add_strict_rules(std::uint32_t chain, Direction direction) {
    add_route_rules(chain);
    for (const Family family : {Family::v4, Family::v6}) {
      draft_.add_rule(chain, RuleBuilder().family(family).jump(sources_of(family)));
    }
    if (direction == Direction::inward) {
      draft_.add_rule(chain, RuleBuilder().jump(bad_destination));
    }
  }

  void add_judge(Direction direction) {
    for (const Family family : {Family::v4, Family::v6}) {
      const auto judge = draft_.add_chain(named(judge_of(family), direction),
                                          "generations; the first that accepts decides");
      add_source_rules(judge, family);
      if (direction == Direction::inward) {
        draft_.add_rule(judge, RuleBuilder().jump(bad_destination));
      }
    }
  }

  static const char* judge_of(Family family) {
    return family == Family::v4 ? judge4_chain : judge6_chain;
  }

  /// Reached by fragments only. What returns from here drops.
  void add_piece_chains(Direction direction) {
    const std::string later_name = named(later_chain, direction);
    const auto later = draft_.add_chain(later_name, "generations, for fragments without ports");
    add_strict_rules(later, direction);
    // RFC 3128: this one would overwrite the flags of a TCP header.
    draft_.add_rule(later, RuleBuilder()
                               .fragment_field(offset_bits, Relation::equal, 1)
                               .protocols(protocol_tcp, protocol_tcp)
                               .leave());
    draft_.add_rule(later, RuleBuilder()
                               .fragment_offset(Relation::equal, 1)
                               .protocols(protocol_tcp, protocol_tcp)
                               .leave());

    for (const Family family : {Family::v4, Family::v6}) {
      const auto first = draft_.add_chain(named(first_piece_of(family), direction),
                                          "its whole transport header must be there");
      add_first_piece(first, family, named(judge_of(family), direction));
    }

    const auto pieces = draft_.add_chain(named("pieces", direction), "returns what is whole");
    const auto fate = [&](const RuleBuilder& piece, const std::string& chain) {
      draft_.add_rule(pieces, RuleBuilder(piece).jump(chain));
      drop_counted(pieces, piece, dropped_piece);
    };
    fate(RuleBuilder().fragment_field(offset_bits, Relation::unequal, 0), later_name);
    fate(RuleBuilder().fragment_field(piece_bits, Relation::unequal, 0),
         named(first_piece_of(Family::v4), direction));
    fate(RuleBuilder().fragment_offset(Relation::unequal, 0), later_name);
    fate(RuleBuilder().more_fragments(), named(first_piece_of(Family::v6), direction));
    // A second fragment header would be found by nobody; the kernel takes the flow label for the
    // port of a later fragment that it describes.
    for (const std::uint8_t number : headers_v6) {
      drop_counted(pieces, RuleBuilder().behind_fragment_header(number), dropped_piece);
    }
  }

  static const char* first_piece_of(Family family) {
    return family == Family::v4 ? "first_piece4" : "first_piece6";
  }

  void add_first_piece(std::uint32_t first, Family family, const std::string& judge) {
    add_route_rules(first, family);
    // A header behind that of the fragment would push the ports to where a later fragment, one that
    // claims another protocol, could overwrite them.
    if (family == Family::v6) {
      for (const std::uint8_t number : headers_v6) {
        draft_.add_rule(first, RuleBuilder().behind_fragment_header(number).leave());
      }
    }
    for (std::uint8_t words = 5; words <= 15; ++words) {
      draft_.add_rule(
          first,
          RuleBuilder().tcp_header_words(words).transport_byte(words * 4U - 1, 0, 0xff).go(judge));
    }
    draft_.add_rule(first,
                    RuleBuilder().udp_length_at_least(8).transport_byte(7, 0, 0xff).go(judge));
    for (const std::uint8_t protocol : {protocol_icmp, protocol_icmpv6}) {
      draft_.add_rule(
          first, RuleBuilder().protocols(protocol, protocol).transport_byte(7, 0, 0xff).go(judge));
    }
    for (const std::uint8_t protocol :
         {protocol_tcp, protocol_udp, protocol_icmp, protocol_icmpv6}) {
      draft_.add_rule(first, RuleBuilder().protocols(protocol, protocol).leave());
    }
    draft_.add_rule(first, RuleBuilder().go(judge));
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
    // Clients ask outward; inward come the answers.
    const bool answers = options_.proof && options_.proof_direction == Direction::inward;
    const auto dhcp = [&](const AddressRange& everyone, std::uint16_t client,
                          std::uint16_t server) {
      const std::uint16_t from = answers ? server : client;
      const std::uint16_t to = answers ? client : server;
      draft_.add_rule(chain, RuleBuilder()
                                 .in_prefix(Side::destination, everyone)
                                 .source_port(protocol_udp, from)
                                 .ports(protocol_udp, to, to)
                                 .go(pass));
    };
    dhcp(range("255.255.255.255"), 68, 67);
    dhcp(link_multicast, 546, 547);
  }

  RuleBuilder not_from_clients() const {
    if (devices_.size() > 1) return RuleBuilder().not_from_devices(device_set);
    return RuleBuilder().not_from_device(devices_.front());
  }
  RuleBuilder not_to_clients() const {
    if (devices_.size() > 1) return RuleBuilder().not_to_devices(device_set);
    return RuleBuilder().not_to_device(devices_.front());
  }

  void only_outward(std::uint32_t chain) {
    if (!devices_.empty()) draft_.add_rule(chain, not_from_clients().accept());
  }

  bool judges_pieces_first() const { return options_.pieces_first || options_.proof; }

  void add_base_chains() {
    add_extension_chains();
    if (judges_pieces_first()) add_prerouting();
    const bool inward = inward_ && !options_.proof && !devices_.empty();
    // Before the chain that leads to it: what leads to a chain comes behind it.
    if (inward) add_forward_in();
    const auto forward = options_.proof ? add_base("forward", Hook::prerouting, priority_proof)
                                        : add_base("forward", Hook::forward, priority_filter);
    if (inward) {
      draft_.add_rule(forward, not_from_clients().go(forward_in));
    } else {
      only_outward(forward);
    }
    if (options_.proof) draft_.add_rule(forward, RuleBuilder().jump("plumbing"));
    // Where the pieces were judged before, a table between the hooks may have changed their
    // addresses: they are judged again, but last, since what a set accepts need not pay.
    add_judging(forward, judges_pieces_first() ? Pieces::last : Pieces::first,
                options_.proof ? options_.proof_direction : Direction::outward);
    if (options_.host) add_output();
  }

  /// What does not come from the clients: towards them it comes in, else it is not ours to judge.
  void add_forward_in() {
    const auto chain = draft_.add_chain(forward_in, "what comes in");
    draft_.add_rule(chain, not_to_clients().accept());
    add_judging(chain, Pieces::first, Direction::inward);
  }

  /// For IPv6 packets that may have extension headers.
  void add_extension_chains() {
    const auto routes = draft_.add_chain(extended_routes);
    draft_.add_rule(routes, RuleBuilder().extension(routing_header, true).jump("routing_header"));
    for (const Direction direction : directions()) {
      const auto fragments = draft_.add_chain(named(extended_pieces, direction));
      draft_.add_rule(
          fragments,
          RuleBuilder().extension(fragment_header, true).jump(named("pieces", direction)));
    }
  }

  /// Every packet of the host pays for this chain: it asks as little as possible of what is whole.
  void add_prerouting() {
    const std::string outward = "outward_pieces";
    const auto pieces = draft_.add_chain(outward);
    only_outward(pieces);
    const Direction met = options_.proof ? options_.proof_direction : Direction::outward;
    draft_.add_rule(pieces, RuleBuilder().jump(named("pieces", met)));
    const std::string extended = "extended_outward_pieces";
    draft_.add_rule(draft_.add_chain(extended),
                    RuleBuilder().extension(fragment_header, true).jump(outward));
    const auto prerouting = add_base("prerouting", Hook::prerouting, priority_pieces);
    draft_.add_rule(prerouting, RuleBuilder(of_version(Family::v4))
                                    .header_word(fragment_word, piece_bits, Relation::unequal, 0)
                                    .jump(outward));
    draft_.add_rule(prerouting,
                    RuleBuilder(of_version(Family::v6)).may_be_extended().jump(extended));
  }

  static RuleBuilder of_version(Family family) {
    return RuleBuilder().header_byte(0, 0xf0, Relation::equal, family == Family::v4 ? 0x40 : 0x60);
  }

  enum class Pieces { first, last };

  /// The end of a base chain: of IPv4, and of IPv6 in a chain beside it, so that no rule asks for
  /// the family again.
  void add_judging(std::uint32_t base, Pieces pieces, Direction direction) {
    const std::string name = draft_.chain_name(base);
    const auto base6 = draft_.add_chain(name + "6");
    draft_.add_rule(base, of_version(Family::v6).go(name + "6"));
    for (const auto& [family, chain] : {std::pair{Family::v4, base}, {Family::v6, base6}}) {
      if (pieces == Pieces::first) add_pieces(chain, family, direction);
      if (family == Family::v4) {
        draft_.add_rule(
            chain,
            RuleBuilder().header_byte(0, 0xff, Relation::unequal, 0x45).jump("ipv4_options"));
      } else {
        draft_.add_rule(chain, RuleBuilder().may_be_extended().jump(extended_routes));
      }
      draft_.add_rule(chain, RuleBuilder().jump(named(judge_of(family), direction)));
      if (pieces == Pieces::last) add_pieces(chain, family, direction);
      // `status` and whoever reads the kernel's log find table and hook by these words.
      draft_.add_rule(chain, RuleBuilder().log(options_.table + ' ' + name + " drop: ").done());
      drop_counted(chain, RuleBuilder(), dropped);
    }
  }

  void add_pieces(std::uint32_t chain, Family family, Direction direction) {
    if (family == Family::v4) {
      draft_.add_rule(chain, RuleBuilder()
                                 .header_word(fragment_word, piece_bits, Relation::unequal, 0)
                                 .jump(named("pieces", direction)));
    } else {
      draft_.add_rule(chain,
                      RuleBuilder().may_be_extended().jump(named(extended_pieces, direction)));
    }
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
    add_judging(output, Pieces::first, Direction::outward);
  }

  Draft& draft_;
  const Options& options_;
  std::vector<std::string> devices_;
  bool inward_;
};

}  // namespace

void add_skeleton(Draft& draft, const Options& options, bool inward) {
  Skeleton(draft, options, inward).add();
}

}  // namespace sallyport::nft
