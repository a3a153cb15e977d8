// SPDX-License-Identifier: GPL-2.0-or-later
// Flows that outlive the address they were opened to (DESIGN 4.10, N14): NftWall's part that asks
// connection tracking.
//
// Before an address closes, the flows to it that the table passes are listed and named in two sets
// of the table; a rule behind all others passes what these name for as long as connection tracking
// calls it established. That a flow is known to connection tracking opens nothing: it must have
// passed this table at the moment when its address closed. A new generation takes over the flows
// that it would pass under the names which the address had.
#include <algorithm>
#include <chrono>
#include <set>

#include "runtime/nft_dump.h"
#include "runtime/nft_wall.h"

namespace sallyport {
namespace {

/// Addresses that close at the same time share a listing.
constexpr Moment one_event = std::chrono::milliseconds(50);
/// What opened between the listing and the closing is seen by then.
constexpr Moment second_look = std::chrono::milliseconds(20);
/// How long a flow that has ended may stay in the sets, where it opens nothing.
constexpr Moment look_pause = std::chrono::seconds(10);

std::set<Flow> flows_in(const std::map<Flow, std::vector<ViewedName>>& finishing) {
  std::set<Flow> flows;
  for (const auto& [flow, names] : finishing) flows.insert(flow);
  return flows;
}

/// The keys of the sets of whichever generation whose names end so.
Result<std::set<nft::Key>> keys_in(NftSocket& socket, const std::string& table,
                                   const NftListing& listing, const std::string& end) {
  std::set<nft::Key> keys;
  for (const auto& [name, facts] : listing.sets) {
    if (!name.ends_with(end)) continue;
    std::set<nft::Key> here;
    auto read = read_elements(
        socket, table, name, [&] { here.clear(); },
        [&](const NftElement& element) { here.insert(element.key); });
    if (!read) return std::unexpected(read.error());
    keys.merge(here);
  }
  return keys;
}

}  // namespace

NftWall::Names NftWall::Loaded::names_of(const Address& address) const {
  const auto found = bound.find(address);
  return found == bound.end() ? Names{} : found->second;
}

/// What connection tracking knew, not longer than `age` ago.
const std::vector<Flow>& NftWall::flows(Moment age) {
  const Moment now = clock_->now();
  if (listed_at_ && now - *listed_at_ < age) return listed_;
  auto listed = flow_table_->list();
  if (listed) {
    listed_ = std::move(*listed);
  } else {
    listed_.clear();
    log_(listed.error().text() + "; live flows to addresses that close now are cut");
  }
  listed_at_ = now;
  return listed_;
}

void NftWall::outlive(const Address& address, const Names& before, const Names& after) {
  const bool closes = std::ranges::any_of(
      before, [&](const ViewedName& name) { return std::ranges::count(after, name) == 0; });
  if (!flow_table_ || !closes) return;
  bool found = false;
  for (const Flow& flow : flows(one_event)) {
    if (flow.destination != address || live_->finishing.contains(flow)) continue;
    if (!live_->ruleset.passes(flow, before) || live_->ruleset.passes(flow, after)) continue;
    live_->finishing[flow] = before;
    found = true;
  }
  if (found) apply_finishing();
  closing_.try_emplace(address, before);  // the first of several changes had them all
  next_look_ = clock_->now() + second_look;
}

void NftWall::apply_finishing() {
  const nft::Delta delta = live_->ruleset.let_finish(flows_in(live_->finishing));
  if (delta.empty()) return;
  if (auto changed = table_.change(live_->table, delta); !changed) {
    log_(changed.error().text());
    check_within(Moment{0});
  }
}

void NftWall::follow_flows() {
  next_look_.reset();
  if (!flow_table_ || !live_) return;
  const std::vector<Flow>& known = flows(Moment{0});
  bool changed = false;
  for (const Flow& flow : known) {
    const auto closed = closing_.find(flow.destination);
    if (closed == closing_.end() || live_->finishing.contains(flow)) continue;
    if (!live_->ruleset.passes(flow, closed->second) || live_->passes(flow)) continue;
    live_->finishing[flow] = closed->second;
    changed = true;
  }
  closing_.clear();
  const std::set<Flow> alive(known.begin(), known.end());
  changed |= std::erase_if(live_->finishing, [&](const auto& one) {
               return !alive.contains(one.first) || live_->passes(one.first);
             }) > 0;
  if (changed) apply_finishing();
  if (!live_->finishing.empty()) next_look_ = clock_->now() + look_pause;
}

/// A flow goes on where the new policy would pass it under the names that its address had; of a
/// name that is gone from the policy nothing is left.
void NftWall::keep_finishing(Loaded& next) {
  if (!flow_table_) return;
  if (!live_) {
    next.finishing = inherited_;
  } else {
    for (const auto& [flow, names] : live_->finishing) {
      if (!names.empty() && next.ruleset.passes(flow, names)) next.finishing[flow] = names;
    }
  }
  (void)next.ruleset.let_finish(flows_in(next.finishing));
  if (!next.finishing.empty()) next_look_ = clock_->now() + look_pause;
}

/// The tables alone cut them; this tells the operator.
void NftWall::count_cut(Loaded& before) {
  if (!flow_table_) return;
  std::uint64_t cut = 0;
  for (const Flow& flow : flows(Moment{0})) {
    const bool passed = before.finishing.contains(flow) || before.passes(flow);
    if (passed && !live_->finishing.contains(flow) && !live_->passes(flow)) ++cut;
  }
  if (cut == 0) return;
  cut_flows_ += cut;
  log_(std::to_string(cut) + (cut == 1 ? " live flow is" : " live flows are") +
       " cut: the new policy refuses what the old one passed");
}

void NftWall::inherit_flows() {
  if (!flow_table_ || !table_.exists()) return;
  auto socket = NftSocket::open();
  if (!socket) return log_(socket.error().text());
  const auto listing = read_listing(*socket, table_.name());
  if (!listing) return log_(listing.error().text());
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string sets = family == Family::v4 ? "_outliving4" : "_outliving6";
    const auto local = keys_in(*socket, table_.name(), *listing, sets + "_local");
    const auto remote = keys_in(*socket, table_.name(), *listing, sets + "_remote");
    if (!local || !remote) return log_((local ? remote : local).error().text());
    if (local->empty() || remote->empty()) continue;
    for (const Flow& flow : flows(one_event)) {
      const bool named =
          flow.source.family == family &&
          local->contains(nft::key_of(flow.source, flow.protocol, flow.source_port)) &&
          remote->contains(nft::key_of(flow.destination, flow.protocol, flow.port));
      if (named) inherited_[flow];
    }
  }
}

}  // namespace sallyport
