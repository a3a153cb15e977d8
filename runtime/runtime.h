// SPDX-License-Identifier: GPL-2.0-or-later
// Runtime: the assembled daemon of one instance. It prepares a generation, takes over the devices,
// and keeps the addresses of names true until it is stopped; the enforcement outlives it (B1).
// Entry points: Runtime::start() and run(); unload() for the case that no runtime is alive.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/attachment.h"
#include "runtime/binder.h"
#include "runtime/bpffs.h"
#include "runtime/control.h"
#include "runtime/event_loop.h"
#include "runtime/generation.h"
#include "runtime/history.h"
#include "runtime/nft_wall.h"
#include "runtime/packet_log.h"
#include "runtime/run_directory.h"
#include "runtime/status.h"
#include "runtime/views.h"

namespace sallyport {

class Runtime {
 public:
  struct Options {
    std::string instance = "main";
    std::vector<std::string> devices;  // for XDP, outward; none of either direction needs `nft`
    std::vector<Endpoint> resolvers;   // for names without `via`; empty: as the bundle declares
    /// Enforce through nftables, too, or instead.
    std::optional<NftUse> nft = std::nullopt;
    std::vector<std::string> inward_devices = {};  // for XDP, inward
  };
  using MakeLookup = Views::MakeLookup;
  /// What the runtime needs of the world beside the kernel. The clock must outlive it.
  struct World {
    const Clock& clock;
    MakeLookup make_lookup;
    Log log;
    std::function<WallTime()> wall_time = system_wall_time;  // which windows are open
  };

  /// Enforces the bundle when it returns: on the devices of the options, on those that an earlier
  /// run left attached, and through nftables. On failure nothing has changed.
  static Result<std::unique_ptr<Runtime>> start(Bundle bundle, Options options, World world);
  ~Runtime();  // the enforcement stays

  /// Until stop(), a signal or an unload.
  Result<void> run();
  void stop() { loop_.stop(); }
  /// SIGTERM and SIGINT end run(). The signals must be blocked in every thread.
  Result<void> stop_on_signals();

  /// Replaces the policy: nftables widens to the old and the new one, each device is switched in
  /// one atomic step, nftables narrows to the new one; so that every packet meets the old policy or
  /// the new one. On failure nothing has changed.
  Result<void> load(Bundle bundle);
  /// Loads the policy of this earlier generation again, as a new one; without a number, the policy
  /// before the live one. Returns what was loaded.
  Result<Enforced> roll_back(std::optional<std::uint64_t> generation);
  /// Detaches and removes everything of the instance.
  Result<void> unload();

  Status status();
  EventLoop& loop() { return loop_; }

 private:
  /// The generation that is live before a take-over.
  struct Predecessor {
    std::uint64_t number = 0;
    Fd outward, inward;  // its programs
    std::vector<ImageRule> rules;
  };
  Runtime(Options options, World world, EventLoop loop, Pins pins, RunDirectory files);
  Result<void> bring_up(Bundle bundle);
  Result<void> open_nft();
  Result<void> watch_world();
  void withdraw();
  std::set<std::string> xdp_devices() const;
  Result<void> demand_tags(const Image& image) const;
  void watch_tags();

  void make_views();
  void recall_aliases();
  std::vector<ImageName> names_for(const Image& image, const NameTable* claimed) const;
  void ask_names();
  void alias_moved();
  void names_changed();
  void store_aliases();

  Result<Generation> prepare(const Bundle& bundle, NameTable& table, std::uint32_t room);
  bool uses_bpf() const {
    return !options_.devices.empty() || !options_.inward_devices.empty() ||
           !pins_.linked_devices().empty();
  }
  Result<void> attach(const Generation& generation);
  Result<void> take_over(Generation next, const std::optional<Predecessor>& before,
                         const NameTable& table);
  Result<void> switch_to(Generation& next, const Generation::Programs& fallback);
  Result<std::optional<Predecessor>> predecessor() const;
  void carry_counters(Generation& next, const Predecessor& before);
  void open_packet_log();
  void retire_others();
  void grow();

  Day today() const;
  void plan_windows();
  void follow_windows();
  std::optional<WindowStatus> window_status() const;

  void answered(const ViewedName& name, Family family, const Answer& answer);
  void after_change();
  void expire();
  Bind live_walls();
  void check_nft(const std::string& who);
  void plan_nft_check();
  void plan_look();
  void nft_devices_changed();
  void own_changed(std::set<Address> addresses);
  void devices_changed();
  struct Absent;
  bool attach_again(const std::string& device, Absent& absent);

  ControlReply respond(const ControlRequest& request);
  ControlReply respond_load(std::span<const std::uint8_t> bytes);
  ControlReply respond_rollback(std::span<const std::uint8_t> bytes);
  ControlReply respond_unload();
  std::string bindings_json() const;
  RuntimeStatus runtime_status() const;
  void warn_of_patterns(const Image& image);
  void warn_of_directions(const Image& image);

  Options options_;
  World world_;
  EventLoop loop_;
  Pins pins_;
  RunDirectory files_;
  History history_;
  Fd lock_;
  std::set<Address> own_;
  std::optional<Binder> binder_;
  std::optional<Generation> generation_;
  std::unique_ptr<PacketLog> packet_log_;  // of the generation; none if no rule logs
  std::optional<NftWall> nft_;
  std::vector<Attachment> attachments_;
  /// A device of ours that is gone.
  struct Absent {
    Direction direction = Direction::outward;
    std::string told = {};  // why it could not be attached anew when it returned
  };
  std::map<std::string, Absent> absent_;
  std::set<std::string> nft_absent_;  // devices that nftables should filter and that are gone
  std::set<std::string> tagless_;     // devices that hide the tags that zones by VLAN look at
  std::unique_ptr<Views> views_;
  std::vector<ImageName> names_;  // all that are known, in order; of the live generation
  Aliases aliases_;               // by which they are known
  // Aliases of before, the latest first: names that were derived from them keep what they have
  // bound until it expires.
  std::vector<Aliases> former_;
  std::string window_trouble_;  // why a window that opened or closed is not followed
  std::unique_ptr<ControlServer> control_;
  Fd own_watch_, device_watch_, nft_watch_, signals_;
  EventLoop::Timer expiry_timer_ = 0, settle_timer_ = 0, return_timer_ = 0, nft_timer_ = 0,
                   look_timer_ = 0, window_timer_ = 0;
};

/// Removes an instance that no runtime serves: links, maps and files. An error if a runtime lives
/// or the instance is unknown.
Result<void> unload(const std::string& instance);

}  // namespace sallyport
