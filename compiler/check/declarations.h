// SPDX-License-Identifier: GPL-2.0-or-later
// Declarations: everything the modules name, read once: zones, resolvers and the vendors each
// module sees.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/feeds.h"
#include "compiler/check/reporter.h"

namespace sallyport {

class Declarations {
 public:
  /// Reports duplicates and everything that is wrong in a vendor, zone or resolver.
  Declarations(const std::vector<Module>& modules, Diagnostics& diagnostics, Reporter& reporter);

  const FeedTable& feeds() const { return feeds_; }
  const std::vector<Zone>& zones() const { return zones_; }
  const std::vector<AddressRange>& nat64() const { return nat64_; }
  const std::vector<Resolver>& resolvers() const { return resolvers_; }
  /// False if a zone, a NAT64 prefix or a resolver was reported, so that no Program would mean what
  /// was written.
  bool are_sound() const { return sound_; }

  std::optional<std::uint32_t> zone(std::string_view name) const;
  std::vector<std::string> zone_names() const;

  const VendorStatement* vendor(std::size_t module, std::string_view name) const;
  std::vector<std::string> vendor_names(std::size_t module) const;
  /// Of a vendor that vendor() gave.
  std::size_t module_of(const VendorStatement& vendor) const;
  bool is_broken(const VendorStatement& vendor) const { return broken_.contains(&vendor); }
  /// Of that name, whoever sees it.
  const VendorStatement* vendor_anywhere(std::string_view name) const;

 private:
  void declare_vendors(const std::vector<Module>& modules, Reporter& reporter);
  void check_vendors(const std::vector<Module>& modules, Diagnostics& diagnostics,
                     Reporter& reporter);
  void declare_zone(const ZoneStatement& statement, Reporter& reporter);
  void declare_nat64(const Nat64Statement& statement, Reporter& reporter);
  void declare_resolver(const ResolverStatement& statement, Reporter& reporter);
  void find_visible(const std::vector<Module>& modules);

  struct Vendor {
    const VendorStatement* statement;
    std::size_t module;
  };
  FeedTable feeds_;
  std::map<std::string, Vendor, std::less<>> vendors_;
  std::set<const VendorStatement*> broken_;
  std::vector<std::set<std::size_t>> visible_;  // per module: the modules whose vendors it sees
  std::vector<Zone> zones_;
  std::vector<AddressRange> nat64_;
  std::vector<Resolver> resolvers_;
  bool sound_ = true;
};

}  // namespace sallyport
