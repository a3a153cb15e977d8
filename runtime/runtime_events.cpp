// SPDX-License-Identifier: GPL-2.0-or-later
// What the runtime does while it runs: answers, expiries, addresses and devices that change, and
// requests on the control socket.
#include <net/if.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "runtime/runtime.h"
#include "runtime/tag_offload.h"

namespace sallyport {
namespace {

/// A binding that the datapath refused is tried again after this long.
constexpr Moment settle_pause = std::chrono::seconds(60);
/// A device that is gone, or back and refused, is looked at again after this long.
constexpr Moment return_pause = std::chrono::seconds(1);
/// Expiries closer together than this are handled at once.
constexpr Moment expiry_pause = std::chrono::milliseconds(50);

ControlReply refusal(const Error& error) {
  return {error.text(), {}, {}};
}

nlohmann::ordered_json live_json(const Generation& live) {
  return {{"policy", live.bundle().image.policy},
          {"generation", live.number()},
          {"bundle", live.bundle().digest}};
}

}  // namespace

Result<void> Runtime::run() {
  auto ran = loop_.run();
  if (ran && generation_ && (nft_ || !attachments_.empty()))
    world_.log("stopped; the policy stays enforced, `sallyport unload` ends it");
  return ran;
}

Result<void> Runtime::stop_on_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  signals_ = Fd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) return std::unexpected(Error::from_errno("wait for signals", errno));
  return loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { loop_.stop(); });
}

void Runtime::answered(const ViewedName& name, Family family, const Answer& answer) {
  binder_->answered(live_walls(), name, family, answer);
  after_change();
}

void Runtime::expire() {
  expiry_timer_ = 0;
  binder_->expire(live_walls());
  // Names of aliases of before go with the last of their addresses.
  if (!former_.empty() &&
      names_for(generation_->image(), &binder_->table()).size() != names_.size())
    return names_changed();
  after_change();
}

/// Both walls from one table of bindings. Each is tried whatever becomes of the other: what has to
/// close, closes wherever it can.
Bind Runtime::live_walls() {
  return [this](const Address& address, std::span<const ViewedName> names) -> Result<void> {
    Result<void> done;
    if (nft_) done = nft_->bind(address, names);
    if (Datapath* datapath = generation_->datapath()) {
      if (auto bound = datapath->bind(address, names); !bound) done = bound;
    }
    return done;
  };
}

/// Room for what did not fit, and timers for what comes next.
void Runtime::after_change() {
  plan_nft_check();
  if (!binder_->settled() && settle_timer_ == 0) {
    settle_timer_ = loop_.at(world_.clock.now() + settle_pause, [this] {
      settle_timer_ = 0;
      binder_->settle(live_walls());
      after_change();
    });
    if (generation_->datapath() && generation_->datapath()->full()) grow();
  }
  loop_.cancel(std::exchange(expiry_timer_, 0));
  if (const auto next = binder_->table().next_expiry()) {
    const Moment soon = world_.clock.now() + expiry_pause;
    expiry_timer_ = loop_.at(std::max(*next, soon), [this] { expire(); });
  }
}

/// The same policy with twice the room. Nothing that is bound is lost on the way.
void Runtime::grow() {
  std::uint64_t room = 0;
  for (const auto& size : generation_->datapath()->sizes()) {
    if (size.map.starts_with("bound")) room = std::max(room, size.capacity);
  }
  const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(2 * room, 1U << 24));
  world_.log("the tables are full: making room for " + std::to_string(wanted) + " addresses");
  NameTable table = binder_->table();
  auto next = prepare(generation_->bundle(), table, wanted);
  if (!next) return world_.log(next.error().text());
  const auto before = predecessor();
  if (!before) return world_.log(before.error().text());
  if (auto taken = take_over(std::move(*next), *before, table); !taken)
    return world_.log(taken.error().text());
  binder_->took_over(std::move(table));
  ask_names();
  loop_.cancel(std::exchange(settle_timer_, 0));  // the next shortage is met at once
}

/// Somebody touched the table, or it is time to read it back.
void Runtime::check_nft(const std::string& who) {
  if (!nft_ || !generation_) return;
  if (auto checked = nft_->check(who); !checked) world_.log(checked.error().text());
  plan_nft_check();
}

void Runtime::plan_nft_check() {
  plan_look();
  loop_.cancel(std::exchange(nft_timer_, 0));
  if (!nft_ || !nft_->next_check()) return;
  nft_timer_ = loop_.at(*nft_->next_check(), [this] {
    nft_timer_ = 0;
    check_nft({});
  });
}

/// Flows to an address that closed, once more and until they have ended.
void Runtime::plan_look() {
  loop_.cancel(std::exchange(look_timer_, 0));
  if (!nft_ || !nft_->next_look()) return;
  look_timer_ = loop_.at(*nft_->next_look(), [this] {
    look_timer_ = 0;
    nft_->follow_flows();
    plan_nft_check();
  });
}

void Runtime::own_changed(std::set<Address> addresses) {
  if (addresses == own_) return;
  if (Datapath* datapath = generation_->datapath()) {
    if (auto set = datapath->set_own(addresses); !set) return world_.log(set.error().text());
  }
  own_ = std::move(addresses);
}

/// nftables matches names: a device that returns under its name is filtered at once, one that was
/// renamed is not.
void Runtime::nft_devices_changed() {
  if (!nft_ || !generation_) return;
  std::vector<std::string> devices = options_.nft->devices;
  for (const nft::VlanDevice& entry : options_.nft->vlan_devices) devices.push_back(entry.device);
  for (const std::string& device : devices) {
    const bool is_gone = if_nametoindex(device.c_str()) == 0;
    if (is_gone && nft_absent_.insert(device).second) {
      world_.log(device + " is gone or has another name: nftables filters what has this name only");
    } else if (!is_gone && nft_absent_.erase(device) > 0) {
      world_.log(device + " is back and filtered by nftables");
    }
  }
}

/// What is live is not taken back when somebody turns an offload on: without it nothing would be
/// filtered.
void Runtime::watch_tags() {
  if (vlan_classes(generation_->image()) == 1) return tagless_.clear();
  for (const std::string& device : xdp_devices()) {
    const auto seen = see_tags(device);
    if (seen) {
      if (tagless_.erase(device) > 0) world_.log(device + " shows its VLAN tags again");
    } else if (tagless_.insert(device).second) {
      world_.log(seen.error().text());
    }
  }
}

/// A link whose device is gone is no attachment; a device that came back is attached anew (B5).
void Runtime::devices_changed() {
  nft_devices_changed();
  if (!generation_ || !generation_->datapath()) return;
  std::erase_if(attachments_, [this](const Attachment& attachment) {
    const auto state = attachment.state();
    if (!state || state->alive) return false;
    world_.log(attachment.device() + " is gone; it is filtered again when it returns");
    absent_.try_emplace(attachment.device(), Absent{attachment.direction()});
    return true;
  });
  for (auto at = absent_.begin(); at != absent_.end();) {
    at = attach_again(at->first, at->second) ? absent_.erase(at) : std::next(at);
  }
  watch_tags();
  // Not every obstacle tells of its end: the MTU of a peer in another namespace does not.
  loop_.cancel(std::exchange(return_timer_, 0));
  if (absent_.empty()) return;
  return_timer_ = loop_.at(world_.clock.now() + return_pause, [this] { devices_changed(); });
}

bool Runtime::attach_again(const std::string& device, Absent& absent) {
  auto& [direction, told] = absent;
  auto attachment = Attachment::open(pins_, device, generation_->program_fd(direction), direction);
  if (attachment) {
    world_.log(device + " is back and filtered again");
    attachments_.push_back(std::move(*attachment));
    return true;
  }
  if (if_nametoindex(device.c_str()) == 0) {
    told.clear();
  } else if (std::string why = attachment.error().text(); why != told) {
    world_.log(device + " is back and NOT filtered: " + why);
    told = std::move(why);
  }
  return false;
}

ControlReply Runtime::respond(const ControlRequest& request) {
  if (request.verb == "status") return {{}, status_json(status()), {}};
  if (request.verb == "bindings") return {{}, bindings_json(), {}};
  if (request.verb == "load") return respond_load(request.payload);
  if (request.verb == "rollback") return respond_rollback(request.payload);
  if (request.verb == "unload") return respond_unload();
  return {"there is no request `" + request.verb + "`", {}, {}};
}

ControlReply Runtime::respond_load(std::span<const std::uint8_t> bytes) {
  auto bundle = read_bundle(bytes);
  if (!bundle) return refusal(bundle.error());
  if (auto loaded = load(std::move(*bundle)); !loaded) return refusal(loaded.error());
  return {{}, live_json(*generation_).dump(), {}};
}

/// The payload is the number of a generation in decimal digits, or nothing.
ControlReply Runtime::respond_rollback(std::span<const std::uint8_t> bytes) {
  const std::string text(bytes.begin(), bytes.end());
  std::optional<std::uint64_t> wanted;
  if (!text.empty()) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc() || stopped != end) {
      return refusal({"roll back", "a generation is a number", "found `" + text + "`"});
    }
    wanted = number;
  }
  const auto restored = roll_back(wanted);
  if (!restored) return refusal(restored.error());
  nlohmann::ordered_json reply = live_json(*generation_);
  reply["of_generation"] = restored->generation;
  return {{}, reply.dump(), {}};
}

ControlReply Runtime::respond_unload() {
  if (auto unloaded = unload(); !unloaded) return refusal(unloaded.error());
  world_.log("unloaded: nothing is filtered any more");
  return {{}, "{}", [this] { loop_.stop(); }};
}

std::string Runtime::bindings_json() const {
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& name : names_) names[name.name.text()];
  for (const auto& claim : binder_->table().claims())
    names[claim.name.text()].push_back(claim.address.text());
  std::vector<std::string> own;
  for (const auto& address : own_) own.push_back(address.text());
  std::map<std::string, std::string> aliases;
  for (const auto& [alias, target] : aliases_) aliases[alias.text()] = target.text();
  const nlohmann::ordered_json object = {{"policy", generation_->bundle().image.policy},
                                         {"bundle", generation_->bundle().digest},
                                         {"own", own},
                                         {"aliases", aliases},
                                         {"names", names}};
  return object.dump();
}

RuntimeStatus Runtime::runtime_status() const {
  RuntimeStatus status;
  status.process = getpid();
  const NameTable& table = binder_->table();
  const auto& names = names_;
  std::map<std::pair<ViewedName, Family>, std::vector<NameStatus::Bound>> bound;
  std::set<ViewedName> bound_names;
  const Moment now = world_.clock.now();
  for (const auto& claim : table.claims()) {
    const auto left = std::chrono::duration_cast<Seconds>(claim.expiry - now);
    bound[{claim.name, claim.address.family}].push_back(
        {claim.address, std::max(left, Seconds{0}), claim.adopted});
    bound_names.insert(claim.name);
  }
  for (const auto& name : names) {
    for (const Family family : {Family::v4, Family::v6}) {
      status.per_name.push_back({name.name, family, binder_->failure_of(name.name, family),
                                 std::move(bound[{name.name, family}])});
    }
  }
  status.names = names.size();
  status.bound_names = bound_names.size();
  status.addresses = table.bound_addresses();
  status.changes = binder_->counts().changes;
  status.refused = binder_->counts().refused;
  status.lookups = views_->counts();
  status.windows = window_status();
  status.earlier = history_.earlier();
  if (generation_->datapath()) status.tables = generation_->datapath()->sizes();
  return status;
}

Status Runtime::status() {
  Status status;
  status.instance = options_.instance;
  status.generation = generation_->number();
  status.bundle = generation_->bundle();
  for (const auto& attachment : attachments_) {
    if (auto state = attachment.state()) status.devices.push_back(std::move(*state));
  }
  for (const auto& [device, absent] : absent_) {
    Attachment::State gone;
    gone.device = device;
    gone.direction = absent.direction;
    gone.mode = "none";
    status.devices.push_back(std::move(gone));
  }
  if (const Datapath* datapath = generation_->datapath()) {
    if (auto counters = datapath->counters()) status.counters = std::move(*counters);
  }
  if (nft_) {
    if (auto facts = nft_->status(generation_->bundle().image)) status.nft = std::move(*facts);
  }
  status.runtime = runtime_status();
  return status;
}

/// What somebody who wrote inward rules, or filters inward, would not expect.
void Runtime::warn_of_directions(const Image& image) {
  const bool by_bpf = std::ranges::any_of(attachments_, [](const Attachment& attachment) {
    return attachment.direction() == Direction::inward;
  });
  if (has_inward_rules(image) && !by_bpf && !nft_) {
    world_.log(
        "the policy has inward rules, and no device is filtered inward: whatever comes in "
        "passes; --xdp-in names the uplinks");
  }
  const bool tracks = options_.nft && options_.nft->conntrack;
  if (by_bpf || (nft_ && has_inward_rules(image) && !tracks)) {
    world_.log(
        "inward, answers over UDP and to echo requests drop: flows are not recorded; those of "
        "name servers behind an uplink are among them");
  }
}

void Runtime::warn_of_patterns(const Image& image) {
  std::map<std::string, std::size_t> covered;
  for (const auto& group : image.groups) {
    for (const auto& pattern : group.patterns) {
      covered[pattern.text()] = static_cast<std::size_t>(std::ranges::count_if(
          image.names, [&](const ImageName& name) { return pattern.matches(name.name.name); }));
    }
  }
  for (const auto& [pattern, count] : covered) {
    world_.log("`" + pattern + "`: bound to " + std::to_string(count) +
               " exact names of this policy; other names wait for observed answers");
  }
}

}  // namespace sallyport
