// SPDX-License-Identifier: GPL-2.0-or-later
// rename(): another name for a symbol, wherever the compilation of a document speaks of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/lsp/symbols.h"
#include "compiler/source/diagnostics.h"

namespace sallyport::lsp {

/// Why the symbol cannot have the name: `staff` is declared already. Empty if it can.
std::string why_not_named(const Symbols& symbols, const Symbol& symbol, std::string_view name);

/// Every place that declares or mentions it. Of the same name declared twice in one scope, as in
/// the alternatives of an `either`, all are renamed; a feed only in the file that declares it.
std::vector<Replacement> rename(const Symbols& symbols, const Symbol& symbol,
                                const std::string& name);

}  // namespace sallyport::lsp
