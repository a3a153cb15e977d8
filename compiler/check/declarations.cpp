// SPDX-License-Identifier: GPL-2.0-or-later
// The declarations of all modules.
#include "compiler/check/declarations.h"

#include <algorithm>

#include "compiler/check/name_space.h"
#include "compiler/check/terms.h"
#include "compiler/check/vendors.h"
#include "compiler/check/written.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

/// Sorted and apart. An empty list is one that was reported, or not written.
std::vector<VlanRange> read_vlans(const std::vector<Word>& words, Reporter& reporter) {
  const Terms nothing;
  std::vector<VlanRange> vlans;
  for (const Word& word : words) {
    const auto texts = nothing.expand(word, reporter);
    if (!texts) continue;
    for (const std::string& text : *texts) {
      const auto read = read_vlan(text);
      if (!read) {
        reporter.error(word.span, read.error());
        break;
      }
      vlans.push_back(*read);
    }
  }
  std::ranges::sort(vlans);
  std::vector<VlanRange> merged;
  for (const VlanRange& next : vlans) {
    if (!merged.empty() && next.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, next.last);
    } else {
      merged.push_back(next);
    }
  }
  return merged;
}

}  // namespace

Declarations::Declarations(const std::vector<Module>& modules, Diagnostics& diagnostics,
                           Reporter& reporter)
    : feeds_(modules, reporter) {
  find_visible(modules);
  declare_vendors(modules, reporter);
  check_vendors(modules, diagnostics, reporter);
  const std::size_t errors = diagnostics.errors();
  NameSpace zone_space;
  NameSpace resolver_space;
  NameSpace policy_space;
  for (const Module& module : modules) {
    for (const ZoneStatement& zone : module.policy.zones) {
      if (zone_space.declare(zone.name, "zone", reporter)) declare_zone(zone, reporter);
    }
    for (const Nat64Statement& nat64 : module.policy.nat64) declare_nat64(nat64, reporter);
    for (const ResolverStatement& resolver : module.policy.resolvers) {
      if (resolver_space.declare(resolver.name, "resolver", reporter)) {
        declare_resolver(resolver, reporter);
      }
    }
  }
  for (const PolicyStatement& policy : modules.front().policy.policies) {
    policy_space.declare(policy.name, "policy", reporter);
  }
  sound_ = diagnostics.errors() == errors;
}

void Declarations::find_visible(const std::vector<Module>& modules) {
  visible_.resize(modules.size());
  for (std::size_t module = 0; module < modules.size(); ++module) {
    std::vector<std::size_t> pending{module};
    if (module == 0) {
      for (std::size_t other = 1; other < modules.size(); ++other) pending.push_back(other);
    }
    while (!pending.empty()) {
      const std::size_t seen = pending.back();
      pending.pop_back();
      if (!visible_[module].insert(seen).second) continue;
      const auto& imports = modules[seen].imports;
      pending.insert(pending.end(), imports.begin(), imports.end());
    }
  }
}

void Declarations::declare_vendors(const std::vector<Module>& modules, Reporter& reporter) {
  NameSpace space;
  for (std::size_t module = 0; module < modules.size(); ++module) {
    for (const VendorStatement& vendor : modules[module].policy.vendors) {
      if (space.declare(vendor.name, "vendor", reporter)) {
        vendors_.emplace(vendor.name.text, Vendor{&vendor, module});
      }
    }
  }
}

/// From the last file to the first: what a part uses stands in an imported file mostly, and what is
/// wrong there is said there.
void Declarations::check_vendors(const std::vector<Module>& modules, Diagnostics& diagnostics,
                                 Reporter& reporter) {
  for (std::size_t module = modules.size(); module-- > 0;) {
    for (const VendorStatement& vendor : modules[module].policy.vendors) {
      const std::size_t errors = diagnostics.errors();
      check_vendor(vendor, *this, reporter);
      if (diagnostics.errors() != errors) broken_.insert(&vendor);
    }
  }
}

std::size_t Declarations::module_of(const VendorStatement& vendor) const {
  const auto found = vendors_.find(vendor.name.text);
  return found == vendors_.end() ? 0 : found->second.module;
}

void Declarations::declare_zone(const ZoneStatement& statement, Reporter& reporter) {
  const Terms nothing;
  Zone zone{statement.name.text, {}};
  for (const Word& word : statement.addresses) {
    const auto texts = nothing.expand(word, reporter);
    if (!texts) continue;
    for (const std::string& text : *texts) {
      if (text == "anywhere" || text == "any") {
        reporter.error(word.span,
                       {"bad-address", "a zone is made of addresses; " + quote(text) + " is none",
                        "a rule for every local address stands under `from any`"});
        continue;
      }
      const auto range = read_range(text);
      if (!range) {
        reporter.error(word.span, range.error());
        break;
      }
      zone.ranges.push_back(*range);
    }
  }
  if (statement.addresses.empty()) {
    reporter.error(statement.name.span,
                   {"bad-address", "the zone " + quote(zone.name) + " has no addresses"});
  }
  zone.ranges = canonical(std::move(zone.ranges));
  zone.vlans = read_vlans(statement.vlans, reporter);
  zones_.push_back(std::move(zone));
}

void Declarations::declare_nat64(const Nat64Statement& statement, Reporter& reporter) {
  const Terms nothing;
  for (const Word& word : statement.prefixes) {
    const auto texts = nothing.expand(word, reporter);
    if (!texts) continue;
    for (const std::string& text : *texts) {
      const auto prefix = read_nat64_prefix(text);
      if (!prefix) {
        reporter.error(word.span, prefix.error());
        break;
      }
      nat64_.push_back(*prefix);
    }
  }
  nat64_ = canonical(std::move(nat64_));
}

void Declarations::declare_resolver(const ResolverStatement& statement, Reporter& reporter) {
  const Terms nothing;
  Resolver resolver{statement.name.text, {}};
  for (const ResolverStatement::Server& server : statement.servers) {
    const auto addresses = nothing.expand(server.address, reporter);
    if (!addresses) continue;
    std::uint16_t port = 53;
    if (server.port) {
      const auto ports = read_ports(server.port->span.text());
      if (!ports || ports->first != ports->last) {
        reporter.error(server.port->span,
                       {"bad-port", quote(server.port->span.text()) +
                                        " is no port: a number from 1 to 65535 is expected"});
      } else {
        port = ports->first;
      }
    }
    for (const std::string& text : *addresses) {
      const auto address = read_address(text);
      if (!address) {
        reporter.error(server.address.span, address.error());
        break;
      }
      const Endpoint endpoint{*address, port};
      if (std::ranges::find(resolver.servers, endpoint) == resolver.servers.end()) {
        resolver.servers.push_back(endpoint);
      }
    }
  }
  resolvers_.push_back(std::move(resolver));
}

std::optional<std::uint32_t> Declarations::zone(std::string_view name) const {
  const auto found =
      std::ranges::find_if(zones_, [&](const Zone& zone) { return zone.name == name; });
  if (found == zones_.end()) return {};
  return static_cast<std::uint32_t>(found - zones_.begin());
}

std::vector<std::string> Declarations::zone_names() const {
  std::vector<std::string> names;
  for (const Zone& zone : zones_) names.push_back(zone.name);
  return names;
}

const VendorStatement* Declarations::vendor(std::size_t module, std::string_view name) const {
  const auto found = vendors_.find(name);
  if (found == vendors_.end() || !visible_[module].contains(found->second.module)) return nullptr;
  return found->second.statement;
}

std::vector<std::string> Declarations::vendor_names(std::size_t module) const {
  std::vector<std::string> names;
  for (const auto& [name, vendor] : vendors_) {
    if (visible_[module].contains(vendor.module)) names.push_back(name);
  }
  return names;
}

const VendorStatement* Declarations::vendor_anywhere(std::string_view name) const {
  const auto found = vendors_.find(name);
  return found == vendors_.end() ? nullptr : found->second.statement;
}

}  // namespace sallyport
