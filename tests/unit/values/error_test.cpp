// SPDX-License-Identifier: GPL-2.0-or-later
// An Error reads as one sentence.
#include "compiler/values/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sallyport {
namespace {

TEST(Error, ReadsAsOneSentence) {
  const Error with_detail{"attach to lan0", "device busy", "another XDP program, id 41"};
  EXPECT_EQ(with_detail.text(), "cannot attach to lan0: device busy (another XDP program, id 41)");
  const Error bare{"open x.sally", "no such file or directory", {}};
  EXPECT_EQ(bare.text(), "cannot open x.sally: no such file or directory");
}

TEST(Error, CarriesTheSystemsText) {
  EXPECT_EQ(Error::from_errno("open x", ENOENT).text(), "cannot open x: no such file or directory");
  EXPECT_EQ(Error::from_errno("open x", EACCES, "needs CAP_BPF").text(),
            "cannot open x: permission denied (needs CAP_BPF)");
  EXPECT_EQ(Error::from_errno("bind", EADDRINUSE).cause, "address already in use");
}

}  // namespace
}  // namespace sallyport
