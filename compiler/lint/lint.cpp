// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the lints, one after the other.
#include "compiler/lint/lint.h"

#include <utility>

#include "compiler/check/declarations.h"
#include "compiler/check/reporter.h"
#include "compiler/check/vendors.h"
#include "compiler/lint/inspection.h"

namespace sallyport {

Inspection::Inspection(const std::vector<Module>& modules, const std::vector<Program>& programs,
                       const LintOptions& options, Diagnostics& diagnostics)
    : modules_(modules),
      programs_(programs),
      options_(options),
      diagnostics_(diagnostics),
      statements_(modules) {
  Diagnostics said_by_the_checker;
  Reporter silent(said_by_the_checker);
  const Declarations declarations(modules, said_by_the_checker, silent);
  for (const Module& module : modules) {
    for (const VendorStatement& vendor : module.policy.vendors) {
      samples_.push_back(check_vendor(vendor, declarations, silent));
    }
  }
  for (const std::vector<Rule>& rules : samples_) {
    for (const Rule& rule : rules) written_rules_.push_back(&rule);
  }
  for (const Program& program : programs) {
    for (const Rule& rule : program.rules) {
      if (rule.origin.vendor.empty()) written_rules_.push_back(&rule);
    }
  }
}

Diagnostic* Inspection::warn(std::string_view code, const Span& span, std::string message) {
  if (!said_.emplace(code, span.source, span.begin, message).second) return nullptr;
  return &diagnostics_.warning(code, span, std::move(message));
}

void lint(const std::vector<Module>& modules, const std::vector<Program>& programs,
          const LintOptions& options, Diagnostics& diagnostics) {
  Inspection inspection(modules, programs, options, diagnostics);
  for (const auto& run : {lint_redundant_rules, lint_denied_rules, lint_zones, lint_one_family,
                          lint_suffixes, lint_shared_addresses, lint_breadth, lint_ports,
                          lint_dates, lint_repetitions, lint_unused_names, lint_unused_resolvers}) {
    run(inspection);
  }
}

}  // namespace sallyport
