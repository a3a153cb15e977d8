// SPDX-License-Identifier: GPL-2.0-or-later
// Entries of the kernel's connection tracking: listed, or made by hand as flows that have been
// answered. Entry point: FlowTable.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/values/error.h"
#include "compiler/values/flow.h"
#include "runtime/fd.h"

namespace sallyport {

class FlowTable {
 public:
  /// Of the network namespace of the calling thread.
  static Result<FlowTable> open();

  /// An established flow that lives for ten minutes. One that is there already is no failure.
  Result<void> add(const Flow& flow);
  Result<void> clear();
  /// Every flow of TCP and UDP that is known, answered or not.
  Result<std::vector<Flow>> list();

 private:
  explicit FlowTable(Fd socket) : socket_(std::move(socket)) {}
  Result<void> talk(void* request, const char* what, int harmless);

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace sallyport
