// SPDX-License-Identifier: GPL-2.0-or-later
// The fuzzer's seeds in tests/fuzz/corpus/bundle are what this build writes, so they are also the
// golden files of the format: a difference calls for a new format version. UPDATE_GOLDEN=1
// rewrites.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "compiler/image/bundle.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bundle_of(const Program& program) {
  return bundle_bytes(make_image(program), program_text(program));
}

Program with_everything() {
  Program program =
      program_of({in_zone(0, allow({"tcp 443"}, {"a.example.com", "2001:db8::/32"})),
                  allow({"udp 0-65535"}, {"*.example.com", "192.0.2.0/24"}),
                  allow({"icmp 8"}, {".example.net"}), deny_every_service({"192.0.2.66"})});
  program.rules[1].private_ok = true;
  program.rules[3].log = true;
  program.rules[2].direction = Direction::inward;
  program.rules[0].origin = {"vendor", "part", {"v.sally", 3, 5}, {"p.sally", 7, 1}};
  program.lifetimes.grace = Seconds{30};
  program.zones = {{"staff", {AddressRange::parse("10.20.0.0/16").value()}},
                   {"dmz", {AddressRange::parse("10.20.1.0/24").value()}}};
  program.zones[1].vlans = {{0, 0}, {40, 49}};
  program.nat64 = {AddressRange::parse("2001:db8:64::/96").value()};
  program.resolvers = {{"office", {{address("192.0.2.53"), 53}}}};
  return program;
}

struct Seed {
  const char* file;
  Bytes bytes;
  bool valid;
};

std::vector<Seed> seeds() {
  const Bytes rich = bundle_of(with_everything());
  Bytes newer = rich;
  newer[8] += 1;
  Bytes flipped = rich;
  flipped[rich.size() / 2] ^= 4;
  return {{"empty.bundle", bundle_of(program_of({})), true},
          {"one-rule.bundle", bundle_of(program_of({allow({"tcp 443"}, {"a.example.com"})})), true},
          {"everything.bundle", rich, true},
          {"newer.bundle", newer, false},
          {"flipped.bundle", flipped, false},
          {"truncated.bundle", Bytes(rich.begin(), rich.begin() + 100), false},
          {"magic-only.bundle", Bytes(rich.begin(), rich.begin() + 8), false}};
}

TEST(BundleCorpus, C3IsWhatThisBuildWrites) {
  const auto corpus = std::filesystem::path(SALLYPORT_SOURCE_DIR) / "tests/fuzz/corpus/bundle";
  for (const Seed& seed : seeds()) {
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file_atomically(corpus / seed.file, seed.bytes));
    }
    std::ifstream file(corpus / seed.file, std::ios::binary);
    const Bytes stored{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(stored, seed.bytes) << seed.file;
    EXPECT_EQ(read_bundle(seed.bytes).has_value(), seed.valid) << seed.file;
  }
}

}  // namespace
}  // namespace sallyport
