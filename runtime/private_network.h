// SPDX-License-Identifier: GPL-2.0-or-later
// A network namespace of our own with wires in it: what is sent at the near end of one is received
// at its far end like any packet. For trying rules on real packets where nothing else is. It is
// gone with this object.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/fd.h"

namespace sallyport {

class PrivateNetwork {
 public:
  /// Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
  static Result<PrivateNetwork> make(std::size_t wires = 1);

  /// Name of the device that receives.
  static std::string far_device(std::size_t wire = 0);
  using HardwareAddress = std::array<std::uint8_t, 6>;
  /// The far device's: frames to another one are not received.
  const HardwareAddress& far_address(std::size_t wire = 0) const { return wires_[wire].far; }

  /// A whole Ethernet frame of at most 65,000 bytes. When it returns, the far end has received it
  /// and done with it, unless the CPU is so busy that it is put off.
  Result<void> send(std::span<const std::uint8_t> frame, std::size_t wire = 0) const;

  /// Calls `body` on a thread that is inside; sockets made there stay inside.
  Result<void> inside(const std::function<Result<void>()>& body) const;

 private:
  PrivateNetwork() = default;
  Result<void> build(std::size_t wires);

  struct Wire {
    Fd near;  // a packet socket bound to the near device
    HardwareAddress far{};
  };
  static Result<Wire> build_wire(std::size_t number);

  Fd namespace_;
  std::vector<Wire> wires_;
};

}  // namespace sallyport
