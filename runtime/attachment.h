// SPDX-License-Identifier: GPL-2.0-or-later
// Attachment: an XDP bpf_link on one device, pinned from the first moment, so that the enforcement
// survives the process (B1, B4). Replacing the program is one atomic link update.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "compiler/values/error.h"
#include "runtime/bpffs.h"
#include "runtime/fd.h"

namespace sallyport {

class Attachment {
 public:
  /// Filters what enters through the device in this direction, by a program made for it.
  /// Adopts the pinned link of the device, or attaches anew and pins. A pin whose device is gone or
  /// was re-created is replaced (B5); one whose link still filters another device is an error. A
  /// foreign XDP program is an error, never replaced (B6). An adopted link keeps its program until
  /// replace(). One whose link filters the other direction is an error. Native mode only.
  static Result<Attachment> open(const Pins& pins, const std::string& device, int program_fd,
                                 Direction direction = Direction::outward);

  bool adopted() const { return adopted_; }
  const std::string& device() const { return device_; }
  Direction direction() const { return direction_; }
  /// Atomic: each packet meets the old program or the new one. If this object knows the old one,
  /// it is refused when another process has replaced that meanwhile.
  Result<void> replace(int program_fd);

  struct State {
    std::string device;
    Direction direction = Direction::outward;
    std::uint32_t link_id = 0, program_id = 0;
    int ifindex = 0;
    bool alive = false;  // false: a zombie, its device is gone
    std::string mode;    // "native", "generic", "offloaded", "none"
    std::string program_tag;
  };
  Result<State> state() const;
  /// The state of a pinned link without owning it.
  static Result<State> state_of(const Pins& pins, const std::string& device);

 private:
  Attachment(std::string device, Direction direction, Fd link, bool adopted);
  void expect(int program_fd);

  std::string device_;
  Direction direction_;
  Fd link_;
  Fd program_;  // what the link runs; closed if an adopted link runs a program we have no hold of
  bool adopted_ = false;
};

}  // namespace sallyport
