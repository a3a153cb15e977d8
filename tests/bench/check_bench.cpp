// SPDX-License-Identifier: GPL-2.0-or-later
// Times the way from policy text to a checked and linted Program, for policies of many rules. Each
// rule has ten prefixes or a name. Prints one table; `check_bench RULES...` chooses the rows.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/lint/lint.h"
#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string address(std::uint32_t number) {
  return std::to_string(number >> 24) + "." + std::to_string(number >> 16 & 255) + "." +
         std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
}

/// Two zones; every other /30, so that no two join; every rule has a name too, of its own.
std::string policy_text(std::size_t rules) {
  constexpr std::size_t prefixes_per_rule = 10;
  std::string text = "zone staff = 10.20.0.0/16\nzone dmz = 10.40.0.0/24\npolicy large {\n";
  std::uint32_t next = 0x0b000000;
  for (std::size_t i = 0; i < rules; ++i) {
    if (i % (rules / 2) == 0) text += i == 0 ? "from staff {\n" : "}\nfrom dmz {\n";
    text += i % 3 == 0 ? "allow tcp 443 or udp 3478-3481 to " : "allow tcp 443 to ";
    for (std::size_t prefix = 0; prefix < prefixes_per_rule; ++prefix, next += 8) {
      text += address(next) + "/30, ";
    }
    text += "n" + std::to_string(i) + ".example.com\n";
  }
  return text + "}\n}\n";
}

void row(std::size_t rules) {
  const Source source("large.sally", policy_text(rules));
  Diagnostics diagnostics;
  const auto start = Clock::now();
  std::vector<Module> modules;
  modules.push_back({&source, parse(source, diagnostics)});
  const double parsed = ms_since(start);
  const auto programs = check(modules, diagnostics);
  const double checked = ms_since(start);
  lint(modules, programs, {}, diagnostics);
  const double linted = ms_since(start);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("| %zu | %zu | %zu | %.0f | %.0f | %.0f | %ld MB | %zu |\n", rules, 10 * rules,
              source.text().size(), parsed, checked - parsed, linted - checked,
              usage.ru_maxrss / 1024, diagnostics.all().size());
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes{1'000, 10'000, 100'000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoul(argv[i], nullptr, 10));
  std::printf(
      "| rules | prefixes | bytes | parse ms | check ms | lint ms | peak memory | said |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (const std::size_t rules : sizes) sallyport::row(rules);
}
