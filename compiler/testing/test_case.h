// SPDX-License-Identifier: GPL-2.0-or-later
// Tests of a policy as data: what is given, and what is expected of which packets. Made by the
// checker from `test` blocks; run_test.h judges them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/packet_text.h"
#include "compiler/source/source.h"

namespace sallyport {

/// `expect pass tcp 10.20.1.1 -> api.example.com:443`, `expect drop in PACKET`
struct Expectation {
  Place place;
  std::string packet;  // as written
  Verdict verdict = Verdict::pass;
  FlowText flow;
  std::optional<SpReason> reason;  // empty: any reason
};

struct TestCase {
  std::string title;
  std::string policy;
  Place place;
  Bindings bindings;                      // a name that is given no address is here, too
  std::map<HostName, HostName> aliases;   // CNAMEs
  std::optional<Day> at;                  // the day on which it is judged
  std::vector<Expectation> expectations;  // at least one
};

}  // namespace sallyport
