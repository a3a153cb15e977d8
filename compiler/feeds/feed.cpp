// SPDX-License-Identifier: GPL-2.0-or-later
// Choosing entries, and the words for fields and faults.
#include "compiler/feeds/feed.h"

#include <algorithm>
#include <set>

namespace sallyport {
namespace {

constexpr std::string_view names[feed_fields] = {
    "tag", "region", "service", "direction", "family", "category", "product", "section", "port"};

/// Empty for a name, which has no family until it is resolved.
std::string_view family_of(const FeedEntry& entry) {
  const auto* range = std::get_if<AddressRange>(&entry.remote);
  if (!range) return {};
  return range->family() == Family::v4 ? "ipv4" : "ipv6";
}

bool lists(const FeedCondition& condition, std::string_view value) {
  return std::ranges::find(condition.values, value) != condition.values.end();
}

bool has_family(const FeedEntry& entry, std::span<const FeedCondition> conditions) {
  return std::ranges::all_of(conditions, [&](const FeedCondition& condition) {
    return condition.field != FeedField::family || lists(condition, family_of(entry));
  });
}

/// Every condition but those on the family.
bool meets(const std::vector<FeedAttribute>& attributes,
           std::span<const FeedCondition> conditions) {
  return std::ranges::all_of(conditions, [&](const FeedCondition& condition) {
    if (condition.field == FeedField::family) return true;
    return std::ranges::any_of(attributes, [&](const FeedAttribute& one) {
      return one.field == condition.field && lists(condition, one.value);
    });
  });
}

}  // namespace

std::string_view field_name(FeedField field) {
  return names[static_cast<std::size_t>(field)];
}

std::optional<FeedField> field_of(std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == std::end(names)) return {};
  return static_cast<FeedField>(at - std::begin(names));
}

std::vector<const FeedEntry*> Feed::select(std::span<const FeedCondition> conditions) const {
  // The conditions on attributes are judged once for each set, not for each of its entries.
  std::vector<bool> chosen;
  for (const auto& attributes : attribute_sets) chosen.push_back(meets(attributes, conditions));
  std::vector<const FeedEntry*> selected;
  for (const FeedEntry& entry : entries) {
    if (chosen[entry.attributes] && has_family(entry, conditions)) selected.push_back(&entry);
  }
  return selected;
}

std::vector<std::string> Feed::values(FeedField field) const {
  std::set<std::string> values;
  if (field == FeedField::family) {
    for (const FeedEntry& entry : entries) {
      if (const auto family = family_of(entry); !family.empty()) values.emplace(family);
    }
  }
  for (const auto& attributes : attribute_sets) {
    for (const FeedAttribute& one : attributes) {
      if (one.field == field) values.insert(one.value);
    }
  }
  return {values.begin(), values.end()};
}

std::string FeedFault::text() const {
  std::string out;
  if (line > 0) out = "line " + std::to_string(line) + ", column " + std::to_string(column);
  if (!pointer.empty()) out += " (" + pointer + ")";
  return out.empty() ? message : out + ": " + message;
}

}  // namespace sallyport
