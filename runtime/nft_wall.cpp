// SPDX-License-Identifier: GPL-2.0-or-later
// The life of an instance's table. What the kernel should hold is always the ruleset; a failure of
// the kernel leaves it ahead, and check() makes the kernel follow.
#include "runtime/nft_wall.h"

#include <charconv>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>
#include <utility>

#include "compiler/nft/skeleton.h"
#include "runtime/nft_self_test.h"

namespace sallyport {
namespace {

/// A change is read back at once; the whole table within this time (F2).
constexpr Moment full_check_delay = std::chrono::seconds(5);
/// What could not be mended is tried again after this long.
constexpr Moment mend_pause = std::chrono::seconds(1);
/// Longer than any packet stays between two rules: what it may still look into is not removed.
constexpr auto last_packets = std::chrono::milliseconds(10);
/// More elements are not loaded a second time only to try them: the tests prove such tables.
constexpr std::size_t most_tried_elements = 200'000;

std::uint64_t number_in(const std::string& prefix) {
  std::uint64_t number = 1;
  std::from_chars(prefix.data() + 1, prefix.data() + prefix.size(), number);
  return number;
}

/// The setting for all devices has to be on for any to obey.
bool kernel_obeys_source_routes() {
  std::ifstream setting("/proc/sys/net/ipv4/conf/all/accept_source_route");
  int value = 0;
  return setting >> value && value != 0;
}

std::size_t elements_of(const nft::Table& table) {
  std::size_t count = 0;
  for (const nft::Set& set : table.sets) count += set.elements.size() + set.intervals.size();
  return count;
}

std::vector<NftCount> rule_counts(const std::map<std::string, NftCount>& counters,
                                  const Image& image) {
  std::vector<NftCount> counts;
  for (const ImageRule& rule : image.rules) {
    const auto found = counters.find(nft::counter_name(rule));
    counts.push_back(found == counters.end() ? NftCount{} : found->second);
  }
  return counts;
}

NftCount count_of(const std::map<std::string, NftCount>& counters, const char* name) {
  const auto found = counters.find(name);
  return found == counters.end() ? NftCount{} : found->second;
}

}  // namespace

std::string nft_table_name(const std::string& instance) {
  return "sallyport-" + instance;
}

NftWall::NftWall(NftTable table, NftUse use, const Clock& clock, Log log)
    : table_(std::move(table)), use_(std::move(use)), clock_(&clock), log_(std::move(log)) {}

Result<NftWall> NftWall::open(const std::string& instance, NftUse use, const Clock& clock,
                              Log log) {
  auto table = NftTable::open(nft_table_name(instance), {.own = use.own});
  if (!table) return std::unexpected(table.error());
  if (kernel_obeys_source_routes()) {
    log("net.ipv4.conf.all.accept_source_route is set: nftables does not see every IPv4 source "
        "route "
        "that the kernel then follows; set it to 0");
  }
  NftWall wall(std::move(*table), std::move(use), clock, std::move(log));
  if (wall.options().conntrack) {
    auto flows = FlowTable::open();
    if (!flows) return std::unexpected(flows.error());
    wall.flow_table_.emplace(std::move(*flows));
  }
  return wall;
}

nft::Options NftWall::options() const {
  nft::Options options;
  options.table = table_.name();
  options.generation = number_;
  options.devices = use_.devices;
  options.vlan_devices = use_.vlan_devices;
  options.conntrack = use_.conntrack || use_.host;
  options.host = use_.host;
  options.pieces_first = use_.pieces_first;
  return options;
}

void NftWall::check_within(Moment delay) {
  const Moment due = clock_->now() + delay;
  if (!next_check_ || due < *next_check_) next_check_ = due;
}

Result<void> NftWall::prepare(const Program& program, const Image& image,
                              const std::vector<ImageName>& names, const NameTable& bindings) {
  if (table_.widened()) {
    // The switch before this one is still to be finished.
    if (auto narrowed = table_.narrow(); !narrowed) return narrowed;
  }
  if (const auto why = nft::unjudged(image, options())) {
    return std::unexpected(Error{"enforce policy " + image.policy + " through nftables", *why, {}});
  }
  number_ = std::max(number_ + 1, number_in(table_.free_prefix()));
  Loaded next{nft::Ruleset(image, options()), {}, {}, {}};
  next.ruleset.know(names);
  for (const auto& claim : bindings.claims()) {
    if (!next.bound.contains(claim.address)) {
      next.bound[claim.address] = bindings.names_of(claim.address);
    }
  }
  for (const auto& [address, bound] : next.bound) (void)next.ruleset.bind(address, bound);
  keep_finishing(next);
  next.table = next.ruleset.table();
  const std::string subject = "table " + table_.name();
  if (const auto fault = nft::table_fault(next.table)) {
    return std::unexpected(Error{"use " + subject, "it would be wrong", *fault});
  }
  if (elements_of(next.table) <= most_tried_elements) {
    std::string why;
    const auto tried = nft_self_test(subject, program, image, why);
    if (!tried) return std::unexpected(tried.error());
    if (!*tried) log_("nftables was not tried before use: " + why);
  }
  if (auto loaded = table_.prepare(next.table); !loaded) return loaded;
  next_ = std::move(next);
  return {};
}

Result<void> NftWall::widen() {
  return table_.widen();
}

Result<void> NftWall::swap() {
  if (auto swapped = table_.swap(); !swapped) return swapped;
  went_live();
  return {};
}

void NftWall::narrow() {
  const auto narrowed = table_.narrow();
  went_live();
  if (narrowed) return;
  trouble_ = narrowed.error().text();
  log_(trouble_);
  check_within(Moment{0});
}

void NftWall::went_live() {
  auto before = std::exchange(live_, std::exchange(next_, std::nullopt));
  trouble_.clear();
  check_within(full_check_delay);
  std::this_thread::sleep_for(last_packets);
  // What is left over harms nobody, and goes at the next change.
  if (auto retired = table_.retire(); !retired) log_(retired.error().text());
  if (before && live_) count_cut(*before);
}

void NftWall::abandon() {
  if (!next_) return;
  next_.reset();
  const auto gone = table_.abandon();
  if (!gone) {
    trouble_ = gone.error().text();
    log_(trouble_);
  }
  // What failed may have been done in part.
  check_within(Moment{0});
}

void NftWall::withdraw() {
  if (!table_.created()) return abandon();
  if (auto removed = table_.remove(); !removed) log_(removed.error().text());
}

void NftWall::know(const std::vector<ImageName>& names) {
  if (live_) live_->ruleset.know(names);
}

Result<void> NftWall::bind(const Address& address, std::span<const ViewedName> names) {
  if (!live_) return {};  // removed: there is nothing to bind into
  const Names after(names.begin(), names.end());
  outlive(address, live_->names_of(address), after);
  if (after.empty()) {
    live_->bound.erase(address);
  } else {
    live_->bound[address] = after;
  }
  const nft::Delta delta = live_->ruleset.bind(address, names);
  if (delta.empty()) return {};
  auto changed = table_.change(live_->table, delta);
  if (!changed) return check(changed.error().text());
  check_within(full_check_delay);
  return {};
}

Result<void> NftWall::check(const std::string& who) {
  next_check_.reset();
  if (!live_) return {};
  if (table_.widened()) {
    if (auto narrowed = table_.narrow(); !narrowed) {
      trouble_ = narrowed.error().text();
      check_within(mend_pause);
      return narrowed;
    }
    log_("table " + table_.name() + ": only the new policy passes now");
  }
  const auto difference = table_.difference(&live_->table);
  if (difference && difference->empty()) {
    trouble_.clear();
    return {};
  }
  trouble_ = difference ? *difference : difference.error().text();
  live_->table = live_->ruleset.table();
  if (auto mended = table_.restore(live_->table); !mended) {
    trouble_ = mended.error().text();
    check_within(mend_pause);
    return mended;
  }
  ++restored_;
  log_("table " + table_.name() + " was not what it should be" +
       (who.empty() ? "" : " (" + who + ")") + ": " + trouble_ + "; it is whole again");
  trouble_.clear();
  check_within(full_check_delay);
  return {};
}

Result<void> NftWall::remove() {
  live_.reset();
  next_.reset();
  next_check_.reset();
  next_look_.reset();
  return table_.remove();
}

Result<NftStatus> NftWall::status(const Image& image) {
  NftStatus status;
  status.table = table_.name();
  status.devices = nft::client_devices(options());
  status.owned = table_.owned();
  status.trouble = trouble_;
  status.restored = restored_;
  if (live_) {
    for (const nft::Chain& chain : live_->table.chains) {
      if (chain.hook == nft::Hook::none) continue;
      status.hooks.push_back(chain.name + ", priority " + std::to_string(chain.priority));
    }
  }
  const auto counters = table_.counters();
  if (!counters) return std::unexpected(counters.error());
  status.rules = rule_counts(*counters, image);
  status.dropped = count_of(*counters, nft::dropped);
  status.dropped_pieces = count_of(*counters, nft::dropped_piece);
  status.outliving = count_of(*counters, nft::outliving);
  if (live_) status.outliving_flows = live_->finishing.size();
  status.cut_flows = cut_flows_;
  return status;
}

Result<std::optional<NftStatus>> nft_status_of(const std::string& instance, const Image& image) {
  auto socket = NftSocket::open();
  if (!socket) return std::unexpected(socket.error());
  const auto listing = read_listing(*socket, nft_table_name(instance));
  if (!listing) return std::unexpected(listing.error());
  if (!listing->exists) return std::nullopt;
  NftStatus status;
  status.table = nft_table_name(instance);
  for (const auto& [name, chain] : listing->chains) {
    if (name == "prerouting" || name == "forward" || name == "output") status.hooks.push_back(name);
  }
  status.owned = listing->owner != 0;
  status.rules = rule_counts(listing->counters, image);
  status.dropped = count_of(listing->counters, nft::dropped);
  status.dropped_pieces = count_of(listing->counters, nft::dropped_piece);
  status.outliving = count_of(listing->counters, nft::outliving);
  return status;
}

Result<bool> has_nft_table(const std::string& instance) {
  auto socket = NftSocket::open();
  if (!socket) return std::unexpected(socket.error());
  const auto listing = read_listing(*socket, nft_table_name(instance));
  if (!listing) return std::unexpected(listing.error());
  return listing->exists;
}

Result<void> remove_nft_table(const std::string& instance) {
  auto table = NftTable::open(nft_table_name(instance), {.own = false});
  if (!table) return std::unexpected(table.error());
  return table->remove();
}

}  // namespace sallyport
