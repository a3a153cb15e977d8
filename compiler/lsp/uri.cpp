// SPDX-License-Identifier: GPL-2.0-or-later
// Percent-encoding both ways; entry points in uri.h.
#include "compiler/lsp/uri.h"

#include <algorithm>
#include <optional>
#include <system_error>

namespace sallyport::lsp {
namespace {

constexpr std::string_view scheme = "file://";
constexpr std::string_view digits = "0123456789ABCDEF";

std::optional<unsigned> hexadecimal(char c) {
  if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  const std::size_t at = digits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").contains(c);
}

}  // namespace

std::filesystem::path path_of(std::string_view uri) {
  if (!uri.starts_with(scheme)) return uri;
  uri.remove_prefix(scheme.size());
  // An authority, such as `localhost`, ends at the first slash.
  uri.remove_prefix(std::min(uri.find('/'), uri.size()));
  std::string path;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const auto high = uri[i] == '%' && i + 2 < uri.size() ? hexadecimal(uri[i + 1]) : std::nullopt;
    const auto low = high ? hexadecimal(uri[i + 2]) : std::nullopt;
    if (low && *high * 16 + *low != 0) {
      path += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      path += uri[i];
    }
  }
  return path;
}

std::string uri_of(const std::filesystem::path& path) {
  std::string uri(scheme);
  for (const char c : path.string()) {
    if (stands_for_itself(c)) {
      uri += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += digits[byte >> 4u];
      uri += digits[byte & 15u];
    }
  }
  return uri;
}

std::string identity(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return (error ? path.lexically_normal() : canonical).string();
}

}  // namespace sallyport::lsp
