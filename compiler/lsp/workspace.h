// SPDX-License-Identifier: GPL-2.0-or-later
// Workspace: the documents open in the editor, each compiled with its imports. What is open counts
// instead of what the file holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/lsp/symbols.h"
#include "compiler/lsp/text.h"

namespace sallyport::lsp {

/// A document and what compiling it gave. The spans of everything point into `compilation`.
struct Document {
  std::string uri;
  std::filesystem::path path;
  std::string file;  // the identity of the path when it was opened
  std::int64_t version = 0;
  std::string text;

  bool is_current = false;  // what follows is of this text and of its imports
  Compilation compilation;
  Symbols symbols;

  /// The document itself as it was compiled.
  const Source& source() const { return *compilation.modules.front().source; }
};

struct Location {
  std::string uri;
  Range range;
  auto operator<=>(const Location&) const = default;
};

class Workspace {
 public:
  explicit Workspace(ReadFile read) : read_(std::move(read)) {}

  void open(std::string uri, std::int64_t version, std::string text);
  /// False if the document is not open.
  bool change(std::string_view uri, std::int64_t version, std::string text);
  bool close(std::string_view uri);
  /// Files changed on the disk.
  void forget_everything();
  /// The day on which dates are judged; none are before the first call. False if it was that day.
  bool turn_to(Day today);

  /// Compiled as it is now; null if it is not open.
  const Document* document(std::string_view uri);
  /// The text of a document as it is now, without compiling; null if it is not open.
  const std::string* text(std::string_view uri) const;
  /// All, compiled as they are now.
  std::vector<const Document*> documents();

  Location location(const Span& span) const;
  /// The document's URI if it is open, else one for the path.
  std::string uri(const std::filesystem::path& path) const;
  bool exists(const std::filesystem::path& path) const;

 private:
  void compile(Document& document);
  void outdate(const std::string& changed);
  Result<std::string> read(const std::filesystem::path& path) const;

  ReadFile read_;
  LintOptions linting_;
  std::map<std::string, std::unique_ptr<Document>, std::less<>> documents_;  // by URI
  std::map<std::string, std::string, std::less<>> open_;  // the URI of each open file, by identity
};

}  // namespace sallyport::lsp
