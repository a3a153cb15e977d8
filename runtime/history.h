// SPDX-License-Identifier: GPL-2.0-or-later
// History: the policies that were enforced before the live one, for `sallyport rollback`. Their
// bundles are files of the run directory. Entry points: History::of() and History::enforced().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/run_directory.h"

namespace sallyport {

/// A policy that was enforced, under the last of its generations.
struct Enforced {
  std::uint64_t generation = 0;
  std::string policy;
  std::string digest;  // of its bundle
};

class History {
 public:
  /// So many policies before the live one are kept.
  static constexpr std::size_t depth = 3;

  /// What an earlier run left in the directory, which must outlive this. A bundle that cannot be
  /// read is no policy to go back to, and stays where it is until the next one is enforced.
  static History of(const RunDirectory& files);

  /// This one is live from now on. A policy has one entry, under its last generation, however often
  /// its tables were made anew; what is beyond the depth goes, file and all.
  void enforced(Enforced live);

  /// What was enforced before the live one, the latest first.
  std::vector<Enforced> earlier() const;
  /// The one with this generation; without a number, the latest.
  std::optional<Enforced> find(std::optional<std::uint64_t> generation) const;

 private:
  explicit History(const RunDirectory& files) : files_(&files) {}

  const RunDirectory* files_;
  std::vector<Enforced> entries_;  // the latest first; once one is live, it leads
  bool has_live_ = false;
};

}  // namespace sallyport
