// SPDX-License-Identifier: GPL-2.0-or-later
// Numbered datagrams from one namespace to addresses in another, at a steady pace, counted at both
// ends.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "compiler/values/address.h"
#include "runtime/fd.h"
#include "tests/support/netns.h"

namespace sallyport::test {

/// The datagrams to one address and UDP port, which the receiving namespace has or routes to
/// itself.
class Stream {
 public:
  Stream(const Netns& from, const Netns& to, const Address& address, std::uint16_t port);

  void send();
  /// Takes in what has arrived.
  void receive();
  void reset();

  const Address& address() const { return address_; }
  std::uint64_t sent() const { return sent_; }
  /// Different datagrams of those sent since reset().
  std::uint64_t received() const { return received_; }

 private:
  Address address_;
  Fd sender_;
  Fd receiver_;
  std::uint64_t first_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::vector<bool> seen_;
};

/// Sends one datagram on each stream at every tick, from a thread, until it is stopped.
class Sender {
 public:
  Sender(std::vector<Stream>& streams, std::chrono::microseconds tick);
  ~Sender() { stop(); }
  /// Stops, and takes in what is still under way.
  void stop();

 private:
  void run();

  std::vector<Stream>& streams_;
  std::chrono::microseconds tick_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace sallyport::test
