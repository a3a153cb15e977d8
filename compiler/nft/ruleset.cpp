// SPDX-License-Identifier: GPL-2.0-or-later
// The chains and sets of a generation, built once, and the elements of bound addresses, computed
// for each change. Per zone class and family: deny, then the ladder of hash sets, then what those
// cannot hold.
#include "compiler/nft/ruleset.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "compiler/image/sha256.h"
#include "compiler/nft/dispatch.h"
#include "compiler/nft/draft.h"
#include "compiler/nft/meaning.h"
#include "compiler/nft/rule_builder.h"
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

const char* stage_name(Stage stage) {
  constexpr const char* names[] = {"deny", "wide", "later", "quoted"};
  return names[static_cast<std::size_t>(stage)];
}

/// One element and the set that it belongs to.
struct Placed {
  std::size_t set = 0;
  Element element;
};

/// The sets that hold the bound addresses of one stage. Two, so that an address that changes its
/// chain moves from one to the other and is never in neither (F3).
using BoundSets = std::optional<std::array<std::size_t, 2>>;

/// What is made for one zone class in one family.
struct Place {
  std::optional<std::size_t> bound_services;  // the set of whole addresses
  std::array<BoundSets, 4> bound;             // by Stage
};

/// The chains of a zone class, by family; empty if there is nothing to ask.
using ZoneChains = std::array<std::optional<std::uint32_t>, 2>;

struct Binding {
  std::uint32_t label = 0;
  bool moved = false;  // in the second of each pair of sets
  bool operator==(const Binding&) const = default;
};

std::vector<SetChange> by_set(const std::vector<Placed>& placed) {
  std::map<std::size_t, std::vector<Element>> sets;
  for (const Placed& one : placed) sets[one.set].push_back(one.element);
  std::vector<SetChange> changes;
  for (auto& [set, elements] : sets) changes.push_back({set, std::move(elements)});
  return changes;
}

bool same_key(const Placed& a, const Placed& b) {
  return a.set == b.set && a.element.key == b.element.key;
}

/// Those of `from` whose key `other` does not have.
std::vector<Placed> only_in(const std::vector<Placed>& from, const std::vector<Placed>& other) {
  std::vector<Placed> result;
  for (const Placed& one : from) {
    const bool kept =
        std::ranges::any_of(other, [&](const Placed& another) { return same_key(one, another); });
    if (!kept) result.push_back(one);
  }
  return result;
}

}  // namespace

std::string counter_name(const ImageRule& rule) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(rule.identity.data());
  return "rule_" + hex(sha256({bytes, rule.identity.size()})).substr(0, 12);
}

struct Ruleset::State {
  State(const Image& image, const Options& wanted)
      : options(wanted), meaning(image), draft(options), classes(draft, counters) {
    add_skeleton(draft, options);
    for (const ImageRule& rule : image.rules) {
      counters.push_back(counter_name(rule));
      draft.table().counters.push_back({counters.back(), comment_of(rule.identity)});
    }
    first_counter = static_cast<std::uint32_t>(draft.table().counters.size() - counters.size());
    std::vector<ZoneChains> judges;
    std::vector<ZoneChains> laters;
    for (std::size_t zone = 0; zone < meaning.zones().size(); ++zone) {
      places.emplace_back();
      judges.emplace_back();
      laters.emplace_back();
      for (const Family family : families) {
        judges.back()[Meaning::index_of(family)] = add_zone(zone, family);
        laters.back()[Meaning::index_of(family)] = add_later(zone, family);
      }
    }
    add_entries(judges, laters);
  }

  // ---- building ----

  Place& place(std::size_t zone, Family family) { return places[zone][Meaning::index_of(family)]; }

  std::string zone_name(std::size_t zone, const std::string& what) const {
    return draft.own("zone" + std::to_string(zone) + "_" + what);
  }

  /// The ranges of remote addresses whose class is not empty, each with its chain.
  std::vector<Target> targets_of(Stage stage, Family family, std::size_t zone,
                                 const std::string& fall_to) {
    std::vector<Target> targets;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::optional<std::uint32_t>> known;
    const auto chain_of = [&](std::uint32_t label, std::uint32_t rare) {
      const auto [found, is_new] = known.try_emplace({label, rare});
      if (is_new) {
        const Class members = meaning.class_of(stage, family, zone, label, rare);
        if (!members.empty()) {
          found->second =
              classes.chain_for(stage, family, meaning.items(stage, family), members, fall_to);
        }
      }
      return found->second;
    };
    // There the DNS guard opens what no group alone does, and so no hash set holds it.
    const auto is_resolver = [&](std::uint32_t label) {
      return std::ranges::binary_search(meaning.image().labels.remote_groups[label],
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
        meaning.image(), family, [&](const AddressRange& piece, std::uint32_t label) {
          for_each_overlap(meaning.levels(family).rare(), piece,
                           [&](const AddressRange& range, std::uint32_t rare) {
                             const std::uint32_t beside = is_resolver(label) ? label : rare;
                             const auto chain = chain_of(label, stage == Stage::wide ? beside : 0);
                             if (chain) add(range, *chain);
                           });
        });
    return targets;
  }

  std::uint32_t add_zone(std::size_t zone, Family family) {
    const std::string comment = comment_of("from " + meaning.zones()[zone].words);
    const std::string allow_name = zone_name(zone, "allow" + digit(family));
    const auto chain = draft.add_chain(zone_name(zone, "ip" + digit(family)), comment);
    const auto denied = targets_of(Stage::deny, family, zone, allow_name);
    if (denied.empty()) {
      add_allow(chain, zone, family);
      return chain;
    }
    add_dispatch(draft, chain, zone_name(zone, "deny" + digit(family)), Holds::gotos, denied);
    draft.add_rule(chain, RuleBuilder().go(allow_name));
    add_allow(draft.add_chain(allow_name, comment), zone, family);
    return chain;
  }

  void add_allow(std::uint32_t chain, std::size_t zone, Family family) {
    add_levels(chain, zone, family);
    add_stage(chain, Stage::wide, zone, family, targets_of(Stage::wide, family, zone, {}));
    if (options.conntrack) add_quoted(chain, zone, family);
  }

  void add_levels(std::uint32_t chain, std::size_t zone, Family family) {
    const auto& lengths = meaning.levels(family).choice().hashed;
    // The longest first: what it holds is counted for the first rule of all that cover the address.
    for (std::size_t level = lengths.size(); level-- > 0;) {
      Set set{.name = zone_name(zone, "ip" + digit(family) + "_" + std::to_string(lengths[level])),
              .key = {address_part(family), KeyPart::protocol, KeyPart::port},
              .holds = Holds::counters};
      fill_level(set.elements, level, zone, family);
      const bool binds =
          lengths[level] == width_of(family) && meaning.may_bind_services(family, zone);
      if (set.elements.empty() && !binds) continue;
      draft.add_rule(chain, RuleBuilder().count_service(family, lengths[level], set.name).accept());
      const std::size_t index = draft.add_set(std::move(set));
      if (lengths[level] == width_of(family)) place(zone, family).bound_services = index;
    }
  }

  std::uint32_t counter_of(std::uint32_t rule) const { return first_counter + rule - 1; }

  void fill_level(std::vector<Element>& elements, std::size_t level, std::size_t zone,
                  Family family) const {
    struct Service {
      std::uint8_t protocol;
      std::uint16_t port;
      std::uint32_t rule;
    };
    const Levels& ladder = meaning.levels(family);
    const unsigned length = ladder.choice().hashed[level];
    std::map<std::pair<Provided, Provided>, std::vector<Service>> known;
    ladder.for_each_step(
        level, [&](const AddressRange& range, const Provided& below, const Provided& here) {
          const auto [found, is_new] = known.try_emplace({below, here});
          auto& services = found->second;
          if (is_new) {
            meaning.for_each_service(
                family, zone, below, here,
                [&](std::uint8_t protocol, std::uint16_t port, std::uint32_t rule) {
                  services.push_back({protocol, port, rule});
                });
          }
          if (services.empty()) return;
          for (Address block = range.first;;) {
            for (const auto& [protocol, port, rule] : services) {
              elements.push_back({key_of(block, protocol, port), counter_of(rule)});
            }
            const Address last = last_of_prefix(block, length);
            if (last >= range.last) break;
            block.number = last.number + 1;
          }
        });
    std::ranges::sort(elements);
  }

  /// Addresses that names bind, then the ranges of the policy.
  void add_stage(std::uint32_t chain, Stage stage, std::size_t zone, Family family,
                 const std::vector<Target>& targets) {
    const std::string name = zone_name(zone, stage_name(stage) + digit(family));
    if (meaning.may_bind(stage, family, zone)) {
      place(zone, family).bound[static_cast<std::size_t>(stage)] =
          std::array{add_bound_set(chain, name + "_bound", family),
                     add_bound_set(chain, name + "_moved", family)};
    }
    add_dispatch(draft, chain, name, Holds::jumps, targets);
  }

  std::size_t add_bound_set(std::uint32_t chain, const std::string& name, Family family) {
    draft.add_rule(chain,
                   RuleBuilder().obey(Side::destination, family, width_of(family), name).done());
    return draft.add_set({.name = name, .key = {address_part(family)}, .holds = Holds::jumps});
  }

  std::optional<std::uint32_t> add_later(std::size_t zone, Family family) {
    const auto targets = targets_of(Stage::later, family, zone, {});
    if (targets.empty() && !meaning.may_bind(Stage::later, family, zone)) return std::nullopt;
    const auto chain = draft.add_chain(zone_name(zone, "later_ip" + digit(family)),
                                       comment_of("from " + meaning.zones()[zone].words));
    add_stage(chain, Stage::later, zone, family, targets);
    return chain;
  }

  void add_quoted(std::uint32_t chain, std::size_t zone, Family family) {
    const auto errors = draft.add_chain(zone_name(zone, "errors" + digit(family)),
                                        "ICMP errors, by the packet that they quote");
    const std::string name = draft.chain_name(errors);
    // The quoted header has no options, so that what follows is where it is looked for.
    const auto lead = [&](std::uint8_t protocol, std::uint16_t first, std::uint16_t last,
                          std::uint8_t version, std::uint8_t last_version) {
      draft.add_rule(chain, RuleBuilder()
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
    if (meaning.zones().size() > 1) only_flows_from(errors, zone, family);
    add_stage(errors, Stage::quoted, zone, family, targets_of(Stage::quoted, family, zone, {}));
  }

  /// A router may report for a host behind it, but not for one of another zone.
  void only_flows_from(std::uint32_t errors, std::size_t zone, Family family) {
    Set set{.name = zone_name(zone, "local" + digit(family)),
            .key = {address_part(family)},
            .interval = true};
    for (const AddressRange& range : meaning.zones()[zone].ranges) {
      if (range.family() != family) continue;
      set.intervals.push_back({key_of(range.first), key_of(range.last), 0});
    }
    draft.add_rule(errors, RuleBuilder().flow_not_from(family, set.name).leave());
    draft.add_set(std::move(set));
  }

  void add_entries(const std::vector<ZoneChains>& judges, const std::vector<ZoneChains>& laters) {
    enter(judge_chain, judges, "zones", comment_of("policy " + meaning.image().policy));
    enter(later_chain, laters, "later_zones", "fragments without ports");
  }

  /// Hangs the zones' chains below a lasting one.
  void enter(const char* lasting, const std::vector<ZoneChains>& chains, const std::string& name,
             const std::string& comment) {
    auto& entries = draft.table().entries;
    if (chains.size() > 1) {
      const auto dispatch = draft.add_chain(draft.own(name), comment);
      add_zone_dispatch(dispatch, chains, name);
      entries.push_back({lasting, RuleBuilder().jump(draft.chain_name(dispatch))});
      return;
    }
    for (const Family family : families) {
      const auto chain = chains[0][Meaning::index_of(family)];
      if (!chain) continue;
      entries.push_back({lasting, RuleBuilder().family(family).jump(draft.chain_name(*chain))});
    }
  }

  /// By the local address to the chain of its zone class, and the rest to that of class 0.
  void add_zone_dispatch(std::uint32_t from, const std::vector<ZoneChains>& chains,
                         const std::string& name) {
    for (const Family family : families) {
      const std::size_t of_family = Meaning::index_of(family);
      const bool needed = std::ranges::any_of(
          chains, [&](const ZoneChains& zone) { return zone[of_family].has_value(); });
      if (!needed) continue;
      Set set{.name = draft.own(name + digit(family)),
              .key = {address_part(family)},
              .holds = Holds::gotos,
              .interval = true};
      for (std::size_t zone = 1; zone < meaning.zones().size(); ++zone) {
        // An address of this zone must not get what class 0 may.
        const std::uint32_t chain =
            chains[zone][of_family] ? *chains[zone][of_family] : nothing_chain();
        for (const AddressRange& range : meaning.zones()[zone].ranges) {
          if (range.family() != family) continue;
          set.intervals.push_back({key_of(range.first), key_of(range.last), chain});
        }
      }
      std::ranges::sort(set.intervals);
      if (!set.intervals.empty()) {
        draft.add_rule(from,
                       RuleBuilder().obey(Side::source, family, width_of(family), set.name).done());
        draft.add_set(std::move(set));
      }
      if (const auto chain = chains[0][of_family]) {
        draft.add_rule(from, RuleBuilder().family(family).go(draft.chain_name(*chain)));
      }
    }
  }

  std::uint32_t nothing_chain() {
    if (!nothing) nothing = draft.add_chain(draft.own("nothing"));
    return *nothing;
  }

  // ---- bound addresses ----

  /// Everything that the sets hold for exactly this address.
  std::vector<Placed> placed(const Address& address, const std::optional<Binding>& binding) {
    std::vector<Placed> result;
    for (std::size_t zone = 0; zone < meaning.zones().size(); ++zone) {
      place_services(address, binding, zone, result);
      if (binding) place_classes(address, *binding, zone, result);
    }
    return result;
  }

  void place_services(const Address& address, const std::optional<Binding>& binding,
                      std::size_t zone, std::vector<Placed>& result) {
    const Levels& ladder = meaning.levels(address.family);
    const auto set = place(zone, address.family).bound_services;
    if (!set) return;
    const Provided below = ladder.below(ladder.choice().hashed.size() - 1, address);
    Provided here = ladder.at_top(address);
    if (binding) {
      here = {binding->label, binding->label};
    } else if (here.hashed == below.hashed) {
      return;
    }
    meaning.for_each_service(
        address.family, zone, below, here,
        [&](std::uint8_t protocol, std::uint16_t port, std::uint32_t rule) {
          result.push_back({*set, {key_of(address, protocol, port), counter_of(rule)}});
        });
  }

  void place_classes(const Address& address, const Binding& binding, std::size_t zone,
                     std::vector<Placed>& result) {
    const Family family = address.family;
    const std::uint32_t unbound = static_label(meaning.image(), address);
    const std::uint32_t rare = meaning.levels(family).rare().find(address.number);
    for (const Stage stage : {Stage::wide, Stage::later, Stage::quoted}) {
      const BoundSets& sets = place(zone, family).bound[static_cast<std::size_t>(stage)];
      if (!sets) continue;
      const Class members = meaning.class_of(stage, family, zone, binding.label, rare);
      if (members.empty() || members == meaning.class_of(stage, family, zone, unbound, rare)) {
        continue;
      }
      const std::uint32_t chain =
          classes.chain_for(stage, family, meaning.items(stage, family), members, {});
      result.push_back({(*sets)[binding.moved ? 1 : 0], {key_of(address), chain}});
    }
  }

  bool changes_chain(const std::vector<Placed>& before, const std::vector<Placed>& after) const {
    return std::ranges::any_of(after, [&](const Placed& next) {
      if (draft.table().sets[next.set].holds == Holds::counters) return false;
      return std::ranges::any_of(before, [&](const Placed& old) {
        return same_key(old, next) && old.element.target != next.element.target;
      });
    });
  }

  Delta bind(const Address& address, std::span<const HostName> names) {
    const auto known = bindings.find(address);
    const auto old = known == bindings.end() ? std::nullopt : std::optional(known->second);
    std::optional<Binding> next;
    if (!names.empty()) next = {meaning.label_for(address, names), old && old->moved};
    if (old == next) return {};

    const std::size_t chains_before = draft.table().chains.size();
    const auto before = placed(address, old);
    auto after = placed(address, next);
    if (changes_chain(before, after)) {
      next->moved = !next->moved;
      after = placed(address, next);
    }
    if (next) {
      bindings[address] = *next;
    } else {
      bindings.erase(address);
    }
    Delta delta;
    const auto& chains = draft.table().chains;
    delta.chains.assign(chains.begin() + static_cast<std::ptrdiff_t>(chains_before), chains.end());
    // A key that stays keeps the counter that it has: to change it, it would have to go.
    delta.added = by_set(only_in(after, before));
    delta.removed = by_set(only_in(before, after));
    return delta;
  }

  Options options;
  Meaning meaning;
  std::vector<std::string> counters;  // of the rules
  std::uint32_t first_counter = 0;
  Draft draft;
  Classes classes;
  std::optional<std::uint32_t> nothing;
  std::vector<std::array<Place, 2>> places;  // by zone class and family
  std::map<Address, Binding> bindings;
};

Ruleset::Ruleset(const Image& image, const Options& options)
    : state_(std::make_unique<State>(image, options)) {}
Ruleset::Ruleset(Ruleset&&) noexcept = default;
Ruleset& Ruleset::operator=(Ruleset&&) noexcept = default;
Ruleset::~Ruleset() = default;

Table Ruleset::table() const {
  Table table = state_->draft.table();
  // What is bound stands in for what the policy alone says of the address.
  std::map<std::size_t, std::set<Key>> replaced;
  std::map<std::size_t, std::vector<Element>> bound;
  for (const auto& [address, binding] : state_->bindings) {
    for (const Placed& one : state_->placed(address, std::nullopt)) {
      replaced[one.set].insert(one.element.key);
    }
    for (const Placed& one : state_->placed(address, binding)) {
      bound[one.set].push_back(one.element);
    }
  }
  for (const auto& [set, keys] : replaced) {
    std::erase_if(table.sets[set].elements,
                  [&](const Element& element) { return keys.contains(element.key); });
  }
  for (const auto& [set, added] : bound) {
    auto& elements = table.sets[set].elements;
    elements.insert(elements.end(), added.begin(), added.end());
    std::ranges::sort(elements);
  }
  return table;
}

Delta Ruleset::bind(const Address& address, std::span<const HostName> names) {
  return state_->bind(address, names);
}

std::size_t Ruleset::bound() const {
  return state_->bindings.size();
}

std::vector<std::string> Ruleset::choices() const {
  const Meaning& meaning = state_->meaning;
  std::vector<std::string> lines;
  for (const Family family : families) {
    const Levels& ladder = meaning.levels(family);
    const LengthChoice& choice = ladder.choice();
    std::string line = family == Family::v4 ? "IPv4: " : "IPv6: ";
    if (choice.hashed.empty()) {
      line += "no hash sets";
    } else {
      line += "hash sets of address . protocol . port for lengths";
      for (const unsigned length : choice.hashed) line += " /" + std::to_string(length);
      line += ", " + std::to_string(choice.elements) + " elements a zone";
    }
    if (!choice.rare.empty()) {
      line += "; intervals for";
      for (const unsigned length : choice.rare) line += " /" + std::to_string(length);
    }
    line += "; chosen for " + text_of(ladder.uses());
    lines.push_back(std::move(line));
  }
  if (meaning.by_chains()) {
    lines.emplace_back("addresses times ports exceed a million: maps from addresses to chains");
  }
  std::string zones =
      "zones: " + std::to_string(meaning.zones().size()) + " with rules of their own:";
  for (const ZoneClass& zone : meaning.zones()) zones += " (" + zone.words + ")";
  lines.push_back(std::move(zones));
  lines.emplace_back(state_->options.conntrack
                         ? "conntrack: asked about ICMP errors"
                         : "conntrack: not asked, so outward ICMP errors drop");
  return lines;
}

}  // namespace sallyport::nft
