// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle: the file that travels. Image, canonical Program text; versioned, checksummed. The
// source map (places, rule texts) is part of the Image's rules. The format is one page in
// bundle.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/image/image.h"
#include "compiler/values/error.h"

namespace sallyport {

/// The first bytes of every bundle.
inline constexpr std::string_view bundle_magic = "sallybnd";

struct Bundle {
  Image image;
  std::string program_text;
  std::string
      digest;  // SHA-256 of the file, 64 hex digits; set by the reader and by write_bundle's caller
};

/// Deterministic: equal bundles give equal bytes (C3).
std::vector<std::uint8_t> bundle_bytes(const Image& image, const std::string& program_text);

/// Refuses what is truncated, flipped, of a newer version, or inconsistent; the error says which.
Result<Bundle> read_bundle(std::span<const std::uint8_t> bytes);
Result<Bundle> read_bundle_file(const std::filesystem::path& path);
/// Writes beside and renames, so that no reader sees half a file. `mode`: its permissions.
Result<void> write_file_atomically(const std::filesystem::path& path,
                                   std::span<const std::uint8_t> bytes, std::uint32_t mode = 0644);

/// First 8 bytes of the name's SHA-256 as a little-endian number: SpClaimKey::name.
std::uint64_t claim_name(const std::string& name);

}  // namespace sallyport
