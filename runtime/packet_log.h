// SPDX-License-Identifier: GPL-2.0-or-later
// PacketLog: a line in the runtime's log for each packet that a live datapath tells of, and how
// many it did not. Entry point: PacketLog::open().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/datapath.h"
#include "runtime/event_loop.h"
#include "runtime/event_ring.h"

namespace sallyport {

class PacketLog {
 public:
  /// The names that an address is bound to now.
  using NamesOf = std::function<std::vector<ViewedName>(const Address&)>;
  using Log = std::function<void(const std::string&)>;

  /// Loop and datapath must outlive it; a rule of the datapath logs.
  static Result<std::unique_ptr<PacketLog>> open(EventLoop& loop, const Datapath& datapath,
                                                 NamesOf names_of, Log log);
  PacketLog(const PacketLog&) = delete;
  PacketLog& operator=(const PacketLog&) = delete;
  ~PacketLog();  // tells what is there

 private:
  PacketLog(EventLoop& loop, const Datapath& datapath, EventRing ring, NamesOf names_of, Log log);
  void tell();
  void tell_untold();
  EventLoop::Timer later();
  /// A trouble is told once, not for every packet.
  void complain(const Error& error);

  EventLoop& loop_;
  const Datapath& datapath_;
  EventRing ring_;
  NamesOf names_of_;
  Log log_;
  std::vector<std::uint64_t> untold_;  // as it was told
  EventLoop::Timer timer_ = 0;
  std::string trouble_;
};

}  // namespace sallyport
