// SPDX-License-Identifier: GPL-2.0-or-later
// hover(): what stands at a place of a document, in Markdown: the declaration behind a name, the
// rules that a `use` brings, the meaning of a diagnostic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/lsp/workspace.h"

namespace sallyport::lsp {

struct Hover {
  std::string markdown;
  Span span;  // what it is about
};

std::optional<Hover> hover(const Document& document, std::uint32_t offset);

}  // namespace sallyport::lsp
