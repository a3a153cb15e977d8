// SPDX-License-Identifier: GPL-2.0-or-later
// Binder: keeps three things in step: the name table (what should be bound), the pinned claims
// (what survives this process) and the live datapath (what is bound). Claims are written before an
// address opens and removed after it closed, so that a restart never adopts less than is enforced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/claim_store.h"
#include "runtime/clock.h"
#include "runtime/name_table.h"

namespace sallyport {

/// Takes one sentence for the operator.
using Log = std::function<void(const std::string&)>;

/// Binds an address to these names from now on, wherever packets are judged; no names: to none.
using Bind = std::function<Result<void>(const Address&, std::span<const ViewedName>)>;

/// Binds everything in the table.
Result<void> bind_all(const Bind& bind, const NameTable& table);

class Binder {
 public:
  Binder(const Clock& clock, ClaimStore claims, Log log);

  /// Fills the table with the names and the claims that an earlier run left for them. The names are
  /// those of the image and what is derived from its aliases.
  Result<void> adopt(const Image& image, const std::vector<ImageName>& names);
  Result<void> adopt(const Image& image) { return adopt(image, image.names); }
  const NameTable& table() const { return table_; }

  /// One answer of the DNS, applied to what is live.
  void answered(const Bind& live, const ViewedName& name, Family family, const Answer& answer);
  void expire(const Bind& live);
  /// Other names than before, of the same image: those that an alias leads to now.
  void set_names(const Bind& live, const Image& image, const std::vector<ImageName>& names);
  /// Binds again what was refused before.
  void settle(const Bind& live);
  /// False while an address of the table is refused.
  bool settled() const { return unsettled_.empty(); }

  /// From now on `table` is what should be bound, and the datapath now live holds all of it.
  void took_over(NameTable table);
  /// Removes the claims of names and addresses that the table does not have.
  void forget_unclaimed();

  struct Counts {
    std::uint64_t changes = 0;  // addresses bound, unbound or bound to other names
    std::uint64_t refused = 0;  // pairs of a name and an address that may not be bound
  };
  const Counts& counts() const { return counts_; }
  /// Why the last lookup of a name and family failed; empty if it did not.
  std::string failure_of(const ViewedName& name, Family family) const;

 private:
  struct Delta {
    std::vector<ViewedName> added, gone;
  };
  void apply(const Bind& live, const TableChanges& changes);
  void enforce(const Bind* live, const Address& address, const std::vector<ViewedName>& names);
  Delta delta_of(const Address& address, const std::vector<ViewedName>& names) const;
  void note_refused(const std::vector<RefusedAddress>& refused);
  void note_forbidden(const Address& address, const std::vector<ViewedName>& names);
  void forget_failures();
  void note_outcome(const ViewedName& name, Family family, const Answer& answer);
  bool worth_telling(const ViewedName& name, Family family, const Answer& answer) const;
  void report(const Result<void>& outcome);

  const Clock& clock_;
  ClaimStore claims_;
  Log log_;
  NameTable table_{Lifetimes{}};
  std::map<Address, std::vector<ViewedName>> enforced_;  // in the live datapath
  std::map<ViewedName, std::size_t> bound_;              // addresses of each name in there
  std::set<Address> unsettled_;
  std::set<std::pair<ViewedName, Address>> refused_;
  struct Failing {
    std::string why;
    bool told = false;
  };
  std::map<std::pair<ViewedName, Family>, Failing> failures_;
  std::string last_report_;
  Counts counts_;
};

}  // namespace sallyport
