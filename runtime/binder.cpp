// SPDX-License-Identifier: GPL-2.0-or-later
// Binder: every change of a binding goes through enforce(), which orders the claims around it.
#include "runtime/binder.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/image/bundle.h"

namespace sallyport {
namespace {

/// How many refused pairs are remembered, so that a name with ever new addresses cannot grow us.
constexpr std::size_t most_refused = 4096;

std::map<Address, std::vector<ViewedName>> bindings_of(const NameTable& table) {
  std::map<Address, std::vector<ViewedName>> bindings;
  for (const auto& claim : table.claims()) bindings[claim.address];
  for (auto& [address, names] : bindings) names = table.names_of(address);
  return bindings;
}

std::string family_record(Family family) {
  return family == Family::v4 ? "A" : "AAAA";
}

/// Empty if the answer says something about the name.
std::string failure_in(const Answer& answer) {
  if (answer.outcome == Answer::Outcome::failure)
    return answer.failure.empty() ? "no answer" : answer.failure;
  if (answer.outcome == Answer::Outcome::no_name) return "there is no such name";
  return {};
}

}  // namespace

Result<void> bind_all(const Bind& bind, const NameTable& table) {
  for (const auto& [address, names] : bindings_of(table)) {
    if (auto bound = bind(address, names); !bound) return bound;
  }
  return {};
}

Binder::Binder(const Clock& clock, ClaimStore claims, Log log)
    : clock_(clock), claims_(std::move(claims)), log_(std::move(log)) {}

Result<void> Binder::adopt(const Image& image, const std::vector<ImageName>& all) {
  table_ = NameTable(image.lifetimes);
  table_.set_names(image, all);
  const auto rows = claims_.rows();
  if (!rows) return std::unexpected(rows.error());
  std::unordered_map<std::uint64_t, const ViewedName*> names;
  for (const auto& name : all) names.emplace(claim_name(name.name.text()), &name.name);
  for (const auto& row : *rows) {
    const auto name = names.find(row.name);
    if (name == names.end()) continue;
    note_refused(table_.adopt(*name->second, row.address, clock_.now()).refused);
  }
  enforced_ = bindings_of(table_);
  for (const auto& [address, bound] : enforced_) {
    note_forbidden(address, bound);
    for (const auto& name : bound) ++bound_[name];
  }
  return {};
}

void Binder::answered(const Bind& live, const ViewedName& name, Family family,
                      const Answer& answer) {
  const TableChanges changes = table_.apply(name, family, answer, clock_.now());
  note_refused(changes.refused);
  note_outcome(name, family, answer);
  apply(live, changes);
}

void Binder::expire(const Bind& live) {
  apply(live, table_.expire(clock_.now()));
}

void Binder::set_names(const Bind& live, const Image& image, const std::vector<ImageName>& names) {
  apply(live, table_.set_names(image, names));
  forget_failures();
}

void Binder::apply(const Bind& live, const TableChanges& changes) {
  for (const auto& change : changes.bindings) enforce(&live, change.address, change.names);
}

void Binder::settle(const Bind& live) {
  last_report_.clear();
  const std::set<Address> addresses = std::exchange(unsettled_, {});
  for (const auto& address : addresses) enforce(&live, address, table_.names_of(address));
}

void Binder::took_over(NameTable table) {
  table_ = std::move(table);
  unsettled_.clear();
  forget_failures();
  std::map<Address, std::vector<ViewedName>> wanted = bindings_of(table_);
  for (const auto& [address, names] : enforced_) wanted[address];
  for (const auto& [address, names] : wanted) enforce(nullptr, address, names);
}

void Binder::forget_unclaimed() {
  const auto rows = claims_.rows();
  if (!rows) return report(std::unexpected(rows.error()));
  for (const auto& row : *rows) {
    const auto claimed = enforced_.find(row.address);
    const bool kept = claimed != enforced_.end() &&
                      std::ranges::any_of(claimed->second, [&](const ViewedName& name) {
                        return claim_name(name.text()) == row.name;
                      });
    if (!kept) report(claims_.remove(row.name, row.address));
  }
}

Binder::Delta Binder::delta_of(const Address& address, const std::vector<ViewedName>& names) const {
  static const std::vector<ViewedName> none;
  const auto found = enforced_.find(address);
  const auto& before = found == enforced_.end() ? none : found->second;
  Delta delta;
  std::ranges::set_difference(names, before, std::back_inserter(delta.added));
  std::ranges::set_difference(before, names, std::back_inserter(delta.gone));
  return delta;
}

/// Without `live` the binding is in place already.
void Binder::enforce(const Bind* live, const Address& address,
                     const std::vector<ViewedName>& names) {
  const Delta delta = delta_of(address, names);
  if (delta.added.empty() && delta.gone.empty()) return;
  const Moment expiry = clock_.now() + table_.clamp(Seconds{0});
  for (const auto& name : delta.added) report(claims_.put(name, address, expiry));
  if (live) {
    if (auto bound = (*live)(address, names); !bound) {
      report(bound);
      unsettled_.insert(address);
      // What a name that went had opened must not stay open for want of room: closed to all of its
      // names until there is.
      if (!delta.gone.empty()) report((*live)(address, {}));
      return;
    }
    unsettled_.erase(address);
  }
  for (const auto& name : delta.gone) report(claims_.remove(claim_name(name.text()), address));
  if (names.empty()) {
    enforced_.erase(address);
  } else {
    enforced_[address] = names;
  }
  ++counts_.changes;
  note_forbidden(address, names);
  for (const auto& name : delta.added) ++bound_[name];
  for (const auto& name : delta.gone) {
    if (--bound_[name] == 0) bound_.erase(name);
  }
  for (const auto& name : delta.added) {
    log_((table_.is_never(name) ? "forbidden: " : "bound ") + name.text() + " to " +
         address.text());
  }
  for (const auto& name : delta.gone) log_(address.text() + " left " + name.text());
}

std::string Binder::failure_of(const ViewedName& name, Family family) const {
  const auto found = failures_.find({name, family});
  return found == failures_.end() ? std::string() : found->second.why;
}

void Binder::note_refused(const std::vector<RefusedAddress>& refused) {
  for (const auto& [name, address, why] : refused) {
    if (refused_.size() >= most_refused) refused_.clear();
    if (!refused_.emplace(name, address).second) continue;
    ++counts_.refused;
    log_("refused " + address.text() + " for " + name.text() + ": " + why);
  }
}

/// What a forbidden name has, no other name opens (Labeler::label_for).
void Binder::note_forbidden(const Address& address, const std::vector<ViewedName>& names) {
  const auto never =
      std::ranges::find_if(names, [this](const ViewedName& name) { return table_.is_never(name); });
  if (never == names.end()) return;
  for (const ViewedName& name : names) {
    if (table_.is_never(name)) continue;
    note_refused({{name, address, never->text() + " has it, which the policy forbids"}});
  }
}

/// Of names that are not in the table any more.
void Binder::forget_failures() {
  std::erase_if(failures_, [&](const auto& failure) { return !table_.knows(failure.first.first); });
}

/// Only transitions are told.
void Binder::note_outcome(const ViewedName& name, Family family, const Answer& answer) {
  std::string failure = failure_in(answer);
  if (answer.outcome == Answer::Outcome::no_name && table_.may_be_absent(name)) failure.clear();
  const auto found = failures_.find({name, family});
  const std::string what = name.text() + ' ' + family_record(family);
  if (failure.empty()) {
    if (found == failures_.end()) return;
    if (found->second.told) log_(what + ": answered again");
    failures_.erase(found);
  } else if (found != failures_.end()) {
    found->second.why = std::move(failure);  // another failure is no transition
  } else {
    const bool told = worth_telling(name, family, answer);
    if (told) log_(what + ": " + failure + "; what is bound stays until it expires");
    failures_.emplace(std::pair(name, family), Failing{std::move(failure), told});
  }
}

/// What both families of a name have in common is told once, and that a name does not exist only if
/// it did: policies list names that may be absent, by the hundred.
bool Binder::worth_telling(const ViewedName& name, Family family, const Answer& answer) const {
  if (answer.outcome == Answer::Outcome::no_name && !bound_.contains(name)) return false;
  const Family other = family == Family::v4 ? Family::v6 : Family::v4;
  return failure_of(name, other) != failure_in(answer);
}

/// A failure that repeats for one address after another is said once.
void Binder::report(const Result<void>& outcome) {
  if (outcome || outcome.error().cause == last_report_) return;
  last_report_ = outcome.error().cause;
  log_(outcome.error().text());
}

}  // namespace sallyport
