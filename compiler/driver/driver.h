// SPDX-License-Identifier: GPL-2.0-or-later
// compile(): a policy file and its imports to Programs. The only layer of the compiler that reads
// files.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/image/bundle.h"
#include "compiler/lint/lint.h"
#include "compiler/program/program.h"
#include "compiler/source/diagnostics.h"
#include "compiler/testing/test_case.h"
#include "compiler/values/error.h"

namespace sallyport {

/// Reads a file whole. Replaceable, so that tests and fuzzers need no files.
using ReadFile = std::function<Result<std::string>(const std::filesystem::path&)>;
Result<std::string> read_file(const std::filesystem::path& path);

struct CompileOptions {
  std::set<std::string> capabilities = {};  // for every policy beside what it declares itself
  bool lint = true;                         // say, too, what is correct and may not be meant
  LintOptions linting = {};
};

struct Compilation {
  std::deque<Source> sources;  // stable addresses: spans point into them
  std::vector<Module> modules;
  Diagnostics diagnostics;
  /// One per policy of the root file; empty for a file of vendors only. Their places name files
  /// from the root file's folder.
  std::vector<Program> programs;
  /// The tests of the root file's policies; none if there are errors.
  std::vector<TestCase> tests;
};

/// Parses the root file and its imports (cycles and missing files are diagnostics at the import),
/// checks all. Fails only if the root file cannot be read. Warnings that comments allow are left
/// out.
Result<Compilation> compile(const std::filesystem::path& file, const ReadFile& read = read_file,
                            const CompileOptions& options = {});

}  // namespace sallyport
