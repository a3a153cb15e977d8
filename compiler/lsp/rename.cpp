// SPDX-License-Identifier: GPL-2.0-or-later
// See rename.h. What belongs to a vendor is compared with what belongs to the same vendor.
#include "compiler/lsp/rename.h"

#include <algorithm>

#include "compiler/source/wording.h"
#include "compiler/syntax/lexer.h"

namespace sallyport::lsp {
namespace {

bool is_of_vendor(SymbolKind kind) {
  return kind == SymbolKind::part || kind == SymbolKind::param || kind == SymbolKind::let;
}

/// Two symbols of which one could hide the other, or is the other.
bool share_scope(const Symbol& a, const Symbol& b) {
  const bool terms = (a.kind == SymbolKind::param || a.kind == SymbolKind::let) &&
                     (b.kind == SymbolKind::param || b.kind == SymbolKind::let);
  if (a.kind != b.kind && !terms) return false;
  if (is_of_vendor(a.kind) && a.vendor != b.vendor) return false;
  if (a.kind == SymbolKind::feed) return a.name_span.source == b.name_span.source;
  const bool lets = a.kind == SymbolKind::let && b.kind == SymbolKind::let;
  return !lets || !a.part || !b.part || a.part == b.part;
}

}  // namespace

std::string why_not_named(const Symbols& symbols, const Symbol& symbol, std::string_view name) {
  if (symbol.kind == SymbolKind::test) return "a test has a title and no name";
  if (!is_name(name) || (symbol.kind == SymbolKind::zone && name == "any")) {
    return quote(name) + " is no name for a " + std::string(kind_text(symbol.kind));
  }
  for (const Symbol& other : symbols.all()) {
    if (other.name == name && share_scope(other, symbol)) {
      return "the " + std::string(kind_text(other.kind)) + " " + quote(name) +
             " is declared already";
    }
  }
  return {};
}

std::vector<Replacement> rename(const Symbols& symbols, const Symbol& symbol,
                                const std::string& name) {
  std::vector<Replacement> places;
  for (const Occurrence& one : symbols.occurrences()) {
    const Symbol& spoken_of = symbols.all()[one.symbol];
    const bool same = spoken_of.kind == symbol.kind && spoken_of.name == symbol.name &&
                      spoken_of.part == symbol.part &&
                      (!is_of_vendor(symbol.kind) || spoken_of.vendor == symbol.vendor);
    const bool feed_of_another_file =
        symbol.kind == SymbolKind::feed && one.span.source != symbol.name_span.source;
    if (!same || feed_of_another_file) continue;
    const bool in_braces = one.span.text().starts_with('{');
    places.push_back({one.span, in_braces ? "{" + name + "}" : name});
  }
  return places;
}

}  // namespace sallyport::lsp
