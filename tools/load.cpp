// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport load BUNDLE: another policy for a running runtime.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "compiler/driver/driver.h"
#include "runtime/control.h"
#include "runtime/run_directory.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string bundle;
  std::string instance = "main";
};

ExitCode load_bundle(const Arguments& arguments) {
  const auto files = RunDirectory::of(arguments.instance);
  if (!files) return print_usage_error(files.error().text());
  const auto text = read_file(arguments.bundle);
  if (!text) return print_error(text.error());
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text->data()), text->size());
  // Judged here too: the reason is better told before anything is sent.
  const auto bundle = read_bundle(bytes);
  if (!bundle) {
    return print_error({"load " + arguments.bundle, bundle.error().cause, bundle.error().detail});
  }
  if (const auto met = demand_capabilities(arguments.bundle, *bundle); !met) return met.error();
  const auto reply = control_call(files->control(), "load", bytes);
  if (!reply) return print_error(reply.error());
  if (!*reply) {
    return print_error({"load " + arguments.bundle,
                        "no runtime is running as instance " + arguments.instance,
                        "`sallyport run` starts one"});
  }
  const auto loaded = nlohmann::json::parse(**reply);
  std::cout << "policy " << loaded.at("policy").get<std::string>() << " is enforced (generation "
            << loaded.at("generation") << ", digest " << loaded.at("bundle").get<std::string>()
            << ")\n";
  return exit_ok;
}

}  // namespace

Command add_load(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("BUNDLE", arguments->bundle, "what to enforce from now on")->required();
  command.add_option("--instance", arguments->instance, "which runtime")->capture_default_str();
  command.footer(
      "Swaps the policy in one atomic step per device: every packet meets the old policy or the\n"
      "new one. Bindings of names that stay and counters of rules that stay are kept. A bundle\n"
      "that does not load changes nothing.\n\n"
      "  sallyport load changed.bundle");
  return [arguments] { return load_bundle(*arguments); };
}

}  // namespace sallyport
