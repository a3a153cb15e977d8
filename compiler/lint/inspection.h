// SPDX-License-Identifier: GPL-2.0-or-later
// Inspection: what every lint looks at, and where it says what it found. The lints themselves are
// one function each, listed here; lint() calls them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/lint/lint.h"
#include "compiler/lint/statements.h"
#include "compiler/program/program.h"
#include "compiler/source/diagnostics.h"

namespace sallyport {

class Inspection {
 public:
  Inspection(const std::vector<Module>& modules, const std::vector<Program>& programs,
             const LintOptions& options, Diagnostics& diagnostics);

  const std::vector<Module>& modules() const { return modules_; }
  const std::vector<Program>& programs() const { return programs_; }
  const LintOptions& options() const { return options_; }
  const Statements& statements() const { return statements_; }

  /// Rules as they are written: those of the policies themselves, and those of each vendor's parts
  /// with sample values for the parameters.
  const std::vector<const Rule*>& written_rules() const { return written_rules_; }

  /// Null if the same was said at the same place before.
  Diagnostic* warn(std::string_view code, const Span& span, std::string message);

 private:
  const std::vector<Module>& modules_;
  const std::vector<Program>& programs_;
  const LintOptions& options_;
  Diagnostics& diagnostics_;
  Statements statements_;
  std::vector<std::vector<Rule>> samples_;
  std::vector<const Rule*> written_rules_;
  std::set<std::tuple<std::string_view, const Source*, std::uint32_t, std::string>> said_;
};

void lint_redundant_rules(Inspection& inspection);
void lint_denied_rules(Inspection& inspection);
void lint_zones(Inspection& inspection);
void lint_one_family(Inspection& inspection);
void lint_suffixes(Inspection& inspection);
void lint_shared_addresses(Inspection& inspection);
void lint_breadth(Inspection& inspection);
void lint_ports(Inspection& inspection);
void lint_dates(Inspection& inspection);
void lint_repetitions(Inspection& inspection);
void lint_unused_names(Inspection& inspection);
void lint_unused_resolvers(Inspection& inspection);

}  // namespace sallyport
