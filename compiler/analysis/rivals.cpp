// SPDX-License-Identifier: GPL-2.0-or-later
// Rivals: cohorts, and intervals filed by their beginning, with the farthest end so far beside
// each, so that a search backwards knows where nothing more can meet.
#include "compiler/analysis/rivals.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace sallyport {
namespace {

/// `deny any` has every protocol.
constexpr std::size_t most_filed = 16;

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  const auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
}

}  // namespace

Rivals::Rivals(const Extents& extents, Action action) : extents_(extents) {
  std::map<std::tuple<std::uint32_t, bool, std::string_view>, std::uint32_t> known;
  const std::vector<Rule>& rules = extents.program().rules;
  for (std::uint32_t index = 0; index < rules.size(); ++index) {
    const Rule& rule = rules[index];
    if (rule.action != action) continue;
    const auto next = static_cast<std::uint32_t>(cohorts_.size());
    const auto [entry, is_new] =
        known.try_emplace({extents.kind_of(index), rule.private_ok, rule.via}, next);
    if (is_new) cohorts_.emplace_back();
    cohorts_[entry->second].rules.push_back(index);
  }
  file_services();
}

void Rivals::file_services() {
  for (std::uint32_t cohort = 0; cohort < cohorts_.size(); ++cohort) {
    const Extent& of = extent(cohort);
    if (of.services.size() + of.at_resolvers.size() > most_filed) {
      broad_.push_back(cohort);
      continue;
    }
    for (const ServiceSet* set : {&of.services, &of.at_resolvers}) {
      for (const Service& service : *set) offers_.push_back({service, service.last, cohort});
    }
  }
  std::ranges::sort(offers_, {}, &Offer::service);
  for (std::size_t i = 1; i < offers_.size(); ++i) {
    const Offer& before = offers_[i - 1];
    if (before.service.protocol == offers_[i].service.protocol)
      offers_[i].reach = std::max(offers_[i].reach, before.reach);
  }
}

void Rivals::add_offers(const ServiceSet& services, Numbers& found) const {
  for (const Service& asked : services) {
    const Service behind{asked.protocol, asked.last, 65535};
    auto offer = std::ranges::upper_bound(offers_, behind, {}, &Offer::service);
    while (offer != offers_.begin()) {
      --offer;
      if (offer->service.protocol != asked.protocol || offer->reach < asked.first) break;
      if (offer->service.last >= asked.first) found.push_back(offer->cohort);
    }
  }
}

Rivals::Numbers Rivals::sharing(const Extent& asked) const {
  Numbers found = broad_;
  add_offers(asked.services, found);
  add_offers(asked.at_resolvers, found);
  sort_unique(found);
  std::erase_if(found, [&](std::uint32_t cohort) { return !overlap(extent(cohort), asked); });
  return found;
}

const AddressSet& Rivals::remote(std::uint32_t number) {
  Cohort& cohort = cohorts_[number];
  if (!cohort.remote) cohort.remote = extents_.remote(cohort.rules);
  return *cohort.remote;
}

const Rivals::Names& Rivals::names(std::uint32_t number) {
  Cohort& cohort = cohorts_[number];
  if (cohort.names) return *cohort.names;
  Names& names = cohort.names.emplace();
  for (const std::uint32_t rule : cohort.rules) {
    const RemoteSet& remote = extents_.rule(rule).remote;
    names.exact.insert(names.exact.end(), remote.names.begin(), remote.names.end());
    names.patterns.insert(names.patterns.end(), remote.patterns.begin(), remote.patterns.end());
    for (const DerivedName& name : remote.derived) names.derived.push_back(&name);
  }
  sort_unique(names.exact);
  sort_unique(names.patterns);
  return names;
}

const std::vector<Rivals::Written>& Rivals::written(Cohort& cohort) const {
  if (cohort.written) return *cohort.written;
  std::vector<Written>& all = cohort.written.emplace();
  for (const std::uint32_t rule : cohort.rules) {
    for (const AddressRange& range : extents_.rule(rule).remote.ranges)
      all.push_back({range, range.last, rule});
  }
  std::ranges::sort(all, {}, [](const Written& one) { return one.range.first; });
  for (std::size_t i = 1; i < all.size(); ++i)
    all[i].reach = std::max(all[i].reach, all[i - 1].reach);
  return all;
}

Rivals::Numbers Rivals::meeting(std::uint32_t cohort, const AddressSet& addresses) {
  const std::vector<Written>& all = written(cohorts_[cohort]);
  Numbers found;
  for (const AddressRange& asked : addresses) {
    auto at = std::ranges::upper_bound(all, asked.last, {},
                                       [](const Written& one) { return one.range.first; });
    for (; at != all.begin() && std::prev(at)->reach >= asked.first; --at) {
      if (std::prev(at)->range.last >= asked.first) found.push_back(std::prev(at)->rule);
    }
  }
  sort_unique(found);
  return found;
}

}  // namespace sallyport
