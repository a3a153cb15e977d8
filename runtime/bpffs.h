// SPDX-License-Identifier: GPL-2.0-or-later
// The pins of one instance: /sys/fs/bpf/sallyport/INSTANCE/
//   claims          the map of name claims, kept across generations
//   link-DEVICE     one per device that is filtered outward
//   inward-DEVICE   one per device that is filtered inward
//   gen-N/          programs and maps of generation N: xdp xdp_in arena bound4 bound6 own
//                   rule_counters reason_counters carried
// `ip netns exec` hides bpffs (it remounts /sys); enter namespaces with `nsenter --net`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/values/error.h"

namespace sallyport {

/// 1 to 32 of a-z, 0-9 and `-`, so that a name cannot leave its folder.
bool is_instance_name(std::string_view name);

/// The name under which a generation pins its program of the direction.
const char* program_pin(Direction direction);

class Pins {
 public:
  /// Makes the instance's directory; mounts bpffs on /sys/fs/bpf if nothing has. The name is one of
  /// [a-z0-9-], 1 to 32 characters.
  static Result<Pins> open(const std::string& instance);
  /// Finds an existing directory only.
  static Result<Pins> find(const std::string& instance);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path claims() const { return directory_ / "claims"; }
  /// bpffs keeps dots for itself: `eth0.100` is pinned as `link-eth0%2e100`.
  std::filesystem::path link(const std::string& device,
                             Direction direction = Direction::outward) const;
  std::filesystem::path generation(std::uint64_t number) const {
    return directory_ / ("gen-" + std::to_string(number));
  }

  std::vector<std::uint64_t> generations() const;   // ascending
  std::vector<std::string> linked_devices() const;  // of either direction, sorted
  /// In which direction a linked device is filtered.
  Direction direction_of(const std::string& device) const;
  /// The device is filtered no more once no process holds its link. Fine if there is none.
  Result<void> remove_link(const std::string& device) const;
  Result<void> remove_generation(std::uint64_t number) const;
  /// Unpins everything, links first; with the links go the attachments.
  Result<void> remove_all() const;

 private:
  explicit Pins(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
};

}  // namespace sallyport
