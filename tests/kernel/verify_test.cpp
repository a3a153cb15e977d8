// SPDX-License-Identifier: GPL-2.0-or-later
// Every engine decides every atom of a policy as the evaluator does (C2): the policies of this
// tree, random programs, and the address lists of large vendors, of which atoms are drawn.
// SALLYPORT_SEED repeats a run.
#include "runtime/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "compiler/source/diagnostics.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using Path = std::filesystem::path;

std::uint64_t seed_of_run() {
  std::uint64_t seed = 0;
  if (const char* text = std::getenv("SALLYPORT_SEED")) {
    const std::string_view digits = text;
    std::from_chars(digits.data(), digits.data() + digits.size(), seed);
  } else {
    seed = std::random_device{}();
  }
  std::cout << "SALLYPORT_SEED=" << seed << "\n";
  return seed;
}

Result<VerifyReport> verified(const Program& program, const VerifyOptions& options) {
  const BootClock clock;
  return verify(program, make_image(program), options, clock, [](std::uint64_t, std::uint64_t) {});
}

void expect_agreement(const VerifyReport& report) {
  // eBPF, nftables for each direction that rules speak of, nftables with connection tracking.
  ASSERT_GE(report.engines.size(), 3U);
  ASSERT_LE(report.engines.size(), 4U);
  for (const VerifiedEngine& engine : report.engines) {
    EXPECT_EQ(engine.skipped, "") << engine.name;
    EXPECT_EQ(engine.disagreements, 0U)
        << engine.name << ": " << (engine.examples.empty() ? "" : engine.examples.front());
  }
  EXPECT_EQ(report.engines[0].atoms, report.tried);
  const std::uint64_t inward = report.engines.size() == 4 ? report.engines[2].atoms : 0;
  EXPECT_EQ(report.engines[1].atoms + inward, report.tried);
}

void say(const std::string& what, const VerifyReport& report) {
  std::cout << what << ": " << report.tried << " of " << report.total << " atoms, "
            << report.passing << " pass, " << report.seconds << " s";
  for (const VerifiedEngine& engine : report.engines) {
    std::cout << "; " << engine.name << " " << engine.atoms << " in " << engine.seconds << " s, "
              << engine.stricter << " stricter";
  }
  std::cout << "\n";
}

std::vector<Path> policies() {
  std::vector<Path> files;
  for (const char* folder : {"policies", "tests/packets"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(Path(SALLYPORT_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == ".sally") files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

class Verified : public testing::TestWithParam<Path> {};

TEST_P(Verified, C2_EveryAtomOnEveryEngine) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  constexpr std::uint64_t most = 500'000;
  const auto compilation = compile(GetParam());
  ASSERT_TRUE(compilation) << compilation.error().text();
  ASSERT_FALSE(compilation->diagnostics.has_errors()) << render(compilation->diagnostics, false);
  ASSERT_FALSE(compilation->programs.empty());
  for (const Program& program : compilation->programs) {
    SCOPED_TRACE("policy " + program.policy);
    const auto report = verified(program, {.most = most, .seed = 1});
    ASSERT_TRUE(report) << report.error().text();
    say(program.policy, *report);
    expect_agreement(*report);
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, Verified, testing::ValuesIn(policies()), [](const auto& file) {
  std::string name =
      file.param.parent_path().filename().string() + "_" + file.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(VerifiedRandom, C2_RandomProgramsOnEveryEngine) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  constexpr int programs = 12;
  const std::uint64_t seed = seed_of_run();
  std::mt19937_64 random(seed);
  for (int number = 0; number < programs; ++number) {
    const Program program = random_program(random);
    const auto report = verified(program, {.most = 100'000, .seed = seed});
    ASSERT_TRUE(report) << report.error().text();
    say("program " + std::to_string(number), *report);
    expect_agreement(*report);
    ASSERT_FALSE(HasFailure()) << "SALLYPORT_SEED=" << seed << "\n" << program_text(program);
  }
}

// ---- large lists ----

using Ranges = std::set<AddressRange>;

void add_range(Ranges& ranges, const std::string& text) {
  const auto range = AddressRange::parse(text);
  ASSERT_TRUE(range) << text;
  ranges.insert(*range);
}

nlohmann::json feed(const Path& data, const char* name) {
  std::ifstream file(data / "feeds" / name);
  return nlohmann::json::parse(file, nullptr, false);
}

Ranges azure(const Path& data) {
  Ranges ranges;
  const auto lists = feed(data, "microsoft-azure-ip-ranges.json");
  for (const auto& value : lists.at("values")) {
    for (const auto& prefix : value.at("properties").at("addressPrefixes")) {
      add_range(ranges, prefix.get<std::string>());
    }
  }
  return ranges;
}

Ranges aws(const Path& data) {
  Ranges ranges;
  const auto lists = feed(data, "aws-ip-ranges.json");
  for (const auto& entry : lists.at("prefixes")) {
    add_range(ranges, entry.at("ip_prefix").get<std::string>());
  }
  for (const auto& entry : lists.at("ipv6_prefixes")) {
    add_range(ranges, entry.at("ipv6_prefix").get<std::string>());
  }
  return ranges;
}

Ranges google(const Path& data) {
  Ranges ranges;
  const auto lists = feed(data, "google-cloud-ip-ranges.json");
  for (const auto& entry : lists.at("prefixes")) {
    for (const char* key : {"ipv4Prefix", "ipv6Prefix"}) {
      if (entry.contains(key)) add_range(ranges, entry.at(key).get<std::string>());
    }
  }
  return ranges;
}

Rule allow_list(const char* service, const Ranges& ranges) {
  Rule rule = allow({service}, {});
  rule.remote.ranges.assign(ranges.begin(), ranges.end());
  return rule;
}

TEST(VerifiedLists, C2_C4_TheListsOfThreeVendors) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const char* data = std::getenv("SALLYPORT_DATA");
  if (data == nullptr) GTEST_SKIP() << "SKIP: SALLYPORT_DATA names no folder of real feeds";
  const std::uint64_t seed = seed_of_run();
  const Program program =
      program_of({allow_list("tcp 443", azure(data)), allow_list("tcp 8443", aws(data)),
                  allow_list("udp 443", google(data))});
  for (const Rule& rule : program.rules) {
    std::cout << rule.services[0].text() << " to " << rule.remote.ranges.size() << " ranges\n";
    ASSERT_GT(rule.remote.ranges.size(), 500U);
  }
  const auto report = verified(program, {.most = 400'000, .seed = seed});
  ASSERT_TRUE(report) << report.error().text();
  say("lists", *report);
  EXPECT_TRUE(report->sampled());
  EXPECT_GT(report->passing, 10'000U);
  expect_agreement(*report);
}

}  // namespace
}  // namespace sallyport
