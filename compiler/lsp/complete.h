// SPDX-License-Identifier: GPL-2.0-or-later
// complete(): what may stand at a cursor: statements of the block, vendors and their parts,
// parameters, zones, protocols, ICMP types, paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/lsp/workspace.h"

namespace sallyport::lsp {

struct Choice {
  /// As editors draw it; the values are those of LSP's CompletionItemKind.
  enum class Kind : std::uint8_t {
    module = 9,
    value = 12,
    keyword = 14,
    file = 17,
    reference = 18,
    folder = 19,
    constant = 21,
    member = 2,
    field = 5,
    variable = 6,
  } kind = Kind::keyword;
  std::string label;
  std::string detail;  // may be empty
  std::string insert;  // in the place of `label`, if not empty
};

struct Completion {
  std::size_t begin = 0;  // of the word that is replaced; it ends at the cursor
  std::vector<Choice> choices;
};

Completion complete(const Document& document, std::size_t cursor);

}  // namespace sallyport::lsp
