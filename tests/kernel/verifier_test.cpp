// SPDX-License-Identifier: GPL-2.0-or-later
// The work of the verifier and the size of the program stay inside verifier.budget, and far from
// the verifier's limit (B7).
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "compiler/label/labeler.h"
#include "runtime/datapath.h"

namespace sallyport {
namespace {

constexpr std::uint64_t half_of_the_limit = 500'000;

std::map<std::string, std::uint64_t> budget() {
  std::ifstream lines(SALLYPORT_SOURCE_DIR "/tests/kernel/verifier.budget");
  std::map<std::string, std::uint64_t> figures;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find(' ');
    if (!line.starts_with('#')) figures[line.substr(0, blank)] = std::stoull(line.substr(blank));
  }
  return figures;
}

/// With everything that a policy can have, so that no branch is removed before the verifier sees
/// it.
Program everything() {
  Program program;
  program.policy = "everything";
  program.zones = {{"staff", {AddressRange::prefix(Address::v4(0x0a140000), 16)}, {{40, 40}}}};
  Rule& outward = program.rules.emplace_back();
  outward.services = {{protocol_tcp, 443, 443}};
  outward.remote.names = {*HostName::parse("a.example.com")};
  outward.log = true;
  Rule& inward = program.rules.emplace_back();
  inward.direction = Direction::inward;
  inward.services = {{protocol_tcp, 22, 22}};
  inward.remote.ranges = {AddressRange::prefix(Address::v4(0xc6336400), 24)};
  return program;
}

TEST(Verifier, B7_WorkAndSizeStayInsideTheBudget) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const Image image = make_image(everything());
  ASSERT_TRUE(image.zone_sets.size() > 1 && vlan_classes(image) > 1);
  ASSERT_TRUE(binds_names(image) && has_inward_rules(image));
  const auto datapath = Datapath::load(image);
  ASSERT_TRUE(datapath) << datapath.error().text();
  const auto most = budget();
  ASSERT_EQ(most.size(), 2U);
  for (const Direction direction : {Direction::outward, Direction::inward}) {
    bpf_prog_info facts{};
    __u32 size = sizeof(facts);
    ASSERT_EQ(bpf_obj_get_info_by_fd(datapath->program_fd(direction), &facts, &size), 0);
    std::cout << "verified_instructions " << facts.verified_insns << "\nxlated_bytes "
              << facts.xlated_prog_len << "\n";
    if (facts.verified_insns == 0) GTEST_SKIP() << "SKIP: this kernel does not tell (before 5.16)";
    EXPECT_LT(facts.verified_insns, half_of_the_limit);
    EXPECT_LE(facts.verified_insns, most.at("verified_instructions"));
    EXPECT_LE(facts.xlated_prog_len, most.at("xlated_bytes"));
  }
}

}  // namespace
}  // namespace sallyport
