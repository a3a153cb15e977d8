// SPDX-License-Identifier: GPL-2.0-or-later
// FeedLoader: the files that `feed` statements name, read and understood, with their provenance.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "compiler/check/check.h"
#include "compiler/driver/driver.h"
#include "compiler/source/diagnostics.h"

namespace sallyport {

struct FeedLoader {
  std::filesystem::path beside;  // the folder of the file with the statements
  std::filesystem::path root;    // the root file's folder
  const ReadFile& read;
  Diagnostics& diagnostics;

  /// Empty after an error was reported at the statement; a fault of the file is its note.
  std::optional<LoadedFeed> load(const FeedStatement& statement) const;
};

/// The path as seen from the folder: the same wherever both lie (C3).
std::string named_from(const std::filesystem::path& folder, const std::filesystem::path& path);

}  // namespace sallyport
