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
    std::uint32_t at = 0;
    while (at + 1 < table.count && read<std::uint32_t>(table.starts + (at + 1) * 4) <= key) ++at;
    return read<std::uint32_t>(table.labels + at * 4);
  }
  std::uint32_t label6(const SpTable& table, Uint128 key) const {
    std::uint32_t at = 0;
    while (at + 1 < table.count && start6(table, at + 1) <= key) ++at;
    return read<std::uint32_t>(table.labels + at * 4);
  }
  std::uint32_t label(const SpTable& v4, const SpTable& v6, const Address& address) const {
    return address.family == Family::v4 ? label4(v4, static_cast<std::uint32_t>(address.number))
                                        : label6(v6, address.number);
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
  Uint128 start6(const SpTable& table, std::uint32_t at) const {
    const auto start = read<SpStart6>(table.starts + at * sizeof(SpStart6));
    return Uint128{start.high} << 64 | start.low;
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
    for (const Address& remote : remote_boundaries(program, random_bindings(random))) {
      ASSERT_EQ(reader.label(header.remote4, header.remote6, remote), static_label(image, remote))
          << remote.text();
    }
    for (const Service& service : service_boundaries(program)) {
      for (const std::uint32_t key :
           {SP_SERVICE_KEY(service.protocol, service.first), SP_FRAGMENT_KEY(service.protocol)}) {
        ASSERT_EQ(reader.label4(header.service, key), image.service.find(key)) << key;
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
