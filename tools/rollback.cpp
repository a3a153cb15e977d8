// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport rollback [GENERATION]: an earlier policy for a running runtime.
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "runtime/control.h"
#include "runtime/run_directory.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::optional<std::uint64_t> generation;
  std::string instance = "main";
  bool json = false;
};

ExitCode roll_back(const Arguments& arguments) {
  const auto files = RunDirectory::of(arguments.instance);
  if (!files) return print_usage_error(files.error().text());
  const std::string number = arguments.generation ? std::to_string(*arguments.generation) : "";
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(number.data()), number.size());
  const auto reply = control_call(files->control(), "rollback", bytes);
  if (!reply) return print_error(reply.error());
  if (!*reply) {
    return print_error({"roll back", "no runtime is running as instance " + arguments.instance,
                        "`sallyport run` starts one"});
  }
  if (arguments.json) {
    std::cout << **reply << '\n';
    return exit_ok;
  }
  const auto live = nlohmann::json::parse(**reply);
  std::cout << "policy " << live.at("policy").get<std::string>() << " of generation "
            << live.at("of_generation") << " is enforced again (generation "
            << live.at("generation") << ", digest " << live.at("bundle").get<std::string>()
            << ")\n";
  return exit_ok;
}

}  // namespace

Command add_rollback(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option(
      "GENERATION", arguments->generation,
      "which one, as `sallyport status` lists them; without it, the policy that was\n"
      "enforced before the live one");
  command.add_option("--instance", arguments->instance, "which runtime")->capture_default_str();
  command.add_flag("--json", arguments->json, "print what is enforced now as one JSON object");
  command.footer(
      "The runtime keeps the bundles of the last three policies before the live one. Going back "
      "is\n"
      "a load like any other: the policy becomes a new generation, is tested against the "
      "evaluator\n"
      "and swapped in one atomic step per device; if it does not load, nothing changes. Going "
      "back\n"
      "twice returns to where you were.\n\n"
      "  sallyport rollback\n"
      "  sallyport rollback 12");
  return [arguments] { return roll_back(*arguments); };
}

}  // namespace sallyport
