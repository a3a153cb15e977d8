// SPDX-License-Identifier: GPL-2.0-or-later
// Loading a table of 1 k to 1 M addresses, and a change of ten addresses in it: ours through
// netlink beside `nft -f` doing the same, each in a process and a network namespace of its own, so
// that its peak memory is its own. Needs root and nft.
//   build/nft_load_bench [SIZE...]
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/script.h"
#include "runtime/nft_table.h"
#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int delta_size = 10;
constexpr std::uint32_t first_address = 0x14000000;  // 20.0.0.0
constexpr std::uint32_t first_bound = 0xc6336400;    // 198.51.100.0
constexpr const char* relay = "relay.example.net";

double milliseconds_since(Steady::time_point from) {
  return std::chrono::duration<double, std::milli>(Steady::now() - from).count();
}

/// One service to every third address, so that no two make a prefix, and to one name.
Image image_of(std::uint32_t size) {
  Rule rule = allow({"tcp 443"}, {relay});
  for (std::uint32_t i = 0; i < size; ++i) {
    rule.remote.ranges.push_back(AddressRange::single(Address::v4(first_address + 3 * i)));
  }
  return make_image(program_of({std::move(rule)}));
}

nft::Options bench_options() {
  nft::Options options;
  options.table = "bench";
  return options;
}

struct Run {
  double load = 0, change = 0;  // ms
  double peak = 0;              // MB of the process
};

/// Runs in a child inside a new network namespace; what it writes to the pipe is the result.
Run in_child(const std::function<Run()>& body) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(3);
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNET) != 0) _exit(3);
    const Run run = body();
    (void)!write(ends[1], &run, sizeof(run));
    _exit(0);
  }
  close(ends[1]);
  Run run;
  const bool whole = read(ends[0], &run, sizeof(run)) == sizeof(run);
  close(ends[0]);
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  if (!whole || status != 0) {
    std::fprintf(stderr, "a run failed\n");
    std::exit(3);
  }
  if (run.peak == 0) run.peak = static_cast<double>(used.ru_maxrss) / 1024;
  return run;
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  _exit(3);
}

/// From the Image to the table in the kernel; then ten addresses bound, and ten unbound.
Run ours(std::uint32_t size) {
  const Image image = image_of(size);
  Run run;
  auto from = Steady::now();
  nft::Ruleset ruleset(image, bench_options());
  nft::Table table = ruleset.table();
  auto live = NftTable::open("bench", {.own = false});
  if (!live) fail(live.error());
  if (auto loaded = live->prepare(table); !loaded) fail(loaded.error());
  run.load = milliseconds_since(from);

  const ViewedName name = host(relay);
  const auto bind_all = [&](bool bound) {
    for (std::uint32_t i = 0; i < delta_size; ++i) {
      const auto names = bound ? std::span(&name, 1) : std::span<const ViewedName>();
      const auto delta = ruleset.bind(Address::v4(first_bound + i), names);
      if (auto changed = live->change(table, delta); !changed) fail(changed.error());
    }
  };
  bind_all(true);  // the first change takes what later ones find done
  bind_all(false);
  from = Steady::now();
  bind_all(true);
  bind_all(false);
  run.change = milliseconds_since(from) / 2;
  return run;
}

/// Peak memory in MB.
double run_nft(const std::string& script) {
  const pid_t child = fork();
  if (child == 0) {
    execlp("nft", "nft", "-f", script.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  if (status != 0) _exit(3);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

std::string delta_script(const nft::Table& table, const char* verb) {
  std::string text;
  for (const nft::Set& set : table.sets) {
    if (!set.name.ends_with("_ip4_32")) continue;
    for (std::uint32_t i = 0; i < delta_size; ++i) {
      text += std::string(verb) + " element inet bench " + set.name + " { " +
              Address::v4(first_bound + i).text() + " . tcp . 443";
      if (std::string(verb) == "add") text += " : \"" + table.counters.back().name + "\"";
      text += " }\n";
    }
  }
  return text;
}

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

Run theirs(std::uint32_t size, const std::filesystem::path& folder) {
  {
    const nft::Ruleset ruleset(image_of(size), bench_options());
    const nft::Table table = ruleset.table();
    write_file(folder / "load.nft", nft::script_of(table, {}));
    write_file(folder / "add.nft", delta_script(table, "add"));
    write_file(folder / "delete.nft", delta_script(table, "delete"));
  }
  Run run;
  auto from = Steady::now();
  run.peak = run_nft(folder / "load.nft");
  run.load = milliseconds_since(from);
  from = Steady::now();
  run_nft(folder / "add.nft");
  run_nft(folder / "delete.nft");
  run.change = milliseconds_since(from) / 2;
  return run;
}

int bench(const std::vector<std::uint32_t>& sizes) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("sallyport-bench-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::printf(
      "addresses | load: ours, nft -f (ms), ratio | peak memory: ours, nft (MB) | %d more: "
      "ours, nft -f (ms), ratio\n",
      delta_size);
  for (const std::uint32_t size : sizes) {
    const Run a = in_child([&] { return ours(size); });
    const Run b = in_child([&] { return theirs(size, folder); });
    std::printf("%9u | %8.1f %8.1f %6.1f | %6.0f %6.0f | %7.2f %7.2f %6.1f\n", size, a.load, b.load,
                b.load / a.load, a.peak, b.peak, a.change, b.change, b.change / a.change);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace sallyport

int main(int count, char** words) {
  std::vector<std::uint32_t> sizes;
  for (int i = 1; i < count; ++i) {
    sizes.push_back(static_cast<std::uint32_t>(std::strtoul(words[i], nullptr, 10)));
  }
  if (sizes.empty()) sizes = {1'000, 10'000, 100'000, 1'000'000};
  if (geteuid() != 0) {
    std::fprintf(stderr, "needs root\n");
    return 3;
  }
  return sallyport::bench(sizes);
}
