// SPDX-License-Identifier: GPL-2.0-or-later
// See near_miss.h. Each allow is asked, side by side, what keeps it from covering the flow; those
// with one obstacle are near.
#include "compiler/analysis/near_miss.h"

#include <algorithm>
#include <set>

#include "compiler/analysis/extent.h"
#include "compiler/analysis/words.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

/// Something in the way; the lower the number, the nearer the rule.
struct Obstacle {
  int distance = 0;
  std::string why;
  std::string advice;
};
using Found = std::optional<Obstacle>;

std::string asked_service(const Refused& refused) {
  return Service{refused.protocol, refused.port, refused.port}.text();
}

std::string zones_of(const Program& program, const Refused& refused) {
  std::vector<std::string> names;
  for (const Zone& zone : program.zones) {
    if (holds(zone, refused.local, refused.vlan)) names.push_back(zone.name);
  }
  return names.empty() ? "no zone" : list_text(names, names.size());
}

class Examination {
 public:
  Examination(const Program& program, const Refused& refused, const Bindings& bindings)
      : program_(program),
        refused_(refused),
        bindings_(bindings),
        surroundings_{bindings, {}},
        extents_(program),
        deny_(deny_obstacle()) {}

  /// Empty if the rule is not near, or not an allow.
  std::optional<std::pair<int, NearMiss>> near(std::uint32_t index) const;

 private:
  Found direction_obstacle(const Rule& rule) const;
  Found zone_obstacle(const Rule& rule) const;
  Found service_obstacle(std::uint32_t index) const;
  int service_distance(const Rule& rule) const;
  Found remote_obstacle(const Rule& rule, bool& far) const;
  Found range_obstacle(const Rule& rule) const;
  Found name_obstacle(const Rule& rule) const;
  Found binding_obstacle(const Rule& rule) const;
  Found pattern_obstacle(const Rule& rule) const;
  Found deny_obstacle() const;

  bool is_bound(const HostName& name) const {
    const auto found = bindings_.find(name);
    return found != bindings_.end() && found->second.contains(refused_.remote);
  }

  const Program& program_;
  const Refused& refused_;
  const Bindings& bindings_;
  Surroundings surroundings_;
  Extents extents_;
  Found deny_;
};

// --- What may be in the way -----------------------------------------------------------------

Found Examination::direction_obstacle(const Rule& rule) const {
  if (rule.direction == refused_.direction) return std::nullopt;
  const bool outward = rule.direction == Direction::outward;
  return Obstacle{30,
                  outward ? "allowed only for flows that begin on our side"
                          : "allowed only for flows that begin at the remote",
                  {}};
}

Found Examination::zone_obstacle(const Rule& rule) const {
  if (!rule.zone) return std::nullopt;
  const Zone& zone = program_.zones[*rule.zone];
  if (holds(zone, refused_.local, refused_.vlan)) return std::nullopt;
  const std::string local = refused_.local.text() +
                            (refused_.vlan == 0 ? "" : " in VLAN " + std::to_string(refused_.vlan));
  if (contains(zone.ranges, refused_.local)) {
    return Obstacle{15,
                    "allowed for " + zone.name + ", which has " + refused_.local.text() + " in " +
                        vlans_text(zone.vlans) + " only",
                    refused_.vlan == 0 ? "`vlan ID` in front of the packet says its tag" : ""};
  }
  return Obstacle{
      20, "allowed for " + zone.name + "; " + local + " is in " + zones_of(program_, refused_), {}};
}

Found Examination::service_obstacle(std::uint32_t index) const {
  const Extent& extent = extents_.of(index);
  const Rule& rule = extents_.rule(index);
  if (contains(extent.services, refused_.protocol, refused_.port)) return std::nullopt;
  const bool resolver = contains(extents_.resolvers(), refused_.remote);
  if (contains(extent.at_resolvers, refused_.protocol, refused_.port) && resolver)
    return std::nullopt;
  const bool guarded = std::ranges::any_of(rule.services, [&](const Service& service) {
    return service.contains(refused_.protocol, refused_.port);
  });
  const std::string asked = asked_service(refused_);
  if (guarded) {
    std::string advice = "a rule that names `" + asked + "` itself opens it";
    if (refused_.port == 53) advice += ", or `resolver` declares the server";
    return Obstacle{5, "the DNS guard keeps " + asked + " closed to services wider than that port",
                    std::move(advice)};
  }
  return Obstacle{
      service_distance(rule),
      "allowed on " + services_text(canonical_services(rule.services)) + ", you asked " + asked,
      {}};
}

/// The same port of another protocol is nearer than another port, and a rule for few addresses
/// nearer than one for half of the world.
int Examination::service_distance(const Rule& rule) const {
  constexpr unsigned shortest_prefix = 8;
  const bool same_port = std::ranges::any_of(rule.services, [&](const Service& service) {
    return service.contains(service.protocol, refused_.port);
  });
  const bool wide = std::ranges::any_of(rule.remote.ranges, [&](const AddressRange& range) {
    const Uint128 size = range.last.number - range.first.number;
    return range.contains(refused_.remote) &&
           size >> (width_of(range.family()) - shortest_prefix) != 0;
  });
  return (same_port ? 10 : 11) + (wide ? 15 : 0);
}

/// A written range holds the address, but does not open it.
Found Examination::range_obstacle(const Rule& rule) const {
  for (const AddressRange& written : rule.remote.ranges) {
    if (!written.contains(refused_.remote)) continue;
    const auto special = special_range_of(refused_.remote, program_.nat64);
    const std::string what = special ? std::string(special->what) : "special";
    const std::string inside = special ? special->range.text() : refused_.remote.text();
    return Obstacle{4,
                    refused_.remote.text() + " is " + what + " (" + inside +
                        "), which a wider range never opens",
                    "a destination written inside " + inside + " opens it"};
  }
  return std::nullopt;
}

/// A name of the rule has the address, but may not.
Found Examination::binding_obstacle(const Rule& rule) const {
  const auto lists = [&](const ViewedName& name) {
    if (name.via != rule.via) return false;
    return std::ranges::binary_search(rule.remote.names, name.name) ||
           std::ranges::any_of(rule.remote.patterns, [&](const NamePattern& pattern) {
             return pattern.matches(name.name);
           });
  };
  for (const auto& [name, addresses] : bindings_) {
    if (!addresses.contains(refused_.remote) || !lists(name)) continue;
    if (const auto special = special_range_of(refused_.remote, program_.nat64)) {
      return Obstacle{4,
                      name.text() + " has this address, but it is " + std::string(special->what) +
                          " (" + special->range.text() + "), which no name opens",
                      "only the address itself, written in a rule, opens it"};
    }
    return Obstacle{3, name.text() + " has this address, but it is private",
                    "`private ok` behind the destinations lets names have private addresses"};
  }
  return std::nullopt;
}

/// The name that was asked for stands in the rule, without this address.
Found Examination::name_obstacle(const Rule& rule) const {
  if (refused_.name) {
    const HostName& asked = *refused_.name;
    const bool listed = std::ranges::binary_search(rule.remote.names, asked);
    const auto pattern = std::ranges::find_if(
        rule.remote.patterns, [&](const NamePattern& each) { return each.matches(asked); });
    if (listed || pattern != rule.remote.patterns.end()) {
      return Obstacle{6,
                      (listed ? "names " + asked.text() : pattern->text() + " covers it") +
                          ", but " + refused_.remote.text() + " is not bound to it",
                      {}};
    }
  }
  if (auto pattern = pattern_obstacle(rule)) return pattern;
  std::vector<std::string> unbound;
  for (const HostName& name : rule.remote.names) {
    if (!bindings_.contains(name)) unbound.push_back(name.text());
  }
  for (const NamePattern& pattern : rule.remote.patterns) unbound.push_back(pattern.text());
  for (const DerivedName& name : rule.remote.derived)
    unbound.push_back(derived_text(name, program_));
  if (unbound.empty()) return std::nullopt;
  return Obstacle{refused_.name ? 40 : 35,
                  "would open it if it were an address of " + list_text(unbound, 3),
                  {}};
}

/// A pattern beside the name: the apex, or another depth.
Found Examination::pattern_obstacle(const Rule& rule) const {
  if (!refused_.name) return std::nullopt;
  const std::string& asked = refused_.name->text();
  for (const NamePattern& pattern : rule.remote.patterns) {
    const std::string& text = pattern.text();
    const bool deep = text.starts_with("*."), one = text.starts_with("?.");
    if (!deep && !one) continue;
    const std::string base = text.substr(2);
    if (asked == base) {
      return Obstacle{7, "`" + text + "` does not cover " + asked + " itself",
                      "`." + base + "` covers both"};
    }
    if (one && asked.ends_with("." + base)) {
      return Obstacle{7, "`" + text + "` covers exactly one label below " + base,
                      "`*." + base + "` covers any depth"};
    }
  }
  for (const HostName& name : rule.remote.names) {
    if (!asked.ends_with("." + name.text())) continue;
    return Obstacle{8, "allowed to " + name.text() + " itself, not to names below it",
                    "`." + name.text() + "` covers both"};
  }
  return std::nullopt;
}

Found Examination::remote_obstacle(const Rule& rule, bool& far) const {
  if (covers(program_, rule, refused_.remote, surroundings_)) return std::nullopt;
  if (auto range = range_obstacle(rule)) return range;
  if (auto binding = binding_obstacle(rule)) return binding;
  if (auto name = name_obstacle(rule)) return name;
  far = true;
  return std::nullopt;
}

Found Examination::deny_obstacle() const {
  for (std::uint32_t index = 0; index < program_.rules.size(); ++index) {
    const Rule& rule = program_.rules[index];
    const Extent& extent = extents_.of(index);
    const bool closes = rule.action == Action::deny && rule.direction == refused_.direction &&
                        contains(extent.local, refused_.local) &&
                        contains(extent.services, refused_.protocol, refused_.port) &&
                        covers(program_, rule, refused_.remote, surroundings_);
    if (!closes) continue;
    return Obstacle{1, "allowed, but the deny at " + rule.origin.rule.text() + " wins", {}};
  }
  return std::nullopt;
}

// --- One rule -------------------------------------------------------------------------------

std::optional<std::pair<int, NearMiss>> Examination::near(std::uint32_t index) const {
  const Rule& rule = program_.rules[index];
  if (rule.action != Action::allow) return std::nullopt;
  bool far = false;
  std::vector<Obstacle> found;
  for (auto& obstacle : {direction_obstacle(rule), zone_obstacle(rule), service_obstacle(index),
                         remote_obstacle(rule, far)}) {
    if (obstacle) found.push_back(*obstacle);
  }
  if (deny_) found.push_back(*deny_);
  if (far || found.size() != 1) return std::nullopt;
  return std::pair{found[0].distance, NearMiss{index, found[0].why, found[0].advice}};
}

}  // namespace

Refused refused_flow(const FlowText& flow, const Address& remote) {
  Refused refused{.direction = flow.direction,
                  .local = flow.local,
                  .vlan = flow.vlan,
                  .remote = remote,
                  .protocol = flow.protocol,
                  .port = flow.destination_port,
                  .name = {}};
  if (const auto* name = std::get_if<HostName>(&flow.remote)) refused.name = *name;
  return refused;
}

std::vector<NearMiss> near_misses(const Program& program, const Refused& refused,
                                  const Bindings& bindings, std::size_t most) {
  const Examination examination(program, refused, bindings);
  std::vector<std::pair<int, NearMiss>> found;
  std::set<std::string> told;  // the same rule in several zones is one
  for (std::uint32_t index = 0; index < program.rules.size(); ++index) {
    auto miss = examination.near(index);
    if (!miss) continue;
    const std::string key = miss->second.why + program.rules[index].origin.rule.text();
    if (told.insert(key).second) found.push_back(std::move(*miss));
  }
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  if (found.size() > most) found.resize(most);
  std::vector<NearMiss> misses;
  for (auto& [distance, miss] : found) misses.push_back(std::move(miss));
  return misses;
}

}  // namespace sallyport
