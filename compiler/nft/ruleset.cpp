// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of bound addresses, computed for each change of a layout that stays.
#include "compiler/nft/ruleset.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "compiler/image/sha256.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/layout.h"

namespace sallyport::nft {
namespace {

/// One element and the set that it belongs to.
struct Placed {
  std::size_t set = 0;
  Element element;
};

struct Binding {
  std::vector<std::uint32_t> labels;  // of each half
  bool moved = false;                 // in the second of each pair of sets
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

/// Those of `members` that `others` do not have; both are sorted.
Class class_without(const Class& members, const Class& others) {
  Class rest;
  std::ranges::set_difference(members, others, std::back_inserter(rest));
  return rest;
}

}  // namespace

std::string counter_name(const ImageRule& rule) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(rule.identity.data());
  return "rule_" + hex(sha256({bytes, rule.identity.size()})).substr(0, 12);
}

std::string log_prefix(const std::string& table, const ImageRule& rule) {
  constexpr std::size_t longest = 127;  // for the kernel
  const bool denies = rule.action == sallyport::Action::deny;
  const std::string lead =
      table + (denies ? " log drop " : " log pass ") + counter_name(rule) + ' ';
  std::string place = rule.origin.rule.file + ':' + std::to_string(rule.origin.rule.line);
  const std::size_t room = longest - lead.size() - 2;
  if (place.size() > room) place = "..." + place.substr(place.size() - (room - 3));
  for (char& c : place) {
    const auto code = static_cast<unsigned char>(c);
    if (code <= 0x20 || code > 0x7e || c == '"' || c == '\\' || c == '$') c = '_';
  }
  return lead + place + ": ";
}

struct Ruleset::State : Layout {
  using Layout::Layout;

  /// Everything that the sets hold for exactly this address.
  std::vector<Placed> placed(const Address& address, const std::optional<Binding>& binding) {
    std::vector<Placed> result;
    for (std::size_t index = 0; index < halves.size(); ++index) {
      const auto label = binding ? std::optional(binding->labels[index]) : std::nullopt;
      for (std::size_t zone = 0; zone < halves[index]->meaning.zones().size(); ++zone) {
        place_services(*halves[index], address, label, zone, result);
        if (label) place_classes(*halves[index], address, *label, binding->moved, zone, result);
      }
    }
    return result;
  }

  void place_services(Half& half, const Address& address, std::optional<std::uint32_t> label,
                      std::size_t zone, std::vector<Placed>& result) {
    const Levels& ladder = half.meaning.levels(address.family);
    const auto set = half.place(zone, address.family).bound_services;
    if (!set) return;
    const Provided below = ladder.below(ladder.choice().hashed.size() - 1, address);
    Provided here = ladder.at_top(address);
    if (label) {
      here = {*label, *label};
    } else if (here.hashed == below.hashed) {
      return;
    }
    half.meaning.for_each_service(
        address.family, zone, below, here,
        [&](std::uint8_t protocol, std::uint16_t port, std::uint32_t rule) {
          result.push_back({*set, {key_of(address, protocol, port), counter_of(rule)}});
        });
  }

  void place_classes(Half& half, const Address& address, std::uint32_t label, bool moved,
                     std::size_t zone, std::vector<Placed>& result) {
    const Family family = address.family;
    const Meaning& meaning = half.meaning;
    const std::uint32_t unbound = static_label(meaning.image(), address);
    const std::uint32_t rare = meaning.levels(family).rare().find(address.number);
    const auto place = [&](const BoundSets& sets, Stage stage, Side port) {
      if (!sets) return;
      Class members = meaning.class_of(stage, family, zone, label, rare);
      const Class without = meaning.class_of(stage, family, zone, unbound, rare);
      if (members == without) return;
      // What the ranges around the address tell is told there.
      if (stage == Stage::logged) members = class_without(members, without);
      if (members.empty()) return;
      const std::uint32_t chain =
          classes.chain_for(stage, port, family, meaning.items(stage, family), members, {});
      result.push_back({(*sets)[moved ? 1 : 0], {key_of(address), chain}});
    };
    const Place& here = half.place(zone, family);
    for (const Stage stage : {Stage::wide, Stage::later, Stage::quoted, Stage::logged}) {
      place(here.bound[static_cast<std::size_t>(stage)], stage, Side::destination);
    }
    for (const Stage stage : {Stage::wide, Stage::logged}) {
      place(here.bound_answers[static_cast<std::size_t>(stage)], stage, Side::source);
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

  Delta bind(const Address& address, std::span<const ViewedName> names) {
    const auto known = bindings.find(address);
    const auto old = known == bindings.end() ? std::nullopt : std::optional(known->second);
    std::optional<Binding> next;
    if (!names.empty()) {
      next.emplace();
      for (const auto& half : halves) {
        next->labels.push_back(half->meaning.label_for(address, names));
      }
      next->moved = old && old->moved;
    }
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

  /// The two keys of each flow, by set; flows may share an end.
  using Ends = std::set<std::pair<std::size_t, Key>>;
  Ends ends_of(const std::set<Flow>& flows) const {
    Ends keys;
    for (const Flow& flow : flows) {
      const auto& [local, remote] = *ends[Meaning::index_of(flow.source.family)];
      keys.emplace(local, key_of(flow.source, flow.protocol, flow.source_port));
      keys.emplace(remote, key_of(flow.destination, flow.protocol, flow.port));
    }
    return keys;
  }

  std::map<Address, Binding> bindings;
  std::set<Flow> finishing;
};

std::optional<std::string> unjudged(const Image& image, const Options& options) {
  const auto missing = vlans_without_device(image, options.vlan_devices);
  if (!missing.empty()) {
    return "it has zones by VLAN, and nftables sees no tags: --vlan-device says which device "
           "stands "
           "for VLAN " +
           missing;
  }
  if (!has_inward_rules(image) || options.proof) return std::nullopt;
  if (options.devices.empty()) {
    return "its inward rules need --device, which says on which side the clients are";
  }
  if (options.host) return "--host does not judge what comes in to this host";
  return std::nullopt;
}

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
  for (const auto& [set, key] : state_->ends_of(state_->finishing)) {
    table.sets[set].elements.push_back({key, 0});  // sorted, as the ends are
  }
  for (const auto& [set, added] : bound) {
    auto& elements = table.sets[set].elements;
    elements.insert(elements.end(), added.begin(), added.end());
    std::ranges::sort(elements);
  }
  return table;
}

void Ruleset::know(std::vector<ImageName> names) {
  for (const auto& half : state_->halves) half->meaning.know(names);
}

Delta Ruleset::bind(const Address& address, std::span<const ViewedName> names) {
  return state_->bind(address, names);
}

bool Ruleset::passes(const Flow& flow, std::span<const ViewedName> names) {
  Meaning& meaning = state_->halves.front()->meaning;
  return meaning.passes(flow, meaning.label_for(flow.destination, names));
}

Delta Ruleset::let_finish(std::set<Flow> flows) {
  assert(flows.empty() || state_->ends[0]);
  const auto before = state_->ends_of(state_->finishing);
  state_->finishing = std::move(flows);
  const auto after = state_->ends_of(state_->finishing);
  const auto beyond = [](const State::Ends& all, const State::Ends& others) {
    std::vector<Placed> placed;
    for (const auto& end : all) {
      if (!others.contains(end)) placed.push_back({end.first, {end.second, 0}});
    }
    return by_set(placed);
  };
  return {.chains = {}, .added = beyond(after, before), .removed = beyond(before, after)};
}

std::size_t Ruleset::bound() const {
  return state_->bindings.size();
}

std::vector<std::string> Ruleset::choices() const {
  const Meaning& meaning = state_->meaning();
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
  if (!state_->options.conntrack) {
    lines.emplace_back("conntrack: not asked, so outward ICMP errors drop");
  } else if (!meaning.has_names()) {
    lines.emplace_back("conntrack: asked about ICMP errors");
  } else {
    lines.emplace_back(
        "conntrack: asked about ICMP errors, and about flows that outlive the address of a name");
  }
  return lines;
}

}  // namespace sallyport::nft
