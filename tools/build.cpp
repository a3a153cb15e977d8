// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport build FILE -o BUNDLE, --nft SCRIPT: one policy to the file that travels, and to a
// script for hosts without us.
#include <malloc.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "compiler/image/bundle.h"
#include "compiler/image/capacity.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/script.h"
#include "compiler/program/program_text.h"
#include "tools/commands.h"
#include "tools/policy_input.h"
#include "tools/vlan_devices.h"

namespace sallyport {
namespace {

struct Arguments {
  std::string file, output, script, policy, as_of;
  std::vector<std::string> devices, vlan_devices;
  bool conntrack = false, host = false;
  CompileOptions options;
};

ExitCode write_bundle(const Image& image, const Program& program, const std::string& file) {
  const auto bytes = bundle_bytes(image, program_text(program));
  const auto bundle = read_bundle(bytes);  // nothing is written that could not be read back
  if (!bundle) return print_error(bundle.error());
  if (auto written = write_file_atomically(file, bytes); !written)
    return print_error(written.error());
  std::cout << file << ": policy " << program.policy << ", "
            << counted(program.rules.size(), "rule", "rules") << ", "
            << counted(bound_names(program).size(), "name", "names") << ", " << bytes.size()
            << " bytes, digest " << bundle->digest << '\n';
  return exit_ok;
}

/// What stands at the top of the script: how to use it, and what it cannot know.
std::vector<std::string> remarks_for(const Image& image, const nft::Ruleset& ruleset,
                                     const Arguments& arguments) {
  std::vector<std::string> remarks{
      "Policy " + image.policy + ". Load with `nft -f`; `nft delete table inet NAME` ends it.",
      "Drops what no rule allows; what it accepts, other tables may still drop."};
  if (arguments.devices.empty()) {
    remarks.emplace_back(
        "Judges everything that the host forwards, answers too: --device names the clients' side.");
  }
  if (!image.derivations.empty()) {
    remarks.emplace_back("Names derived from an alias are not among those below.");
  }
  if (!image.names.empty()) {
    remarks.push_back("Host names of the policy: " + std::to_string(image.names.size()) +
                      ". None is open here: only `sallyport run --nft` follows DNS.");
  }
  for (const std::string& line : ruleset.choices()) remarks.push_back(line);
  return remarks;
}

ExitCode write_script(const Image& image, const Arguments& arguments) {
  nft::Options options;
  options.devices = arguments.devices;
  auto vlan_devices = read_vlan_devices(arguments.vlan_devices);
  if (!vlan_devices) return print_usage_error(vlan_devices.error());
  options.vlan_devices = std::move(*vlan_devices);
  options.conntrack = arguments.conntrack || arguments.host;
  options.host = arguments.host;
  if (const auto why = nft::unjudged(image, options)) {
    return print_error({"write " + arguments.script, *why, {}});
  }
  const nft::Ruleset ruleset(image, options);
  const nft::Table table = ruleset.table();
  if (const auto fault = nft::table_fault(table)) {
    return print_error({"write " + arguments.script, "the table would be wrong", *fault});
  }
  const std::string text = nft::script_of(table, remarks_for(image, ruleset, arguments));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  if (auto written = write_file_atomically(arguments.script, {bytes, text.size()}); !written)
    return print_error(written.error());
  std::cout << arguments.script << ": table inet " << table.name << '\n';
  for (const std::string& line : ruleset.choices()) std::cout << "  " << line << '\n';
  return exit_ok;
}

ExitCode build(const Arguments& arguments) {
  // Small pieces that are freed are joined at once. A large policy frees millions, and they would
  // be walked again and again, whenever something larger is wanted.
  mallopt(M_MXFAST, 0);
  if (arguments.output.empty() && arguments.script.empty())
    return print_usage_error("nothing to write: -o BUNDLE or --nft SCRIPT was expected");
  const bool of_script = !arguments.devices.empty() || !arguments.vlan_devices.empty() ||
                         arguments.conntrack || arguments.host || !arguments.as_of.empty();
  if (arguments.script.empty() && of_script)
    return print_usage_error(
        "--device, --vlan-device, --conntrack, --host and --as-of say what is in the script of "
        "--nft");
  for (const auto& device : arguments.devices) {
    if (!nft::is_device_name(device))
      return print_usage_error("`" + device + "` is no device: --device takes names of devices");
  }
  if (const auto read = read_vlan_devices(arguments.vlan_devices); !read)
    return print_usage_error(read.error());
  const auto program = compile_policy(arguments.file, arguments.policy, arguments.options);
  if (!program) return program.error();
  const bool has_windows = next_edge(*program, earliest_day).has_value();
  if (!arguments.script.empty() && has_windows && arguments.as_of.empty()) {
    return print_usage_error(
        "the policy has rules with windows, and a script is of one day: say which with --as-of");
  }
  const auto day = read_as_of(arguments.as_of);
  if (!day) return day.error();
  const Image image = make_image(*program);  // of no day: the runtime has a calendar
  if (const auto why = overfull_table(image)) {
    std::cerr << "error: " << arguments.file << " is too large: " << *why << '\n';
    return exit_policy;
  }
  if (!arguments.output.empty()) {
    const ExitCode written = write_bundle(image, *program, arguments.output);
    if (written != exit_ok) return written;
  }
  if (arguments.script.empty()) return exit_ok;
  return write_script(has_windows ? make_image(*program, *day) : image, arguments);
}

}  // namespace

Command add_build(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "the policy file; before --device")->required();
  command.add_option("-o,--output", arguments->output, "the bundle to write");
  command.add_option("--nft", arguments->script, "the script for `nft -f` to write");
  command.add_option("--device", arguments->devices,
                     "of --nft: devices on the clients' side; without it, everything that the "
                     "host forwards is judged");
  add_vlan_devices(command, arguments->vlan_devices);
  command.add_flag("--conntrack", arguments->conntrack,
                   "of --nft: pass ICMP errors about allowed flows, at the price of connection "
                   "tracking");
  command.add_flag("--host", arguments->host,
                   "of --nft: judge what the host itself sends, too; implies --conntrack");
  command.add_option("--as-of", arguments->as_of,
                     "of --nft: YYYY-MM-DD, the day whose rules are in the script, if some have "
                     "windows");
  command.add_option("--policy", arguments->policy, "which one, if the file has several policies");
  add_capability_option(command, arguments->options);
  command.footer(
      "Compiles the policy and its imports. The same text gives the same bytes, and so the same\n"
      "digest, on every machine. No name is resolved: that is the runtime's part.\n\n"
      "  sallyport build branch.sally -o branch.bundle\n"
      "  sallyport build branch.sally --nft branch.nft --device lan0");
  return [arguments] { return build(*arguments); };
}

}  // namespace sallyport
