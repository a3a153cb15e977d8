// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport verify BUNDLE: the proof that every engine decides as the evaluator does.
#include "runtime/verify.h"

#include <unistd.h>

#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/label/labeler.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string file, policy, as_of;
  std::vector<std::string> engines;
  std::uint64_t most = VerifyOptions{}.most;
  std::uint64_t seed = VerifyOptions{}.seed;
  bool json = false;
};

Json report_json(const VerifyReport& report, std::uint64_t seed) {
  Json engines = Json::array();
  for (const auto& engine : report.engines) {
    engines.push_back({{"engine", engine.name},
                       {"skipped", engine.skipped.empty() ? Json(false) : Json(engine.skipped)},
                       {"atoms", engine.atoms},
                       {"stricter", engine.stricter},
                       {"disagreements", engine.disagreements},
                       {"examples", engine.examples},
                       {"seconds", engine.seconds}});
  }
  return {{"atoms", report.total},       {"tried", report.tried},
          {"sampled", report.sampled()}, {"seed", report.sampled() ? Json(seed) : Json()},
          {"passing", report.passing},   {"disagreements", report.disagreements()},
          {"seconds", report.seconds},   {"engines", std::move(engines)}};
}

void print_engine(const VerifiedEngine& engine) {
  std::cout << "  " << std::left << std::setw(24) << engine.name << std::right;
  if (!engine.skipped.empty()) {
    std::cout << "SKIPPED: " << engine.skipped << '\n';
    return;
  }
  std::cout << std::setw(10) << engine.atoms << " atoms" << std::setw(8) << std::fixed
            << std::setprecision(1) << engine.seconds << " s" << std::setw(8)
            << engine.disagreements << " disagreements";
  if (engine.stricter > 0) std::cout << ", stricter for " << engine.stricter;
  std::cout << '\n';
  for (const auto& example : engine.examples) std::cout << "    " << example << '\n';
}

void print_page(const VerifyReport& report, std::uint64_t seed) {
  std::cout << "atoms: " << report.total;
  if (report.sampled()) {
    std::cout << ", sampled: " << report.tried << " of them, seed " << seed;
  } else {
    std::cout << ", all tried";
  }
  std::cout << "; the evaluator passes " << report.passing << "; " << std::fixed
            << std::setprecision(1) << report.seconds << " s\n";
  for (const auto& engine : report.engines) print_engine(engine);
}

/// On a terminal only.
void show_progress(std::uint64_t tried, std::uint64_t of) {
  if (isatty(STDERR_FILENO) != 1) return;
  std::cerr << "\r" << tried << " of " << of << " atoms" << (tried >= of ? "\n" : "") << std::flush;
}

std::string wrong_engine(const Arguments& arguments) {
  for (const auto& engine : arguments.engines) {
    if (engine != "bpf" && engine != "nft")
      return "`" + engine + "` is no engine: `bpf` or `nft` was expected";
  }
  return {};
}

ExitCode verify_policy(const Arguments& arguments) {
  if (const auto wrong = wrong_engine(arguments); !wrong.empty()) return print_usage_error(wrong);
  const auto program = open_program(arguments.file, arguments.policy);
  if (!program) return program.error();
  VerifyOptions options{arguments.most, arguments.seed};
  if (!arguments.engines.empty()) {
    const auto wanted = [&](const char* name) {
      return std::ranges::find(arguments.engines, name) != arguments.engines.end();
    };
    options.bpf = wanted("bpf");
    options.nft = wanted("nft");
  }
  const BootClock clock;
  const auto day = read_as_of(arguments.as_of);
  if (!day) return day.error();
  const Program judged = program_at(*program, *day, aliases_to_try(*program));
  const auto report = verify(judged, make_image(judged), options, clock, show_progress);
  if (!report) return print_error(report.error());
  if (arguments.json) {
    std::cout << report_json(*report, arguments.seed).dump(2) << '\n';
  } else {
    print_page(*report, arguments.seed);
  }
  if (report->disagreements() > 0) return exit_no;
  const bool none = std::ranges::all_of(
      report->engines, [](const VerifiedEngine& engine) { return !engine.skipped.empty(); });
  return none ? exit_system : exit_ok;
}

}  // namespace

Command add_verify(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "a bundle or a policy file; before --engine")
      ->required();
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  command.add_option("--engine", arguments->engines, "ask only `bpf` or only `nft`");
  command.add_option("--most", arguments->most, "try so many atoms; of more, a sample is drawn")
      ->capture_default_str();
  command.add_option("--seed", arguments->seed, "of the sample")->capture_default_str();
  add_as_of(command, arguments->as_of);
  command.add_flag("--json", arguments->json, "print the report as one JSON object");
  command.footer(
      "Makes a packet of every atom of the policy, each edge of each range with each protocol, "
      "port\n"
      "edge, ICMP type and kind of fragment, and compares what the reference evaluator says with\n"
      "the loaded BPF program (test runs) and with nftables (real packets in a network namespace\n"
      "of its own; nothing of this host is touched). Names are bound to addresses made up for it.\n"
      "An engine may be stricter where this is said: without connection tracking, nftables drops\n"
      "every outward ICMP error; with it, errors about existing flows are compared exactly.\n"
      "Exit code 4 if any verdict differs. Needs root.\n\n"
      "  sallyport verify branch.bundle");
  return [arguments] { return verify_policy(*arguments); };
}

}  // namespace sallyport
