// SPDX-License-Identifier: GPL-2.0-or-later
// Days: what is one, and that text and day are one and the same.
#include "compiler/values/day.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Day, IsADayOfTheCalendar) {
  for (const char* good : {"2024-10-22", "2024-02-29", "0001-01-01", "9999-12-31"}) {
    ASSERT_TRUE(parse_day(good)) << good;
    EXPECT_EQ(day_text(*parse_day(good)), good);
  }
  for (const char* bad :
       {"", "2024-10-2", "2023-02-29", "2024-13-01", "2024-00-10", "2024-10-00", "2024/10/22",
        "20241-0-22", "2024-1a-22", "-024-10-22", "2024-10-022", "0000-01-01"}) {
    EXPECT_FALSE(parse_day(bad)) << bad;
  }
}

TEST(Day, IsCountedInUtc) {
  EXPECT_EQ(parse_day("1970-01-02")->time_since_epoch().count(), 1);
}

}  // namespace
}  // namespace sallyport
