// SPDX-License-Identifier: GPL-2.0-or-later
// Entries of the kernel's connection tracking, made by hand: flows that have been answered.
#pragma once

#include <cstdint>

#include "compiler/values/address.h"
#include "compiler/values/error.h"
#include "runtime/fd.h"

namespace sallyport {

/// Seen from the side that began it. `port` is the responder's; of ICMP it is not used, the flow is
/// an echo.
struct Flow {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;      // tcp, udp, or the ICMP of the family
  std::uint16_t source_port = 0;  // or the identifier of an echo
  std::uint16_t port = 0;
};

class FlowTable {
 public:
  /// Of the network namespace of the calling thread.
  static Result<FlowTable> open();

  /// An established flow that lives for ten minutes. One that is there already is no failure.
  Result<void> add(const Flow& flow);
  Result<void> clear();

 private:
  explicit FlowTable(Fd socket) : socket_(std::move(socket)) {}
  Result<void> talk(void* request, const char* what, int harmless);

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace sallyport
