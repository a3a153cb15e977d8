// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of one action that others have to share packets with, found without a look at each.
// Rules that differ in their remote only are one cohort: it is found by its services, and what its
// rules say of the remote is joined once. Entry points: sharing(), remote(), names().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "compiler/analysis/extent.h"

namespace sallyport {

class Rivals {
 public:
  using Numbers = std::vector<std::uint32_t>;

  /// Every name that the rules of a cohort have, each once; sorted.
  struct Names {
    std::vector<HostName> exact;
    std::vector<NamePattern> patterns;
    std::vector<const DerivedName*> derived;
  };

  /// `extents` must outlive this.
  Rivals(const Extents& extents, Action action);

  /// Cohorts that share packets with the extent, if the remote is left out; ascending.
  Numbers sharing(const Extent& extent) const;

  std::size_t size() const { return cohorts_.size(); }
  const Numbers& rules(std::uint32_t cohort) const { return cohorts_[cohort].rules; }
  const Extent& extent(std::uint32_t cohort) const { return extents_.of(sample(cohort)); }
  bool private_ok(std::uint32_t cohort) const { return extents_.rule(sample(cohort)).private_ok; }
  const std::string& via(std::uint32_t cohort) const { return extents_.rule(sample(cohort)).via; }

  /// What the ranges of its rules open, or close.
  const AddressSet& remote(std::uint32_t cohort);
  const Names& names(std::uint32_t cohort);
  /// The rules of which ranges meet one of the addresses, ascending.
  Numbers meeting(std::uint32_t cohort, const AddressSet& addresses);

 private:
  /// The ranges as written; `reach` is the last address of this one and all before it.
  struct Written {
    AddressRange range;
    Address reach;
    std::uint32_t rule;
  };
  struct Cohort {
    Numbers rules;
    std::optional<AddressSet> remote;
    std::optional<Names> names;
    std::optional<std::vector<Written>> written;  // by the first address
  };
  /// A service of a cohort; `reach` is the last port of this one and all of its protocol before it.
  struct Offer {
    Service service;
    std::uint16_t reach;
    std::uint32_t cohort;
  };

  std::uint32_t sample(std::uint32_t cohort) const { return cohorts_[cohort].rules.front(); }
  void file_services();
  void add_offers(const ServiceSet& services, Numbers& found) const;
  const std::vector<Written>& written(Cohort& cohort) const;

  const Extents& extents_;
  std::deque<Cohort> cohorts_;
  std::vector<Offer> offers_;  // by service
  Numbers broad_;              // cohorts of too many services to file
};

}  // namespace sallyport
