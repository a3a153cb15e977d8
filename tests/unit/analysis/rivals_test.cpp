// SPDX-License-Identifier: GPL-2.0-or-later
// What the indexes find beside what a look at every rule and every key finds, on random programs.
#include "compiler/analysis/rivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compiler/analysis/pieces.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

/// Rules of more services than random programs have: many single ports, wide ranges, one protocol.
Program with_more_services(Program program, std::mt19937_64& random) {
  for (Rule& rule : program.rules) {
    if (rule.every_service || random() % 2 == 0) continue;
    const auto first = static_cast<std::uint16_t>(1 + random() % 100);
    const auto last = static_cast<std::uint16_t>(first + (random() % 3 == 0 ? random() % 60 : 0));
    rule.services.push_back({random() % 2 == 0 ? protocol_tcp : protocol_udp, first, last});
    if (random() % 8 == 0) rule.services = any_service();
  }
  return program;
}

TEST(Rivals, the_rules_found_are_those_of_which_the_extents_overlap) {
  std::uint64_t found = 0, passed_by = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::mt19937_64 random(round);
    const Program program = with_more_services(random_program(random), random);
    const Program other = with_more_services(random_program(random), random);
    const Extents extents(program);
    const Extents others(other);
    for (const Action action : {Action::allow, Action::deny}) {
      Rivals rivals(extents, action);
      for (std::uint32_t asked = 0; asked < other.rules.size(); ++asked) {
        const Numbers cohorts = rivals.sharing(others.of(asked));
        for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
          if (program.rules[rule].action != action) continue;
          const bool shares = overlap(extents.of(rule), others.of(asked));
          const bool is_found = std::ranges::any_of(cohorts, [&](std::uint32_t cohort) {
            const Numbers members = rivals.rules(cohort);
            return std::ranges::find(members, rule) != members.end();
          });
          ASSERT_EQ(shares, is_found) << rule_text(program.rules[rule], program.derivations) << '\n'
                                      << rule_text(other.rules[asked], other.derivations);
          ++(shares ? found : passed_by);
        }
      }
    }
  }
  EXPECT_GT(found, 1000U);
  EXPECT_GT(passed_by, 1000U);
}

TEST(Rivals, the_rules_that_meet_addresses_are_those_with_a_range_there) {
  std::uint64_t found = 0, passed_by = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::mt19937_64 random(round);
    const Program program = random_program(random);
    const Program other = random_program(random);
    const Extents extents(program);
    Rivals rivals(extents, Action::deny);
    for (const Rule& asked : other.rules) {
      const AddressSet addresses = canonical(asked.remote.ranges);
      for (std::uint32_t cohort = 0; cohort < rivals.size(); ++cohort) {
        const Numbers meeting = rivals.meeting(cohort, addresses);
        for (const std::uint32_t rule : rivals.rules(cohort)) {
          const bool meets = overlap(canonical(program.rules[rule].remote.ranges), addresses);
          ASSERT_EQ(meets, std::ranges::binary_search(meeting, rule));
          ++(meets ? found : passed_by);
        }
      }
    }
  }
  EXPECT_GT(found, 100U);
  EXPECT_GT(passed_by, 100U);
}

ServiceSet random_services(std::mt19937_64& random) {
  std::vector<Service> services;
  for (std::uint64_t i = 0; i <= random() % 4; ++i) {
    const auto first = static_cast<std::uint16_t>(random() % 12);
    const auto last = static_cast<std::uint16_t>(first + random() % 6);
    services.push_back({random() % 2 == 0 ? protocol_tcp : protocol_udp, first, last});
  }
  if (random() % 4 == 0) services.push_back({protocol_tcp, 10, 65535});
  return canonical_services(std::move(services));
}

TEST(Pieces, each_port_is_in_the_piece_of_just_the_keys_that_hold_it) {
  for (std::uint64_t round = 0; round < 500; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::mt19937_64 random(round);
    const ServiceSet base = random_services(random);
    std::vector<ServiceSet> keys;
    for (std::uint64_t i = 0; i < random() % 6; ++i) keys.push_back(random_services(random));
    const auto pieces = pieces_of(base, keys);
    ServiceSet all;
    for (const auto& piece : pieces) {
      EXPECT_EQ(piece.set, canonical_services(piece.set));
      EXPECT_FALSE(overlap(all, piece.set));
      all = union_of(all, piece.set);
      const auto same = std::ranges::count(pieces, piece.holders, &Piece<ServiceSet>::holders);
      EXPECT_EQ(same, 1);
      for (std::uint32_t key = 0; key < keys.size(); ++key) {
        EXPECT_EQ(without(piece.set, keys[key]), piece.is_in(key) ? ServiceSet{} : piece.set);
      }
    }
    EXPECT_EQ(all, base);
  }
}

TEST(Pieces, of_addresses_up_to_the_last_of_each_family) {
  const AddressSet whole = every_address();
  const AddressSet half{AddressRange::parse("128.0.0.0/1").value(),
                        AddressRange::parse("8000::/1").value()};
  const auto pieces = pieces_of(whole, {half, whole});
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].set, half);
  EXPECT_EQ(pieces[0].holders, (Numbers{0, 1}));
  EXPECT_EQ(pieces[1].set, without(whole, half));
  EXPECT_EQ(pieces[1].holders, Numbers{1});
}

}  // namespace
}  // namespace sallyport
