// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport check FILE...: every diagnostic of every file, and one line about each.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
  CompileOptions options;
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
  return file + ": " + counted(vendors, "vendor", "vendors") + ", " +
         counted(policies, "policy", "policies") + ", " +
         counted(rules_in(compilation), "rule", "rules") + "; " +
         (errors == 0 ? "no errors" : counted(errors, "error", "errors"));
}

Json place_json(const Span& span) {
  const Place place = span.place();
  return {{"file", place.file}, {"line", place.line}, {"column", place.column}};
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
  return json;
}

ExitCode check_files(const Arguments& arguments) {
  ExitCode code = exit_ok;
  Json list = Json::array();
  for (const auto& file : arguments.files) {
    const auto compilation = compile_file(file, arguments.options);
    if (!compilation) return print_error(compilation.error());
    if (compilation->diagnostics.has_errors()) code = exit_policy;
    if (arguments.json) {
      for (const auto& diagnostic : compilation->diagnostics.all())
        list.push_back(diagnostic_json(diagnostic));
    } else {
      print_diagnostics(compilation->diagnostics);
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
  command.footer(
      "Prints what is wrong on standard error, with places; exits with 1 if anything is an error.\n"
      "Imports are read, vendor files are checked on their own.\n\n"
      "  sallyport check branch.sally vendors/*.sally");
  return [arguments] { return check_files(*arguments); };
}

}  // namespace sallyport
