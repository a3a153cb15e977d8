// SPDX-License-Identifier: GPL-2.0-or-later
// Times what a gateway does with a large policy: loading it into the kernel, testing it, binding
// addresses to its names in place, and reading counters. Needs root; attaches to nothing.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>

#include "compiler/label/labeler.h"
#include "runtime/datapath.h"
#include "runtime/self_test.h"

namespace sallyport {
namespace {

constexpr std::size_t names = 10'000;
constexpr std::uint32_t addresses = 100'000;

HostName name_of(std::size_t i) {
  return *HostName::parse("n" + std::to_string(i) + ".example.com");
}

/// A rule for each name, and 100 rules that share the static addresses among them.
Program large_program() {
  Program program;
  program.policy = "bench";
  for (std::size_t i = 0; i < names; ++i) {
    Rule rule;
    rule.services = {{protocol_tcp, 443, 443}};
    rule.remote.names = {name_of(i)};
    program.rules.push_back(std::move(rule));
  }
  for (std::uint32_t holder = 0; holder < 100; ++holder) {
    Rule rule;
    rule.services = {{protocol_tcp, 443, 443}, {protocol_udp, 3478, 3481}};
    for (std::uint32_t k = holder; k < addresses; k += 100) {
      // Every other address, so that no two join to one range.
      rule.remote.ranges.push_back(AddressRange::single(Address::v4(0x2d000000 + 2 * k)));
    }
    program.rules.push_back(std::move(rule));
  }
  return program;
}

double milliseconds(const std::function<bool()>& work) {
  const auto start = std::chrono::steady_clock::now();
  if (!work()) return -1;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

int run() {
  if (geteuid() != 0) {
    std::puts("SKIP: loading BPF needs root");
    return 0;
  }
  const Program program = large_program();
  Image image;
  const double make = milliseconds([&] {
    image = make_image(program);
    return true;
  });
  Result<Datapath> datapath = std::unexpected(Error{});
  const double load = milliseconds([&] {
    datapath = Datapath::load(image, 2 * addresses);
    return datapath.has_value();
  });
  if (!datapath) {
    std::fprintf(stderr, "%s\n", datapath.error().text().c_str());
    return 1;
  }
  const double check =
      milliseconds([&] { return check_image("bench", program, image).has_value(); });
  const double test =
      milliseconds([&] { return self_test("bench", program, *datapath).has_value(); });
  if (check < 0 || test < 0) {
    std::fputs("the self-test failed\n", stderr);
    return 1;
  }
  const auto bind_all = [&](std::uint32_t first) {
    for (std::uint32_t i = 0; i < addresses; ++i) {
      const ViewedName name = name_of(i % names);
      if (!datapath->bind(Address::v4(first + i), {&name, 1})) return false;
    }
    return true;
  };
  const double bind = milliseconds([&] { return bind_all(0x2e000000); });
  const double again = milliseconds([&] {
    for (std::uint32_t i = 0; i < addresses; ++i) {
      if (!datapath->bind(Address::v4(0x2e000000 + i), {})) return false;
    }
    return true;
  });
  if (bind < 0 || again < 0) {
    std::fputs("a binding was refused\n", stderr);
    return 1;
  }
  std::printf("%zu names, %u static addresses\n", names, addresses);
  std::printf("  image               %8.1f ms\n", make);
  std::printf("  load into kernel    %8.1f ms\n", load);
  std::printf("  check of the image  %8.1f ms\n", check);
  std::printf("  self-test           %8.1f ms\n", test);
  std::printf("  bind %u addresses, each to a name   %8.1f ms  (%.2f us each)\n", addresses, bind,
              bind * 1000 / addresses);
  std::printf("  unbind them                           %8.1f ms  (%.2f us each)\n", again,
              again * 1000 / addresses);
  for (const auto& size : datapath->sizes()) {
    std::printf("  %-18s %10lu of %10lu entries, %12lu bytes\n", size.map.c_str(), size.entries,
                size.capacity, size.bytes);
  }
  return 0;
}

}  // namespace
}  // namespace sallyport

int main() {
  return sallyport::run();
}
