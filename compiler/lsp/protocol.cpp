// SPDX-License-Identifier: GPL-2.0-or-later
// Values to JSON and back; see protocol.h.
#include "compiler/lsp/protocol.h"

namespace sallyport::lsp {
namespace {

/// LSP's SymbolKind.
int drawn_as(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::vendor:
      return 2;  // Module
    case SymbolKind::part:
      return 3;  // Namespace
    case SymbolKind::param:
      return 26;  // TypeParameter
    case SymbolKind::let:
      return 14;  // Constant
    case SymbolKind::zone:
      return 18;  // Array
    case SymbolKind::resolver:
      return 11;  // Interface
    case SymbolKind::feed:
      return 8;  // Field
    case SymbolKind::policy:
      return 5;  // Class
    case SymbolKind::test:
      return 6;  // Method
  }
  return 13;
}

Json outline_entry(const Symbol& symbol, const Lines& lines) {
  Json entry{{"name", symbol.name},
             {"kind", drawn_as(symbol.kind)},
             {"range", json_of(lines.range(symbol.statement.begin, symbol.statement.end))},
             {"selectionRange", json_of(lines.range(symbol.name_span.begin, symbol.name_span.end))},
             {"children", Json::array()}};
  if (symbol.kind == SymbolKind::vendor && !symbol.vendor->title.empty())
    entry["detail"] = symbol.vendor->title;
  if (symbol.kind == SymbolKind::part && !symbol.part->title.empty())
    entry["detail"] = symbol.part->title;
  return entry;
}

}  // namespace

Json json_of(Position position) {
  return {{"line", position.line}, {"character", position.character}};
}

Json json_of(Range range) {
  return {{"start", json_of(range.start)}, {"end", json_of(range.end)}};
}

Json json_of(const Location& location) {
  return {{"uri", location.uri}, {"range", json_of(location.range)}};
}

Json json_of(const Edit& edit) {
  return {{"range", json_of(edit.range)}, {"newText", edit.text}};
}

Json json_of(const Diagnostic& diagnostic, const Workspace& workspace) {
  std::string message = diagnostic.message;
  Json related = Json::array();
  for (const Note& note : diagnostic.notes) {
    if (note.span.source) {
      related.push_back(
          {{"location", json_of(workspace.location(note.span))}, {"message", note.text}});
    } else {
      message += "\nnote: " + note.text;
    }
  }
  for (const Fix& fix : diagnostic.fixes) message += "\nnote: " + fix.title;
  const Range range = diagnostic.span.source ? workspace.location(diagnostic.span).range : Range{};
  Json json{{"range", json_of(range)},
            {"severity", diagnostic.severity == Severity::error ? 1 : 2},
            {"code", diagnostic.code},
            {"source", "sallyport"},
            {"message", message}};
  constexpr int unnecessary = 1;
  if (diagnostic.code.starts_with("unused-")) json["tags"] = {unnecessary};
  if (!related.empty()) json["relatedInformation"] = std::move(related);
  return json;
}

Json json_of(const Completion& completion, Range replaced) {
  Json items = Json::array();
  for (const Choice& one : completion.choices) {
    const std::string& text = one.insert.empty() ? one.label : one.insert;
    Json item{{"label", one.label},
              {"kind", static_cast<int>(one.kind)},
              {"textEdit", json_of(Edit{replaced, text})}};
    if (!one.detail.empty()) item["detail"] = one.detail;
    items.push_back(std::move(item));
  }
  return {{"isIncomplete", false}, {"items", std::move(items)}};
}

Json outline(const Document& document) {
  const Lines lines(document.source().text());
  Json top = Json::array();
  // Declarations come in the order of nesting: a vendor, what it holds, a part, what that holds.
  for (const Symbol& symbol : document.symbols.all()) {
    if (symbol.name_span.source != &document.source()) continue;
    Json entry = outline_entry(symbol, lines);
    const bool in_vendor = symbol.kind == SymbolKind::part || symbol.kind == SymbolKind::param ||
                           symbol.kind == SymbolKind::let;
    if (!in_vendor) {
      top.push_back(std::move(entry));
      continue;
    }
    Json& members = top.back()["children"];
    const bool in_part = symbol.kind == SymbolKind::let && symbol.part;
    (in_part ? members.back()["children"] : members).push_back(std::move(entry));
  }
  return top;
}

Position position_of(const Json& json) {
  return {json.at("line").get<std::uint32_t>(), json.at("character").get<std::uint32_t>()};
}

Range range_of(const Json& json) {
  return {position_of(json.at("start")), position_of(json.at("end"))};
}

}  // namespace sallyport::lsp
