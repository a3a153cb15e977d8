// SPDX-License-Identifier: GPL-2.0-or-later
// The pages hold what the ranges say, for every key that a packet can have (C5), and equal ones
// once.
#include "compiler/image/service_pages.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sallyport {
namespace {

std::uint32_t label_of(const ServicePages& services, std::uint32_t key) {
  const auto& table = services.tables.at(services.protocols.at(key >> 16));
  return services.pages.at(table[key >> 8 & 255])[key & 255];
}

TEST(ServicePages, NothingIsOnePage) {
  const ServicePages services = service_pages({});
  EXPECT_EQ(services.tables.size(), 1U);
  EXPECT_EQ(services.pages.size(), 1U);
  EXPECT_EQ(label_of(services, SP_SERVICE_KEY_LAST), 0U);
}

TEST(ServicePages, C5_EveryKeyHasTheLabelOfItsRange) {
  std::mt19937_64 dice(1);
  RangeTable<std::uint32_t> table;
  std::set<std::uint32_t> starts;
  for (const std::uint32_t block : {6U, 17U, 1U, 256U + 6, 511U}) {
    for (int i = 0; i < 20; ++i)
      starts.insert(block << 16 | static_cast<std::uint32_t>(dice() % 65536));
    starts.insert(block << 16);
    starts.insert(block << 16 | 65535);
  }
  for (const std::uint32_t start : starts) {
    table.starts.push_back(start);
    table.labels.push_back(1 + static_cast<std::uint32_t>(dice() % 9));
  }
  const ServicePages services = service_pages(table);
  for (std::uint32_t key = 0; key <= SP_SERVICE_KEY_LAST; ++key) {
    if (label_of(services, key) != table.find(key)) FAIL() << key;
  }
  EXPECT_LT(services.pages.size(), 150U) << "equal pages are stored again";
}

}  // namespace
}  // namespace sallyport
