// SPDX-License-Identifier: GPL-2.0-or-later
// Symbols: everything that the modules of one compilation declare, and every place that speaks of
// it. Built from the parsed text alone, so that it is there while the text has errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/check/check.h"

namespace sallyport::lsp {

enum class SymbolKind : std::uint8_t {
  vendor,
  part,
  param,
  let,
  zone,
  resolver,
  feed,
  policy,
  test,  // never spoken of
};

struct Symbol {
  SymbolKind kind;
  std::string name;
  Span name_span;
  Span statement;
  const VendorStatement* vendor = nullptr;  // itself, or the one that it stands in
  const PartStatement* part = nullptr;      // itself, or the one that a `let` stands in
};

struct Occurrence {
  Span span;
  std::size_t symbol;  // index into all()
  bool declares = false;
};

class Symbols {
 public:
  Symbols() = default;
  /// `modules` must outlive it.
  explicit Symbols(const std::vector<Module>& modules);

  const std::vector<Symbol>& all() const { return symbols_; }
  const std::vector<Occurrence>& occurrences() const { return occurrences_; }
  /// What stands at the offset, or ends there.
  const Occurrence* at(const Source* source, std::uint32_t offset) const;

  const Symbol* find(SymbolKind kind, const std::string& name,
                     const VendorStatement* vendor = nullptr) const;
  /// The declarations of a kind, in a vendor if one is given.
  std::vector<const Symbol*> list(SymbolKind kind, const VendorStatement* vendor = nullptr) const;

 private:
  friend class SymbolReader;
  std::optional<std::size_t> index(SymbolKind kind, const std::string& name,
                                   const VendorStatement* vendor,
                                   const PartStatement* part = nullptr) const;

  /// A part's `let` is asked for with its part, everything inside a vendor with the vendor.
  using Key = std::tuple<SymbolKind, const VendorStatement*, const PartStatement*, std::string>;

  std::vector<Symbol> symbols_;
  std::vector<Occurrence> occurrences_;
  std::map<Key, std::size_t> first_;  // the first declaration of each name
};

/// `vendor`, `part`, ...
std::string_view kind_text(SymbolKind kind);

}  // namespace sallyport::lsp
