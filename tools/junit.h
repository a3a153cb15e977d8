// SPDX-License-Identifier: GPL-2.0-or-later
// JUnit XML of tests that ran, as build servers read it: one suite for each file.
#pragma once

#include <string>
#include <vector>

#include "compiler/values/error.h"

namespace sallyport {

struct JunitCase {
  std::string name;
  std::string group;                  // the policy
  std::vector<std::string> failures;  // one text for each expectation that failed
};

struct JunitSuite {
  std::string file;
  std::vector<JunitCase> cases;
};

std::string junit_text(const std::vector<JunitSuite>& suites);
Result<void> write_junit(const std::string& path, const std::vector<JunitSuite>& suites);

}  // namespace sallyport
