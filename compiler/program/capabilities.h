// SPDX-License-Identifier: GPL-2.0-or-later
// Capabilities: what a gateway may be able to do, and what an alternative of a policy may need.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport {

/// `observed-dns`: names under a pattern become known from the answers that clients receive.
inline constexpr std::array<std::string_view, 1> capabilities{"observed-dns"};

constexpr bool is_capability(std::string_view name) {
  return std::ranges::find(capabilities, name) != capabilities.end();
}

}  // namespace sallyport
