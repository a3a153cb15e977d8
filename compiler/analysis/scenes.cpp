// SPDX-License-Identifier: GPL-2.0-or-later
// scenes_of(): the local addresses, VLANs, days and services are cut each for itself, and every
// combination is a scene.
#include "compiler/analysis/scenes.h"

#include <utility>

#include "compiler/analysis/pieces.h"

namespace sallyport {
namespace {

enum class Role : std::uint8_t { own_deny, deny, allow, resolver_allow };

/// A cohort in a role, and where its sets stand among the keys.
struct Rival {
  Role role;
  std::uint32_t cohort = 0;
  std::uint32_t local = 0, vlans = 0, days = 0;
};

class Cutting {
 public:
  void add(const Rivals& rivals, Role role, const Extent& extent) {
    for (const std::uint32_t cohort : rivals.sharing(extent)) {
      const Extent& other = rivals.extent(cohort);
      const Rival rival{role, cohort, locals_.add(other.local), vlans_.add(other.vlans),
                        days_.add(other.days)};
      file(rival, other.services);
      if (role != Role::allow) continue;
      Rival at_resolvers = rival;
      at_resolvers.role = Role::resolver_allow;
      file(at_resolvers, other.at_resolvers);
    }
  }

  std::vector<Scene> scenes(const Extent& extent) const {
    const auto locals = locals_.cut(extent.local);
    const auto vlans = vlans_.cut(extent.vlans);
    const auto days = days_.cut(extent.days);
    std::vector<Scene> scenes;
    for (const bool at_resolvers : {false, true}) {
      const auto services = services_.cut(at_resolvers ? extent.at_resolvers : extent.services);
      for (const auto& vlan : vlans) {
        for (const auto& day : days) {
          for (const auto& local : locals) {
            for (const auto& service : services) {
              Scene scene{local.set, vlan.set, day.set, service.set, at_resolvers, {}};
              for (const std::uint32_t key : service.holders) {
                for (const Rival& rival : by_service_[key]) {
                  const bool here =
                      local.is_in(rival.local) && vlan.is_in(rival.vlans) && day.is_in(rival.days);
                  if (here) list_of(scene.present, rival.role).push_back(rival.cohort);
                }
              }
              sort(scene.present);
              scenes.push_back(std::move(scene));
            }
          }
        }
      }
    }
    return scenes;
  }

 private:
  using Numbers = std::vector<std::uint32_t>;

  void file(const Rival& rival, const ServiceSet& services) {
    if (services.empty()) return;
    const std::uint32_t key = services_.add(services);
    if (key == by_service_.size()) by_service_.emplace_back();
    by_service_[key].push_back(rival);
  }
  static Numbers& list_of(Present& present, Role role) {
    switch (role) {
      case Role::own_deny:
        return present.own_denies;
      case Role::deny:
        return present.denies;
      case Role::allow:
        return present.allows;
      case Role::resolver_allow:
        break;
    }
    return present.resolver_allows;
  }
  static void sort(Present& present) {
    for (Numbers* list :
         {&present.own_denies, &present.denies, &present.allows, &present.resolver_allows}) {
      std::ranges::sort(*list);
    }
  }

  Keys<AddressSet> locals_;
  Keys<VlanSet> vlans_;
  Keys<DaySet> days_;
  Keys<ServiceSet> services_;
  std::vector<std::vector<Rival>> by_service_;
};

}  // namespace

std::vector<Scene> scenes_of(const Extent& extent, const Rivals& own_denies, const Rivals& denies,
                             const Rivals& allows) {
  Cutting cutting;
  cutting.add(own_denies, Role::own_deny, extent);
  cutting.add(denies, Role::deny, extent);
  cutting.add(allows, Role::allow, extent);
  return cutting.scenes(extent);
}

}  // namespace sallyport
