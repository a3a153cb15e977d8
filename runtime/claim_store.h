// SPDX-License-Identifier: GPL-2.0-or-later
// ClaimStore: the pinned map that remembers which name opened which address, so that a restarted
// runtime adopts the bindings it finds enforced.
#pragma once

#include <vector>

#include "bpf/abi.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"
#include "runtime/bpffs.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

namespace sallyport {

class ClaimStore {
 public:
  /// Opens the pinned map or makes and pins it.
  static Result<ClaimStore> open(const Pins& pins);

  struct Row {
    std::uint64_t name = 0;  // claim_name()
    Address address;
    Moment expiry{0};
  };
  Result<std::vector<Row>> rows() const;
  Result<void> put(const ViewedName& name, const Address& address, Moment expiry);
  Result<void> remove(std::uint64_t name, const Address& address);

 private:
  explicit ClaimStore(Fd map) : map_(std::move(map)) {}
  Fd map_;
};

}  // namespace sallyport
