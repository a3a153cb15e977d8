// SPDX-License-Identifier: GPL-2.0-or-later
// A policy that would fill the datapath's tables is refused when it is built (C11).
#include "compiler/image/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

using testing::HasSubstr;

TEST(Capacity, C11_an_ordinary_image_fits) {
  const Image image = make_image(program_of({allow({"tcp 443"}, {"a.example.com", "192.0.2.1"})}));
  EXPECT_EQ(overfull_table(image), std::nullopt);
}

TEST(Capacity, C11_more_names_than_four_fifths_of_the_claims_are_refused) {
  Image image = make_image(program_of({allow({"tcp 443"}, {"a.example.com"})}));
  const ImageName one = image.names.front();
  image.names.assign(std::size_t{most_claims} * 4 / 5, one);
  EXPECT_EQ(overfull_table(image), std::nullopt);
  image.names.push_back(one);
  EXPECT_THAT(overfull_table(image).value_or(""), HasSubstr("209716 names"));
}

TEST(Capacity, C11_labels_without_room_for_as_many_again_are_refused) {
  Image image = make_image(program_of({allow({"tcp 443"}, {"192.0.2.1"})}));
  image.service_labels = 1U << 20;  // of which every row has a cell
  EXPECT_THAT(overfull_table(image).value_or(""), HasSubstr("the policy is too large"));
}

}  // namespace
}  // namespace sallyport
