// SPDX-License-Identifier: GPL-2.0-or-later
// The self-test of a loaded datapath: what is sound passes and leaves no counts, and every fault
// planted into its tables is found and told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <string>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "runtime/self_test.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

const std::string disagree =
    "cannot use generation 3: the loaded datapath and the evaluator disagree (";

/// Two zones, their ranges side by side with others, a deny inside an allow; every row of its
/// tables is reached without a binding.
Program two_zones() {
  Program program = program_of({
      in_zone(0, allow({"tcp 443", "udp 5000-6000"}, {"198.51.100.0/24", "2001:db8:100::/48"})),
      in_zone(1, allow({"tcp 22", "icmp 8", "gre"}, {"198.51.100.128-203.0.113.9"})),
      allow({"tcp 0-65535"}, {"192.0.2.0/24", "2001:db8:200::1"}),
      deny({"tcp 8000-8080"}, {"192.0.2.64/26"}),
      deny_every_service({"198.51.100.66"}),
  });
  program.zones = {
      {"staff", {*AddressRange::parse("10.20.0.0/16"), *AddressRange::parse("fd20::/64")}},
      {"dmz", {*AddressRange::parse("10.21.0.0/24")}}};
  program.resolvers = {{"office", {{address("192.0.2.53")}}}};
  std::uint32_t line = 10;
  for (Rule& rule : program.rules) rule.origin.rule = {"gateway.sally", line++, 3};
  return program;
}

/// What the self-test says of a datapath with the tables of `image`; empty if nothing.
std::string verdict_on(const Program& program, const Image& image) {
  auto datapath = Datapath::load(image);
  if (!datapath) return datapath.error().text();
  const auto tested = self_test("generation 3", program, *datapath);
  if (!tested) return tested.error().text();
  const auto counters = datapath->counters();
  if (!counters) return counters.error().text();
  EXPECT_THAT(counters->rules, Each(Counter{}));
  EXPECT_THAT(counters->reasons, Each(Counter{}));
  return "";
}

class SelfTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  }
  const Program program_ = two_zones();
  const Image image_ = make_image(program_);
};

TEST_F(SelfTest, D2_a_sound_datapath_passes_and_has_counted_nothing) {
  EXPECT_EQ(verdict_on(program_, image_), "");
  EXPECT_EQ(verdict_on(Program{}, make_image(Program{})), "");
}

TEST_F(SelfTest, sound_random_programs_pass) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 60; ++i) {
    const Program program = random_program(random);
    ASSERT_EQ(verdict_on(program, make_image(program)), "") << i << "\n" << program_text(program);
  }
}

TEST_F(SelfTest, the_example_gateway_passes) {
  const auto compiled =
      compile(std::filesystem::path(SALLYPORT_SOURCE_DIR) / "policies" / "gateway.sally");
  ASSERT_TRUE(compiled) << compiled.error().text();
  ASSERT_EQ(compiled->programs.size(), 1U);
  const Program& program = compiled->programs[0];
  EXPECT_EQ(verdict_on(program, make_image(program)), "");
}

TEST_F(SelfTest, many_rules_over_one_address_pass) {
  Program program;
  program.policy = "deep";
  for (int i = 0; i < 3000; ++i) {
    const std::string port = "tcp " + std::to_string(1000 + i);
    program.rules.push_back(allow({port}, {"0.0.0.0/0"}));
  }
  EXPECT_EQ(verdict_on(program, make_image(program)), "");
}

TEST_F(SelfTest, C2_every_flipped_cell_is_found) {
  for (std::size_t row = 0; row < image_.labels.verdicts.size(); ++row) {
    for (std::size_t service = 0; service < image_.labels.verdicts[row].size(); ++service) {
      // `deny any` leaves no service without a label.
      if (std::ranges::count(image_.service.labels, service) == 0) continue;
      Image doctored = image_;
      std::uint32_t& cell = doctored.labels.verdicts[row][service];
      // A pass becomes a drop, what matched nothing passes, and a deny is forgotten.
      cell = cell == 0 ? 1 : 0;
      EXPECT_THAT(verdict_on(program_, doctored), StartsWith(disagree))
          << "row " << row << ", service label " << service;
    }
  }
}

TEST_F(SelfTest, C2_another_rule_that_decides_alike_is_found) {
  Image doctored = image_;
  for (auto& row : doctored.labels.verdicts) {
    for (std::uint32_t& cell : row) {
      if (cell == 3) cell = 1;
    }
  }
  EXPECT_THAT(verdict_on(program_, doctored), HasSubstr("rule gateway.sally:10:3 decides "));
}

/// A service key that some packet has: fragments and most protocols have no ports.
bool is_met(std::uint32_t key) {
  const std::uint32_t port = key & 0xffff;
  if (key >= SP_FRAGMENT_KEY(0)) return port == 0;
  return port <= last_port(static_cast<std::uint8_t>(key >> 16));
}

/// Each range of the table takes the key beside it from its neighbour, unless `unseen(key, key of
/// the neighbour)` says that no packet could tell; returns how many did.
template <class Number, class Unseen>
int move_every_edge(const Program& program, const Image& image, RangeTable<Number> Image::*table,
                    Unseen unseen) {
  const RangeTable<Number>& sound = image.*table;
  int moved = 0;
  for (std::size_t edge = 1; edge < sound.starts.size(); ++edge) {
    for (const bool up : {false, true}) {
      const Number start = up ? sound.starts[edge] + 1 : sound.starts[edge] - 1;
      const bool vanishes = edge + 1 < sound.starts.size() && start == sound.starts[edge + 1];
      if (start == sound.starts[edge - 1] || vanishes) continue;
      const Number below = sound.starts[edge] - 1;
      const Number above = sound.starts[edge];
      if (up ? unseen(above, below) : unseen(below, above)) continue;
      Image doctored = image;
      (doctored.*table).starts[edge] = start;
      EXPECT_THAT(verdict_on(program, doctored), StartsWith(disagree))
          << "edge " << edge << (up ? " up" : " down") << ", key "
          << static_cast<std::uint64_t>(sound.starts[edge]);
      ++moved;
    }
  }
  return moved;
}

TEST_F(SelfTest, C2_every_edge_moved_by_one_is_found) {
  const auto never = [](auto, auto) { return false; };
  EXPECT_GT(move_every_edge(program_, image_, &Image::remote4, never), 10);
  EXPECT_GT(move_every_edge(program_, image_, &Image::remote6, never), 2);
  EXPECT_GT(move_every_edge(program_, image_, &Image::zone4, never), 4);
  EXPECT_GT(move_every_edge(program_, image_, &Image::zone6, never), 2);
  const auto unseen = [&](std::uint32_t key, std::uint32_t neighbour) {
    const std::uint32_t is = image_.service.find(key);
    const std::uint32_t becomes = image_.service.find(neighbour);
    return !is_met(key) || std::ranges::all_of(image_.labels.verdicts, [&](const auto& row) {
      return row[is] == row[becomes];
    });
  };
  EXPECT_GT(move_every_edge(program_, image_, &Image::service, unseen), 10);
}

TEST_F(SelfTest, C2_swapped_zones_are_found) {
  Image doctored = image_;
  for (std::uint32_t& label : doctored.zone4.labels) {
    if (label != 0) label = 3 - label;
  }
  EXPECT_THAT(verdict_on(program_, doctored), StartsWith(disagree));
}

TEST_F(SelfTest, C2_a_removed_deny_is_found_and_told_with_its_place) {
  for (const std::size_t deny : {3U, 4U}) {
    Program without = program_;
    without.rules[deny].remote.ranges.clear();
    const std::string told = verdict_on(program_, make_image(without));
    EXPECT_THAT(told, StartsWith(disagree));
    EXPECT_THAT(told, HasSubstr("evaluator drops by gateway.sally:" + std::to_string(10 + deny) +
                                ":3, datapath passes)"));
  }
}

TEST_F(SelfTest, a_removed_allow_is_told_with_the_packet) {
  Program without = program_;
  without.rules[0].remote.ranges.erase(without.rules[0].remote.ranges.begin());
  EXPECT_EQ(verdict_on(program_, make_image(without)),
            disagree +
                "tcp 10.20.0.0 -> 198.51.100.0:443: evaluator passes by gateway.sally:10:3, "
                "datapath drops)");
}

TEST(CheckImage, only_the_image_of_the_program_is_taken) {
  const Program program = two_zones();
  const auto read = read_program(program_text(program));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(check_image("generation 3", *read, make_image(program)));
  Image doctored = make_image(program);
  doctored.labels.verdicts.back().back() ^= 1;
  const auto refused = check_image("generation 3", program, doctored);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "cannot use generation 3: the tables of its bundle are not what its program means "
            "(build the bundle again with this version)");
}

}  // namespace
}  // namespace sallyport
