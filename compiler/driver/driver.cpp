// SPDX-License-Identifier: GPL-2.0-or-later
// Reading files: the root, then its imports, each once. What is read is parsed; when all is parsed
// without errors, it is checked.
#include "compiler/driver/driver.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "compiler/check/tests.h"
#include "compiler/driver/feed_loader.h"
#include "compiler/lint/allowances.h"
#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

/// One file under all the paths that lead to it.
std::string identity(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return (error ? path.lexically_normal() : canonical).string();
}

class Loader {
 public:
  Loader(Compilation& compilation, const ReadFile& read) : compilation_(compilation), read_(read) {}

  Result<void> load_root(const fs::path& path);

 private:
  /// An import being followed; the innermost is last.
  struct Step {
    std::size_t module;  // of the importing file
    Span import;
  };

  std::size_t add(const fs::path& path, std::string text);
  void load_feeds(std::size_t module);
  void follow_imports(std::size_t module);
  void follow(std::size_t module, const ImportStatement& statement);
  bool is_open(std::size_t module) const;
  void report_cycle(std::size_t module, const ImportStatement& statement);

  Compilation& compilation_;
  const ReadFile& read_;
  fs::path folder_;              // of the root file
  std::vector<fs::path> paths_;  // of each module, as shown
  std::map<std::string, std::size_t> modules_;
  std::vector<Step> steps_;
};

Result<void> Loader::load_root(const fs::path& path) {
  folder_ = path.parent_path();
  auto text = read_(path);
  if (!text) return std::unexpected(text.error());
  follow_imports(add(path, std::move(*text)));
  return {};
}

std::size_t Loader::add(const fs::path& path, std::string text) {
  const std::size_t module = compilation_.modules.size();
  const Source& source = compilation_.sources.emplace_back(path.string(), std::move(text));
  compilation_.modules.push_back({&source, parse(source, compilation_.diagnostics)});
  paths_.push_back(path);
  modules_.emplace(identity(path), module);
  load_feeds(module);
  return module;
}

void Loader::load_feeds(std::size_t module) {
  Module& into = compilation_.modules[module];
  const FeedLoader loader{paths_[module].parent_path(), folder_, read_, compilation_.diagnostics};
  for (const FeedStatement& statement : into.policy.feeds) {
    if (auto feed = loader.load(statement)) into.feeds.push_back(std::move(*feed));
  }
}

void Loader::follow_imports(std::size_t module) {
  // By index and by value: loading a file makes the vector of modules grow.
  for (std::size_t i = 0; i < compilation_.modules[module].policy.imports.size(); ++i) {
    follow(module, ImportStatement(compilation_.modules[module].policy.imports[i]));
  }
}

void Loader::follow(std::size_t module, const ImportStatement& statement) {
  const std::string written(statement.path.span.text());
  const fs::path path = (paths_[module].parent_path() / (written + ".sally")).lexically_normal();
  steps_.push_back({module, statement.span});
  std::size_t imported = 0;
  if (const auto known = modules_.find(identity(path)); known != modules_.end()) {
    imported = known->second;
    if (is_open(imported)) report_cycle(imported, statement);
  } else if (auto text = read_(path)) {
    imported = add(path, std::move(*text));
    follow_imports(imported);
  } else {
    const Error& error = text.error();
    compilation_.diagnostics.error("missing-import", statement.path.span,
                                   "cannot read `" + path.string() + "`: " + error.cause);
    steps_.pop_back();
    return;
  }
  steps_.pop_back();
  compilation_.modules[module].imports.push_back(imported);
}

bool Loader::is_open(std::size_t module) const {
  for (const Step& step : steps_) {
    if (step.module == module) return true;
  }
  return false;
}

void Loader::report_cycle(std::size_t module, const ImportStatement& statement) {
  Diagnostic& diagnostic = compilation_.diagnostics.error(
      "import-cycle", statement.path.span,
      "`" + paths_[module].string() + "` is imported while it is being read itself");
  bool inside = false;
  for (const Step& step : steps_) {
    inside = inside || step.module == module;
    const bool last = &step == &steps_.back();
    if (!inside || last) continue;
    diagnostic.notes.push_back(
        {step.import, "`" + paths_[step.module].string() + "` imports the next file here"});
  }
}

/// Origins travel in the bundle: named from the root file's folder, they and the bundle's digest
/// are the same wherever the policies lie (C3).
class FileNames {
 public:
  explicit FileNames(fs::path folder) : folder_(std::move(folder)) {}

  void apply(Place& place) {
    if (place.file.empty()) return;
    const auto [entry, is_new] = known_.try_emplace(place.file);
    if (is_new) entry->second = named_from(folder_, place.file);
    place.file = entry->second;
  }

 private:
  fs::path folder_;
  std::map<std::string, std::string> known_;  // few, and asked for by every rule
};

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  const std::string tried = "read " + path.string();
  std::error_code error;
  if (fs::is_directory(path, error)) return std::unexpected(Error::from_errno(tried, EISDIR));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::unexpected(Error::from_errno(tried, errno ? errno : ENOENT));
  std::string text;
  std::array<char, 65536> chunk;
  do {
    stream.read(chunk.data(), chunk.size());
    text.append(chunk.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  if (stream.bad()) return std::unexpected(Error::from_errno(tried, EIO));
  return text;
}

Result<Compilation> compile(const fs::path& file, const ReadFile& read,
                            const CompileOptions& options) {
  Compilation compilation;
  if (auto loaded = Loader(compilation, read).load_root(file); !loaded) {
    return std::unexpected(loaded.error());
  }
  // What the parser left out would be reported as missing: the checker waits for sound text.
  if (!compilation.diagnostics.has_errors()) {
    compilation.programs =
        check(compilation.modules, compilation.diagnostics, options.capabilities);
    compilation.tests =
        check_tests(compilation.modules.front(), compilation.programs, compilation.diagnostics);
    if (options.lint && !compilation.diagnostics.has_errors()) {
      lint(compilation.modules, compilation.programs, options.linting, compilation.diagnostics);
    }
    FileNames names(file.parent_path());
    for (Program& program : compilation.programs) {
      for (Rule& rule : program.rules) {
        names.apply(rule.origin.rule);
        names.apply(rule.origin.use);
      }
      for (Never& never : program.nevers) names.apply(never.place);
      for (ChosenAlternative& choice : program.choices) names.apply(choice.place);
    }
  }
  const bool all_said = options.lint && !compilation.diagnostics.has_errors();
  apply_allowances(compilation.modules, all_said, compilation.diagnostics);
  std::vector<const Source*> files;
  for (const Module& module : compilation.modules) files.push_back(module.source);
  compilation.diagnostics.sort(files);
  return compilation;
}

}  // namespace sallyport
