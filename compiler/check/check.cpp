// SPDX-License-Identifier: GPL-2.0-or-later
// The checker: declarations first, then every policy; only the root file's policies become
// Programs.
#include "compiler/check/check.h"

#include "compiler/check/declarations.h"
#include "compiler/check/policies.h"
#include "compiler/check/reporter.h"

namespace sallyport {

std::vector<Program> check(const std::vector<Module>& modules, Diagnostics& diagnostics) {
  Reporter reporter(diagnostics);
  const Declarations declarations(modules, diagnostics, reporter);
  std::vector<Program> programs;
  for (std::size_t module = 0; module < modules.size(); ++module) {
    for (const PolicyStatement& policy : modules[module].policy.policies) {
      auto program = read_policy(policy, module, declarations, reporter);
      if (program && module == 0) programs.push_back(std::move(*program));
    }
  }
  return programs;
}

}  // namespace sallyport
