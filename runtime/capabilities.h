// SPDX-License-Identifier: GPL-2.0-or-later
// missing_capability(): what a program needs of the runtime (its `needs`) and this one cannot do.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/program/program.h"

namespace sallyport {

/// What this runtime can do, of compiler/program/capabilities.h. Nothing yet.
inline constexpr std::array<std::string_view, 0> runtime_capabilities{};

/// In the words of a reason: "it needs `observed-dns`, which this runtime cannot do".
inline std::optional<std::string> missing_capability(const Program& program) {
  for (const std::string& need : program.needs) {
    bool met = false;
    for (const std::string_view can : runtime_capabilities) met = met || can == need;
    if (!met) return "it needs `" + need + "`, which this runtime cannot do";
  }
  return std::nullopt;
}

}  // namespace sallyport
