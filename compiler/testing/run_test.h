// SPDX-License-Identifier: GPL-2.0-or-later
// run_test(): what the reference evaluator does with every packet of a test, beside what was
// expected of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/testing/test_case.h"

namespace sallyport {

/// One expectation judged. Of a name every address it was given is tried; the fields are those of
/// the first packet that did otherwise, or of the last one.
struct Judgement {
  bool met = false;
  std::string packet;                    // with the address: `tcp 10.20.1.1 -> 198.51.100.7:443`
  std::string happened;                  // `drop: no rule allows it`
  std::optional<std::uint32_t> rule;     // index into Program::rules of the deciding rule
  std::optional<std::string> near_miss;  // of a drop: what would have passed
};

/// One for each expectation, in order. The program must be that of the test's policy. Windows are
/// judged on the day of the test, or on `today` if it has none. What a name was given, it has in
/// every view.
std::vector<Judgement> run_test(const TestCase& test, const Program& program,
                                Day today = earliest_day);

}  // namespace sallyport
