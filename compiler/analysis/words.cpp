// SPDX-License-Identifier: GPL-2.0-or-later
// See words.h. A set is said by what is written and what of that is missing, where that is shorter
// than its pieces.
#include "compiler/analysis/words.h"

#include <algorithm>
#include <optional>

#include "compiler/values/special.h"

namespace sallyport {
namespace {

constexpr std::size_t most_pieces = 8;

std::vector<std::string> texts_of(const AddressSet& set) {
  std::vector<std::string> texts;
  for (const AddressRange& range : set) texts.push_back(range.text());
  return texts;
}

/// Zones of the program that together are exactly `set`; empty if there are none.
std::string zones_making(const AddressSet& set, const Program& program) {
  AddressSet made;
  std::string text;
  for (const Zone& zone : program.zones) {
    const AddressSet ranges = without(zone.ranges, impossible_ranges());
    if (ranges.empty() || !without(ranges, set).empty()) continue;
    made = union_of(made, ranges);
    text += (text.empty() ? "" : ", ") + zone.name;
  }
  return made == set ? text : std::string();
}

std::string pieces_text(const AddressSet& set) {
  return list_text(texts_of(set), most_pieces);
}

/// `part` of `whole`: empty if it is all, else its pieces or what is missing.
std::string part_text(const AddressSet& part, const AddressSet& whole, const Program& program) {
  if (part == whole) return {};
  const AddressSet missing = without(whole, part);
  if (const std::string zones = zones_making(missing, program); !zones.empty())
    return "except " + zones;
  if (const std::string zones = zones_making(part, program); !zones.empty()) return zones;
  if (missing.size() < part.size()) return "except " + pieces_text(missing);
  return pieces_text(part);
}

/// What the cell says of the ranges of its rule.
struct RangeWords {
  std::vector<std::string> ranges;
  AddressSet missing;  // of these ranges
};

/// Each written range if the cell has most of it, else the pieces that it has.
RangeWords range_words(const Cell& cell, const Rule& rule, const Extents& extents) {
  RangeWords words;
  AddressSet pieces;
  for (const AddressRange& written : rule.remote.ranges) {
    const AddressSet opened = extents.opened(rule, written);
    const AddressSet here = both_of(opened, cell.addresses);
    const AddressSet missing = without(opened, here);
    if (here.empty()) continue;
    if (missing.size() <= here.size()) {
      words.ranges.push_back(written.text());
      words.missing = union_of(words.missing, missing);
    } else {
      pieces = union_of(pieces, here);
    }
  }
  const std::string families[] = {AddressRange::whole(Family::v4).text(),
                                  AddressRange::whole(Family::v6).text()};
  const bool anywhere = std::ranges::all_of(families, [&](const std::string& family) {
    return std::ranges::find(words.ranges, family) != words.ranges.end();
  });
  if (anywhere) {
    for (const std::string& family : families) std::erase(words.ranges, family);
    words.ranges.insert(words.ranges.begin(), "anywhere");
  }
  for (const AddressRange& piece : pieces) words.ranges.push_back(piece.text());
  return words;
}

std::string where_text(const Cell& cell, const Rule& rule, const Extents& extents) {
  if (cell.unrestricted) return {};
  const AddressSet& whole = extents.bindable(rule.direction, rule.private_ok);
  if (cell.addresses == both_of(whole, private_ranges())) return "at private addresses only";
  const AddressSet missing = without(whole, cell.addresses);
  if (missing.size() < cell.addresses.size()) return "except at " + pieces_text(missing);
  return "at " + pieces_text(cell.addresses) + " only";
}

std::string day_of(std::int32_t number) {
  return day_text(Day(std::chrono::days(number)));
}

std::string days_text(const DaySet& days) {
  std::string text;
  for (const DayRange& range : days) {
    if (range.first == first_day && range.last == last_day) continue;
    if (!text.empty()) text += " and ";
    if (range.first != first_day) text += "from " + day_of(range.first);
    if (range.last != last_day) {
      text += (range.first == first_day ? "until " : " until ") + day_of(range.last + 1);
    }
  }
  return text;
}

std::string vlans_text(const Cell& cell, const Rule& rule, const Program& program) {
  const VlanSet written = rule.zone ? program.zones[*rule.zone].vlans : VlanSet{};
  if (cell.vlans == (written.empty() ? every_vlan() : written)) return {};
  std::string text;
  for (const VlanRange& range : cell.vlans) {
    if (!text.empty()) text += ", ";
    text += range.first == 0 ? "none" : std::to_string(range.first);
    if (range.last != range.first) text += "-" + std::to_string(range.last);
  }
  return text;
}

}  // namespace

std::string list_text(const std::vector<std::string>& list, std::size_t most) {
  std::string text;
  const std::size_t shown = list.size() <= most + 1 ? list.size() : most;
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + list[i];
  if (shown < list.size()) text += " and " + std::to_string(list.size() - shown) + " more";
  return text;
}

std::string local_name(const AddressSet& local, const Program& program) {
  const AddressSet every = without(every_address(), impossible_ranges());
  if (local == every) return "any";
  if (const std::string zones = zones_making(local, program); !zones.empty()) return zones;
  const std::string text = part_text(local, every, program);
  return text.starts_with("except") ? "any " + text : text;
}

std::string derived_text(const DerivedName& name, const Program& program) {
  std::string text = name.head + "{label}" + name.tail + " (label of " +
                     program.derivations[name.derivation].alias.text() + ")";
  if (!name.unless.empty()) text += " unless like \"" + name.unless + "\"";
  return text;
}

std::string local_text(const CellWords& words) {
  std::string text = words.zone;
  if (!words.local.empty()) text += " (" + words.local + ")";
  if (!words.vlans.empty()) text += " in VLAN " + words.vlans;
  return text;
}

CellWords words_of(const Cell& cell, const Extents& extents) {
  const Program& program = extents.program();
  const Rule& rule = program.rules[cell.rule];
  CellWords words;
  words.direction = rule.direction == Direction::outward ? "outward" : "inward";
  words.zone = rule.zone ? program.zones[*rule.zone].name : "any";
  words.local = part_text(cell.local, extents.of(cell.rule).local, program);
  for (const HostName& name : cell.names) words.remotes.push_back(name.text());
  for (const NamePattern& pattern : cell.patterns) words.remotes.push_back(pattern.text());
  for (const DerivedName& name : cell.derived) words.remotes.push_back(derived_text(name, program));
  if (cell.about_names()) {
    words.where = where_text(cell, rule, extents);
  } else {
    const RangeWords ranges = range_words(cell, rule, extents);
    words.remotes = ranges.ranges;
    if (!ranges.missing.empty()) words.where = "except at " + pieces_text(ranges.missing);
  }
  words.services = services_text(cell.services);
  words.days = days_text(cell.days);
  words.vlans = vlans_text(cell, rule, program);
  words.view = rule.via;
  if (!cell.patterns.empty()) words.example = cell.example;
  words.rule = rule_text(rule, program.derivations);
  words.place = rule.origin.rule.text();
  if (rule.origin.use.line != 0) words.use = rule.origin.use.text();
  words.vendor = rule.origin.vendor;
  if (!rule.origin.part.empty()) words.vendor += "." + rule.origin.part;
  return words;
}

}  // namespace sallyport
