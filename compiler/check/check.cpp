// SPDX-License-Identifier: GPL-2.0-or-later
// The checker: declarations first, then every policy of the root file.
#include "compiler/check/check.h"

#include "compiler/check/declarations.h"
#include "compiler/check/policies.h"
#include "compiler/check/reporter.h"

namespace sallyport {

std::vector<Program> check(const std::vector<Module>& modules, Diagnostics& diagnostics,
                           const std::set<std::string>& capabilities) {
  Reporter reporter(diagnostics);
  const Declarations declarations(modules, diagnostics, reporter);
  std::vector<Program> programs;
  for (const PolicyStatement& policy : modules.front().policy.policies) {
    auto program = read_policy(policy, 0, declarations, capabilities, reporter);
    if (program) programs.push_back(std::move(*program));
  }
  return programs;
}

}  // namespace sallyport
