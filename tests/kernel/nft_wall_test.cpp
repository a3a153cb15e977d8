// SPDX-License-Identifier: GPL-2.0-or-later
// NftWall between two generations, when the kernel refuses the last step: both policies pass until
// check() has taken the old one away (F4, F5).
#include "runtime/nft_wall.h"

#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler/label/labeler.h"
#include "tests/support/build_rules.h"
#include "tests/support/netns.h"

namespace sallyport {
namespace {

using testing::HasSubstr;
using testing::Not;

/// This thread may change nothing in nftables for as long as it lives.
class WithoutRights {
 public:
  WithoutRights() {
    if (syscall(SYS_capget, &head_, had_) != 0) ADD_FAILURE() << "capget";
    __user_cap_data_struct less[2] = {had_[0], had_[1]};
    less[0].effective &= ~(1U << CAP_NET_ADMIN);
    if (syscall(SYS_capset, &head_, less) != 0) ADD_FAILURE() << "capset";
  }
  WithoutRights(WithoutRights&&) = delete;
  ~WithoutRights() {
    if (syscall(SYS_capset, &head_, had_) != 0) ADD_FAILURE() << "capset";
  }

 private:
  __user_cap_header_struct head_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct had_[2]{};
};

class NftWallTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason = test::why_no_kernel();
    if (reason.empty() && !test::has_program("nft")) reason = "needs nft (nftables)";
    if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    host_.emplace("wall");
  }
  std::string ruleset() const { return host_->must_run({"nft", "list", "ruleset"}); }

  std::optional<test::Netns> host_;
};

TEST_F(NftWallTest, F4_a_refused_narrow_leaves_both_policies_and_check_ends_it) {
  host_->inside([&] {
    const BootClock clock;
    std::string said;
    const auto log = [&said](const std::string& line) { said += line + "\n"; };
    auto wall = NftWall::open("t", {.devices = {"lan0"}, .own = false}, clock, log);
    ASSERT_TRUE(wall) << wall.error().text();
    const NameTable nothing_bound{Lifetimes{}};
    const Program old_policy = program_of({allow({"tcp 443"}, {"198.51.100.7"})});
    const Program new_policy = program_of({allow({"tcp 443"}, {"198.51.100.8"})});
    const auto prepared = wall->prepare(old_policy, make_image(old_policy), {}, nothing_bound);
    ASSERT_TRUE(prepared) << prepared.error().text();
    ASSERT_TRUE(wall->swap());
    ASSERT_TRUE(wall->prepare(new_policy, make_image(new_policy), {}, nothing_bound));
    ASSERT_TRUE(wall->widen());
    said.clear();
    {
      const WithoutRights refuses;
      wall->narrow();
      EXPECT_FALSE(wall->check());
    }
    EXPECT_THAT(said, HasSubstr("operation not permitted"));
    EXPECT_TRUE(wall->next_check());
    EXPECT_THAT(ruleset(), HasSubstr("jump g1_zone0_ip4"));
    EXPECT_THAT(ruleset(), HasSubstr("jump g2_zone0_ip4"));
    EXPECT_NE(wall->status(make_image(new_policy))->trouble, "");

    const auto checked = wall->check();
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_THAT(said, HasSubstr("only the new policy passes now"));
    EXPECT_THAT(ruleset(), Not(HasSubstr("jump g1_zone0_ip4")));
    EXPECT_THAT(ruleset(), HasSubstr("jump g2_zone0_ip4"));
    EXPECT_EQ(wall->status(make_image(new_policy))->trouble, "");
    ASSERT_TRUE(wall->remove());
  });
}

}  // namespace
}  // namespace sallyport
