// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport run BUNDLE --xdp DEV...: the daemon, in the foreground.
#include <signal.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cares_lookup.h"
#include "runtime/run_directory.h"
#include "runtime/runtime.h"
#include "tools/commands.h"
#include "tools/packet_text.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string bundle;
  std::string instance = "main";
  std::vector<std::string> devices, resolvers;
};

Result<std::unique_ptr<Lookup>> ask_servers(EventLoop& loop, const std::vector<Endpoint>& servers) {
  return CaresLookup::create(loop, servers);
}

void prepare_signals() {
  // A log reader that is gone, or a name server that hangs up, must not end the process: nobody
  // would close what expires.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

/// Empty if the arguments make sense together.
std::string wrong_usage(const Arguments& arguments) {
  if (const auto files = RunDirectory::of(arguments.instance); !files) return files.error().text();
  if (arguments.bundle.empty()) {
    return "BUNDLE is missing: it stands before --xdp, which takes every word behind it";
  }
  for (const auto& device : arguments.devices) {
    if (device.starts_with('-'))
      return "`" + device + "` is no device: --xdp takes names of devices";
  }
  return {};
}

ExitCode run_runtime(const Arguments& arguments) {
  if (const auto wrong = wrong_usage(arguments); !wrong.empty()) return print_usage_error(wrong);
  Runtime::Options options{arguments.instance, arguments.devices, {}};
  for (const auto& text : arguments.resolvers) {
    const auto endpoint = read_endpoint(text);
    if (!endpoint) {
      return print_usage_error("`" + text +
                               "` is no resolver: `10.0.0.53`, `10.0.0.53:5353` or "
                               "`[2001:db8::53]:5353` was expected");
    }
    options.resolvers.push_back(*endpoint);
  }
  auto bundle = open_bundle(arguments.bundle);
  if (!bundle) return bundle.error();

  prepare_signals();
  const BootClock clock;
  const auto log = [](const std::string& line) { std::cerr << line << std::endl; };
  auto runtime = Runtime::start(std::move(*bundle), std::move(options), {clock, ask_servers, log});
  if (!runtime) return print_error(runtime.error());
  if (auto ready = (*runtime)->stop_on_signals(); !ready) return print_error(ready.error());
  if (auto ran = (*runtime)->run(); !ran) return print_error(ran.error());
  return exit_ok;
}

}  // namespace

Command add_run(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("BUNDLE", arguments->bundle, "what to enforce; before --xdp");
  command.add_option("--xdp", arguments->devices, "devices on the clients' side")->required();
  command.add_option("--resolver", arguments->resolvers,
                     "IP[:PORT] of servers to ask; without it, those that the policy declares");
  command.add_option("--instance", arguments->instance, "name of this runtime")
      ->capture_default_str();
  command.footer(
      "Filters packets that enter through the devices, from the clients towards everyone. Binds\n"
      "names to the addresses that the resolvers give, and follows them. Stays in the foreground\n"
      "and tells what it does on standard error. Ending it, even by kill -9, changes no verdict:\n"
      "`sallyport unload` detaches. Starting it again takes over without a gap.\n\n"
      "  sallyport run branch.bundle --xdp lan0 lan1 --resolver 10.0.0.53");
  return [arguments] { return run_runtime(*arguments); };
}

}  // namespace sallyport
