// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport run BUNDLE --xdp DEV... --nft: the daemon, in the foreground.
#include <signal.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "compiler/nft/table.h"
#include "compiler/program/packet_text.h"
#include "runtime/cares_lookup.h"
#include "runtime/run_directory.h"
#include "runtime/runtime.h"
#include "tools/commands.h"
#include "tools/policy_input.h"
#include "tools/vlan_devices.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string bundle;
  std::string instance = "main";
  std::vector<std::string> devices, inward_devices, resolvers, nft_devices, vlan_devices;
  bool nft = false, conntrack = false, host = false, no_defragmentation = false, shared = false;
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
    return "BUNDLE is missing: it stands before --xdp and --xdp-in, which take every word behind "
           "them";
  }
  for (const auto* devices :
       {&arguments.devices, &arguments.inward_devices, &arguments.nft_devices}) {
    for (const auto& device : *devices) {
      if (device.starts_with('-') || (arguments.nft && !nft::is_device_name(device)))
        return "`" + device + "` is no device: --xdp, --xdp-in and --device take names of devices";
    }
  }
  for (const auto& device : arguments.inward_devices) {
    if (std::ranges::find(arguments.devices, device) != arguments.devices.end())
      return "`" + device + "` stands behind --xdp and --xdp-in: a device has one side";
  }
  if (arguments.devices.empty() && arguments.inward_devices.empty() && !arguments.nft)
    return "nothing would enforce it: --xdp DEVICE, --xdp-in DEVICE or --nft was expected";
  const bool needs_nft = !arguments.nft_devices.empty() || !arguments.vlan_devices.empty() ||
                         arguments.conntrack || arguments.host || arguments.no_defragmentation ||
                         arguments.shared;
  if (needs_nft && !arguments.nft)
    return "--device, --vlan-device, --conntrack, --host, --no-defragmentation and --shared say "
           "how "
           "--nft works";
  if (arguments.no_defragmentation && (arguments.conntrack || arguments.host))
    return "--no-defragmentation contradicts --conntrack and --host: connection tracking "
           "defragments";
  return {};
}

ExitCode run_runtime(const Arguments& arguments) {
  if (const auto wrong = wrong_usage(arguments); !wrong.empty()) return print_usage_error(wrong);
  Runtime::Options options{arguments.instance, arguments.devices, {}};
  options.inward_devices = arguments.inward_devices;
  auto vlan_devices = read_vlan_devices(arguments.vlan_devices);
  if (!vlan_devices) return print_usage_error(vlan_devices.error());
  if (arguments.nft) {
    options.nft =
        NftUse{arguments.nft_devices,         arguments.conntrack, arguments.host,
               !arguments.no_defragmentation, !arguments.shared,   std::move(*vlan_devices)};
  }
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
  if (const auto met = demand_capabilities(arguments.bundle, *bundle); !met) return met.error();

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
  command.add_option("BUNDLE", arguments->bundle, "what to enforce; before --xdp and --device");
  command.add_option("--xdp", arguments->devices,
                     "filter by XDP on these devices, on the clients' side");
  command.add_option("--xdp-in", arguments->inward_devices,
                     "filter by XDP what comes in through these devices, the uplinks");
  command.add_flag("--nft", arguments->nft,
                   "filter by nftables: a second wall behind --xdp, or the only one");
  command.add_option("--resolver", arguments->resolvers,
                     "IP[:PORT] of servers to ask; without it, those that the policy declares");
  command.add_option("--instance", arguments->instance, "name of this runtime")
      ->capture_default_str();
  command.add_option(
      "--device", arguments->nft_devices,
      "of --nft: devices on the clients' side; without it those of --xdp, and without "
      "those everything that this host forwards");
  add_vlan_devices(command, arguments->vlan_devices);
  command.add_flag(
      "--conntrack", arguments->conntrack,
      "of --nft: pass ICMP errors about allowed flows, and let live flows finish when "
      "the address of a name expires (behind --xdp they do not, which knows no flows), "
      "at the price of connection tracking");
  command.add_flag("--host", arguments->host,
                   "of --nft: filter what this host itself sends, too; implies --conntrack");
  command.add_flag("--no-defragmentation", arguments->no_defragmentation,
                   "of --nft: nothing on this host tracks connections, so that fragments reach the "
                   "forward hook as they are; saves every packet a chain");
  command.add_flag("--shared", arguments->shared,
                   "of --nft: others may change the table; what they change is restored");
  command.footer(
      "Filters packets that enter through the devices: by --xdp those from the clients towards\n"
      "everyone, by --xdp-in those from everyone towards the clients and this host itself. Binds\n"
      "names to the addresses that the resolvers give, and follows them. Stays in the foreground\n"
      "and tells what it does on standard error, and the packets that rules with `log` decide in\n"
      "XDP; those of nftables are in the log of the kernel. Ending it, even by kill -9, changes "
      "no\n"
      "verdict: `sallyport unload` detaches. Starting it again takes over without a gap.\n\n"
      "--nft keeps table `inet sallyport-INSTANCE` and touches no other. A packet passes only if\n"
      "every table lets it pass: firewalld, ufw and Docker keep their say.\n\n"
      "  sallyport run branch.bundle --xdp lan0 lan1 --resolver 10.0.0.53\n"
      "  sallyport run branch.bundle --xdp lan0 --xdp-in wan0  # both directions\n"
      "  sallyport run branch.bundle --xdp lan0 --nft          # both walls\n"
      "  sallyport run branch.bundle --nft --device lan0       # nftables alone\n"
      "  sallyport run branch.bundle --nft --device lan0 --vlan-device 40=lan0.40   # zones by "
      "VLAN");
  return [arguments] { return run_runtime(*arguments); };
}

}  // namespace sallyport
