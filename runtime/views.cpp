// SPDX-License-Identifier: GPL-2.0-or-later
// One Lookup, Refresh and AliasWatch for each view. See views.h.
#include "runtime/views.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sallyport {
namespace {

/// The views of names and aliases to ask for.
std::set<std::string> views_wanted(const Image& image) {
  std::set<std::string> wanted;
  for (const ImageName& name : image.names) wanted.insert(name.name.via);
  for (const ImageDerivation& derivation : image.derivations) wanted.insert(derivation.via);
  return wanted;
}

void append(std::vector<Endpoint>& all, const std::vector<Endpoint>& servers) {
  all.insert(all.end(), servers.begin(), servers.end());
}

}  // namespace

Result<ViewServers> servers_of(const Image& image, const std::vector<Endpoint>& given) {
  // Rules out of force count, or the others would change whom they ask when a window opens.
  std::set<std::string> used;
  for (const Group& group : image.groups) used.insert(group.via);
  ViewServers servers;
  std::vector<Endpoint> others, all;
  for (const Resolver& resolver : image.resolvers) {
    servers[resolver.name] = resolver.servers;
    append(all, resolver.servers);
    if (!used.contains(resolver.name)) append(others, resolver.servers);
  }
  servers[{}] = !given.empty() ? given : others.empty() ? all : others;
  const std::set<std::string> wanted = views_wanted(image);
  std::erase_if(servers, [&](const auto& view) { return !wanted.contains(view.first); });
  for (const std::string& view : wanted) {
    if (!servers[view].empty()) continue;
    return std::unexpected(Error{"bind the names of policy " + image.policy,
                                 "there is no resolver to ask",
                                 "declare one in the policy, or give --resolver"});
  }
  return servers;
}

Views::Views(EventLoop& loop, MakeLookup make_lookup, Refresh::Pace pace, Listener listener)
    : loop_(loop),
      make_lookup_(std::move(make_lookup)),
      pace_(std::move(pace)),
      listener_(std::move(listener)) {}

Views::~Views() = default;

Result<Views::Change> Views::prepare(ViewServers servers) {
  Change change{std::move(servers), {}};
  for (const auto& [name, wanted] : change.servers) {
    const auto known = views_.find(name);
    if (known != views_.end() && known->second.servers == wanted) continue;
    auto lookup = make_lookup_(loop_, wanted);
    if (!lookup) return std::unexpected(lookup.error());
    change.lookups.emplace(name, std::move(*lookup));
  }
  return change;
}

void Views::commit(Change change) {
  adopted_ = aliases();
  std::erase_if(views_, [&](const auto& view) { return !change.servers.contains(view.first); });
  for (auto& [name, lookup] : change.lookups) {
    views_.erase(name);
    View& view = views_[name];
    view.servers = change.servers.at(name);
    view.lookup = std::move(lookup);
    start(name, view);
  }
}

void Views::start(const std::string& name, View& view) {
  view.refresh = std::make_unique<Refresh>(
      loop_, *view.lookup, pace_,
      [this, name](const HostName& host, Family family, const Answer& answer) {
        listener_.answered({host, name}, family, answer);
      });
  view.aliases =
      std::make_unique<AliasWatch>(loop_, *view.lookup, AliasWatch::Pace{pace_.clamp, pace_.seed},
                                   [this] { listener_.moved(); });
  AliasWatch::Targets targets;
  for (const auto& [alias, target] : adopted_) {
    if (alias.via == name) targets.emplace(alias.name, target);
  }
  view.aliases->adopt(targets);
}

void Views::set_names(const std::vector<ImageName>& names,
                      const std::vector<ImageDerivation>& derivations) {
  for (auto& [via, view] : views_) {
    std::vector<HostName> asked, aliases;
    std::set<HostName> may_be_absent;
    for (const ImageName& name : names) {
      if (name.name.via != via) continue;
      asked.push_back(name.name.name);
      if (name.absent_ok || name.never) may_be_absent.insert(name.name.name);
    }
    for (const ImageDerivation& derivation : derivations) {
      if (derivation.via == via) aliases.push_back(derivation.derivation.alias);
    }
    view.refresh->set_names(asked, std::move(may_be_absent));
    view.aliases->set_names(aliases);
  }
}

Aliases Views::aliases() const {
  Aliases all = adopted_;
  for (const auto& [via, view] : views_) {
    std::erase_if(all, [&, &of = via](const auto& entry) { return entry.first.via == of; });
    for (const auto& [name, target] : view.aliases->targets()) {
      all.emplace(ViewedName(name, via), target);
    }
  }
  return all;
}

Refresh::Counts Views::counts() const {
  Refresh::Counts sum;
  for (const auto& [via, view] : views_) {
    const Refresh::Counts counts = view.refresh->counts();
    sum.asked += counts.asked;
    sum.answered += counts.answered;
    sum.failed += counts.failed;
  }
  return sum;
}

}  // namespace sallyport
