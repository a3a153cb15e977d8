// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport check FILE...: every diagnostic of every file, and one line about each.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/source/fixes.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
  CompileOptions options;
  bool fix = false;
  bool deny_warnings = false;
  std::string as_of;
};

/// Of the policies if there are any, else of the vendors' parts as written.
std::size_t rules_in(const Compilation& compilation) {
  std::size_t rules = 0;
  for (const auto& program : compilation.programs) rules += program.rules.size();
  if (!compilation.modules.front().policy.policies.empty()) return rules;
  for (const auto& vendor : compilation.modules.front().policy.vendors) {
    for (const auto& part : vendor.parts) rules += part.items.size();
  }
  return rules;
}

std::string summary(const std::string& file, const Compilation& compilation) {
  std::size_t vendors = 0;
  for (const auto& module : compilation.modules) vendors += module.policy.vendors.size();
  const std::size_t policies = compilation.modules.front().policy.policies.size();
  const std::size_t errors = compilation.diagnostics.errors();
  const std::size_t warnings = compilation.diagnostics.warnings();
  return file + ": " + counted(vendors, "vendor", "vendors") + ", " +
         counted(policies, "policy", "policies") + ", " +
         counted(rules_in(compilation), "rule", "rules") + "; " +
         (errors == 0 ? "no errors" : counted(errors, "error", "errors")) +
         (warnings == 0 ? "" : ", " + counted(warnings, "warning", "warnings"));
}

Json place_json(const Span& span) {
  const Place place = span.place();
  Json json{{"file", place.file}, {"line", place.line}, {"column", place.column}};
  if (!span.source) return json;
  const Place end = span.source->place(span.end);
  json["end"] = {{"line", end.line}, {"column", end.column}};
  return json;
}

Json fix_json(const Fix& fix) {
  Json json{{"title", fix.title}, {"safe", fix.safe}, {"replacements", Json::array()}};
  for (const Replacement& replacement : fix.replacements) {
    Json row = place_json(replacement.span);
    row["text"] = replacement.text;
    json["replacements"].push_back(std::move(row));
  }
  return json;
}

Json diagnostic_json(const Diagnostic& diagnostic) {
  Json json = place_json(diagnostic.span);
  json["severity"] = diagnostic.severity == Severity::error ? "error" : "warning";
  json["code"] = diagnostic.code;
  json["message"] = diagnostic.message;
  json["notes"] = Json::array();
  for (const auto& note : diagnostic.notes) {
    Json row = place_json(note.span);
    row["text"] = note.text;
    json["notes"].push_back(std::move(row));
  }
  json["fixes"] = Json::array();
  for (const auto& fix : diagnostic.fixes) json["fixes"].push_back(fix_json(fix));
  return json;
}

/// Makes the safe fixes of the file itself, not of its imports, and writes it if anything changed.
/// In rounds, since the checker speaks only once the parser is content.
Result<void> fix_file(const std::string& file) {
  constexpr int most_rounds = 20;
  auto text = read_policy_text(file);
  if (!text) return std::unexpected(text.error());
  std::size_t fixes = 0;
  for (int round = 0; round < most_rounds; ++round) {
    const auto compilation = compile(file, [&](const std::filesystem::path& path) {
      return path == file ? Result<std::string>(*text) : read_policy_text(path);
    });
    if (!compilation) return std::unexpected(compilation.error());
    FixedText fixed =
        apply_safe_fixes(*compilation->modules.front().source, compilation->diagnostics);
    if (fixed.fixes == 0) break;
    fixes += fixed.fixes;
    text = std::move(fixed.text);
  }
  if (fixes == 0) return {};
  if (auto written = replace_file(file, *text); !written) return written;
  std::cerr << file << ": " << counted(fixes, "fix", "fixes") << " made\n";
  return {};
}

ExitCode check_files(const Arguments& arguments) {
  const auto as_of = read_as_of(arguments.as_of);
  if (!as_of) return as_of.error();
  CompileOptions options = arguments.options;
  options.linting.as_of = *as_of;
  ExitCode code = exit_ok;
  Json list = Json::array();
  for (const auto& file : arguments.files) {
    if (arguments.fix) {
      if (const auto fixed = fix_file(file); !fixed) return print_error(fixed.error());
    }
    const auto compilation = compile_file(file, options);
    if (!compilation) return print_error(compilation.error());
    const Diagnostics& found = compilation->diagnostics;
    if (found.has_errors() || (arguments.deny_warnings && found.warnings() > 0)) code = exit_policy;
    if (arguments.json) {
      for (const auto& diagnostic : found.all()) list.push_back(diagnostic_json(diagnostic));
    } else {
      print_diagnostics(found);
      std::cout << summary(file, *compilation) << '\n';
    }
  }
  if (arguments.json) std::cout << list.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  return code;
}

}  // namespace

Command add_check(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->files, "policy or vendor files")->required();
  add_capability_option(command, arguments->options);
  command.add_flag("--json", arguments->json, "print the diagnostics as a JSON list");
  command.add_flag("--fix", arguments->fix,
                   "make the fixes that nobody has to be asked about, then check again");
  command.add_option("--as-of", arguments->as_of,
                     "the day (YYYY-MM-DD) for which rules that have ended are told; today");
  command.add_flag("--deny-warnings", arguments->deny_warnings, "exit with 1 for warnings, too");
  command.footer(
      "Prints what is wrong on standard error, with places; exits with 1 if anything is an error.\n"
      "Imports are read, vendor files are checked on their own. `sallyport help CODE` explains a\n"
      "code; a comment `# sallyport: allow CODE REASON` silences a warning on its statement.\n\n"
      "  sallyport check branch.sally vendors/*.sally");
  return [arguments] { return check_files(*arguments); };
}

}  // namespace sallyport
