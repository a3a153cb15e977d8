// SPDX-License-Identifier: GPL-2.0-or-later
// Datapath: one loaded copy of the XDP programs with their maps, filled from an Image. Not attached
// to anything; attachment.h does that. The tests run frames through it without any device.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "bpf/abi.h"
#include "compiler/image/arena.h"
#include "compiler/image/image.h"
#include "compiler/label/labeler.h"
#include "compiler/values/error.h"
#include "runtime/counters.h"

namespace sallyport {

class Datapath {
 public:
  /// Loads the programs and fills the arena; touches nothing live. Copies the Image. `addresses` is
  /// how many bound addresses of each family to make room for, and a share of that for labels; more
  /// are taken if the names of the Image want it.
  static Result<Datapath> load(const Image& image, std::uint32_t addresses = 0);
  Datapath(Datapath&&) noexcept;
  Datapath& operator=(Datapath&&) noexcept;
  ~Datapath();

  const Image& image() const;
  /// The program for where packets of this direction come by.
  int program_fd(Direction direction = Direction::outward) const;

  /// From now on these names (sorted) count as listed beside the image's; before they are bound.
  void know(std::vector<ImageName> names);
  /// Binds the address to these names from now on (no names: to none), in place. Fails without
  /// effect when a table is full; `full()` is then true and a larger Datapath must be prepared.
  Result<void> bind(const Address& address, std::span<const ViewedName> names);
  bool full() const;

  Result<void> set_own(const std::set<Address>& addresses);

  Result<Counters> counters() const;
  /// Adds to what counters() reports: what the generation before has counted.
  Result<void> carry(const Counters& counters);
  /// Forgets what this program has counted and told; what was carried stays.
  Result<void> clear_counters();

  /// The ring of events (event_ring.h); below zero if no rule logs.
  int events_fd() const;
  /// Packets that rules decided, should have logged and did not, for want of budget or room: by
  /// rule index.
  Result<std::vector<std::uint64_t>> untold() const;

  /// Runs one frame through the program: XDP_PASS or XDP_DROP. Counts like a real packet.
  Result<std::uint32_t> test_run(std::span<const std::uint8_t> frame,
                                 Direction direction = Direction::outward) const;

  /// Pins programs and maps into the directory, which must not exist.
  Result<void> pin(const std::string& directory) const;

  /// Entries and bytes for people: name of the map, entries in use or capacity, bytes.
  struct Size {
    std::string map;
    std::uint64_t entries = 0, capacity = 0, bytes = 0;
  };
  std::vector<Size> sizes() const;

 private:
  struct Loaded;
  explicit Datapath(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace sallyport
