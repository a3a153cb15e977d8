// SPDX-License-Identifier: GPL-2.0-or-later
// read_services(): what a rule says in front of `to` (C10).
#pragma once

#include <optional>
#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

struct ServiceSet {
  bool every_service = false;  // `any` in a deny
  std::vector<Service> services;
};

/// Empty after an error was reported. A set without services is what empty lists leave.
std::optional<ServiceSet> read_services(const RuleStatement& statement, const Terms& terms,
                                        Reporter& reporter);

}  // namespace sallyport
