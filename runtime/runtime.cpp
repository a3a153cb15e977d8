// SPDX-License-Identifier: GPL-2.0-or-later
// The runtime's life: starting, taking over from one generation to the next, ending. What happens
// in between is in runtime_events.cpp.
#include "runtime/runtime.h"

#include <net/if.h>

#include <algorithm>
#include <cassert>
#include <thread>

#include "runtime/device_watch.h"
#include "runtime/nft_watch.h"
#include "runtime/own_addresses.h"
#include "runtime/tag_offload.h"

namespace sallyport {
namespace {

constexpr int most_doublings = 6;
/// Longer than any CPU stays in one run of the program that was replaced.
constexpr auto last_packets = std::chrono::milliseconds(10);

/// The most addresses of one family that the datapath has room for.
std::uint32_t room_of(const Datapath& datapath) {
  std::uint64_t room = 1024;
  for (const auto& size : datapath.sizes()) {
    if (size.map.starts_with("bound")) room = std::max(room, size.capacity);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, 1U << 24));
}

std::string place_list(const std::vector<Attachment>& attachments,
                       const std::optional<NftWall>& nft) {
  std::string text;
  for (const auto& attachment : attachments) {
    text += (text.empty() ? "" : ", ") + attachment.device();
    if (attachment.direction() == Direction::inward) text += " (inward)";
  }
  if (nft) text += (text.empty() ? "" : ", ") + ("nftables table " + nft->table());
  return text;
}

/// The name that packets from the device have in the forward hook.
Result<std::string> forwarding_name(const std::string& device) {
  const std::string tried = "filter what enters through " + device;
  const unsigned index = if_nametoindex(device.c_str());
  char name[IF_NAMESIZE] = {};
  if (index == 0 || if_indextoname(index, name) == nullptr) {
    return std::unexpected(Error{tried, "there is no such device", ""});
  }
  const auto master = master_of(index);
  if (!master) return std::unexpected(master.error());
  if (*master != 0) {
    char whole[IF_NAMESIZE] = {};
    const char* known = if_indextoname(*master, whole);
    return std::unexpected(
        Error{tried, "it is a part of " + (known ? std::string(known) : "another device"),
              "packets enter through that one: name it instead"});
  }
  return std::string(name);  // not an alternative name, which nftables does not know
}

}  // namespace

Runtime::Runtime(Options options, World world, EventLoop loop, Pins pins, RunDirectory files)
    : options_(std::move(options)),
      world_(std::move(world)),
      loop_(std::move(loop)),
      pins_(std::move(pins)),
      files_(std::move(files)),
      history_(History::of(files_)) {}

Runtime::~Runtime() {
  views_.reset();  // before the loop that they wait in
}

Result<std::unique_ptr<Runtime>> Runtime::start(Bundle bundle, Options options, World world) {
  assert(!options.devices.empty() || !options.inward_devices.empty() || options.nft);
  auto files = RunDirectory::open(options.instance);
  if (!files) return std::unexpected(files.error());
  auto lock = files->lock();
  if (!lock) return std::unexpected(lock.error());
  auto loop = EventLoop::create(world.clock);
  if (!loop) return std::unexpected(loop.error());
  auto pins = Pins::open(options.instance);
  if (!pins) {
    // The pins' error is the one to tell. What an earlier run left belongs to what it enforces.
    if (files->newest_bundle() == 0) (void)files->remove_all();
    return std::unexpected(pins.error());
  }

  std::unique_ptr<Runtime> runtime(new Runtime(
      std::move(options), std::move(world), std::move(*loop), std::move(*pins), std::move(*files)));
  runtime->lock_ = std::move(*lock);
  if (auto up = runtime->bring_up(std::move(bundle)); !up) {
    runtime->withdraw();
    return std::unexpected(up.error());
  }
  return runtime;
}

/// Whatever can fail comes before the devices are taken over, which is the last step that may.
Result<void> Runtime::bring_up(Bundle bundle) {
  auto claims = ClaimStore::open(pins_);
  if (!claims) return std::unexpected(claims.error());
  binder_.emplace(world_.clock, std::move(*claims), world_.log);
  make_views();
  recall_aliases();
  const auto image = image_on(bundle, today());
  if (!image) return std::unexpected(image.error());
  if (auto adopted = binder_->adopt(*image, names_for(*image, nullptr)); !adopted) return adopted;
  if (auto watched = watch_world(); !watched) return watched;
  auto own = own_addresses();  // watched already, so that no change falls between
  if (!own) return std::unexpected(own.error());
  own_ = std::move(*own);
  auto servers = servers_of(*image, options_.resolvers);
  if (!servers) return std::unexpected(servers.error());
  auto views = views_->prepare(std::move(*servers));
  if (!views) return std::unexpected(views.error());
  if (auto tags = demand_tags(*image); !tags) return tags;
  if (auto opened = open_nft(); !opened) return opened;
  if (nft_) {
    const auto earlier = files_.stored_bundle(files_.newest_bundle());
    if (earlier && earlier->digest == bundle.digest) nft_->inherit_flows();
  }

  NameTable table = binder_->table();
  auto next = prepare(bundle, table, 0);
  if (!next) return std::unexpected(next.error());
  const auto before = predecessor();  // new devices run `next` once they are attached
  if (!before) return std::unexpected(before.error());
  if (auto attached = attach(*next); !attached) return attached;
  if (auto taken = take_over(std::move(*next), *before, table); !taken) return taken;

  binder_->took_over(std::move(table));
  binder_->forget_unclaimed();
  if (const std::size_t adopted = binder_->table().bound_addresses(); adopted > 0)
    world_.log("adopted " + std::to_string(adopted) + " addresses of an earlier run");
  warn_of_patterns(generation_->image());
  warn_of_directions(generation_->image());
  views_->commit(std::move(*views));
  ask_names();
  after_change();
  plan_windows();
  return {};
}

Result<void> Runtime::open_nft() {
  if (!options_.nft) {
    const auto stands = has_nft_table(options_.instance);
    if (!stands && files_.notes_network()) return std::unexpected(stands.error());
    if (!stands || !*stands) return {};
    return std::unexpected(
        Error{"start without --nft",
              "table inet " + nft_table_name(options_.instance) + " of an earlier run is in force",
              "give --nft, or `sallyport unload` first"});
  }
  auto& devices = options_.nft->devices;
  // A second wall stands behind the first: the same devices, if none are named for it.
  if (devices.empty()) devices = options_.devices;
  const auto rename = [](std::string& device) -> Result<void> {
    auto name = forwarding_name(device);
    if (!name) return std::unexpected(name.error());
    device = std::move(*name);
    return {};
  };
  for (std::string& device : devices) {
    if (auto renamed = rename(device); !renamed) return renamed;
  }
  for (nft::VlanDevice& entry : options_.nft->vlan_devices) {
    if (auto renamed = rename(entry.device); !renamed) return renamed;
  }
  if (devices.empty()) {
    world_.log(
        "nftables judges everything that this host forwards, answers from the internet too; "
        "--device names the clients' devices");
  }
  if (options_.nft->conntrack && uses_bpf()) {
    world_.log(
        "XDP knows no flows yet: it drops the live ones to an address that expires, which nftables "
        "alone would let finish");
  }
  if (auto noted = files_.store_network(); !noted) return noted;
  auto wall = NftWall::open(options_.instance, *options_.nft, world_.clock, world_.log);
  if (!wall) return std::unexpected(wall.error());
  nft_.emplace(std::move(*wall));
  auto watched = watch_nft_table(loop_, nft_->table(), {nft_->port()},
                                 [this](const std::string& who) { check_nft(who); });
  if (!watched) return std::unexpected(watched.error());
  nft_watch_ = std::move(*watched);
  return {};
}

Result<void> Runtime::watch_world() {
  auto own = watch_own_addresses(
      loop_, [this](std::set<Address> addresses) { own_changed(std::move(addresses)); });
  if (!own) return std::unexpected(own.error());
  own_watch_ = std::move(*own);
  auto devices = watch_devices(loop_, [this] { devices_changed(); });
  if (!devices) return std::unexpected(devices.error());
  device_watch_ = std::move(*devices);
  auto control = ControlServer::listen(
      loop_, files_.control(), [this](const ControlRequest& request) { return respond(request); });
  if (!control) return std::unexpected(control.error());
  control_ = std::move(*control);
  return {};
}

/// Undoes a start that failed: new links go, adopted ones keep what they had.
void Runtime::withdraw() {
  for (const auto& attachment : attachments_) {
    if (attachment.adopted()) continue;
    if (auto removed = pins_.remove_link(attachment.device()); !removed)
      world_.log(removed.error().text());
  }
  attachments_.clear();
  control_.reset();
  if (nft_) nft_->withdraw();
  // Where nftables cannot be read, the table of an earlier run may stand, or the system has none.
  const auto stands = has_nft_table(options_.instance);
  const bool enforces = stands ? *stands : files_.notes_network();
  if (enforces || !pins_.linked_devices().empty()) return;
  // Nothing is enforced, so nothing of the instance is worth keeping.
  if (auto removed = pins_.remove_all(); !removed) world_.log(removed.error().text());
  if (auto removed = files_.remove_all(); !removed) world_.log(removed.error().text());
}

/// Those of the options, and those that an earlier run left attached.
std::set<std::string> Runtime::xdp_devices() const {
  std::set<std::string> devices(options_.devices.begin(), options_.devices.end());
  devices.insert(options_.inward_devices.begin(), options_.inward_devices.end());
  for (const auto& device : pins_.linked_devices()) devices.insert(device);
  std::erase_if(devices, [](const auto& device) { return if_nametoindex(device.c_str()) == 0; });
  return devices;
}

/// A zone by VLAN would hold nobody, or take a frame that lost its tag for an untagged one.
Result<void> Runtime::demand_tags(const Image& image) const {
  if (vlan_classes(image) == 1) return {};
  for (const std::string& device : xdp_devices()) {
    if (auto seen = see_tags(device); !seen) return seen;
  }
  return {};
}

/// A generation of today with every binding of the table, which is brought to the generation's
/// names, and our own addresses; not live yet.
Result<Generation> Runtime::prepare(const Bundle& bundle, NameTable& table, std::uint32_t room) {
  Generation::Wanted wanted{uses_bpf(), files_.newest_bundle() + 1, 0, today()};
  wanted.addresses = std::max(room, static_cast<std::uint32_t>(2 * table.bound_addresses()));
  for (int doublings = 0;; ++doublings) {
    auto next = Generation::prepare(pins_, bundle, wanted);
    if (!next) return next;
    const std::vector<ImageName> names = names_for(next->image(), &table);
    table.set_names(next->image(), names);
    Datapath* datapath = next->datapath();
    if (!datapath) return next;
    datapath->know(names);
    if (auto own = datapath->set_own(own_); !own) return std::unexpected(own.error());
    const auto bind = [&](const Address& address, std::span<const ViewedName> bound) {
      return datapath->bind(address, bound);
    };
    const auto done = bind_all(bind, table);
    if (done) return next;
    if (!datapath->full() || doublings == most_doublings) return std::unexpected(done.error());
    wanted.addresses = 2 * room_of(*datapath);
  }
}

/// New devices run the generation's program at once; adopted ones wait for the take-over.
Result<void> Runtime::attach(const Generation& generation) {
  std::map<std::string, Direction> wanted;
  for (const auto& device : options_.devices) wanted[device] = Direction::outward;
  for (const auto& device : options_.inward_devices) wanted[device] = Direction::inward;
  for (const auto& device : pins_.linked_devices()) {
    if (wanted.contains(device)) continue;
    const auto state = Attachment::state_of(pins_, device);
    if (state && state->alive) {
      world_.log(device + " was attached by an earlier run and stays attached");
      wanted[device] = state->direction;
    } else if (auto removed = pins_.remove_link(device); !removed) {
      return removed;
    }
  }
  for (const auto& [device, direction] : wanted) {
    auto attachment = Attachment::open(pins_, device, generation.program_fd(direction), direction);
    if (!attachment) return std::unexpected(attachment.error());
    attachments_.push_back(std::move(*attachment));
  }
  return {};
}

/// The step that changes verdicts. On failure `next` and its pins go.
Result<void> Runtime::take_over(Generation next, const std::optional<Predecessor>& before,
                                const NameTable& table) {
  const auto bytes = bundle_bytes(next.bundle().image, next.bundle().program_text);
  if (nft_) {
    auto ready = nft_->prepare(next.judged(), next.image(), names_for(next.image(), &table), table);
    if (!ready) {
      plan_nft_check();
      return ready;
    }
  }
  Generation::Programs fallback = next.programs();
  if (before) fallback = {before->outward.get(), before->inward.get()};
  auto done = files_.store_bundle(next.number(), bytes);
  if (done) done = switch_to(next, fallback);
  if (!done) {
    if (nft_) nft_->abandon();
    plan_nft_check();
    files_.remove_bundle(next.number());
    return done;
  }
  if (before) carry_counters(next, *before);
  packet_log_.reset();  // tells the last of the generation that it reads
  generation_ = std::move(next);
  open_packet_log();
  names_ = names_for(generation_->image(), &table);
  retire_others();
  plan_nft_check();
  world_.log("policy " + generation_->bundle().image.policy + " is enforced on " +
             place_list(attachments_, nft_) + " (generation " +
             std::to_string(generation_->number()) + ")");
  return {};
}

/// Between the two walls every packet meets the old policy or the new one: the second lets both
/// pass while the first is switched.
Result<void> Runtime::switch_to(Generation& next, const Generation::Programs& fallback) {
  if (nft_ && attachments_.empty()) return nft_->swap();
  if (nft_) {
    if (auto widened = nft_->widen(); !widened) return widened;
  }
  if (auto committed = next.commit(attachments_, fallback); !committed) return committed;
  if (nft_) nft_->narrow();
  return {};
}

/// What is live now: ours, or what an earlier run left.
Result<std::optional<Runtime::Predecessor>> Runtime::predecessor() const {
  Predecessor before;
  if (generation_) {
    if (!generation_->datapath()) return std::nullopt;
    before.number = generation_->number();
    before.rules = generation_->bundle().image.rules;
  } else if (const auto live = live_generation(pins_)) {
    before.number = *live;
    if (auto bundle = files_.stored_bundle(*live)) {
      before.rules = std::move(bundle->image.rules);
    } else {
      world_.log(bundle.error().text() + "; rule counters start at zero");
    }
  } else {
    return std::nullopt;
  }
  for (const Direction direction : {Direction::outward, Direction::inward}) {
    auto program = pinned_program(pins_, before.number, direction);
    const bool outward = direction == Direction::outward;
    // The version before this one had no inward program, and nothing that would miss it.
    if (!program && outward) return std::unexpected(program.error());
    if (program) (outward ? before.outward : before.inward) = std::move(*program);
  }
  return before;
}

void Runtime::carry_counters(Generation& next, const Predecessor& before) {
  if (!next.datapath()) return;
  std::this_thread::sleep_for(last_packets);
  auto counters = pinned_counters(pins_.generation(before.number).string());
  Result<void> carried;
  if (counters) {
    carried = next.datapath()->carry(
        carried_counters(*counters, before.rules, next.bundle().image.rules));
  } else {
    carried = std::unexpected(counters.error());
  }
  if (!carried) world_.log(carried.error().text() + "; counters start at zero");
}

/// Whatever fails here, the verdicts are as they were.
void Runtime::open_packet_log() {
  const Datapath* datapath = generation_->datapath();
  if (!datapath || datapath->events_fd() < 0) return;
  auto opened = PacketLog::open(
      loop_, *datapath,
      [this](const Address& address) { return binder_->table().names_of(address); }, world_.log);
  if (opened) {
    packet_log_ = std::move(*opened);
  } else {
    world_.log(opened.error().text() + "; packets of rules that log are not told");
  }
}

void Runtime::retire_others() {
  for (const std::uint64_t number : pins_.generations()) {
    if (number == generation_->number()) continue;
    if (auto removed = pins_.remove_generation(number); !removed)
      world_.log(removed.error().text());
  }
  const Bundle& live = generation_->bundle();
  history_.enforced({generation_->number(), live.image.policy, live.digest});
}

Result<void> Runtime::load(Bundle bundle) {
  devices_changed();  // a device that is gone must not stand in the way
  if (auto tags = demand_tags(bundle.image); !tags) return tags;
  NameTable table = binder_->table();
  auto next = prepare(bundle, table, 0);
  if (!next) return std::unexpected(next.error());
  auto servers = servers_of(next->image(), options_.resolvers);
  if (!servers) return std::unexpected(servers.error());
  auto views = views_->prepare(std::move(*servers));
  if (!views) return std::unexpected(views.error());
  const auto before = predecessor();
  if (!before) return std::unexpected(before.error());
  if (auto taken = take_over(std::move(*next), *before, table); !taken) return taken;

  binder_->took_over(std::move(table));
  warn_of_patterns(generation_->image());
  warn_of_directions(generation_->image());
  views_->commit(std::move(*views));
  ask_names();
  after_change();
  window_trouble_.clear();
  plan_windows();
  return {};
}

Result<Enforced> Runtime::roll_back(std::optional<std::uint64_t> generation) {
  const auto earlier = history_.find(generation);
  const std::string to = generation ? "to generation " + std::to_string(*generation) : "";
  const std::string tried = "roll back" + (to.empty() ? "" : ' ' + to);
  if (!earlier) {
    std::string kept;
    for (const Enforced& entry : history_.earlier())
      kept += (kept.empty() ? "" : ", ") + std::to_string(entry.generation);
    return std::unexpected(Error{
        tried, generation ? "its policy is not kept" : "no policy was enforced before this one",
        kept.empty() ? std::string() : "kept: " + kept});
  }
  auto bundle = files_.stored_bundle(earlier->generation);
  if (!bundle) return std::unexpected(bundle.error());
  if (bundle->digest != earlier->digest) {
    return std::unexpected(Error{tried, "its stored bundle is not the one that was enforced", {}});
  }
  if (auto loaded = load(std::move(*bundle)); !loaded) return std::unexpected(loaded.error());
  world_.log("rolled back: this is the policy of generation " +
             std::to_string(earlier->generation));
  return *earlier;
}

Result<void> Runtime::unload() {
  if (nft_) {
    if (auto removed = nft_->remove(); !removed) return removed;
  }
  if (auto removed = pins_.remove_all(); !removed) return removed;
  attachments_.clear();
  absent_.clear();
  if (control_) control_->close();
  return files_.remove_all();
}

Result<void> unload(const std::string& instance) {
  auto files = RunDirectory::of(instance);
  if (!files) return std::unexpected(files.error());
  const auto pins = Pins::find(instance);
  if (!pins && !files->exists()) return std::unexpected(pins.error());
  if (files = RunDirectory::open(instance); !files) return std::unexpected(files.error());
  const auto lock = files->lock();
  if (!lock) return std::unexpected(lock.error());
  if (files->is_of_another_network()) {
    return std::unexpected(Error{"unload instance " + instance,
                                 "its nftables table is in another network namespace",
                                 "enter that one, with `nsenter --net`"});
  }
  if (auto removed = remove_nft_table(instance); !removed) return removed;
  if (pins) {
    if (auto removed = pins->remove_all(); !removed) return removed;
  }
  return files->remove_all();
}

}  // namespace sallyport
