// SPDX-License-Identifier: GPL-2.0-or-later
// Labeler at run time: what binding an address to names does to its label and to the tables.
#include "compiler/label/labeler.h"

#include <gtest/gtest.h>

#include "tests/support/build_rules.h"

namespace sallyport {
namespace {

using Numbers = std::vector<std::uint32_t>;

/// Groups: 1 a.example.com, 2 *.example.com, 3 198.51.100.0/24, 4 b.example.com with private ok.
Program small_program() {
  Program program =
      program_of({allow({"tcp 1"}, {"a.example.com"}), allow({"tcp 2"}, {"*.example.com"}),
                  deny({"tcp 2"}, {"198.51.100.0/24"}), allow({"tcp 4"}, {"b.example.com"})});
  program.rules[3].private_ok = true;
  program.resolvers = {{"office", {{address("203.0.113.53"), 53}}}};
  return program;
}

class LabelerTest : public testing::Test {
 protected:
  Numbers groups_for(std::string_view remote, std::vector<ViewedName> names) {
    return tables_.remote_groups[labeler_.label_for(address(remote), names)];
  }

  const Image image_ = make_image(small_program());
  LabelTables tables_ = image_.labels;
  Labeler labeler_{image_, tables_};
};

TEST_F(LabelerTest, GroupsOfAName) {
  EXPECT_EQ(labeler_.groups_of(host("a.example.com")), (Numbers{1, 2}));
  EXPECT_EQ(labeler_.groups_of(host("new.example.com")), (Numbers{2}));
  EXPECT_EQ(labeler_.groups_of(host("example.com")), (Numbers{}));
  EXPECT_EQ(labeler_.groups_of(host("evilexample.com")), (Numbers{}));
}

TEST_F(LabelerTest, C5ABoundAddressHasTheGroupsOfItsNamesAndOfItsRanges) {
  const HostName a = host("a.example.com");
  const HostName b = host("b.example.com");
  EXPECT_EQ(groups_for("192.0.2.1", {}), (Numbers{}));
  EXPECT_EQ(groups_for("192.0.2.1", {a}), (Numbers{1, 2}));
  EXPECT_EQ(groups_for("192.0.2.1", {a, b}), (Numbers{1, 2, 4}));
  EXPECT_EQ(groups_for("198.51.100.7", {a}), (Numbers{1, 2, 3}));
  EXPECT_EQ(groups_for("203.0.113.53", {b}), (Numbers{0, 2, 4}));
  EXPECT_EQ(groups_for("2001:db8::1", {host("c.example.com")}), (Numbers{2}));
}

TEST_F(LabelerTest, NamesOpenNoSpecialAddressAndAPrivateOneOnlyWithConsent) {
  const std::vector<ViewedName> names{host("a.example.com"), host("b.example.com")};
  for (const char* special : {"127.0.0.1", "169.254.169.254", "8.8.8.8", "::1", "fe80::1"}) {
    EXPECT_EQ(groups_for(special, names), (Numbers{})) << special;
  }
  for (const char* private_use : {"10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"}) {
    EXPECT_EQ(groups_for(private_use, names), (Numbers{4})) << private_use;
  }
}

TEST_F(LabelerTest, AnUnboundAddressKeepsItsStaticLabel) {
  for (const char* remote : {"192.0.2.1", "198.51.100.7", "203.0.113.53", "::1"}) {
    EXPECT_EQ(labeler_.label_for(address(remote), {}), static_label(image_, address(remote)));
  }
}

TEST_F(LabelerTest, TablesOnlyGrowBehindWhatTheyHold) {
  const LabelTables before = tables_;
  const std::uint32_t label = labeler_.label_of({1, 3, 4});
  EXPECT_EQ(label, before.remote_groups.size());
  EXPECT_EQ(labeler_.label_of({1, 3, 4}), label);
  EXPECT_EQ(tables_.remote_groups.size(), before.remote_groups.size() + 1);
  EXPECT_EQ(tables_.rows.size(), tables_.remote_groups.size());
  for (std::size_t i = 0; i < before.rows.size(); ++i) EXPECT_EQ(tables_.rows[i], before.rows[i]);
  for (std::size_t i = 0; i < before.verdicts.size(); ++i) {
    EXPECT_EQ(tables_.verdicts[i], before.verdicts[i]);
  }
}

TEST_F(LabelerTest, ALabelerOverExtendedTablesFindsTheirLabels) {
  const std::uint32_t label = labeler_.label_of({1, 3, 4});
  Labeler successor(image_, tables_);
  EXPECT_EQ(successor.label_of({1, 3, 4}), label);
}

}  // namespace
}  // namespace sallyport
