// SPDX-License-Identifier: GPL-2.0-or-later
// Lints about zones: those that overlap, and vendors of one address family in a zone of two.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::size_t most_pairs = 20;

struct ZoneRange {
  AddressRange range;
  std::uint32_t zone;
};

struct Overlap {
  std::uint32_t first;  // the zone declared first
  std::uint32_t second;
  AddressRange range;  // that both hold; others may follow
};

/// No frame is in both.
bool are_vlans_apart(const Zone& a, const Zone& b) {
  if (a.vlans.empty() || b.vlans.empty()) return false;
  return std::ranges::none_of(a.vlans, [&](const VlanRange& one) {
    return std::ranges::any_of(b.vlans, [&](const VlanRange& other) {
      return one.first <= other.last && other.first <= one.last;
    });
  });
}

/// Each pair of zones once, at most so many.
std::vector<Overlap> overlaps_of(const std::vector<Zone>& zones) {
  std::vector<ZoneRange> ranges;
  for (std::uint32_t zone = 0; zone < zones.size(); ++zone) {
    for (const AddressRange& range : zones[zone].ranges) ranges.push_back({range, zone});
  }
  std::ranges::sort(ranges, {}, [](const ZoneRange& one) { return one.range.first; });
  std::vector<Overlap> found;
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  std::vector<ZoneRange> open;
  for (const ZoneRange& next : ranges) {
    std::erase_if(open, [&](const ZoneRange& one) { return one.range.last < next.range.first; });
    for (const ZoneRange& one : open) {
      const auto [first, second] = std::minmax(one.zone, next.zone);
      if (first == second || are_vlans_apart(zones[first], zones[second])) continue;
      if (!pairs.emplace(first, second).second) continue;
      found.push_back(
          {first, second, {next.range.first, std::min(one.range.last, next.range.last)}});
      if (found.size() == most_pairs) return found;
    }
    open.push_back(next);
  }
  std::ranges::sort(found, {}, [](const Overlap& one) { return std::pair{one.second, one.first}; });
  return found;
}

bool has_family(const std::vector<AddressRange>& ranges, Family family) {
  return std::ranges::any_of(ranges,
                             [&](const AddressRange& range) { return range.family() == family; });
}

/// The rules of one `use` in one zone.
struct Reach {
  const Rule* sample = nullptr;
  bool v4 = false;
  bool v6 = false;
  bool names = false;
};

}  // namespace

void lint_zones(Inspection& inspection) {
  if (inspection.programs().empty()) return;
  const std::vector<Zone>& zones = inspection.programs().front().zones;
  std::map<std::string_view, Span> declared;
  for (const Module& module : inspection.modules()) {
    for (const ZoneStatement& zone : module.policy.zones) declared[zone.name.text] = zone.name.span;
  }
  for (const Overlap& overlap : overlaps_of(zones)) {
    const Zone& first = zones[overlap.first];
    const Zone& second = zones[overlap.second];
    Diagnostic* diagnostic =
        inspection.warn("overlapping-zones", declared[second.name],
                        quote(overlap.range.text()) + " is in " + quote(first.name) + " and in " +
                            quote(second.name) + ": it gets the rules of both");
    if (diagnostic) {
      diagnostic->notes.push_back({declared[first.name], quote(first.name) + " is declared here"});
    }
  }
}

void lint_one_family(Inspection& inspection) {
  for (const Program& program : inspection.programs()) {
    std::map<std::tuple<std::string, std::uint32_t, std::uint32_t>, Reach> uses;
    for (const Rule& rule : program.rules) {
      const Origin& origin = rule.origin;
      if (origin.vendor.empty() || !rule.zone || rule.action != Action::allow) continue;
      Reach& reach = uses[{origin.use.file, origin.use.line, origin.use.column}];
      reach.sample = &rule;
      reach.v4 = reach.v4 || has_family(rule.remote.ranges, Family::v4);
      reach.v6 = reach.v6 || has_family(rule.remote.ranges, Family::v6);
      const RemoteSet& remote = rule.remote;
      reach.names = reach.names || !remote.names.empty() || !remote.patterns.empty() ||
                    !remote.derived.empty();
    }
    for (const auto& [place, reach] : uses) {
      if (!reach.v4 || reach.v6 || reach.names) continue;
      const Zone& zone = program.zones[*reach.sample->zone];
      if (!has_family(zone.ranges, Family::v4) || !has_family(zone.ranges, Family::v6)) continue;
      Diagnostic* diagnostic =
          inspection.warn("ipv4-only", inspection.statements().seen(*reach.sample),
                          quote(reach.sample->origin.vendor) + " has IPv4 addresses only, and " +
                              quote(zone.name) + " has IPv6 too");
      if (diagnostic) {
        diagnostic->notes.push_back(
            {{}, "clients that try IPv6 first are dropped until they fall back"});
      }
    }
  }
}

}  // namespace sallyport
