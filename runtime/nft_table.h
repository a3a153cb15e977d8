// SPDX-License-Identifier: GPL-2.0-or-later
// One nftables table alive in the kernel, kept equal to an nft::Table. Entry point: NftTable. A new
// generation goes live by prepare(), then swap(), or widen() and narrow() with another datapath's
// swap between them, then retire(); a change of a binding by change().
//
// Every batch carries the generation id that what it stands on was read at; a stale one is retried
// from fresh state at most 8 times (F4). Whether a batch whose outcome is unknown was applied is
// decided by reading back (F5). One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/nft/table.h"
#include "compiler/values/error.h"
#include "runtime/nft_batch.h"
#include "runtime/nft_dump.h"
#include "runtime/nft_element.h"
#include "runtime/nft_socket.h"

namespace sallyport {

class NftTable {
 public:
  struct Options {
    bool own = true;  // nobody else may change the table; only where it then survives us too (F8)
    std::size_t receive_buffer = 0;  // bytes; 0: large
  };

  /// The table need not exist. One that an earlier process left is taken over as it is; one that a
  /// living process owns is refused.
  static Result<NftTable> open(std::string table_name, Options options);
  static Result<NftTable> over(NftSocket socket, std::string table_name, bool own);

  const std::string& name() const { return name_; }
  bool exists() const { return exists_; }
  bool owned() const { return owned_; }
  /// True if this object made the table, so that whoever gives up may remove it.
  bool created() const { return created_; }
  /// True from widen() to narrow(): two generations are live.
  bool widened() const { return widened_; }
  /// For the watch, which passes over what comes from here.
  std::uint32_t port() const { return socket_.port(); }
  /// `g<N>_`, N larger than that of any chain or set in the table.
  std::string free_prefix() const;
  /// Batches that were stale, or whose outcome had to be read back.
  std::uint64_t retries() const { return retries_; }

  /// Makes the objects of `next` that are not there, in one batch; changes nothing that is
  /// enforced. A table that does not exist is created with its entries and is live at once: what
  /// follows has nothing to do. Nothing in the kernel may have the prefix yet.
  Result<void> prepare(const nft::Table& next);
  /// The entries of what was prepared, behind those that are there: both pass. Lasting sets say
  /// what is filtered, so elements that go, go here, and new ones come with narrow().
  Result<void> widen();
  /// Takes every other entry away: what was prepared is live.
  Result<void> narrow();
  /// Both in one batch.
  Result<void> swap();
  /// What was prepared goes again, widened or not; what was live before it is.
  Result<void> abandon();
  /// Removes the chains, sets and counters that belong neither to the live generation nor to one
  /// that was widened: also what was only prepared. Where nothing is known to be live, abandon().
  Result<void> retire();

  /// Brings a generation, live or prepared, and `table`, its value, forward: a batch of new chains
  /// and elements, then one of removals (F9), each read back. On failure `table` says what the
  /// kernel holds. An element in `removed` and, with another target, in `added` of the same set is
  /// replaced in the first batch. An element that is there already, or gone already, is no failure.
  Result<void> change(nft::Table& table, const nft::Delta& delta);

  /// Reads everything back and compares (F2): empty if equal, else words for the operator. The
  /// elements of a large set are looked up one by one if `live`, the value of what is live, is
  /// given; listing them takes a time that grows with the square of their number.
  Result<std::string> difference(const nft::Table* live = nullptr);
  /// Makes the kernel equal to `table`, whatever was done to it, and `table` live; other tables are
  /// not touched. Sends only what differs.
  Result<void> restore(const nft::Table& table);
  /// Deletes the table, if it exists.
  Result<void> remove();

  Result<std::map<std::string, NftCount>> counters();

 private:
  /// Adds what is missing to the batch; an empty batch says that nothing is.
  using Plan = std::function<Result<void>(const NftListing&, NftBatch&)>;
  struct Names {
    std::set<std::string> chains;
    std::set<std::string> sets;
    std::set<std::string> counters;
  };
  struct Edit;

  NftTable(std::string name, NftSocket socket)
      : name_(std::move(name)), socket_(std::move(socket)) {}

  Result<void> take_over(bool own);
  Result<bool> kernel_takes_ownership();
  std::uint32_t flags() const;
  /// Plans and commits until nothing is left to do.
  Result<void> settle(const Plan& plan);
  Result<void> listed(const NftListing& listing);

  void plan_all(const nft::Table& table, NftBatch& batch) const;
  Result<void> plan_objects(const nft::Table& next, const NftListing& listing, NftBatch& batch);
  Result<void> go_live(bool add, bool take_away);
  void plan_live(const NftListing& listing, NftBatch& batch) const;
  Result<void> plan_lasting_sets(NftBatch& batch, bool gone, bool come);
  Result<void> check_sets(const nft::Table& table, bool lasting);
  void keep(const nft::Table& table, bool live);
  Names wanted() const;

  Result<void> commit_edits(const nft::Table& table, const std::vector<nft::Chain>& chains,
                            std::vector<Edit>& edits);
  Result<bool> read_edits(const nft::Table& table, std::vector<Edit>& edits);

  std::string faults_of(const nft::Table& table, const NftListing& listing) const;
  std::vector<nft::Rule> rules_of(const nft::Chain& chain, bool lasting) const;
  bool needs_new_table(const nft::Table& table, const NftListing& listing) const;
  Result<void> plan_restore(const nft::Table& table, const NftListing& listing, NftBatch& batch,
                            bool removals);
  Result<void> plan_elements(const nft::Table& table, const nft::Set& set, const NftSetFacts& facts,
                             NftBatch& batch, bool removals);
  Result<std::uint64_t> look_up(
      const nft::Table& table, const nft::Set& set,
      const std::function<void(const NftElement&, const NftFound&)>& wrong);
  Result<std::string> fault_of(const nft::Table* table, const nft::Set& set,
                               const std::optional<std::uint32_t>& count);
  Result<NftDigest> read_digest(const std::string& set, const NftDigest& should);

  std::string name_;
  NftSocket socket_;
  bool own_ = false;  // wanted, and the kernel takes it
  bool owned_ = false;
  bool exists_ = false;
  bool created_ = false;
  bool widened_ = false;
  std::uint32_t generation_ = 0;  // at which the kernel held what we think; 0: look
  std::uint64_t retries_ = 0;
  Names seen_;  // in the kernel
  // Without the elements of their generation's sets; digests_ stands for those.
  std::optional<nft::Table> live_;
  std::optional<nft::Table> next_;
  std::map<std::string, NftDigest> digests_;
  // What widen() took out of lasting sets, by name.
  std::map<std::string, std::vector<nft::Key>> taken_out_;
};

}  // namespace sallyport
