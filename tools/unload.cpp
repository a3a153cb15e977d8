// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport unload: the only way to detach.
#include <iostream>
#include <memory>
#include <string>

#include "runtime/control.h"
#include "runtime/run_directory.h"
#include "runtime/runtime.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

ExitCode unload_instance(const std::string& instance) {
  const auto files = RunDirectory::of(instance);
  if (!files) return print_usage_error(files.error().text());
  const auto reply = control_call(files->control(), "unload");
  if (!reply) return print_error(reply.error());
  if (!*reply) {
    if (auto unloaded = unload(instance); !unloaded) return print_error(unloaded.error());
  }
  std::cout << "instance " << instance << " is unloaded: its devices are not filtered any more\n";
  return exit_ok;
}

}  // namespace

Command add_unload(CLI::App& command) {
  const auto instance = std::make_shared<std::string>("main");
  command.add_option("--instance", *instance, "which runtime")->capture_default_str();
  command.footer(
      "Ends the runtime if one is running, detaches from every device and removes all pins and\n"
      "files of the instance. From then on its devices are not filtered.\n\n"
      "  sallyport unload");
  return [instance] { return unload_instance(*instance); };
}

}  // namespace sallyport
