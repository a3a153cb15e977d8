// SPDX-License-Identifier: GPL-2.0-or-later
// Times the way from a Program to what the datapath reads, for policies of many names and many
// prefixes. Prints one table. Real prefixes are taken from $SALLYPORT_DATA where it is set.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <string>

#include "compiler/image/arena.h"
#include "compiler/image/bundle.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"

namespace sallyport {
namespace {

std::vector<AddressRange> real_prefixes() {
  std::vector<AddressRange> prefixes;
  const char* data = std::getenv("SALLYPORT_DATA");
  if (data == nullptr) return prefixes;
  std::ifstream file(std::string(data) + "/large/lordalfred_all_ipv4.txt");
  for (std::string line; std::getline(file, line);) {
    if (const auto range = AddressRange::parse(line)) prefixes.push_back(*range);
  }
  return prefixes;
}

std::vector<AddressRange> synthetic_prefixes(std::size_t count) {
  std::mt19937 random(1);
  std::vector<AddressRange> prefixes;
  while (prefixes.size() < count) {
    const auto length = static_cast<unsigned>(16 + random() % 17);
    prefixes.push_back(
        AddressRange::prefix(Address::v4(static_cast<std::uint32_t>(random())), length));
  }
  return prefixes;
}

/// One rule for each name; the prefixes dealt out to `holders` rules, each a group of its own.
Program program_of(std::size_t names, const std::vector<AddressRange>& prefixes,
                   std::size_t holders) {
  Program program;
  program.policy = "bench";
  program.zones.push_back({"staff", {AddressRange::prefix(Address::v4(0x0a140000), 16)}});
  program.zones.push_back({"dmz", {AddressRange::prefix(Address::v4(0x0a280000), 24)}});
  const Service https{protocol_tcp, 443, 443};
  for (std::size_t i = 0; i < names; ++i) {
    Rule rule;
    rule.zone = static_cast<std::uint32_t>(i % 2);
    rule.services = {https};
    rule.remote.names = {*HostName::parse("n" + std::to_string(i) + ".example.com")};
    program.rules.push_back(std::move(rule));
  }
  for (std::size_t i = 0; i < holders; ++i) {
    Rule rule;
    rule.services = {https, {protocol_udp, 3478, 3481}};
    for (std::size_t k = i; k < prefixes.size(); k += holders) {
      rule.remote.ranges.push_back(prefixes[k]);
    }
    std::sort(rule.remote.ranges.begin(), rule.remote.ranges.end());
    program.rules.push_back(std::move(rule));
  }
  return program;
}

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

bool measure(std::size_t names, std::vector<AddressRange> prefixes, std::size_t holders) {
  const Program program = program_of(names, prefixes, holders);
  Image image;
  std::string text;
  std::vector<std::uint8_t> bytes;
  Result<Bundle> bundle = std::unexpected(Error{});
  Result<std::vector<std::byte>> arena = std::unexpected(Error{});
  const double make = milliseconds([&] { image = make_image(program); });
  const double print = milliseconds([&] { text = program_text(program); });
  const double write = milliseconds([&] { bytes = bundle_bytes(image, text); });
  const double read = milliseconds([&] { bundle = read_bundle(bytes); });
  const double lay =
      milliseconds([&] { arena = build_arena(image, image.labels, capacity_for(image.labels)); });
  if (!bundle || !arena) {
    std::fprintf(stderr, "%s\n", (bundle ? arena.error() : bundle.error()).text().c_str());
    return false;
  }
  std::printf("%7zu %8zu %7zu | %10.1f %10.1f %10.1f %10.1f %10.1f | %7zu %7zu %8zu %8zu %6ld\n",
              names, prefixes.size(), holders, make, print, write, read, lay,
              image.labels.remote_groups.size(), image.labels.verdicts.size(), bytes.size() / 1024,
              arena->size() / 1024, peak_megabytes());
  return true;
}

int run() {
  std::vector<AddressRange> prefixes = real_prefixes();
  std::printf("prefixes: %s\n", prefixes.empty() ? "synthetic" : "real, $SALLYPORT_DATA");
  std::vector<AddressRange> pool = prefixes.empty() ? synthetic_prefixes(100'000) : prefixes;
  std::shuffle(pool.begin(), pool.end(), std::mt19937(2));
  std::printf("%7s %8s %7s | %10s %10s %10s %10s %10s | %7s %7s %8s %8s %6s\n", "names", "prefixes",
              "holders", "make ms", "text ms", "write ms", "read ms", "arena ms", "labels", "rows",
              "bundle K", "arena K", "peak M");
  struct Size {
    std::size_t names, prefixes, holders;
  };
  for (const Size& size :
       {Size{1'000, 1'000, 10}, Size{1'000, 10'000, 10}, Size{10'000, 1'000, 10},
        Size{10'000, 10'000, 100}, Size{10'000, 100'000, 10}, Size{10'000, 100'000, 10'000}}) {
    std::vector<AddressRange> some = pool;
    some.resize(std::min(some.size(), size.prefixes), pool.front());
    if (!measure(size.names, std::move(some), size.holders)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace sallyport

int main() {
  return sallyport::run();
}
