// SPDX-License-Identifier: GPL-2.0-or-later
// The files of one instance under /run/sallyport/INSTANCE (mode 0700):
//   lock          held by the runtime while it lives, with its process id inside
//   control       the control socket
//   gen-N.bundle  the bundle of generation N: its rules' identities and texts; beside the live
//   one's
//                 those of the policies before it (history.h)
//   aliases       what the aliases of the policy led to, as JSON, so that a restart knows the names
//                 that were derived from them
//   network       of an instance that uses nftables: the inode of the network namespace of its
//   table
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "compiler/image/bundle.h"
#include "compiler/values/error.h"
#include "runtime/fd.h"

namespace sallyport {

class RunDirectory {
 public:
  /// Makes the directory. The name is one of [a-z0-9-], 1 to 32 characters.
  static Result<RunDirectory> open(const std::string& instance);
  /// Only names the directory, which may be missing.
  static Result<RunDirectory> of(const std::string& instance);

  bool exists() const;
  std::filesystem::path control() const { return directory_ / "control"; }

  /// The lock lives as long as the descriptor. Fails at once if another process has it.
  Result<Fd> lock() const;

  Result<void> store_bundle(std::uint64_t generation, std::span<const std::uint8_t> bytes) const;
  Result<Bundle> stored_bundle(std::uint64_t generation) const;
  void remove_bundle(std::uint64_t generation) const;
  /// The greatest number that a bundle is stored under; 0 if none is.
  std::uint64_t newest_bundle() const;
  /// The numbers that bundles are stored under, in order.
  std::vector<std::uint64_t> bundles() const;
  Result<void> store_aliases(const std::string& text) const;
  /// Empty if there are none.
  std::string stored_aliases() const;
  /// Notes that this thread's network namespace has the instance's nftables table.
  Result<void> store_network() const;
  /// True if it was noted: the instance has such a table, or had one.
  bool notes_network() const;
  /// True if such a note names another namespace than this thread's.
  bool is_of_another_network() const;
  Result<void> remove_all() const;

 private:
  explicit RunDirectory(const std::string& instance);
  std::filesystem::path bundle(std::uint64_t generation) const;

  std::string instance_;
  std::filesystem::path directory_;
};

}  // namespace sallyport
