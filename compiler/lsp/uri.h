// SPDX-License-Identifier: GPL-2.0-or-later
// File URIs (RFC 8089) and paths.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::lsp {

/// The path of a `file:` URI. Other URIs, such as those of buffers without a file, are taken for
/// paths as they are, so that each stays one document.
std::filesystem::path path_of(std::string_view uri);
std::string uri_of(const std::filesystem::path& path);

/// The same for all paths to one file.
std::string identity(const std::filesystem::path& path);

}  // namespace sallyport::lsp
