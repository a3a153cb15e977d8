// SPDX-License-Identifier: GPL-2.0-or-later
// See from_feed.h.
#include "compiler/import/from_feed.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace sallyport {
namespace {

using Attributes = std::vector<FeedAttribute>;

std::string destination_of(const FeedEntry& entry) {
  return std::visit([](const auto& remote) { return remote.text(); }, entry.remote);
}

/// The first field that tells what the entry is for; empty if it has none of them.
std::optional<FeedField> dividing_field(const Attributes& attributes) {
  for (const FeedField field : {FeedField::service, FeedField::product, FeedField::section,
                                FeedField::category, FeedField::tag}) {
    if (std::ranges::find(attributes, field, &FeedAttribute::field) != attributes.end())
      return field;
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

/// The words of the feed for the two directions, each empty where the entry has no flows that way.
/// The vendor looks from its side: what leaves it comes in to us.
struct Directions {
  std::string outward;
  std::string inward;
  bool stated = false;
};

Directions directions_of(const Attributes& attributes) {
  Directions directions;
  for (const FeedAttribute& attribute : attributes) {
    if (attribute.field != FeedField::direction) continue;
    directions.stated = true;
    const bool leaves = attribute.value.starts_with("e") || attribute.value.starts_with("out");
    (leaves ? directions.inward : directions.outward) = attribute.value;
  }
  return directions;
}

class FeedDrafter {
 public:
  FeedDrafter(const Feed& feed, const FeedDraftOptions& options) : feed_(feed), options_(options) {}

  Draft run();

 private:
  /// What an entry has in common with others of its rule.
  struct Kind {
    std::optional<FeedField> field;  // of which the part is a value
    std::string part;
    bool inward = false;
    std::string direction;  // the feed's word for it, if it has one
    std::vector<Service> services;
    bool own_services = false;  // the feed says them
  };

  void add(const FeedEntry& entry);
  void add(const FeedEntry& entry, const Kind& kind);
  void write(const Kind& kind, const std::string& destination);
  std::optional<std::string> reference(const Kind& kind) const;

  const Feed& feed_;
  const FeedDraftOptions& options_;
  bool divided_ = false;  // some entries have a dividing field: no filter asks for its absence
  Draft draft_;
  std::map<std::tuple<std::string, bool, std::vector<Service>>, std::size_t> places_;
  std::set<std::pair<std::size_t, std::string>> written_;
};

std::optional<std::string> filter_text(FeedField field, const std::vector<std::string>& values) {
  std::string text = std::string(field_name(field)) + " = ";
  for (const std::string& value : values) {
    const auto quoted = quoted_exactly(value);
    if (!quoted) return std::nullopt;
    text += (&value == &values.front() ? "" : " or ") + *quoted;
  }
  return text;
}

/// `feed acme where service = "STORE" and direction = "ingress"`; empty if it cannot be said.
std::optional<std::string> FeedDrafter::reference(const Kind& kind) const {
  std::vector<std::pair<FeedField, std::vector<std::string>>> filters;
  if (kind.field) filters.push_back({*kind.field, {kind.part}});
  if (!kind.direction.empty()) filters.push_back({FeedField::direction, {kind.direction}});
  if (kind.own_services) filters.push_back({FeedField::port, {kind.services.front().text()}});
  for (const FeedCondition& condition : options_.where) {
    const bool said = kind.field == condition.field &&
                      std::ranges::find(condition.values, kind.part) != condition.values.end();
    if (!said) filters.emplace_back(condition.field, condition.values);
  }
  std::string text = "feed " + options_.feed->name;
  for (const auto& [field, values] : filters) {
    const auto filter = filter_text(field, values);
    if (!filter) return std::nullopt;
    text += (text.find(" where ") == std::string::npos ? " where " : " and ") + *filter;
  }
  return text;
}

void FeedDrafter::write(const Kind& kind, const std::string& destination) {
  const auto [place, is_new] =
      places_.try_emplace({kind.part, kind.inward, kind.services}, draft_.rules.size());
  if (is_new) {
    draft_.rules.push_back({kind.part, kind.inward, kind.services, {}, {}});
    if (kind.inward) {
      draft_.rules.back().remarks.push_back({0, "the port is one of ours: the vendor calls it"});
    }
  }
  if (written_.emplace(place->second, destination).second)
    draft_.rules[place->second].destinations.push_back(destination);
}

void FeedDrafter::add(const FeedEntry& entry, const Kind& kind) {
  if (options_.feed && (kind.field || !divided_)) {
    if (const auto chosen = reference(kind)) return write(kind, *chosen);
  }
  write(kind, destination_of(entry));
}

/// Copied, an entry stands in the first of its parts; chosen by filters, in each.
void FeedDrafter::add(const FeedEntry& entry) {
  const Attributes& attributes = feed_.attribute_sets[entry.attributes];
  const auto field = dividing_field(attributes);
  std::vector<std::string> parts;
  for (const FeedAttribute& attribute : attributes) {
    if (field == attribute.field) parts.push_back(attribute.value);
  }
  if (parts.empty()) parts.emplace_back();
  if (!options_.feed) parts.resize(1);

  const auto stated = services_of(attributes);
  std::vector<std::vector<Service>> groups{stated.empty() ? options_.services : stated};
  if (options_.feed && !stated.empty()) {
    groups.clear();
    for (const Service& service : stated) groups.push_back({service});
  }
  const Directions directions = directions_of(attributes);
  for (const std::string& part : parts) {
    for (const auto& services : groups) {
      Kind kind{field, part, false, directions.outward, services, !stated.empty()};
      if (!directions.stated || !directions.outward.empty()) add(entry, kind);
      kind.inward = true;
      kind.direction = directions.inward;
      if (!directions.inward.empty()) add(entry, kind);
    }
  }
}

Draft FeedDrafter::run() {
  draft_.vendor = options_.vendor;
  draft_.source = options_.source;
  draft_.seen = feed_.date;
  draft_.feed = options_.feed;
  const auto entries = feed_.select(options_.where);
  divided_ = std::ranges::any_of(entries, [&](const FeedEntry* entry) {
    return dividing_field(feed_.attribute_sets[entry->attributes]).has_value();
  });
  for (const FeedEntry* entry : entries) add(*entry);
  if (!feed_.version.empty()) draft_.source += ", version " + feed_.version;
  return std::move(draft_);
}

}  // namespace

Draft draft_of_feed(const Feed& feed, const FeedDraftOptions& options) {
  return FeedDrafter(feed, options).run();
}

}  // namespace sallyport
