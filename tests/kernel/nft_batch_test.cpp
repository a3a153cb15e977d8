// SPDX-License-Identifier: GPL-2.0-or-later
// Batches as bytes, and how transactions go: applied, refused, stale, unknown.
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "runtime/nft_attributes.h"
#include "runtime/nft_batch.h"
#include "runtime/nft_dump.h"
#include "runtime/nft_socket.h"
#include "tests/kernel/nft_sample.h"

namespace sallyport {
namespace {

using test::make_set;
using test::nth_service_key;

const std::vector<nft::KeyPart> service{nft::KeyPart::ipv4, nft::KeyPart::protocol,
                                        nft::KeyPart::port};

nft::Table table_of(std::uint32_t elements) {
  nft::Table table;
  table.name = "sp";
  table.generation_prefix = "g1_";
  table.sets = {make_set("g1_exact", service, nft::Holds::nothing, false)};
  for (std::uint32_t i = 0; i < elements; ++i) {
    table.sets[0].elements.push_back({nth_service_key(i), 0});
  }
  return table;
}

/// Calls for each message of the batch.
template <class Take>
void each_message(std::span<const std::uint8_t> bytes, const Take& take) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
  int left = static_cast<int>(bytes.size());
  for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) take(*header);
  EXPECT_EQ(left, 0);
}

TEST(NftBatchTest, F1_no_list_of_elements_is_longer_than_32_KiB) {
  const nft::Table table = table_of(5000);
  NftBatch batch("sp");
  batch.add_elements(table, table.sets[0]);
  for (const nft::Element& element : table.sets[0].elements) {
    batch.remove_element(table.sets[0], element_of(table, table.sets[0], element));
  }
  std::size_t added = 0;
  std::size_t removed = 0;
  each_message(batch.seal(1, 0), [&](const nlmsghdr& message) {
    const NftAttributes attributes(message);
    if (kind_of(message) != NFT_MSG_NEWSETELEM && kind_of(message) != NFT_MSG_DELSETELEM) return;
    const nlattr* list = attributes.at(NFTA_SET_ELEM_LIST_ELEMENTS);
    ASSERT_TRUE(list);
    EXPECT_LE(list->nla_len, 32 * 1024);
    std::size_t& count = kind_of(message) == NFT_MSG_NEWSETELEM ? added : removed;
    each_attribute(list, [&](const nlattr*) { ++count; });
  });
  EXPECT_EQ(added, 5000U);
  EXPECT_EQ(removed, 5000U);
}

TEST(NftBatchDeathTest, F1_T5_a_list_of_65536_bytes_ends_the_program) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const nft::Table table = table_of(5000);
  EXPECT_DEATH(
      {
        NftBatch batch("sp", 1U << 20);
        batch.add_elements(table, table.sets[0]);
        batch.seal(1, 0);
      },
      "");
}

TEST(NftBatchTest, says_what_each_message_does) {
  const nft::Table table = table_of(1);
  NftBatch batch("sp");
  batch.add_table(0);
  batch.add_set(table.sets[0]);
  batch.add_elements(table, table.sets[0]);
  batch.remove_chain("g0_old");
  EXPECT_EQ(batch.deed(1), "add table sp");
  EXPECT_EQ(batch.deed(2), "add set g1_exact");
  EXPECT_EQ(batch.deed(3), "add 1 element to set g1_exact");
  EXPECT_EQ(batch.deed(4), "remove chain g0_old");
}

class NftSocketTest : public test::NftFixture {
 protected:
  static NftOutcome create(NftSocket& socket, const nft::Table& table, std::size_t list_limit) {
    NftBatch batch("sp", list_limit);
    batch.add_table(0);
    for (const nft::Set& set : table.sets) batch.add_set(set);
    for (const nft::Set& set : table.sets) batch.add_elements(table, set);
    return socket.commit(batch, {});
  }
  static NftDigest digest(NftSocket& socket) {
    NftDigest digest;
    const auto read = read_elements(
        socket, "sp", "g1_exact", [&] { digest = {}; },
        [&](const NftElement& element) { digest.add(element); });
    EXPECT_TRUE(read) << read.error().text();
    return digest;
  }
};

TEST_F(NftSocketTest, T5_5000_of_5000_elements_are_read_back) {
  host_->inside([&] {
    const nft::Table table = table_of(5000);
    auto socket = NftSocket::open();
    ASSERT_TRUE(socket);
    const NftOutcome outcome = create(*socket, table, NftBatch::usual_list_limit);
    ASSERT_EQ(outcome.kind, NftOutcome::Kind::applied) << outcome.error.text();
    EXPECT_EQ(digest(*socket), digest_of(table, table.sets[0]));
    EXPECT_EQ(digest(*socket).count, 5000U);
  });
}

TEST_F(NftSocketTest, F5_T6_a_lost_acknowledgement_is_an_unknown_outcome_not_a_failure) {
  host_->inside([&] {
    const nft::Table table = table_of(5000);
    auto socket = NftSocket::open(4096);
    ASSERT_TRUE(socket);
    // Hears its own notifications, which fill the small buffer before the acknowledgement comes.
    const int group = NFNLGRP_NFTABLES;
    ASSERT_EQ(setsockopt(socket->descriptor(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              0);
    const NftOutcome outcome = create(*socket, table, 600);  // an element a message
    EXPECT_EQ(outcome.kind, NftOutcome::Kind::unknown);
    EXPECT_EQ(outcome.number, ENOBUFS);
    EXPECT_EQ(setsockopt(socket->descriptor(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group,
                         sizeof(group)),
              0);
    EXPECT_EQ(digest(*socket), digest_of(table, table.sets[0])) << "though all were applied";
    const auto found = find_elements(
        *socket, "sp", table.sets[0],
        std::vector{nth_service_key(0), nth_service_key(4999), nth_service_key(5000)});
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_TRUE((*found)[0].present && (*found)[1].present);
    EXPECT_FALSE((*found)[2].present);
  });
}

TEST_F(NftSocketTest, T6_five_thousand_refusals_in_4_KiB_are_never_a_success) {
  host_->inside([&] {
    const nft::Table table = table_of(5000);
    auto socket = NftSocket::open(4096);
    ASSERT_TRUE(socket);
    ASSERT_EQ(create(*socket, table_of(0), 600).kind, NftOutcome::Kind::applied);
    NftBatch batch("sp", 600);
    for (const nft::Element& element : table.sets[0].elements) {
      batch.remove_element(table.sets[0], element_of(table, table.sets[0], element));
    }
    const NftOutcome outcome = socket->commit(batch, {});
    EXPECT_NE(outcome.kind, NftOutcome::Kind::applied);
    EXPECT_EQ(digest(*socket).count, 0U);
    // The socket goes on.
    EXPECT_EQ(create(*socket, table, 32 * 1024).kind, NftOutcome::Kind::refused) << "set exists";
  });
}

TEST_F(NftSocketTest, F4_T7_a_stale_generation_applies_nothing) {
  host_->inside([&] {
    const nft::Table table = table_of(10);
    auto socket = NftSocket::open();
    ASSERT_TRUE(socket);
    ASSERT_EQ(create(*socket, table_of(0), 32 * 1024).kind, NftOutcome::Kind::applied);
    const auto generation = socket->generation();
    ASSERT_TRUE(generation);
    nft("add table inet other");
    NftBatch batch("sp");
    batch.add_elements(table, table.sets[0]);
    EXPECT_EQ(socket->commit(batch, *generation).kind, NftOutcome::Kind::stale);
    EXPECT_EQ(digest(*socket).count, 0U);
    NftBatch again("sp");
    again.add_elements(table, table.sets[0]);
    EXPECT_EQ(socket->commit(again, socket->generation().value()).kind, NftOutcome::Kind::applied);
    EXPECT_EQ(digest(*socket).count, 10U);
  });
}

TEST_F(NftSocketTest, a_refusal_names_what_was_refused) {
  host_->inside([&] {
    auto socket = NftSocket::open();
    ASSERT_TRUE(socket);
    nft::Table table = table_of(3);
    NftBatch batch("sp");
    batch.add_elements(table, table.sets[0]);
    const NftOutcome outcome = socket->commit(batch, {});
    EXPECT_EQ(outcome.kind, NftOutcome::Kind::refused);
    EXPECT_EQ(outcome.error.text(),
              "cannot add 3 elements to set g1_exact: no such file or directory");
  });
}

TEST_F(NftSocketTest, F8_a_check_leaves_no_trace) {
  const std::string before = list();
  host_->inside([&] {
    auto socket = NftSocket::open();
    ASSERT_TRUE(socket);
    const auto generation = socket->generation();
    NftBatch batch("sp");
    batch.add_table(0);
    EXPECT_EQ(socket->check(batch).kind, NftOutcome::Kind::applied);
    EXPECT_EQ(socket->generation().value(), generation.value());
  });
  EXPECT_EQ(list(), before);
}

TEST_F(NftSocketTest, T10_elements_go_in_in_any_order) {
  host_->inside([&] {
    auto socket = NftSocket::open();
    ASSERT_TRUE(socket);
    nft::Table table = table_of(3000);
    nft::Set ranges = make_set("g1_ranges", {nft::KeyPart::ipv4}, nft::Holds::nothing, true);
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const Address first = Address::v4(0x0b000000U + i * 512);
      ranges.intervals.push_back(
          {nft::key_of(first), nft::key_of(Address::v4(0x0b000000U + i * 512 + 255)), 0});
    }
    std::mt19937 random(7);
    for (int round = 0; round < 5; ++round) {
      std::vector<NftElement> elements;
      each_element(table, ranges, [&](const NftElement& element) { elements.push_back(element); });
      std::vector<nft::Element> services = table.sets[0].elements;
      // Whole intervals change places; the two ends of one stay together.
      std::vector<std::size_t> order(elements.size() / 2);
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::ranges::shuffle(order, random);
      std::ranges::shuffle(services, random);
      NftBatch batch("sp");
      batch.add_table(0);
      batch.remove_table();
      batch.add_table(0);
      batch.add_set(table.sets[0]);
      batch.add_set(ranges);
      for (const nft::Element& element : services) {
        batch.add_element(table.sets[0], element_of(table, table.sets[0], element));
      }
      batch.add_element(ranges, elements[0]);  // the end at zero
      for (const std::size_t i : order) {
        batch.add_element(ranges, elements[1 + 2 * i]);
        batch.add_element(ranges, elements[2 + 2 * i]);
      }
      const NftOutcome outcome = socket->commit(batch, {});
      ASSERT_EQ(outcome.kind, NftOutcome::Kind::applied) << outcome.error.text();
      EXPECT_EQ(digest(*socket), digest_of(table, table.sets[0]));
    }
  });
}

}  // namespace
}  // namespace sallyport
