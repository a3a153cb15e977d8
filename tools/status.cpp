// SPDX-License-Identifier: GPL-2.0-or-later
// sallyport status: asks the runtime, or reads the pins if none is alive; prints JSON or a page.
#include "runtime/status.h"

#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/control.h"
#include "tools/commands.h"
#include "tools/policy_input.h"

namespace sallyport {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string instance = "main";
  bool json = false;
  bool all = false;
};

std::string text(const Json& object, const char* field) {
  const auto& value = object.at(field);
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "unknown" : value.dump();
}

void print_counters(const Json& row, const std::string& what) {
  std::cout << std::setw(12) << row.at("packets").get<std::uint64_t>() << std::setw(16)
            << row.at("bytes").get<std::uint64_t>() << "  " << what << '\n';
}

std::string joined(const Json& list) {
  std::string words;
  for (const auto& entry : list) words += (words.empty() ? "" : "; ") + entry.get<std::string>();
  return words;
}

void print_nft(const Json& nft) {
  if (nft.is_null()) return;
  const std::string devices = joined(nft.at("devices"));
  std::cout << "filtered      " << (devices.empty() ? "everything forwarded" : devices)
            << ": outward, nftables table " << text(nft, "table") << " (" << joined(nft.at("hooks"))
            << ")" << (nft.at("owned").get<bool>() ? ", owned" : "") << ", dropped "
            << nft.at("dropped") << " packets and " << nft.at("dropped_pieces")
            << " fragments, restored " << nft.at("restored") << " times\n";
  if (nft.at("outliving_flows") != 0)
    std::cout << "finishing     " << nft.at("outliving_flows")
              << " live flows to addresses that have expired\n";
  if (!nft.at("trouble").is_null())
    std::cout << "TROUBLE       nftables: " << text(nft, "trouble") << '\n';
}

void print_devices(const Json& status) {
  for (const auto& device : status.at("devices")) {
    std::cout << "filtered      " << text(device, "device") << ": ";
    if (device.at("alive").get<bool>()) {
      std::cout << text(device, "direction") << ", " << text(device, "hook") << ' '
                << text(device, "mode") << ", link " << device.at("link_id") << ", program "
                << device.at("program_id") << " tag " << text(device, "program_tag") << '\n';
    } else {
      std::cout << "NOT NOW, the device is gone\n";
    }
  }
  print_nft(status.at("nft"));
  for (const auto& what : status.at("not_filtered"))
    std::cout << "not filtered  " << what.get<std::string>() << '\n';
}

/// One line for all names that fail alike: a policy may list hundreds that need not exist.
void print_failing(const std::string& why, const std::vector<std::string>& names) {
  constexpr std::size_t shown = 3;
  std::cout << "  " << why << ": ";
  for (std::size_t i = 0; i < names.size() && i < shown; ++i)
    std::cout << (i == 0 ? "" : ", ") << names[i];
  if (names.size() > shown) std::cout << " and " << names.size() - shown << " more";
  std::cout << '\n';
}

void print_names(const Json& status) {
  std::map<std::string, std::vector<std::string>> failing;
  const auto& bindings = status.at("bindings");
  const auto& lookups = status.at("lookups");
  std::cout << "\nnames: " << bindings.at("bound_names") << " of " << bindings.at("names")
            << " bound, " << bindings.at("addresses") << " addresses, " << bindings.at("changes")
            << " changes, " << bindings.at("refused")
            << " refused; lookups: " << lookups.at("asked") << " asked, " << lookups.at("answered")
            << " answered, " << lookups.at("failed") << " failed\n";
  for (const auto& name : status.at("names")) {
    for (const auto& bound : name.at("addresses")) {
      std::cout << "  " << text(name, "name") << "  " << text(bound, "address") << "  "
                << bound.at("seconds_left") << " s"
                << (bound.at("adopted").get<bool>() ? ", adopted" : "") << '\n';
    }
    if (name.at("failing").is_string()) {
      auto& names = failing[text(name, "failing")];
      if (names.empty() || names.back() != text(name, "name")) names.push_back(text(name, "name"));
    }
  }
  for (const auto& [why, names] : failing) print_failing(why, names);
}

void print_table(const Json& rows, const char* title, const char* what, bool all) {
  std::cout << "\n     packets           bytes  " << title << '\n';
  for (const auto& row : rows) {
    if (!all && row.at("packets") == 0) continue;
    std::string label = shortened(text(row, what));
    if (row.contains("place")) label += "  (" + text(row, "place") + ")";
    print_counters(row, label);
  }
}

void print_windows(const Json& status) {
  if (!status.contains("windows") || status.at("windows").is_null()) return;
  const auto& windows = status.at("windows");
  std::cout << "windows       rules of " << text(windows, "today") << " (UTC), next change "
            << (windows.at("next_edge").is_null() ? "never" : "on " + text(windows, "next_edge"))
            << '\n';
  if (!windows.at("trouble").is_null())
    std::cout << "TROUBLE       rules that are out of force are still enforced: "
              << text(windows, "trouble") << '\n';
}

void print_earlier(const Json& status) {
  if (!status.contains("earlier")) return;
  for (const auto& earlier : status.at("earlier")) {
    std::cout << "before that   generation " << earlier.at("generation") << ", policy "
              << text(earlier, "policy") << ", bundle " << text(earlier, "bundle").substr(0, 12)
              << "\n";
  }
}

void print_page(const Json& status, bool all) {
  std::cout << "instance      " << text(status, "instance") << '\n'
            << "policy        " << text(status, "policy") << ", generation "
            << status.at("generation") << '\n'
            << "bundle        " << text(status, "bundle") << '\n'
            << "runtime       "
            << (status.at("running").get<bool>() ? "running, process " + text(status, "process")
                : status.at("generation") == 0   ? "not running; nothing is enforced"
                                                 : "not running; enforcement is in place")
            << '\n';
  print_earlier(status);
  print_windows(status);
  print_devices(status);
  if (status.at("running").get<bool>()) print_names(status);
  print_table(status.at("rules"), "rule", "text", true);
  print_table(status.at("reasons"), "reason", "words", all);
}

/// The status as JSON text, from whoever knows it.
Result<std::string> read_status(const std::string& instance, const RunDirectory& files) {
  auto reply = control_call(files.control(), "status");
  if (!reply) return std::unexpected(reply.error());
  if (*reply) return std::move(**reply);
  const auto pins = Pins::find(instance);
  if (!pins) return std::unexpected(pins.error());
  const auto status = pinned_status(instance, *pins, files);
  if (!status) return std::unexpected(status.error());
  return status_json(*status);
}

ExitCode show_status(const Arguments& arguments) {
  const auto files = RunDirectory::of(arguments.instance);
  if (!files) return print_usage_error(files.error().text());
  const auto status = read_status(arguments.instance, *files);
  if (!status) return print_error(status.error());
  if (arguments.json) {
    std::cout << *status << '\n';
  } else {
    print_page(Json::parse(*status), arguments.all);
  }
  return exit_ok;
}

}  // namespace

Command add_status(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("--instance", arguments->instance, "which runtime")->capture_default_str();
  command.add_flag("--json", arguments->json, "print everything as one JSON object");
  command.add_flag("--all", arguments->all, "list the reasons that never occurred, too");
  command.footer(
      "Shows the filtered devices and what is not filtered, the bound names, and how many packets\n"
      "met each rule and each reason. Works without a running runtime, too: the enforcement is in\n"
      "the kernel.\n\n"
      "  sallyport status --json | jq '.reasons[] | select(.packets > 0)'");
  return [arguments] { return show_status(*arguments); };
}

}  // namespace sallyport
