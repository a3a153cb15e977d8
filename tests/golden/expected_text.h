// SPDX-License-Identifier: GPL-2.0-or-later
// What golden cases expect, in files: read, compared with or rewritten. Entry point: expect_text().
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace sallyport {

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline bool is_updating() {
  const char* update = std::getenv("UPDATE_GOLDEN");
  return update && std::string_view(update) == "1";
}

/// Compares with the file, or rewrites it under UPDATE_GOLDEN=1. An empty text has no file.
inline void expect_text(const std::filesystem::path& path, const std::string& text) {
  if (!is_updating()) {
    EXPECT_EQ(text, slurp(path)) << path << "\nUPDATE_GOLDEN=1 rewrites it";
    return;
  }
  std::filesystem::remove(path);
  if (text.empty()) return;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace sallyport
