// SPDX-License-Identifier: GPL-2.0-or-later
// check_tests(): the `test` blocks of the root file to TestCases.
#pragma once

#include <vector>

#include "compiler/check/check.h"
#include "compiler/testing/test_case.h"

namespace sallyport {

/// The tests of the root file whose policy became one of `programs`, in source order. Reports
/// everything that is wrong in any of its tests; one with errors is left out.
std::vector<TestCase> check_tests(const Module& root, const std::vector<Program>& programs,
                                  Diagnostics& diagnostics);

}  // namespace sallyport
