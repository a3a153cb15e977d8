// SPDX-License-Identifier: GPL-2.0-or-later
// A network namespace of our own with one wire in it: what is sent at the near end is received at
// the far end like any packet. For trying rules on real packets where nothing else is. It is gone
// with this object.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "compiler/values/error.h"
#include "runtime/fd.h"

namespace sallyport {

class PrivateNetwork {
 public:
  /// Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
  static Result<PrivateNetwork> make();

  /// Name of the device that receives.
  static constexpr const char* far_device = "far";
  using HardwareAddress = std::array<std::uint8_t, 6>;
  /// The far device's: frames to another one are not received.
  const HardwareAddress& far_address() const { return far_address_; }

  /// A whole Ethernet frame of at most 65,000 bytes. When it returns, the far end has received it
  /// and done with it, unless the CPU is so busy that it is put off.
  Result<void> send(std::span<const std::uint8_t> frame) const;

  /// Calls `body` on a thread that is inside; sockets made there stay inside.
  Result<void> inside(const std::function<Result<void>()>& body) const;

 private:
  PrivateNetwork() = default;
  Result<void> build();

  Fd namespace_;
  Fd near_;  // a packet socket bound to the near device
  HardwareAddress far_address_{};
};

}  // namespace sallyport
