// SPDX-License-Identifier: GPL-2.0-or-later
// What the server answers. Entry point: Server::answer().
#include <algorithm>
#include <set>
#include <utility>

#include "compiler/format/format.h"
#include "compiler/lsp/protocol.h"
#include "compiler/lsp/rename.h"
#include "compiler/lsp/server.h"

namespace sallyport::lsp {
namespace {

constexpr const char* quick_fix = "quickfix";

/// The editor wants other kinds of actions only.
bool wants_no_fixes(const Json& params) {
  const Json& context = params.at("context");
  if (!context.contains("only")) return false;
  return std::ranges::none_of(context.at("only"),
                              [](const Json& kind) { return kind == quick_fix || kind == ""; });
}

Json action(const Fix& fix, const Diagnostic& diagnostic, const Workspace& workspace) {
  Json changes = Json::object();
  for (const Replacement& one : fix.replacements) {
    const Location location = workspace.location(one.span);
    changes[location.uri].push_back(json_of(Edit{location.range, one.text}));
  }
  return {{"title", fix.title},
          {"kind", quick_fix},
          {"isPreferred", fix.safe},
          {"diagnostics", {json_of(diagnostic, workspace)}},
          {"edit", {{"changes", std::move(changes)}}}};
}

/// The offset in the document's text of a request's position.
std::size_t offset_in(const Document& document, const Json& params) {
  return Lines(document.text).offset(position_of(params.at("position")));
}

const Occurrence* occurrence_at(const Document& document, std::size_t offset) {
  return document.symbols.at(&document.source(), static_cast<std::uint32_t>(offset));
}

const ImportStatement* import_at(const Document& document, std::size_t offset) {
  const auto& imports = document.compilation.modules.front().policy.imports;
  const auto found = std::ranges::find_if(imports, [offset](const ImportStatement& one) {
    return one.path.span.begin <= offset && offset <= one.path.span.end;
  });
  return found == imports.end() ? nullptr : &*found;
}

}  // namespace

Answer Server::answer(const std::string& method, const Json& params) {
  using Method = Answer (Server::*)(const Json&);
  static const std::map<std::string_view, Method> methods{
      {"textDocument/hover", &Server::hover},
      {"textDocument/definition", &Server::definition},
      {"textDocument/references", &Server::references},
      {"textDocument/rename", &Server::rename},
      {"textDocument/completion", &Server::completion},
      {"textDocument/documentSymbol", &Server::symbols},
      {"textDocument/formatting", &Server::formatting},
      {"textDocument/codeAction", &Server::code_actions},
  };
  if (method == "initialize") {
    if (state_ == State::fresh) return initialize();
    return std::unexpected(
        Failure{ErrorCode::invalid_request, "`initialize` may be sent only once"});
  }
  if (method == "shutdown") {
    state_ = State::shut_down;
    return nullptr;
  }
  const auto found = methods.find(method);
  if (found == methods.end())
    return std::unexpected(Failure{ErrorCode::method_not_found, "no method `" + method + "`"});
  return (this->*found->second)(params);
}

Answer Server::initialize() {
  constexpr int incremental = 2;
  state_ = State::running;
  return Json{
      {"capabilities",
       {{"positionEncoding", "utf-16"},
        {"textDocumentSync",
         {{"openClose", true}, {"change", incremental}, {"save", {{"includeText", false}}}}},
        {"hoverProvider", true},
        {"definitionProvider", true},
        {"referencesProvider", true},
        {"renameProvider", true},
        {"documentSymbolProvider", true},
        {"documentFormattingProvider", true},
        {"codeActionProvider", {{"codeActionKinds", {quick_fix}}}},
        {"completionProvider", {{"triggerCharacters", {".", "{", "(", "/"}}}}}},
      {"serverInfo", {{"name", "sallyport"}, {"version", version_}}}};
}

/// Null for a document that is not open: then nothing is the answer.
const Document* Server::document(const Json& params) {
  return workspace_.document(params.at("textDocument").at("uri").get_ref<const std::string&>());
}

Answer Server::hover(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  const std::size_t offset = offset_in(*document, params);
  const auto found = lsp::hover(*document, static_cast<std::uint32_t>(offset));
  if (!found) return nullptr;
  return Json{{"contents", {{"kind", "markdown"}, {"value", found->markdown}}},
              {"range", json_of(workspace_.location(found->span).range)}};
}

Answer Server::definition(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  const std::size_t offset = offset_in(*document, params);
  if (const ImportStatement* import = import_at(*document, offset)) {
    const std::string file = std::string(import->path.span.text()) + ".sally";
    const auto path = (document->path.parent_path() / file).lexically_normal();
    if (!workspace_.exists(path)) return nullptr;
    return json_of(Location{workspace_.uri(path), {}});
  }
  const Occurrence* one = occurrence_at(*document, offset);
  if (!one) return nullptr;
  return json_of(workspace_.location(document->symbols.all()[one->symbol].name_span));
}

Answer Server::references(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  const Occurrence* one = occurrence_at(*document, offset_in(*document, params));
  if (!one) return nullptr;
  const bool with_declaration =
      params.contains("context") && params.at("context").value("includeDeclaration", false);
  const Symbol& asked = document->symbols.all()[one->symbol];
  const Location declared = workspace_.location(asked.name_span);
  // Whoever speaks of it may be open while the file of the declaration is not, and the other way.
  std::set<Location> found;
  for (const Document* other : workspace_.documents()) {
    const std::vector<Symbol>& symbols = other->symbols.all();
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const bool same =
          symbols[i].name == asked.name && workspace_.location(symbols[i].name_span) == declared;
      if (!same) continue;
      for (const Occurrence& place : other->symbols.occurrences()) {
        if (place.symbol == i && (with_declaration || !place.declares))
          found.insert(workspace_.location(place.span));
      }
    }
  }
  Json list = Json::array();
  for (const Location& location : found) list.push_back(json_of(location));
  return list;
}

/// In every open document and what it imports.
Answer Server::rename(const Json& params) {
  const Document* document = this->document(params);
  const auto name = params.at("newName").get<std::string>();
  if (!document) return nullptr;
  const Occurrence* one = occurrence_at(*document, offset_in(*document, params));
  if (!one) return nullptr;
  const Symbol& asked = document->symbols.all()[one->symbol];
  const Location declared = workspace_.location(asked.name_span);
  std::map<Location, std::string> places;
  for (const Document* other : workspace_.documents()) {
    for (const Symbol& symbol : other->symbols.all()) {
      if (symbol.name != asked.name || workspace_.location(symbol.name_span) != declared) continue;
      const std::string why = why_not_named(other->symbols, symbol, name);
      if (!why.empty()) return std::unexpected(Failure{ErrorCode::invalid_params, why});
      for (const Replacement& place : lsp::rename(other->symbols, symbol, name)) {
        places.emplace(workspace_.location(place.span), place.text);
      }
    }
  }
  Json changes = Json::object();
  for (const auto& [location, text] : places) {
    changes[location.uri].push_back(json_of(Edit{location.range, text}));
  }
  return Json{{"changes", std::move(changes)}};
}

Answer Server::completion(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  const std::size_t cursor = offset_in(*document, params);
  const Completion found = complete(*document, cursor);
  return json_of(found, Lines(document->text).range(found.begin, cursor));
}

Answer Server::symbols(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  return outline(*document);
}

/// Nothing for text with syntax errors: they are shown already.
Answer Server::formatting(const Json& params) {
  const Document* document = this->document(params);
  if (!document) return nullptr;
  Diagnostics ignored;
  const auto text = format(document->source(), ignored);
  if (!text) return nullptr;
  if (*text == document->text) return Json::array();
  return Json::array({json_of(line_edit(document->text, *text))});
}

/// The fixes of the diagnostics that the range touches.
Answer Server::code_actions(const Json& params) {
  const Document* document = this->document(params);
  const Range asked = range_of(params.at("range"));
  if (!document || wants_no_fixes(params)) return Json::array();
  Json actions = Json::array();
  for (const Diagnostic& one : document->compilation.diagnostics.all()) {
    if (one.fixes.empty() || one.span.source != &document->source()) continue;
    const Range marked = workspace_.location(one.span).range;
    if (marked.end < asked.start || asked.end < marked.start) continue;
    for (const Fix& fix : one.fixes) actions.push_back(action(fix, one, workspace_));
  }
  return actions;
}

}  // namespace sallyport::lsp
