// SPDX-License-Identifier: GPL-2.0-or-later
// Programs from policy text, for tests that read better that way.
#pragma once

#include <stdexcept>
#include <string>

#include "compiler/driver/driver.h"
#include "compiler/source/diagnostics.h"

namespace sallyport::test {

/// The only policy of the text; throws with the diagnostics if there is none.
inline Program program_from(const std::string& text) {
  auto compilation = compile("test.sally", [&](const auto&) { return text; });
  if (!compilation) throw std::runtime_error(compilation.error().text());
  if (compilation->diagnostics.has_errors() || compilation->programs.size() != 1)
    throw std::runtime_error(render(compilation->diagnostics, false));
  return std::move(compilation->programs.front());
}

}  // namespace sallyport::test
