// SPDX-License-Identifier: GPL-2.0-or-later
// Open documents and their compilations; see workspace.h.
#include "compiler/lsp/workspace.h"

#include <utility>

#include "compiler/lsp/uri.h"

namespace sallyport::lsp {

void Workspace::open(std::string uri, std::int64_t version, std::string text) {
  close(uri);
  auto document = std::make_unique<Document>();
  document->path = path_of(uri);
  document->file = identity(document->path);
  document->uri = uri;
  document->version = version;
  document->text = std::move(text);
  open_.insert_or_assign(document->file, uri);
  outdate(document->file);
  documents_.insert_or_assign(std::move(uri), std::move(document));
}

bool Workspace::change(std::string_view uri, std::int64_t version, std::string text) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return false;
  found->second->version = version;
  found->second->text = std::move(text);
  outdate(found->second->file);
  return true;
}

bool Workspace::close(std::string_view uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return false;
  const std::string file = found->second->file;
  if (const auto known = open_.find(file); known != open_.end() && known->second == uri) {
    open_.erase(known);
  }
  documents_.erase(found);
  outdate(file);
  return true;
}

void Workspace::forget_everything() {
  for (const auto& [uri, document] : documents_) document->is_current = false;
}

bool Workspace::turn_to(Day today) {
  if (linting_.as_of == today) return false;
  linting_.as_of = today;
  forget_everything();
  return true;
}

/// Every document that has read the file, or looked for it, must be compiled again.
void Workspace::outdate(const std::string& changed) {
  for (const auto& [uri, document] : documents_) {
    if (!document->is_current) continue;
    bool reads = document->file == changed;
    for (const Source& source : document->compilation.sources)
      reads = reads || identity(source.name()) == changed;
    for (const Module& module : document->compilation.modules) {
      for (const ImportStatement& import : module.policy.imports) {
        const auto folder = std::filesystem::path(module.source->name()).parent_path();
        const std::string file = std::string(import.path.span.text()) + ".sally";
        reads = reads || identity(folder / file) == changed;
      }
    }
    if (reads) document->is_current = false;
  }
}

Result<std::string> Workspace::read(const std::filesystem::path& path) const {
  const auto known = open_.find(identity(path));
  if (known == open_.end()) return read_(path);
  return documents_.find(known->second)->second->text;
}

void Workspace::compile(Document& document) {
  document.is_current = true;
  document.symbols = {};
  // The document is open, so that its own text is always there to be read.
  const auto read_open = [this, &document](const std::filesystem::path& path) {
    return path == document.path ? Result<std::string>(document.text) : read(path);
  };
  CompileOptions options;
  options.linting = linting_;
  auto compilation = sallyport::compile(document.path, read_open, options);
  document.compilation = std::move(*compilation);
  document.symbols = Symbols(document.compilation.modules);
}

const Document* Workspace::document(std::string_view uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return nullptr;
  if (!found->second->is_current) compile(*found->second);
  return found->second.get();
}

const std::string* Workspace::text(std::string_view uri) const {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second->text;
}

std::vector<const Document*> Workspace::documents() {
  std::vector<const Document*> all;
  for (const auto& [uri, document] : documents_) all.push_back(this->document(uri));
  return all;
}

Location Workspace::location(const Span& span) const {
  return {uri(span.source->name()), Lines(span.source->text()).range(span.begin, span.end)};
}

std::string Workspace::uri(const std::filesystem::path& path) const {
  const auto known = open_.find(identity(path));
  return known == open_.end() ? uri_of(path) : known->second;
}

bool Workspace::exists(const std::filesystem::path& path) const {
  return read(path).has_value();
}

}  // namespace sallyport::lsp
