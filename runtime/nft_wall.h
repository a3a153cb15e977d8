// SPDX-License-Identifier: GPL-2.0-or-later
// NftWall: what one instance enforces through nftables, across its generations. It holds the
// ruleset that should be live, brings bindings into it, reads it back, and makes it whole again
// after others touched it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/nft/ruleset.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"
#include "runtime/clock.h"
#include "runtime/flow_table.h"
#include "runtime/name_table.h"
#include "runtime/nft_table.h"

namespace sallyport {

/// How an instance uses nftables.
struct NftUse {
  std::vector<std::string> devices;  // empty: everything that the host forwards is judged
  bool conntrack = false, host = false, pieces_first = true;  // as in nft::Options
  bool own = true;  // where the kernel lets the table outlive us, nobody else may change it
  std::vector<nft::VlanDevice> vlan_devices = {};  // clients' devices that stand for VLANs
};

/// What `status` says of it.
struct NftStatus {
  std::string table;
  std::vector<std::string> hooks;  // `forward, priority 20`
  std::vector<std::string> devices;
  bool owned = false;
  std::string trouble;          // what is wrong with it now; empty if nothing is known to be
  std::uint64_t restored = 0;   // how often others had changed it
  std::vector<NftCount> rules;  // by rule
  NftCount dropped, dropped_pieces;
  // Flows that finish although their address is bound no more, and what they sent.
  std::uint64_t outliving_flows = 0;
  NftCount outliving;
  std::uint64_t cut_flows = 0;  // that a new policy refused, since the start
};

/// The name of an instance's table.
std::string nft_table_name(const std::string& instance);

class NftWall {
 public:
  using Log = std::function<void(const std::string&)>;

  /// Changes nothing. The table may have been left by an earlier run, and is then taken over.
  static Result<NftWall> open(const std::string& instance, NftUse use, const Clock& clock, Log log);

  /// Builds the ruleset with these bindings of these names, tries it on real packets against the
  /// evaluator where the system allows, and loads it beside what is live. Where no table was, it is
  /// live at once.
  Result<void> prepare(const Program& program, const Image& image,
                       const std::vector<ImageName>& names, const NameTable& bindings);
  /// What was prepared is live instead of what was, in one transaction.
  Result<void> swap();
  /// Both are: for as long as another wall is switched.
  Result<void> widen();
  /// Only what was prepared is. If the kernel refuses, check() tries again; until then the old
  /// passes as well, and the other wall decides.
  void narrow();
  /// What was prepared goes, also if it was widened. Nothing happens if nothing was.
  void abandon();
  /// Before the first prepare(), if the policy is that of the run before: flows that it let finish
  /// still may.
  void inherit_flows();
  /// After a start that failed: a table that this object made goes, one that was there stays.
  void withdraw();

  /// As Datapath::know(), on the live ruleset.
  void know(const std::vector<ImageName>& names);
  /// As Datapath::bind(), on the live ruleset. If the kernel refuses, the ruleset is ahead of it
  /// and check() is due.
  Result<void> bind(const Address& address, std::span<const ViewedName> names);

  /// Lets flows finish that bind() just closed the address of, and forgets those that have ended.
  void follow_flows();
  /// When follow_flows() should be called next; empty if no flow is followed.
  std::optional<Moment> next_look() const { return next_look_; }

  /// Reads the table back and mends it. `who`: the words of a watch, or empty.
  Result<void> check(const std::string& who = {});
  /// When check() should be called next; empty if everything was read back since the last change.
  std::optional<Moment> next_check() const { return next_check_; }

  Result<void> remove();
  const std::string& table() const { return table_.name(); }
  std::uint32_t port() const { return table_.port(); }
  Result<NftStatus> status(const Image& image);

 private:
  using Names = std::vector<ViewedName>;
  struct Loaded {
    nft::Ruleset ruleset;
    nft::Table table;
    std::map<Address, Names> bound;
    /// Flows that may finish, and under which names they passed: empty if an earlier run knew.
    std::map<Flow, Names> finishing;

    Names names_of(const Address& address) const;
    bool passes(const Flow& flow) { return ruleset.passes(flow, names_of(flow.destination)); }
  };
  NftWall(NftTable table, NftUse use, const Clock& clock, Log log);
  nft::Options options() const;
  void check_within(Moment delay);
  void went_live();
  const std::vector<Flow>& flows(Moment age);
  void outlive(const Address& address, const Names& before, const Names& after);
  void apply_finishing();
  void keep_finishing(Loaded& next);
  void count_cut(Loaded& before);

  NftTable table_;
  NftUse use_;
  const Clock* clock_;
  Log log_;
  std::optional<Loaded> live_, next_;
  std::optional<Moment> next_check_;
  // With conntrack; what it listed last, and when.
  std::optional<FlowTable> flow_table_;
  std::vector<Flow> listed_;
  std::optional<Moment> listed_at_;
  std::map<Address, Names> closing_;  // addresses that lost names since the last look, and these
  std::map<Flow, Names> inherited_;
  std::optional<Moment> next_look_;
  std::uint64_t cut_flows_ = 0;
  std::string trouble_;
  std::uint64_t restored_ = 0;
  std::uint64_t number_ = 0;  // of the last generation prepared
};

/// Read from the kernel alone, for an instance that no runtime serves; empty if it has no table.
Result<std::optional<NftStatus>> nft_status_of(const std::string& instance, const Image& image);
/// An error if nftables cannot be read: then a table may stand all the same.
Result<bool> has_nft_table(const std::string& instance);
/// Removes the instance's table, if there is one.
Result<void> remove_nft_table(const std::string& instance);

}  // namespace sallyport
