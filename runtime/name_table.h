// SPDX-License-Identifier: GPL-2.0-or-later
// NameTable: which addresses each name has, each with its own expiry. Pure: answers and time go in,
// changes of bindings come out. The lifetimes and outcomes are those of DESIGN section 7 (N1-N4,
// N14).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "runtime/clock.h"
#include "runtime/lookup.h"

namespace sallyport {

/// An address and the names that claim it from now on; no names: it is bound no more.
struct BindingChange {
  Address address;
  std::vector<ViewedName> names;  // sorted
  bool adds = false;              // true if a name was added, false if names only went
  bool operator==(const BindingChange&) const = default;
};

/// An address in an answer that may not be bound (N8).
struct RefusedAddress {
  ViewedName name;
  Address address;
  std::string why;  // "loopback", "private address, and no rule says `private ok`"
};

/// What one event did. Changes that add come before those that only remove.
struct TableChanges {
  std::vector<BindingChange> bindings;
  std::vector<RefusedAddress> refused;
};

/// One row for people.
struct Claim {
  ViewedName name;
  Address address;
  Moment expiry{0};
  bool adopted = false;  // taken over from an earlier run, not yet confirmed by an answer
};

class NameTable {
 public:
  explicit NameTable(Lifetimes lifetimes);

  /// The names to keep, with the groups of a newly committed Image. Claims of other names are
  /// removed. Lifetimes apply to answers from now on.
  TableChanges set_names(const Image& image, const std::vector<ImageName>& names);
  TableChanges set_names(const Image& image) { return set_names(image, image.names); }

  /// Takes over a claim of an earlier run: it lives from now for the grace. Ignored for a name not
  /// in the table.
  TableChanges adopt(const ViewedName& name, const Address& address, Moment now);

  TableChanges apply(const ViewedName& name, Family family, const Answer& answer, Moment now);
  /// Removes what is past its expiry, unless failing lookups hold it (N2: until max_stale).
  TableChanges expire(Moment now);
  std::optional<Moment> next_expiry() const;

  /// How long after an answer to ask again, before jitter: the TTL, clamped.
  Seconds clamp(Seconds ttl) const;

  bool knows(const ViewedName& name) const { return kept_.contains(name); }
  /// True if nobody need be told that the name does not exist.
  bool may_be_absent(const ViewedName& name) const;
  bool is_never(const ViewedName& name) const;

  std::vector<Claim> claims() const;
  bool has_claims(const ViewedName& name) const;
  /// The names that now claim the address, sorted.
  std::vector<ViewedName> names_of(const Address& address) const;
  std::size_t bound_addresses() const { return by_address_.size(); }

 private:
  struct Kept {
    bool private_ok = false;
    bool absent_ok = false;
    bool never = false;  // known so that its addresses can be refused to others
  };
  using Key = std::pair<ViewedName, Family>;
  struct Lease {
    Moment expiry{0};
    bool adopted = false;
  };
  struct State {  // of one (name, family)
    std::map<Address, Lease> leases;
    bool failing = false;
    std::optional<Moment> last_good;  // the last answer with addresses, or the first adoption
    Seconds last_ttl{0};              // the smallest of that answer, clamped
    std::optional<Moment> deadline;   // as in deadlines_
  };
  class Touched;  // the addresses that one event may change, with their names before it

  Seconds grace_for(Seconds ttl) const;
  /// Why the address may not be bound to the name; empty if it may.
  std::string refusal(const ViewedName& name, const Address& address) const;
  /// When the address goes if no more answers come.
  Moment end_of(const State& state, const Lease& lease) const;
  void drop_dead(const Key& key, State& state, Moment now, Touched& touched);
  void recover(State& state, Moment now);
  /// False if no address of the answer may be bound.
  bool take_addresses(const Key& key, State& state, const Answer& answer, Moment now,
                      Touched& touched, std::vector<RefusedAddress>& refused);
  void unbind(const ViewedName& name, const Address& address, Touched& touched);
  void note_deadline(const Key& key, State& state);

  Lifetimes lifetimes_;
  std::vector<AddressRange> nat64_;  // refused like the special ranges
  std::map<ViewedName, Kept> kept_;  // every name of the table
  std::map<Key, State> states_;
  std::set<std::pair<Moment, Key>> deadlines_;  // the earliest end in each state that has one
  std::map<Address, std::set<ViewedName>> by_address_;
};

}  // namespace sallyport
