// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport test FILE...: runs the `test` blocks of policy files on the reference evaluator.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/program/program.h"
#include "compiler/program/reason.h"
#include "compiler/testing/run_test.h"
#include "tools/commands.h"
#include "tools/junit.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> files;
  std::string junit, filter, as_of;
  bool json = false, require_tests = false;
  CompileOptions options;
};

struct TestRun {
  const TestCase* test;
  const Program* program;
  std::vector<Judgement> judgements;

  bool passed() const { return std::ranges::all_of(judgements, &Judgement::met); }
};

struct FileRun {
  std::string file;
  std::unique_ptr<Compilation> compilation;  // what the tests point into
  std::vector<TestRun> tests;

  std::size_t failed() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(tests, [](const TestRun& one) { return !one.passed(); }));
  }
};

std::string expected_text(const Expectation& expectation) {
  std::string text = expectation.verdict == Verdict::pass ? "pass " : "drop ";
  if (expectation.flow.direction == Direction::inward) text += "in ";
  text += expectation.packet;
  if (expectation.reason) text += " reason " + reason_name(*expectation.reason);
  return text;
}

std::string rule_line(const Judgement& judgement, const Program& program) {
  if (!judgement.rule) return {};
  const Rule& rule = program.rules[*judgement.rule];
  std::string line =
      shortened(rule_text(rule, program.derivations)) + " at " + rule.origin.rule.text();
  if (rule.origin.use.line != 0) line += ", used at " + rule.origin.use.text();
  return line;
}

/// What went wrong with one expectation, on lines of their own.
std::string failure_text(const TestRun& run, std::size_t index) {
  const Expectation& expectation = run.test->expectations[index];
  const Judgement& judgement = run.judgements[index];
  std::string text = expectation.place.text() + ": expected " + expected_text(expectation) +
                     "\n  packet    " + judgement.packet + "\n  happened  " + judgement.happened;
  const std::string rule = rule_line(judgement, *run.program);
  if (!rule.empty()) text += "\n  rule      " + rule;
  if (judgement.near_miss) text += "\n  near      " + *judgement.near_miss;
  return text + '\n';
}

Json judgement_json(const TestRun& run, std::size_t index) {
  const Expectation& expectation = run.test->expectations[index];
  const Judgement& judgement = run.judgements[index];
  Json json{{"place", expectation.place.text()},
            {"expected", expected_text(expectation)},
            {"met", judgement.met},
            {"packet", judgement.packet},
            {"happened", judgement.happened}};
  if (judgement.rule) {
    const Rule& rule = run.program->rules[*judgement.rule];
    json["rule"] = rule_text(rule, run.program->derivations);
    json["rule_place"] = rule.origin.rule.text();
  }
  if (judgement.near_miss) json["near_miss"] = *judgement.near_miss;
  return json;
}

Json file_json(const FileRun& run) {
  Json tests = Json::array();
  for (const TestRun& one : run.tests) {
    Json expectations = Json::array();
    for (std::size_t i = 0; i < one.judgements.size(); ++i)
      expectations.push_back(judgement_json(one, i));
    tests.push_back({{"title", one.test->title},
                     {"policy", one.test->policy},
                     {"place", one.test->place.text()},
                     {"passed", one.passed()},
                     {"expectations", std::move(expectations)}});
  }
  return {{"file", run.file}, {"tests", std::move(tests)}, {"failed", run.failed()}};
}

void print_file(const FileRun& run) {
  for (const TestRun& one : run.tests) {
    std::cout << (one.passed() ? "ok      " : "FAILED  ") << run.file << ": " << one.test->title
              << '\n';
    for (std::size_t i = 0; i < one.judgements.size(); ++i) {
      if (!one.judgements[i].met) std::cout << failure_text(one, i);
    }
  }
  std::cout << run.file << ": ";
  if (run.tests.empty()) {
    std::cout << "no tests\n";
  } else {
    std::cout << counted(run.tests.size(), "test", "tests") << ", " << run.failed() << " failed\n";
  }
}

JunitSuite junit_suite(const FileRun& run) {
  JunitSuite suite{run.file, {}};
  for (const TestRun& one : run.tests) {
    JunitCase& entry = suite.cases.emplace_back(JunitCase{one.test->title, one.test->policy, {}});
    for (std::size_t i = 0; i < one.judgements.size(); ++i) {
      if (!one.judgements[i].met) entry.failures.push_back(failure_text(one, i));
    }
  }
  return suite;
}

/// Compiles the file and runs its tests; the error is the exit code.
std::expected<FileRun, ExitCode> run_file(const std::string& file, const Arguments& arguments,
                                          Day today) {
  auto compilation = compile_file(file, arguments.options);
  if (!compilation) return std::unexpected(print_error(compilation.error()));
  print_diagnostics(compilation->diagnostics);
  if (compilation->diagnostics.has_errors()) return std::unexpected(exit_policy);
  FileRun run{file, std::make_unique<Compilation>(std::move(*compilation)), {}};
  for (const TestCase& test : run.compilation->tests) {
    if (!test.title.contains(arguments.filter)) continue;
    const auto program =
        std::ranges::find(run.compilation->programs, test.policy, &Program::policy);
    run.tests.push_back({&test, &*program, run_test(test, *program, today)});
  }
  return run;
}

ExitCode run_tests(const Arguments& arguments) {
  const auto today = read_as_of(arguments.as_of);
  if (!today) return today.error();
  ExitCode code = exit_ok;
  Json list = Json::array();
  std::vector<JunitSuite> suites;
  for (const std::string& file : arguments.files) {
    const auto run = run_file(file, arguments, *today);
    if (!run && run.error() != exit_policy) return run.error();
    if (!run) {
      code = exit_policy;
      continue;
    }
    const bool lacks_tests = arguments.require_tests && run->compilation->tests.empty();
    if (lacks_tests) std::cerr << "error: " << file << " has no tests\n";
    if (code == exit_ok && (lacks_tests || run->failed() > 0)) code = exit_no;
    if (!arguments.json) print_file(*run);
    list.push_back(file_json(*run));
    suites.push_back(junit_suite(*run));
  }
  if (arguments.json) std::cout << list.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  if (!arguments.junit.empty()) {
    if (const auto written = write_junit(arguments.junit, suites); !written)
      return print_error(written.error());
  }
  return code;
}

}  // namespace

Command add_test(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->files, "policy or vendor files")->required();
  command.add_option("--filter", arguments->filter, "only tests whose title has this text");
  command.add_option("--junit", arguments->junit, "also write the results to this file, as JUnit");
  command.add_flag("--require-tests", arguments->require_tests, "a file without tests has failed");
  add_as_of(command, arguments->as_of);
  add_capability_option(command, arguments->options);
  command.add_flag("--json", arguments->json, "print the results as a JSON list");
  command.footer(
      "Runs the `test` blocks of each file and prints every expectation that failed: what happened "
      "to\n"
      "the packet instead, and the rule that did it. Nothing is resolved: names have the addresses "
      "that\n"
      "the test gives them. Exits with 4 if an expectation fails, 1 if a policy is wrong.\n\n"
      "  sallyport test branch.sally vendors/*.sally --require-tests");
  return [arguments] { return run_tests(*arguments); };
}

}  // namespace sallyport
