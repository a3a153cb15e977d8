// SPDX-License-Identifier: GPL-2.0-or-later
// A netlink socket to nftables: transactions, dumps and single questions. Entry point: NftSocket.
// One thread at a time.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/fd.h"
#include "runtime/nft_batch.h"

namespace sallyport {

/// How a transaction went. Of `refused` and `stale` nothing was applied; of `unknown` nobody knows
/// until it is read back (F5).
struct NftOutcome {
  enum class Kind : std::uint8_t { applied, refused, stale, unknown };
  Kind kind = Kind::unknown;
  Error error;     // unless applied
  int number = 0;  // errno of a refusal
};

class NftSocket {
 public:
  /// `receive_buffer` in bytes as SO_RCVBUF counts them; 0: large enough.
  static Result<NftSocket> open(std::size_t receive_buffer = 0);

  std::uint32_t port() const { return port_; }
  int descriptor() const { return fd_.get(); }

  /// The number of transactions of this network namespace so far.
  Result<std::uint32_t> generation();
  /// `expected`: the generation that the batch stands on.
  NftOutcome commit(NftBatch& batch, std::optional<std::uint32_t> expected);
  /// Applies nothing and leaves no trace: would the kernel take it?
  NftOutcome check(NftBatch& batch);

  using Take = std::function<void(const nlmsghdr&)>;
  enum class Dumped : std::uint8_t { whole, torn };
  /// Sends one dump request, numbered here, and hands over every message of the answer. A dump is
  /// torn if a transaction came in between.
  Result<Dumped> dump(nlmsghdr& request, const Take& take);

  /// Sends `requests`, of one message each, several at a time. `answered` gets the index of each
  /// and the answer; without an answer the errno.
  using Answered = std::function<void(std::size_t, const nlmsghdr*, int)>;
  Result<void> ask(std::span<std::vector<std::uint8_t>> requests, const Answered& answered);

 private:
  NftSocket(Fd fd, std::uint32_t port) : fd_(std::move(fd)), port_(port), buffer_(1U << 17) {}
  int send(std::span<const std::uint8_t> bytes);  // an errno
  NftOutcome send_batch(NftBatch& batch, bool check, std::uint32_t expected);
  /// The next datagram of the kernel; an errno if there is none, or it is not whole.
  std::expected<std::span<const std::uint8_t>, int> receive();
  NftOutcome await(const NftBatch& batch, std::uint32_t first, std::uint32_t last);
  void drain();

  Fd fd_;
  std::uint32_t port_;
  std::uint32_t sequence_ = 1;
  std::size_t at_once_ = 64;
  std::size_t send_buffer_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace sallyport
