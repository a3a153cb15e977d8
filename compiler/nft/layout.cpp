// SPDX-License-Identifier: GPL-2.0-or-later
// Per zone class and family: deny, then the ladder of hash sets, then what those cannot hold.
#include "compiler/nft/layout.h"

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/nft/dispatch.h"
#include "compiler/nft/rule_builder.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/skeleton.h"
#include "compiler/values/service.h"

namespace sallyport::nft {
namespace {

std::string digit(Family family) {
  return family == Family::v4 ? "4" : "6";
}

KeyPart address_part(Family family) {
  return family == Family::v4 ? KeyPart::ipv4 : KeyPart::ipv6;
}

/// The chains of a zone class, by family; empty if there is nothing to ask.
using ZoneChains = std::array<std::optional<std::uint32_t>, 2>;

/// The way from the local side, as packets of a direction that is met have it.
Side local_side(Direction met) {
  return met == Direction::outward ? Side::source : Side::destination;
}

Direction opposite(Direction direction) {
  return direction == Direction::outward ? Direction::inward : Direction::outward;
}

const char* judge_of(Family family) {
  return family == Family::v4 ? judge4_chain : judge6_chain;
}

/// The chains of one half: of the flows that its rules open, and of answers to them, which come by
/// the other way.
class Builder {
 public:
  Builder(Layout& layout, Half& half) : layout_(layout), half_(half), meaning_(half.meaning) {}

  void build() {
    std::vector<ZoneChains> judges;
    std::vector<ZoneChains> laters;
    for (std::size_t zone = 0; zone < meaning_.zones().size(); ++zone) {
      half_.places.emplace_back();
      sets_.emplace_back();
      judges.emplace_back();
      laters.emplace_back();
      for (const Family family : families) {
        judges.back()[Meaning::index_of(family)] = add_zone(zone, family, of_flows());
        laters.back()[Meaning::index_of(family)] = add_later(zone, family);
      }
    }
    add_entries(judges, laters);
    if (layout_.halves.size() > 1) add_answers();
    const bool outward = half_.direction == Direction::outward;
    if (!outward || !layout_.options.conntrack || !meaning_.has_names()) return;
    layout_.draft.table().counters.push_back({outliving, {}});
    for (const Family family : families) add_outliving(family);
  }

 private:
  /// How packets meet the rules of the half: as flows that they open, or as answers to these.
  struct View {
    Direction met = Direction::outward;
    bool answers = false;

    Side local() const { return local_side(met); }
    Side remote() const { return sallyport::nft::opposite(local()); }
    Side port() const { return answers ? Side::source : Side::destination; }
  };
  View of_flows() const { return {half_.direction, false}; }
  View of_answers() const { return {opposite(half_.direction), true}; }

  std::string prefixed(const std::string& what) const {
    return (half_.direction == Direction::outward ? "" : "in_") + what;
  }
  std::string own(const std::string& what) const { return layout_.draft.own(prefixed(what)); }
  std::string zone_name(std::size_t zone, const std::string& what) const {
    return own("zone" + std::to_string(zone) + "_" + what);
  }
  std::string zone_comment(std::size_t zone) const {
    const bool outward = half_.direction == Direction::outward;
    return comment_of((outward ? "from " : "to ") + meaning_.zones()[zone].words);
  }
  static std::string answers_name(const Draft& draft, Direction of, Family family) {
    return draft.own(std::string(of == Direction::outward ? "" : "in_") + "answers_ip" +
                     digit(family));
  }

  /// The ranges of remote addresses whose class is not empty, each with its chain.
  std::vector<Target> targets_of(Stage stage, Family family, std::size_t zone, const View& view,
                                 const std::string& fall_to) {
    std::vector<Target> targets;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::optional<std::uint32_t>> known;
    const auto chain_of = [&](std::uint32_t label, std::uint32_t rare) {
      const auto [found, is_new] = known.try_emplace({label, rare});
      if (is_new) {
        const Class members = meaning_.class_of(stage, family, zone, label, rare);
        if (!members.empty()) {
          found->second = layout_.classes.chain_for(
              stage, view.port(), family, meaning_.items(stage, family), members, fall_to);
        }
      }
      return found->second;
    };
    // There the DNS guard opens what no group alone does, and so no hash set holds it.
    const auto is_resolver = [&](std::uint32_t label) {
      return std::ranges::binary_search(meaning_.image().labels.remote_groups[label],
                                        resolver_group);
    };
    const auto add = [&](const AddressRange& range, std::uint32_t chain) {
      const bool joins = !targets.empty() && targets.back().chain == chain &&
                         targets.back().range.last.number + 1 == range.first.number;
      if (joins) {
        targets.back().range.last = range.last;
      } else {
        targets.push_back({range, chain});
      }
    };
    for_each_remote_piece(
        meaning_.image(), family, [&](const AddressRange& piece, std::uint32_t label) {
          for_each_overlap(meaning_.levels(family).rare(), piece,
                           [&](const AddressRange& range, std::uint32_t rare) {
                             const std::uint32_t beside = is_resolver(label) ? label : rare;
                             const auto chain = chain_of(label, stage == Stage::wide ? beside : 0);
                             if (chain) add(range, *chain);
                           });
        });
    return targets;
  }

  std::uint32_t add_zone(std::size_t zone, Family family, const View& view) {
    const std::string kind = view.answers ? "answers_" : "";
    const std::string comment = zone_comment(zone);
    const std::string allow_name = zone_name(zone, kind + "allow" + digit(family));
    const auto chain =
        layout_.draft.add_chain(zone_name(zone, kind + "ip" + digit(family)), comment);
    const auto denied = targets_of(Stage::deny, family, zone, view, allow_name);
    if (denied.empty()) {
      add_allow(chain, zone, family, view);
      return chain;
    }
    add_dispatch(layout_.draft, chain, zone_name(zone, kind + "deny" + digit(family)), Holds::gotos,
                 view.remote(), denied);
    layout_.draft.add_rule(chain, RuleBuilder().go(allow_name));
    add_allow(layout_.draft.add_chain(allow_name, comment), zone, family, view);
    return chain;
  }

  void add_allow(std::uint32_t chain, std::size_t zone, Family family, const View& view) {
    // Before the sets, which accept and cannot tell. A zone class without rules that log has none.
    add_stage(chain, Stage::logged, zone, family, view,
              targets_of(Stage::logged, family, zone, view, {}));
    if (view.answers) {
      ask_levels(chain, zone, family, view);
    } else {
      add_levels(chain, zone, family, view);
    }
    add_stage(chain, Stage::wide, zone, family, view,
              targets_of(Stage::wide, family, zone, view, {}));
    if (view.answers) return;
    // What an error of the other direction quotes is on the far side, where nothing leads to it.
    if (layout_.options.conntrack && view.met == Direction::outward) {
      add_quoted(chain, zone, family, view);
    }
    if (layout_.halves.size() > 1) add_ways_to_answers(chain, family);
  }

  void add_levels(std::uint32_t chain, std::size_t zone, Family family, const View& view) {
    const auto& lengths = meaning_.levels(family).choice().hashed;
    // The longest first: what it holds is counted for the first rule of all that cover the address.
    for (std::size_t level = lengths.size(); level-- > 0;) {
      Set set{.name = zone_name(zone, "ip" + digit(family) + "_" + std::to_string(lengths[level])),
              .key = {address_part(family), KeyPart::protocol, KeyPart::port},
              .holds = Holds::counters};
      fill_level(set.elements, level, zone, family);
      const bool binds =
          lengths[level] == width_of(family) && meaning_.may_bind_services(family, zone);
      if (set.elements.empty() && !binds) continue;
      sets_[zone][Meaning::index_of(family)].emplace_back(lengths[level], set.name);
      const std::size_t index = layout_.draft.add_set(std::move(set));
      if (lengths[level] == width_of(family)) half_.place(zone, family).bound_services = index;
    }
    ask_levels(chain, zone, family, view);
  }

  void ask_levels(std::uint32_t chain, std::size_t zone, Family family, const View& view) {
    for (const auto& [length, set] : sets_[zone][Meaning::index_of(family)]) {
      layout_.draft.add_rule(
          chain,
          RuleBuilder().count_service(view.remote(), view.port(), family, length, set).accept());
    }
  }

  void fill_level(std::vector<Element>& elements, std::size_t level, std::size_t zone,
                  Family family) const {
    struct Service {
      std::uint8_t protocol;
      std::uint16_t port;
      std::uint32_t rule;
    };
    const Levels& ladder = meaning_.levels(family);
    const unsigned length = ladder.choice().hashed[level];
    std::map<std::pair<Provided, Provided>, std::vector<Service>> known;
    ladder.for_each_step(
        level, [&](const AddressRange& range, const Provided& below, const Provided& here) {
          const auto [found, is_new] = known.try_emplace({below, here});
          auto& services = found->second;
          if (is_new) {
            meaning_.for_each_service(
                family, zone, below, here,
                [&](std::uint8_t protocol, std::uint16_t port, std::uint32_t rule) {
                  services.push_back({protocol, port, rule});
                });
          }
          if (services.empty()) return;
          for (Address block = range.first;;) {
            for (const auto& [protocol, port, rule] : services) {
              elements.push_back({key_of(block, protocol, port), layout_.counter_of(rule)});
            }
            const Address last = last_of_prefix(block, length);
            if (last >= range.last) break;
            block.number = last.number + 1;
          }
        });
    std::ranges::sort(elements);
  }

  std::string stage_chain(Stage stage, std::size_t zone, Family family, const View& view) const {
    const std::string kind = view.answers ? "answers_" : "";
    return zone_name(zone, kind + stage_name(stage) + digit(family));
  }

  /// Addresses that names bind, then the ranges of the policy.
  void add_stage(std::uint32_t chain, Stage stage, std::size_t zone, Family family,
                 const View& view, const std::vector<Target>& targets) {
    const std::string name = stage_chain(stage, zone, family, view);
    if (meaning_.may_bind(stage, family, zone)) {
      Place& place = half_.place(zone, family);
      auto& bound = view.answers ? place.bound_answers : place.bound;
      bound[static_cast<std::size_t>(stage)] =
          std::array{add_bound_set(chain, name + "_bound", family, view),
                     add_bound_set(chain, name + "_moved", family, view)};
    }
    add_dispatch(layout_.draft, chain, name, Holds::jumps, view.remote(), targets);
  }

  std::size_t add_bound_set(std::uint32_t chain, const std::string& name, Family family,
                            const View& view) {
    layout_.draft.add_rule(
        chain, RuleBuilder().obey(view.remote(), family, width_of(family), name).done());
    return layout_.draft.add_set(
        {.name = name, .key = {address_part(family)}, .holds = Holds::jumps});
  }

  std::optional<std::uint32_t> add_later(std::size_t zone, Family family) {
    const View view = of_flows();
    const auto targets = targets_of(Stage::later, family, zone, view, {});
    if (targets.empty() && !meaning_.may_bind(Stage::later, family, zone)) return std::nullopt;
    const auto chain =
        layout_.draft.add_chain(zone_name(zone, "later_ip" + digit(family)), zone_comment(zone));
    add_stage(chain, Stage::later, zone, family, view, targets);
    return chain;
  }

  void add_quoted(std::uint32_t chain, std::size_t zone, Family family, const View& view) {
    const auto errors = layout_.draft.add_chain(zone_name(zone, "errors" + digit(family)),
                                                "ICMP errors, by the packet that they quote");
    const std::string name = layout_.draft.chain_name(errors);
    // The quoted header has no options, so that what follows is where it is looked for.
    const auto lead = [&](std::uint8_t protocol, std::uint16_t first, std::uint16_t last,
                          std::uint8_t version, std::uint8_t last_version) {
      layout_.draft.add_rule(chain, RuleBuilder()
                                        .ports(protocol, first, last)
                                        .transport_byte(8, version, last_version)
                                        .related()
                                        .go(name));
    };
    if (family == Family::v4) {
      lead(protocol_icmp, 3, 3, 0x45, 0x45);
      lead(protocol_icmp, 11, 12, 0x45, 0x45);
    } else {
      lead(protocol_icmpv6, 1, 4, 0x60, 0x6f);
    }
    if (meaning_.zones().size() > 1) only_flows_from(errors, zone, family);
    add_stage(errors, Stage::quoted, zone, family, view,
              targets_of(Stage::quoted, family, zone, view, {}));
  }

  /// A router may report for a host behind it, but not for one of another zone.
  void only_flows_from(std::uint32_t errors, std::size_t zone, Family family) {
    for (std::size_t way = 0; way < meaning_.ways().size(); ++way) {
      Set set{.name = zone_name(zone, "local" + digit(family)) + way_name(way),
              .key = {address_part(family)},
              .interval = true};
      for (const AddressRange& range : meaning_.zones()[zone].ranges[way]) {
        if (range.family() != family) continue;
        set.intervals.push_back({key_of(range.first), key_of(range.last), 0});
      }
      for (const RuleBuilder& comes : coming_by(way)) {
        layout_.draft.add_rule(errors, RuleBuilder(comes).flow_not_from(family, set.name).leave());
      }
      layout_.draft.add_set(std::move(set));
    }
  }

  // ---- ways in ----

  /// Behind the names of what is made for a way.
  static std::string way_name(std::size_t way) {
    return way == 0 ? "" : "_way" + std::to_string(way);
  }

  /// Rules that match what comes by the way: one for each device, or one for all others.
  std::vector<RuleBuilder> coming_by(std::size_t way) {
    if (way > 0) {
      std::vector<RuleBuilder> rules;
      for (const std::string& device : meaning_.ways()[way].devices) {
        rules.push_back(RuleBuilder().from_device(device));
      }
      return rules;
    }
    const std::vector<std::string> devices = vlan_devices();
    if (devices.empty()) return {RuleBuilder()};
    if (devices.size() == 1) return {RuleBuilder().not_from_device(devices.front())};
    return {RuleBuilder().not_from_devices(vlan_device_set())};
  }

  /// Of all ways but the first.
  std::vector<std::string> vlan_devices() const {
    std::vector<std::string> devices;
    for (const Way& way : meaning_.ways()) {
      devices.insert(devices.end(), way.devices.begin(), way.devices.end());
    }
    std::ranges::sort(devices);
    return devices;
  }

  const std::string& vlan_device_set() {
    if (!vlan_device_set_.empty()) return vlan_device_set_;
    vlan_device_set_ = own("vlan_devices");
    Set set{.name = vlan_device_set_, .key = {KeyPart::device}};
    for (const std::string& device : vlan_devices()) {
      set.elements.push_back({key_of_device(device), 0});
    }
    std::ranges::sort(set.elements);
    layout_.draft.add_set(std::move(set));
    return vlan_device_set_;
  }

  // ---- answers ----

  /// The end of a chain that no rule of the half decides: what may answer a flow of the other one.
  /// Over UDP, and to an echo request, only connection tracking knows.
  void add_ways_to_answers(std::uint32_t chain, Family family) {
    const std::string answers = answers_name(layout_.draft, opposite(half_.direction), family);
    const auto tcp = [&](std::uint8_t mask, Relation relation, std::uint8_t value) {
      layout_.draft.add_rule(chain, RuleBuilder().tcp_flags(mask, relation, value).go(answers));
    };
    constexpr std::uint8_t syn = 0x02, rst = 0x04, ack = 0x10;
    tcp(ack, Relation::unequal, 0);
    tcp(syn | rst, Relation::equal, rst);
    if (!layout_.options.conntrack) return;
    const bool v4 = family == Family::v4;
    const std::uint8_t icmp = v4 ? protocol_icmp : protocol_icmpv6;
    const std::uint16_t echo_reply = v4 ? 0 : 129;
    layout_.draft.add_rule(
        chain,
        RuleBuilder().protocols(protocol_udp, protocol_udp).established().reply().go(answers));
    layout_.draft.add_rule(
        chain, RuleBuilder().ports(icmp, echo_reply, echo_reply).established().reply().go(answers));
  }

  /// The chains that add_ways_to_answers() of the other half leads to.
  void add_answers() {
    const View view = of_answers();
    for (const Family family : families) {
      std::vector<ZoneChains> zones;
      for (std::size_t zone = 0; zone < meaning_.zones().size(); ++zone) {
        zones.emplace_back();
        zones.back()[Meaning::index_of(family)] = add_zone(zone, family, view);
      }
      const auto first = layout_.draft.add_chain(
          answers_name(layout_.draft, half_.direction, family), "answers to flows the other way");
      add_zone_dispatch(first, family, zones, "answer_zones", view.local());
    }
  }

  // ---- entries ----

  void add_entries(const std::vector<ZoneChains>& judges, const std::vector<ZoneChains>& laters) {
    const std::string policy = comment_of("policy " + meaning_.image().policy);
    for (const Family family : families) {
      const std::string judge = named(judge_of(family), half_.direction);
      enter({judge, RuleBuilder()}, family, judges, "zones", policy);
      enter({named(later_chain, half_.direction), RuleBuilder().family(family)}, family, laters,
            "later_zones", "fragments without ports");
    }
  }

  /// Behind everything that accepts: flows that finish although their address is bound no more.
  /// Both ends are named, so that connection tracking opens nothing that this table did not pass,
  /// and is asked only where the tables would drop.
  void add_outliving(Family family) {
    std::array<std::size_t, 2> sets{};
    std::array<std::string, 2> names;
    for (const Side side : {Side::source, Side::destination}) {
      const auto index = static_cast<std::size_t>(side);
      names[index] = layout_.draft.own("outliving" + digit(family) +
                                       (side == Side::source ? "_local" : "_remote"));
      sets[index] = layout_.draft.add_set(
          {.name = names[index], .key = {address_part(family), KeyPart::protocol, KeyPart::port}});
    }
    layout_.ends[Meaning::index_of(family)] = sets;
    layout_.draft.table().entries.push_back({family == Family::v4 ? judge4_chain : judge6_chain,
                                             RuleBuilder()
                                                 .end_in(Side::source, family, names[0])
                                                 .end_in(Side::destination, family, names[1])
                                                 .established()
                                                 .original()
                                                 .count(outliving)
                                                 .accept()});
    if (layout_.halves.size() == 1) return;
    // Their answers, where what comes in is judged.
    layout_.draft.table().entries.push_back({named(judge_of(family), Direction::inward),
                                             RuleBuilder()
                                                 .end_in(Side::source, family, names[1])
                                                 .end_in(Side::destination, family, names[0])
                                                 .established()
                                                 .reply()
                                                 .count(outliving)
                                                 .accept()});
  }

  /// A lasting chain, and what a rule there has to ask before a chain of one family may follow.
  struct Gate {
    std::string lasting;
    RuleBuilder asks;
  };

  /// Hangs the zones' chains of one family below a lasting one.
  void enter(Gate gate, Family family, const std::vector<ZoneChains>& chains,
             const std::string& name, const std::string& comment) {
    const bool needed = std::ranges::any_of(chains, [&](const ZoneChains& zone) {
      return zone[Meaning::index_of(family)].has_value();
    });
    if (!needed) return;
    const bool asks_sources = half_.direction == Direction::inward && !local_ranges(family).empty();
    std::uint32_t first = 0;
    if (chains.size() > 1 || asks_sources) {
      first = layout_.draft.add_chain(own(name + "_ip" + digit(family)), comment);
      if (asks_sources) refuse_local_sources(first, family, name);
      add_zone_dispatch(first, family, chains, name, local_side(half_.direction));
    } else {
      first = *chains[0][Meaning::index_of(family)];
    }
    layout_.draft.table().entries.push_back(
        {gate.lasting, gate.asks.jump(layout_.draft.chain_name(first))});
  }

  /// Everything that is in a zone.
  std::vector<AddressRange> local_ranges(Family family) const {
    std::vector<AddressRange> ranges;
    for_each_local_piece(meaning_.image(), family,
                         [&](const AddressRange& piece, std::uint32_t label) {
                           if (label != 0) ranges.push_back(piece);
                         });
    return canonical(std::move(ranges));
  }

  /// Nobody of a zone sends from the other side.
  void refuse_local_sources(std::uint32_t chain, Family family, const std::string& name) {
    Set set{.name = own(name + "_senders" + digit(family)),
            .key = {address_part(family)},
            .holds = Holds::gotos,
            .interval = true};
    const std::uint32_t nowhere = nothing_chain();
    for (const AddressRange& range : local_ranges(family)) {
      set.intervals.push_back({key_of(range.first), key_of(range.last), nowhere});
    }
    layout_.draft.add_rule(
        chain, RuleBuilder().obey(Side::source, family, width_of(family), set.name).done());
    layout_.draft.add_set(std::move(set));
  }

  /// By the way a packet comes and the local address to the chain of its zone class, and the rest
  /// to that of class 0. No chain for each way: the kernel bounds how deep chains lead.
  void add_zone_dispatch(std::uint32_t from, Family family, const std::vector<ZoneChains>& chains,
                         const std::string& name, Side local) {
    const auto rest = chains[0][Meaning::index_of(family)];
    for (std::size_t way = meaning_.ways().size(); way-- > 0;) {
      Set set = zone_map(way, family, chains, name);
      // What comes by the last way to be asked is all that is left.
      for (const RuleBuilder& comes : way == 0 ? std::vector{RuleBuilder()} : coming_by(way)) {
        if (!set.intervals.empty()) {
          layout_.draft.add_rule(
              from, RuleBuilder(comes).obey(local, family, width_of(family), set.name).done());
        }
        if (rest) {
          layout_.draft.add_rule(from, RuleBuilder(comes).go(layout_.draft.chain_name(*rest)));
        } else if (way > 0) {
          layout_.draft.add_rule(from, RuleBuilder(comes).leave());
        }
      }
      if (!set.intervals.empty()) layout_.draft.add_set(std::move(set));
    }
  }

  Set zone_map(std::size_t way, Family family, const std::vector<ZoneChains>& chains,
               const std::string& name) {
    const std::size_t of_family = Meaning::index_of(family);
    Set set{.name = own(name + digit(family)) + way_name(way),
            .key = {address_part(family)},
            .holds = Holds::gotos,
            .interval = true};
    for (std::size_t zone = 1; zone < meaning_.zones().size(); ++zone) {
      // An address of this zone must not get what class 0 may.
      const std::uint32_t chain =
          chains[zone][of_family] ? *chains[zone][of_family] : nothing_chain();
      for (const AddressRange& range : meaning_.zones()[zone].ranges[way]) {
        if (range.family() != family) continue;
        set.intervals.push_back({key_of(range.first), key_of(range.last), chain});
      }
    }
    std::ranges::sort(set.intervals);
    return set;
  }

  std::uint32_t nothing_chain() {
    if (!nothing_) nothing_ = layout_.draft.add_chain(own("nothing"));
    return *nothing_;
  }

  Layout& layout_;
  Half& half_;
  Meaning& meaning_;
  /// The hash sets of each zone class and family: prefix length and name.
  std::vector<std::array<std::vector<std::pair<unsigned, std::string>>, 2>> sets_;
  std::optional<std::uint32_t> nothing_;
  std::string vlan_device_set_;  // its name, once it is made
};

}  // namespace

Layout::Layout(const Image& image, const Options& wanted)
    : options(wanted), draft(options), classes(draft, deciders) {
  halves.push_back(std::make_unique<Half>(image, Direction::outward, options));
  if (has_inward_rules(image)) {
    halves.push_back(std::make_unique<Half>(image, Direction::inward, options));
  }
  add_skeleton(draft, options, halves.size() > 1);
  for (const ImageRule& rule : image.rules) {
    deciders.push_back({counter_name(rule), rule.log ? log_prefix(options.table, rule) : "",
                        rule.action == sallyport::Action::deny});
    draft.table().counters.push_back({deciders.back().counter, comment_of(rule.identity)});
  }
  first_counter = static_cast<std::uint32_t>(draft.table().counters.size() - deciders.size());
  for (const auto& half : halves) Builder(*this, *half).build();
}

}  // namespace sallyport::nft
