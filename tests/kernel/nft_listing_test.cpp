// SPDX-License-Identifier: GPL-2.0-or-later
// The two ways of a table into the kernel, our messages and the script for nft(8), list
// identically.
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/nft/script.h"
#include "runtime/nft_batch.h"
#include "runtime/nft_table.h"
#include "tests/kernel/nft_sample.h"

namespace sallyport {
namespace {

using nlohmann::json;
using test::sample_table;

class NftListingTest : public test::NftFixture {
 protected:
  /// `nft -j list table`, without handles and in an order of its own.
  json listing(const std::string& table) const {
    json things =
        json::parse(host_->must_run({"nft", "-j", "list", "table", "inet", table})).at("nftables");
    for (auto& thing : things) {
      for (auto& [kind, what] : thing.items()) what.erase("handle");
    }
    return things;
  }
  void load_script(const nft::Table& table) const {
    const std::string path = testing::TempDir() + "/sp-" + std::to_string(getpid()) + ".nft";
    std::ofstream(path) << nft::script_of(table, {"made by a test", "two\nlines"});
    const auto loaded = host_->run({"nft", "-f", path});
    unlink(path.c_str());
    ASSERT_EQ(loaded.status, 0) << loaded.output;
  }
  static json renamed(json listing, const std::string& from, const std::string& to) {
    for (auto& thing : listing) {
      for (auto& [kind, what] : thing.items()) {
        if (what.value("table", "") == from) what["table"] = to;
        if (what.value("name", "") == from) what["name"] = to;
      }
    }
    return listing;
  }
};

TEST_F(NftListingTest, the_script_and_our_messages_make_the_same_table) {
  load_script(sample_table("g1_", "scripted"));
  host_->inside([&] {
    auto table = NftTable::open("sent", {.own = false, .receive_buffer = 0});
    ASSERT_TRUE(table) << table.error().text();
    const auto sent = table->prepare(sample_table("g1_", "sent"));
    ASSERT_TRUE(sent) << sent.error().text();
    EXPECT_EQ(table->difference().value(), "");
  });
  const json scripted = renamed(listing("scripted"), "scripted", "sent");
  const json sent = listing("sent");
  ASSERT_EQ(scripted.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(scripted[i].dump(), sent[i].dump());
  EXPECT_GT(sent.size(), 30U);
}

TEST_F(NftListingTest, F2_what_nft_loaded_from_the_script_is_what_we_expect_of_our_own) {
  const nft::Table sample = sample_table("g1_");
  load_script(sample);
  const std::string before = list();
  host_->inside([&] {
    auto table = NftTable::open("sp", {.own = false, .receive_buffer = 0});
    ASSERT_TRUE(table) << table.error().text();
    const auto restored = table->restore(sample);
    ASSERT_TRUE(restored) << restored.error().text();
    EXPECT_EQ(table->difference().value(), "");
  });
  EXPECT_EQ(list(), before) << "nothing was sent, since nothing differs";
}

TEST_F(NftListingTest, F10_no_set_and_no_element_has_a_timeout) {
  const nft::Table sample = sample_table("g1_");
  EXPECT_EQ(nft::script_of(sample, {}).find("timeout"), std::string::npos);
  host_->inside([&] {
    auto table = NftTable::open("sp", {});
    ASSERT_TRUE(table) << table.error().text();
    ASSERT_TRUE(table->prepare(sample));
  });
  const std::string all = list();
  EXPECT_EQ(all.find("timeout"), std::string::npos);
  EXPECT_EQ(all.find("expires"), std::string::npos);
}

TEST_F(NftListingTest, a_script_loaded_twice_changes_nothing) {
  load_script(sample_table("g1_"));
  const std::string before = list();
  const std::string path = testing::TempDir() + "/sp-twice-" + std::to_string(getpid()) + ".nft";
  std::ofstream(path) << nft::script_of(sample_table("g1_"), {});
  EXPECT_NE(host_->run({"nft", "-f", path}).status, 0);
  unlink(path.c_str());
  EXPECT_EQ(list(), before);
}

}  // namespace
}  // namespace sallyport
