// SPDX-License-Identifier: GPL-2.0-or-later
// See from_feed.h.
#include "compiler/import/from_feed.h"

#include <algorithm>
#include <map>
#include <set>

namespace sallyport {
namespace {

using Attributes = std::vector<FeedAttribute>;

std::string first_value(const Attributes& attributes, FeedField field) {
  const auto found = std::ranges::find(attributes, field, &FeedAttribute::field);
  return found == attributes.end() ? std::string() : found->value;
}

std::string destination_of(const FeedEntry& entry) {
  return std::visit([](const auto& remote) { return remote.text(); }, entry.remote);
}

/// The first field that tells entries apart; empty if none does.
std::optional<FeedField> dividing_field(const Feed& feed) {
  for (const FeedField field : {FeedField::service, FeedField::product, FeedField::section,
                                FeedField::category, FeedField::tag}) {
    if (!feed.values(field).empty()) return field;
  }
  return std::nullopt;
}

std::vector<Service> services_of(const Attributes& attributes) {
  std::vector<Service> services;
  for (const FeedAttribute& attribute : attributes) {
    if (attribute.field != FeedField::port) continue;
    if (const auto service = Service::parse(attribute.value)) services.push_back(*service);
  }
  std::ranges::sort(services);
  return services;
}

bool is_inbound_only(const Attributes& attributes) {
  bool in = false, out = false;
  for (const FeedAttribute& attribute : attributes) {
    if (attribute.field != FeedField::direction) continue;
    const bool inward = attribute.value.starts_with("in") || attribute.value == "ingress";
    in = in || inward;
    out = out || !inward;
  }
  return in && !out;
}

}  // namespace

Draft draft_of_feed(const Feed& feed, const FeedDraftOptions& options) {
  Draft draft{.vendor = options.vendor,
              .source = options.source,
              .seen = feed.date,
              .parameters = {},
              .rules = {},
              .unread = {}};
  const auto field = dividing_field(feed);
  std::map<std::pair<std::string, std::vector<Service>>, std::size_t> places;
  std::set<std::pair<std::size_t, std::string>> written;
  std::set<std::string> inbound;
  for (const FeedEntry* entry : feed.select(options.where)) {
    const Attributes& attributes = feed.attribute_sets[entry->attributes];
    const std::string destination = destination_of(*entry);
    if (is_inbound_only(attributes)) {
      inbound.insert(destination);
      continue;
    }
    auto services = services_of(attributes);
    if (services.empty()) services = options.services;
    const std::string part = field ? first_value(attributes, *field) : std::string();
    const auto [place, is_new] = places.try_emplace({part, services}, draft.rules.size());
    if (is_new) {
      draft.rules.push_back(
          {.part = part, .services = services, .destinations = {}, .remarks = {}});
    }
    if (written.emplace(place->second, destination).second)
      draft.rules[place->second].destinations.push_back(destination);
  }
  if (!feed.version.empty()) draft.source += ", version " + feed.version;
  for (const std::string& destination : inbound)
    draft.unread.push_back({0, "inbound, and no rule is written for it: " + destination});
  return draft;
}

}  // namespace sallyport
