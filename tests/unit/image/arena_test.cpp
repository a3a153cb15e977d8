// SPDX-License-Identifier: GPL-2.0-or-later
// The arena read back by a reader of its own, which knows only bpf/abi.h.
#include "compiler/image/arena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"
#include "tests/support/random_program.h"

namespace sallyport {
namespace {

/// Looks things up the way the datapath does, with every read checked against the end.
class ArenaReader {
 public:
  explicit ArenaReader(std::span<const std::byte> arena)
      : arena_(arena), header_(read<SpArenaHeader>(0)) {}

  const SpArenaHeader& header() const { return header_; }

  std::uint32_t label4(const SpTable& table, std::uint32_t key) const {
    return label_in<SpRange4>(table, key, key,
                              [](const SpRange4& range) { return Uint128{range.start}; });
  }
  std::uint32_t label6(const SpTable& table, Uint128 key) const {
    return label_in<SpRange6>(
        table, key, static_cast<std::uint64_t>(key >> 64),
        [](const SpRange6& range) { return Uint128{range.high} << 64 | range.low; });
  }
  std::uint32_t service_label(std::uint32_t key) const {
    const SpServices& service = header_.service;
    const auto table = read<std::uint32_t>(service.protocols + (key >> 16) * 4);
    const auto page = read<std::uint32_t>(service.tables + (table * 256 + (key >> 8 & 255)) * 4);
    return read<std::uint32_t>(service.pages + (page * 256 + (key & 255)) * 4);
  }
  std::uint32_t label(const SpTable& v4, const SpTable& v6, const Address& address) const {
    return address.family == Family::v4 ? label4(v4, static_cast<std::uint32_t>(address.number))
                                        : label6(v6, address.number);
  }
  std::uint32_t zone(const Address& local, std::uint16_t vlan) const {
    const std::uint32_t place = label(header_.zone4, header_.zone6, local);
    if (header_.vlan_classes == 1) return place;
    const std::uint32_t vlan_class = read<std::uint16_t>(header_.vlans + vlan * 2U);
    return read<std::uint32_t>(header_.place_zones +
                               (place * header_.vlan_classes + vlan_class) * 4);
  }
  std::uint32_t row(std::uint32_t zone, std::uint32_t remote) const {
    return read<std::uint32_t>(header_.rows + (zone * header_.remotes + remote) * 4);
  }
  std::uint32_t cell(std::uint32_t row, std::uint32_t service) const {
    return read<std::uint32_t>(header_.verdicts + (row * header_.services + service) * 4);
  }

 private:
  template <class T>
  T read(std::size_t offset) const {
    if (offset % std::min<std::size_t>(sizeof(T), 8) != 0) ADD_FAILURE() << "unaligned " << offset;
    T value{};
    if (offset + sizeof value > arena_.size()) {
      ADD_FAILURE() << "read behind the end at " << offset;
    } else {
      std::memcpy(&value, &arena_[offset], sizeof value);
    }
    return value;
  }
  /// By the steps, then among the ranges of the run. The way must end where a look at all ranges
  /// does.
  template <class Range, class Start>
  std::uint32_t label_in(const SpTable& table, Uint128 key, std::uint64_t leading,
                         Start start_of) const {
    const auto range = [&](std::uint32_t at) {
      return read<Range>(table.ranges + at * sizeof(Range));
    };
    std::uint32_t all = 0;
    while (all + 1 < table.count && start_of(range(all + 1)) <= key) ++all;

    SpStep step = table.root;
    const auto step_at = [&](std::uint64_t at) {
      EXPECT_LT(at, table.step_count);
      return read<SpStep>(table.steps + at * sizeof(SpStep));
    };
    for (int steps = 1; SP_STEP_GOES_ON(step.form); ++steps) {
      EXPECT_LT(steps, SP_MAX_STEPS);
      const std::uint64_t head = leading >> SP_STEP_SHIFT(step.form);
      std::uint64_t place = head & ((std::uint64_t{1} << SP_STEP_BITS(step.form)) - 1);
      if (SP_STEP_IS_PREFIX(step.form)) {
        const SpStep number = step_at(step.at);
        const std::uint64_t prefix = std::uint64_t{number.form} << 32 | number.at;
        place = head == prefix ? 1 : head < prefix ? 2 : 3;
      }
      step = step_at(step.at + place);
    }
    std::uint32_t label = step.at;
    if (step.form != SP_STEP_LABEL) {
      EXPECT_TRUE(step.form > 0 && step.at + step.form <= table.count) << "a run of " << step.form;
      std::uint32_t found = step.at;
      while (found + 1 < step.at + step.form && start_of(range(found + 1)) <= key) ++found;
      label = range(found).label;
    }
    EXPECT_EQ(label, range(all).label);
    return label;
  }

  std::span<const std::byte> arena_;
  SpArenaHeader header_;
};

std::vector<std::byte> arena_of(const Image& image) {
  return build_arena(image, image.labels, capacity_for(image.labels)).value();
}

void expect_rows_of(const ArenaReader& reader, const LabelTables& tables) {
  for (std::uint32_t remote = 0; remote < tables.rows.size(); ++remote) {
    for (std::uint32_t zone = 0; zone < tables.rows[remote].size(); ++zone) {
      ASSERT_EQ(reader.row(zone, remote), tables.rows[remote][zone]);
    }
  }
  for (std::uint32_t row = 0; row < tables.verdicts.size(); ++row) {
    for (std::uint32_t service = 0; service < tables.verdicts[row].size(); ++service) {
      ASSERT_EQ(reader.cell(row, service), tables.verdicts[row][service]);
    }
  }
}

TEST(Arena, HoldsTheTablesOfRandomImages) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Program program = random_program(random);
    const Image image = make_image(program);
    const auto arena = arena_of(image);
    const ArenaReader reader(arena);
    const SpArenaHeader& header = reader.header();
    ASSERT_EQ(header.magic, SP_ARENA_MAGIC);
    ASSERT_EQ(header.version, SP_ABI_VERSION);
    ASSERT_EQ(header.size, arena.size());
    ASSERT_TRUE(std::has_single_bit(header.size) && header.size >= SP_ARENA_MIN_SIZE);
    ASSERT_EQ(header.services, image.service_labels);
    ASSERT_EQ(header.zones, image.zone_sets.size());

    for (const Address& local : local_boundaries(program)) {
      const bool v4 = local.family == Family::v4;
      ASSERT_EQ(reader.label(header.zone4, header.zone6, local),
                v4 ? image.zone4.find(static_cast<std::uint32_t>(local.number))
                   : image.zone6.find(local.number));
    }
    ASSERT_EQ(header.places, image.place_zones.size());
    ASSERT_EQ(header.vlan_classes, vlan_classes(image));
    for (const std::uint16_t vlan : vlan_boundaries(program)) {
      for (const Address& local : local_boundaries(program)) {
        ASSERT_EQ(reader.zone(local, vlan), zone_label(image, local, vlan)) << local.text();
      }
    }
    for (const Address& remote : remote_boundaries(program, random_bindings(random))) {
      ASSERT_EQ(reader.label(header.remote4, header.remote6, remote), static_label(image, remote))
          << remote.text();
    }
    for (const Service& service : service_boundaries(program)) {
      for (const std::uint32_t key :
           {SP_SERVICE_KEY(service.protocol, service.first), SP_FRAGMENT_KEY(service.protocol)}) {
        ASSERT_EQ(reader.service_label(key), image.service.find(key)) << key;
      }
    }
    expect_rows_of(reader, image.labels);
  }
}

TEST(Arena, UnusedLabelsAndRowsOpenNothing) {
  const Image image = make_image(program_of({allow({"tcp 443"}, {"0.0.0.0/0", "a.example.com"})}));
  const auto arena = arena_of(image);
  const ArenaReader reader(arena);
  const auto unused = static_cast<std::uint32_t>(image.labels.rows.size());
  ASSERT_LT(unused, reader.header().remotes);
  for (std::uint32_t service = 0; service < reader.header().services; ++service) {
    EXPECT_EQ(reader.cell(reader.row(0, unused), service), 0U);
  }
}

TEST(Arena, RulesThatLogHaveSlotsInOrder) {
  Program program = program_of({allow({"tcp 443"}, {"192.0.2.1"}), allow({"tcp 80"}, {"192.0.2.2"}),
                                allow({"tcp 22"}, {"192.0.2.3"})});
  const auto silent = arena_of(make_image(program));
  EXPECT_EQ(ArenaReader(silent).header().rules, 3U);
  EXPECT_EQ(ArenaReader(silent).header().log_slots, 0U);

  program.rules[0].log = program.rules[2].log = true;
  const auto arena = arena_of(make_image(program));
  const ArenaReader reader(arena);
  ASSERT_NE(reader.header().log_slots, 0U);
  std::vector<std::uint32_t> slots(4);
  std::memcpy(slots.data(), &arena[reader.header().log_slots], 4 * sizeof(std::uint32_t));
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{SP_NO_LOG_SLOT, 0, SP_NO_LOG_SLOT, 1}));
}

TEST(Arena, CapacityLeavesAsMuchAgainAndAtLeast1024) {
  LabelTables labels;
  labels.remote_groups.resize(10);
  labels.verdicts.resize(5000);
  const ArenaCapacity capacity = capacity_for(labels);
  EXPECT_EQ(capacity.remote_labels, 10U + 1024U);
  EXPECT_EQ(capacity.rows, 10'000U);
}

TEST(Arena, AppendedLabelsEqualAFreshArena) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Image image = make_image(random_program(random));
    const ArenaCapacity capacity = capacity_for(image.labels);
    auto arena = build_arena(image, image.labels, capacity).value();

    LabelTables tables = image.labels;
    Labeler labeler(image, tables);
    for (const auto& [name, addresses] : random_bindings(random)) {
      for (const Address& bound : addresses) labeler.label_for(bound, {&name, 1});
    }
    ASSERT_TRUE(
        append_labels(arena, tables, image.labels.rows.size(), image.labels.verdicts.size()));
    ASSERT_EQ(arena, build_arena(image, tables, capacity).value());
  }
}

TEST(Arena, AppendBeyondTheCapacityWritesNothing) {
  const Image image =
      make_image(program_of({allow({"tcp 1"}, {"192.0.2.1"}), allow({"tcp 2"}, {"192.0.2.2"})}));
  LabelTables tables = image.labels;
  const ArenaCapacity tight{static_cast<std::uint32_t>(tables.rows.size()),
                            static_cast<std::uint32_t>(tables.verdicts.size())};
  auto arena = build_arena(image, tables, tight).value();
  const auto before = arena;
  Labeler(image, tables).label_of({1, 2});
  EXPECT_FALSE(append_labels(arena, tables, tight.remote_labels, tight.rows));
  EXPECT_EQ(arena, before);
  EXPECT_FALSE(build_arena(image, tables, tight));

  auto foreign = before;
  foreign[0] ^= std::byte{1};
  EXPECT_FALSE(append_labels(foreign, image.labels, 0, 0)) << "not an arena";
}

TEST(Arena, TablesThatNeverFitAreRefused) {
  const Image image = make_image(program_of({allow({"tcp 1"}, {"192.0.2.1"})}));
  const auto arena = build_arena(image, image.labels, {1U << 20, 1U << 30});
  ASSERT_FALSE(arena);
  EXPECT_THAT(arena.error().text(),
              testing::StartsWith("cannot lay out the tables: the policy is too large"));
}

}  // namespace
}  // namespace sallyport
