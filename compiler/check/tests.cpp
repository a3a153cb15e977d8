// SPDX-License-Identifier: GPL-2.0-or-later
// One reader for each statement of a test, and the names that are given in vain.
#include "compiler/check/tests.h"

#include <algorithm>

#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/check/written.h"
#include "compiler/program/reason.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

class TestReader {
 public:
  TestReader(const TestStatement& test, const Program* program, Reporter& reporter)
      : test_(test), program_(program), reporter_(reporter) {}

  /// Empty after an error was reported, and where there is no program.
  std::optional<TestCase> read();

 private:
  void read_given(const GivenStatement& given);
  void read_alias(const GivenStatement& given, const std::vector<HostName>& names);
  std::optional<std::vector<HostName>> names_of(const Word& word);
  void read_expectation(const ExpectStatement& statement);
  bool read_reason(const ExpectStatement& statement, Expectation& expectation);
  void demand_given(const ExpectStatement& statement, const FlowText& flow);
  void warn_of_unused();
  bool expects_drop(const HostName& name) const;
  void fail(const Span& span, const Complaint& complaint);

  const TestStatement& test_;
  const Program* program_;
  Reporter& reporter_;
  TestCase case_;
  std::vector<std::pair<const Word*, HostName>> given_;  // as they were written
  bool sound_ = true;
};

void TestReader::fail(const Span& span, const Complaint& complaint) {
  sound_ = false;
  reporter_.error(span, complaint);
}

std::optional<std::vector<HostName>> TestReader::names_of(const Word& word) {
  const auto texts = Terms().expand(word, reporter_);
  sound_ = sound_ && texts;
  if (!texts) return {};
  std::vector<HostName> names;
  for (const std::string& text : *texts) {
    const auto name = read_host(text);
    if (!name) {
      fail(word.span, name.error());
      return {};
    }
    names.push_back(*name);
  }
  return names;
}

/// True if a rule may get addresses through the name.
bool knows(const Program& program, const HostName& name) {
  if (is_never(program, name)) return true;
  const auto may_be = [&](const DerivedName& derived) {
    return name.text().size() > derived.head.size() + derived.tail.size() &&
           name.text().starts_with(derived.head) && name.text().ends_with(derived.tail);
  };
  return std::ranges::any_of(program.rules, [&](const Rule& rule) {
    if (std::ranges::any_of(rule.remote.derived, may_be)) return true;
    return std::ranges::binary_search(rule.remote.names, name) ||
           std::ranges::any_of(rule.remote.patterns,
                               [&](const NamePattern& pattern) { return pattern.matches(name); });
  });
}

/// Binding a name only to see that it stays closed is a good test.
bool TestReader::expects_drop(const HostName& name) const {
  return std::ranges::any_of(case_.expectations, [&](const Expectation& expectation) {
    const auto* to = std::get_if<HostName>(&expectation.flow.remote);
    return expectation.verdict == Verdict::drop && to && *to == name;
  });
}

void TestReader::warn_of_unused() {
  if (!program_) return;
  for (const auto& [word, name] : given_) {
    if (knows(*program_, name) || expects_drop(name)) continue;
    std::vector<std::string> names;
    for (const ViewedName& bound : bound_names(*program_)) names.push_back(bound.name.text());
    reporter_.warning(word->span, {"unused-given",
                                   "no rule of " + quote(test_.policy.text) + " knows the name " +
                                       quote(name.text()),
                                   did_you_mean(name.text(), names)});
  }
}

void TestReader::read_alias(const GivenStatement& given, const std::vector<HostName>& names) {
  const auto targets = names_of(given.values.front());
  if (!targets) return;
  if (targets->size() != 1) {
    return fail(given.values.front().span, {"bad-host", "a name is an alias of one name"});
  }
  for (const HostName& name : names) case_.aliases.insert_or_assign(name, targets->front());
}

void TestReader::read_given(const GivenStatement& given) {
  const auto names = names_of(given.name);
  if (!names) return;
  if (given.is_cname) return read_alias(given, *names);
  std::set<Address> addresses;
  for (const Word& word : given.values) {
    const auto texts = Terms().expand(word, reporter_);
    sound_ = sound_ && texts;
    for (const std::string& text : texts.value_or(std::vector<std::string>{})) {
      const auto address = read_address(text);
      if (!address) return fail(word.span, address.error());
      addresses.insert(*address);
    }
  }
  for (const HostName& name : *names) {
    given_.emplace_back(&given.name, name);
    case_.bindings[name].insert(addresses.begin(), addresses.end());
  }
}

bool TestReader::read_reason(const ExpectStatement& statement, Expectation& expectation) {
  if (!statement.reason) return true;
  const std::string& name = statement.reason->text;
  expectation.reason = reason_named(name, statement.pass);
  if (expectation.reason) return true;
  Hint hint = did_you_mean(name, reason_names(statement.pass));
  if (hint.empty()) hint = "`no-rule` and `denied` are the usual ones";
  fail(statement.reason->span,
       {"unknown-reason",
        quote(name) + " is no reason for which packets " + (statement.pass ? "pass" : "drop"),
        std::move(hint)});
  return false;
}

/// A name at the other end must have been given.
void TestReader::demand_given(const ExpectStatement& statement, const FlowText& flow) {
  const auto* name = std::get_if<HostName>(&flow.remote);
  if (!name || case_.bindings.contains(*name)) return;
  fail(statement.packet.span, {"ungiven-name", "no address is given for " + quote(name->text()),
                               "write " + quote("given " + name->text() + " is 198.51.100.7") +
                                   ", or " + quote("given " + name->text() + " is none")});
}

void TestReader::read_expectation(const ExpectStatement& statement) {
  Expectation expectation;
  expectation.place = statement.span.place();
  expectation.packet = statement.packet.text;
  expectation.verdict = statement.pass ? Verdict::pass : Verdict::drop;
  const auto flow = read_flow_text(statement.packet.text,
                                   statement.inward ? Direction::inward : Direction::outward);
  if (!flow) return fail(statement.packet.span, {"bad-packet", flow.error()});
  expectation.flow = *flow;
  if (!read_reason(statement, expectation)) return;
  demand_given(statement, *flow);
  case_.expectations.push_back(std::move(expectation));
}

std::optional<TestCase> TestReader::read() {
  case_.title = test_.title;
  case_.policy = test_.policy.text;
  case_.place = test_.span.place();
  if (test_.at) case_.at = parse_day(test_.at->text);
  for (const GivenStatement& given : test_.givens) read_given(given);
  for (const ExpectStatement& one : test_.expectations) read_expectation(one);
  warn_of_unused();
  if (test_.expectations.empty()) {
    reporter_.warning(test_.span, {"empty-test", "this test expects nothing: it cannot fail"});
  }
  if (!sound_ || !program_) return {};
  return std::move(case_);
}

}  // namespace

std::vector<TestCase> check_tests(const Module& root, const std::vector<Program>& programs,
                                  Diagnostics& diagnostics) {
  Reporter reporter(diagnostics);
  std::vector<std::string> policies;
  for (const PolicyStatement& policy : root.policy.policies) policies.push_back(policy.name.text);
  std::vector<TestCase> cases;
  for (const TestStatement& test : root.policy.tests) {
    if (std::ranges::find(policies, test.policy.text) == policies.end()) {
      reporter.error(test.policy.span,
                     {"unknown-policy", "this file declares no policy " + quote(test.policy.text),
                      did_you_mean(test.policy.text, policies)});
    }
    const auto program = std::ranges::find(programs, test.policy.text, &Program::policy);
    auto read = TestReader(test, program == programs.end() ? nullptr : &*program, reporter).read();
    if (read) cases.push_back(std::move(*read));
  }
  return cases;
}

}  // namespace sallyport
