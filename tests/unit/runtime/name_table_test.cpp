// SPDX-License-Identifier: GPL-2.0-or-later
// The outcome table of DESIGN section 7, row by row. Lifetimes here: floor 10 s, grace 300 s for
// short TTLs, max_stale 24 h, unless a test says otherwise.
#include "runtime/name_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/fakes.h"

namespace sallyport {

// For readable failures.
void PrintTo(const BindingChange& change, std::ostream* out) {
  *out << (change.adds ? "+" : "-") << change.address.text() << " {";
  for (const auto& claimant : change.names) *out << " " << claimant.text();
  *out << " }";
}

namespace {

using namespace test;
using Outcome = Answer::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Seconds ttl{60};
constexpr Seconds life{60 + 300};  // of an address with that TTL

Image image_of(std::initializer_list<std::string_view> names, bool private_ok = false,
               Lifetimes lifetimes = {}) {
  Image image;
  image.lifetimes = lifetimes;
  image.groups = {Group{}, Group{}, Group{private_ok, {}}};
  for (const auto text : names) image.names.push_back({name(text), {1, 2}});
  return image;
}

class NameTableTest : public testing::Test {
 protected:
  NameTableTest() { table_.set_names(image_of({"a.example.com", "b.example.com"})); }

  TableChanges apply(const Answer& answer, std::string_view who = "a.example.com",
                     Family family = Family::v4) {
    return table_.apply(name(who), family, answer, now_);
  }
  BindingChange bound(std::string_view text,
                      std::initializer_list<std::string_view> names = {"a.example.com"}) {
    BindingChange change{address(text), {}, true};
    for (const auto claimant : names) change.names.push_back(name(claimant));
    return change;
  }
  static BindingChange gone(std::string_view text) { return {address(text), {}, false}; }
  bool is_bound(std::string_view text) { return !table_.names_of(address(text)).empty(); }
  /// The earliest whole second from now on at which the address is not bound any more.
  Seconds remaining(std::string_view text) {
    NameTable copy = table_;
    const auto end = std::chrono::ceil<Seconds>(now_);
    for (Seconds after{0}; after <= hours(30); after += Seconds{1}) {
      copy.expire(end + after);
      if (copy.names_of(address(text)).empty()) return after;
    }
    return Seconds::max();
  }

  NameTable table_{Lifetimes{}};
  Moment now_ = hours(1000);
};

TEST_F(NameTableTest, an_answer_binds_its_addresses) {
  const auto changes = apply(addresses({"198.51.100.2", "198.51.100.1"}, ttl));
  EXPECT_THAT(changes.bindings, ElementsAre(bound("198.51.100.1"), bound("198.51.100.2")));
  EXPECT_THAT(changes.refused, IsEmpty());
  EXPECT_EQ(table_.bound_addresses(), 2U);
  EXPECT_THAT(apply(addresses({"198.51.100.1"}, ttl)).bindings, IsEmpty()) << "nothing new";
  EXPECT_THAT(apply(addresses({"198.51.100.1"}, ttl), "other.example.com").bindings, IsEmpty())
      << "a name that is not in the table";
}

TEST_F(NameTableTest, N14_an_address_lives_for_its_ttl_and_grace) {
  apply(addresses({"198.51.100.1"}, ttl));
  EXPECT_EQ(table_.next_expiry(), now_ + life);
  EXPECT_THAT(table_.expire(now_ + life - Moment{1}).bindings, IsEmpty());
  EXPECT_THAT(table_.expire(now_ + life).bindings, ElementsAre(gone("198.51.100.1")));
  EXPECT_EQ(table_.next_expiry(), std::nullopt);
  EXPECT_EQ(table_.bound_addresses(), 0U);
}

TEST_F(NameTableTest, N4_N14_lifetimes_by_ttl) {
  struct Row {
    Lifetimes lifetimes;
    Seconds ttl, lives;
  };
  const Lifetimes usual, quick{.ttl_floor = Seconds{1}, .grace = Seconds{2}, .max_stale = hours(1)};
  const std::vector<Row> rows = {
      {usual, Seconds{0}, Seconds{10 + 300}},
      {usual, Seconds{10}, Seconds{10 + 300}},
      {usual, Seconds{150}, Seconds{150 + 300}},
      {usual, Seconds{151}, Seconds{151 + 302}},
      {usual, hours(24), hours(72)},
      {usual, hours(24) + Seconds{1}, hours(72)},
      {usual, Seconds{0x7fffffff}, hours(72)},
      {quick, Seconds{0}, Seconds{1 + 2}},
      {quick, Seconds{5}, Seconds{5 + 2}},
      {quick, hours(48), hours(24) + Seconds{2}},
  };
  for (const Row& row : rows) {
    NameTable table(row.lifetimes);
    table.set_names(image_of({"a.example.com"}, false, row.lifetimes));
    table.apply(name("a.example.com"), Family::v4, addresses({"198.51.100.1"}, row.ttl), now_);
    EXPECT_EQ(table.next_expiry(), now_ + row.lives) << "TTL " << row.ttl.count();
  }
}

TEST_F(NameTableTest, N4_lifetimes_without_limits_do_not_overflow) {
  const Lifetimes endless{Seconds::max(), Seconds::max(), Seconds::max()};
  table_.set_names(image_of({"a.example.com"}, false, endless));
  apply(addresses({"198.51.100.1"}, ttl));
  apply(failure());
  EXPECT_THAT(table_.expire(now_ + hours(24 * 365)).bindings, IsEmpty());
}

TEST_F(NameTableTest, an_expiry_is_only_ever_prolonged) {
  apply(addresses({"198.51.100.1"}, Seconds{3600}));
  const auto end = table_.next_expiry();
  apply(addresses({"198.51.100.1"}, Seconds{10}));
  EXPECT_EQ(table_.next_expiry(), end);
}

TEST_F(NameTableTest, N5_round_robin_answers_accumulate_and_none_flaps) {
  // 2 of 6 addresses in each answer, every 50 s: each address returns within its 360 s.
  const std::vector<std::string_view> all = {"198.51.100.1", "198.51.100.2", "198.51.100.3",
                                             "198.51.100.4", "198.51.100.5", "198.51.100.6"};
  for (std::size_t refresh = 0; refresh < 30; ++refresh) {
    EXPECT_THAT(table_.expire(now_).bindings, IsEmpty());
    const auto changes = apply(addresses({all[refresh * 2 % 6], all[refresh * 2 % 6 + 1]}, ttl));
    EXPECT_EQ(changes.bindings.size(), refresh < 3 ? 2U : 0U);
    now_ += Seconds{50};
  }
  EXPECT_EQ(table_.bound_addresses(), 6U);
}

TEST_F(NameTableTest, N1_failure_of_one_family_leaves_the_other_alone) {
  apply(addresses({"198.51.100.1"}, ttl));
  apply(addresses({"2001:db8::1"}, ttl), "a.example.com", Family::v6);
  apply(failure(), "a.example.com", Family::v6);
  EXPECT_THAT(table_.expire(now_ + life).bindings, ElementsAre(gone("198.51.100.1")))
      << "IPv4 does not fail, so its address goes; IPv6 does, so its address stays";
  EXPECT_TRUE(is_bound("2001:db8::1"));
}

TEST_F(NameTableTest, N2_failures_hold_what_is_bound_until_max_stale) {
  for (const char* why : {"SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "rcode 9", "timeout",
                          "malformed answer", "truncated over TCP"}) {
    NameTable table{Lifetimes{}};
    table.set_names(image_of({"a.example.com"}));
    const auto give = [&](const Answer& answer, Moment when) {
      return table.apply(name("a.example.com"), Family::v4, answer, when).bindings;
    };
    give(addresses({"198.51.100.1", "198.51.100.2"}, ttl), now_);
    for (Moment since = minutes(1); since < hours(24); since += minutes(1)) {
      EXPECT_THAT(give(failure(why), now_ + since), IsEmpty()) << why;
      ASSERT_THAT(table.expire(now_ + since).bindings, IsEmpty()) << why;
    }
    EXPECT_THAT(table.expire(now_ + hours(24)).bindings,
                ElementsAre(gone("198.51.100.1"), gone("198.51.100.2")))
        << why;
  }
}

TEST_F(NameTableTest, N2_a_failure_does_not_shorten_a_longer_expiry) {
  apply(addresses({"198.51.100.1"}, hours(20)));
  apply(failure());
  EXPECT_EQ(table_.next_expiry(), now_ + hours(60));
}

TEST_F(NameTableTest, N2_a_failure_without_any_answer_before_binds_nothing) {
  EXPECT_THAT(apply(failure()).bindings, IsEmpty());
  EXPECT_EQ(table_.bound_addresses(), 0U);
  EXPECT_EQ(table_.next_expiry(), std::nullopt);
}

TEST_F(NameTableTest, N2_a_failure_does_not_bring_back_what_died_before_it) {
  apply(addresses({"198.51.100.1"}, ttl));
  now_ += life;  // nobody called expire()
  EXPECT_THAT(apply(failure()).bindings, ElementsAre(gone("198.51.100.1")));
}

TEST_F(NameTableTest, N3_negative_answers_remove_nothing_before_its_expiry) {
  for (const Outcome outcome : {Outcome::no_data, Outcome::no_name}) {
    NameTable table{Lifetimes{}};
    table.set_names(image_of({"a.example.com"}));
    table.apply(name("a.example.com"), Family::v4, addresses({"198.51.100.1"}, ttl), now_);
    for (Seconds since{30}; since < life; since += Seconds{30}) {
      const auto changes =
          table.apply(name("a.example.com"), Family::v4, negative(outcome), now_ + since);
      EXPECT_THAT(changes.bindings, IsEmpty());
      EXPECT_THAT(table.expire(now_ + since).bindings, IsEmpty());
    }
    EXPECT_THAT(table.expire(now_ + life).bindings, ElementsAre(gone("198.51.100.1")));
  }
}

TEST_F(NameTableTest, N14_after_an_outage_an_address_that_left_meanwhile_gets_its_grace) {
  for (const Answer& recovery :
       {addresses({"198.51.100.9"}, ttl), negative(Outcome::no_data), negative(Outcome::no_name)}) {
    NameTable table{Lifetimes{}};
    table.set_names(image_of({"a.example.com"}));
    const auto give = [&](const Answer& answer, Moment when) {
      return table.apply(name("a.example.com"), Family::v4, answer, when).bindings;
    };
    give(addresses({"198.51.100.1"}, ttl), now_);
    give(failure(), now_ + Seconds{50});
    const Moment recovered = now_ + hours(3);
    give(recovery, recovered);
    EXPECT_THAT(table.expire(recovered + Seconds{299}).bindings, IsEmpty());
    EXPECT_THAT(table.expire(recovered + Seconds{300}).bindings, ElementsAre(gone("198.51.100.1")));
  }
}

TEST_F(NameTableTest, an_outage_shorter_than_an_expiry_changes_nothing) {
  apply(addresses({"198.51.100.1"}, ttl));
  const auto end = table_.next_expiry();
  now_ += Seconds{50};
  apply(failure());
  now_ += Seconds{1};
  apply(addresses({"198.51.100.2"}, ttl));
  EXPECT_EQ(table_.next_expiry(), end);
}

TEST_F(NameTableTest, an_address_that_dies_and_comes_in_one_answer_is_no_change) {
  apply(addresses({"198.51.100.1"}, ttl));
  now_ += life;
  EXPECT_THAT(apply(addresses({"198.51.100.1"}, ttl)).bindings, IsEmpty());
  EXPECT_TRUE(is_bound("198.51.100.1"));
}

TEST_F(NameTableTest, additions_come_before_removals) {
  apply(addresses({"198.51.100.1"}, ttl));
  now_ += life;
  EXPECT_THAT(apply(addresses({"198.51.100.7"}, ttl)).bindings,
              ElementsAre(bound("198.51.100.7"), gone("198.51.100.1")));
}

TEST_F(NameTableTest, names_that_share_an_address_each_have_their_own_claim) {
  apply(addresses({"198.51.100.1"}, ttl), "b.example.com");
  now_ += Seconds{100};
  EXPECT_THAT(apply(addresses({"198.51.100.1"}, ttl)).bindings,
              ElementsAre(bound("198.51.100.1", {"a.example.com", "b.example.com"})));
  EXPECT_EQ(table_.bound_addresses(), 1U);
  const BindingChange only_a{address("198.51.100.1"), {name("a.example.com")}, false};
  EXPECT_THAT(table_.expire(now_ + life - Seconds{100}).bindings, ElementsAre(only_a));
  EXPECT_THAT(table_.names_of(address("198.51.100.1")), ElementsAre(name("a.example.com")));
  EXPECT_THAT(table_.expire(now_ + life).bindings, ElementsAre(gone("198.51.100.1")));
}

TEST_F(NameTableTest, N8_special_and_private_addresses_are_refused) {
  struct Row {
    std::string_view address;
    bool private_ok, bound;
  };
  const std::vector<Row> rows = {
      {"127.0.0.1", false, false},
      {"127.0.0.1", true, false},
      {"0.0.0.0", true, false},
      {"169.254.169.254", true, false},
      {"224.0.0.1", true, false},
      {"255.255.255.255", true, false},
      {"8.8.8.8", true, false},
      {"10.0.0.1", false, false},
      {"10.0.0.1", true, true},
      {"172.16.0.1", false, false},
      {"192.168.1.1", true, true},
      {"100.64.0.1", false, false},
      {"198.51.100.1", false, true},
      {"::1", true, false},
      {"fe80::1", true, false},
      {"::ffff:198.51.100.1", true, false},
      {"64:ff9b::c633:6401", true, false},
      {"2002:c633:6401::1", true, false},
      {"fd00::1", false, false},
      {"fd00::1", true, true},
      {"2001:db8::1", false, true},
  };
  for (const Row& row : rows) {
    NameTable table{Lifetimes{}};
    table.set_names(image_of({"a.example.com"}, row.private_ok));
    const auto changes = table.apply(name("a.example.com"), address(row.address).family,
                                     addresses({row.address}, ttl), now_);
    EXPECT_EQ(changes.bindings.size(), row.bound ? 1U : 0U) << row.address;
    ASSERT_EQ(changes.refused.size(), row.bound ? 0U : 1U) << row.address;
    EXPECT_EQ(table.bound_addresses(), changes.bindings.size()) << row.address;
    if (row.bound) continue;
    EXPECT_EQ(changes.refused[0].name, name("a.example.com"));
    EXPECT_EQ(changes.refused[0].address, address(row.address));
    EXPECT_FALSE(changes.refused[0].why.empty());
    const auto adopted = table.adopt(name("a.example.com"), address(row.address), now_);
    EXPECT_THAT(adopted.bindings, IsEmpty()) << row.address;
    EXPECT_EQ(adopted.refused.size(), 1U) << row.address;
  }
}

TEST_F(NameTableTest, D9_N8_an_address_behind_the_operators_nat64_is_refused) {
  Image image = image_of({"a.example.com"}, true);
  const auto apply6 = [&](std::initializer_list<std::string_view> found) {
    return table_.apply(name("a.example.com"), Family::v6, addresses(found, ttl), now_);
  };
  apply6({"2001:db8:64::c633:6401", "2001:db8:65::1"});
  EXPECT_EQ(table_.bound_addresses(), 2U);
  image.nat64 = {AddressRange::parse("2001:db8:64::/96").value()};
  EXPECT_THAT(table_.set_names(image).bindings, ElementsAre(gone("2001:db8:64::c633:6401")));
  const auto changes = apply6({"2001:db8:64::c633:6402", "2001:db8:65::2"});
  EXPECT_THAT(changes.bindings, ElementsAre(bound("2001:db8:65::2")));
  ASSERT_EQ(changes.refused.size(), 1U);
  EXPECT_EQ(changes.refused[0].why, "NAT64");
}

TEST_F(NameTableTest, N8_a_refused_address_does_not_keep_the_others_out) {
  const auto changes = apply(addresses({"127.0.0.1", "198.51.100.1", "10.0.0.1"}, ttl));
  EXPECT_THAT(changes.bindings, ElementsAre(bound("198.51.100.1")));
  ASSERT_EQ(changes.refused.size(), 2U);
  EXPECT_EQ(changes.refused[0].why, "loopback");
  EXPECT_EQ(changes.refused[1].why, "private address, and no rule says `private ok`");
}

TEST_F(NameTableTest, N2_N8_an_answer_with_nothing_usable_is_a_failure) {
  apply(addresses({"198.51.100.1"}, ttl));
  now_ += Seconds{50};
  apply(addresses({"0.0.0.0"}, ttl));
  EXPECT_THAT(table_.expire(now_ + hours(23)).bindings, IsEmpty());
  EXPECT_TRUE(is_bound("198.51.100.1"));
}

TEST_F(NameTableTest, N8_consent_of_one_group_is_enough_and_may_be_withdrawn) {
  table_.set_names(image_of({"a.example.com"}, true));
  apply(addresses({"10.0.0.1", "198.51.100.1"}, ttl));
  EXPECT_EQ(table_.bound_addresses(), 2U);
  EXPECT_THAT(table_.set_names(image_of({"a.example.com"}, false)).bindings,
              ElementsAre(gone("10.0.0.1")));
}

std::string address_number(unsigned i) {
  return "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256);
}

TEST_F(NameTableTest, N11_at_most_256_addresses_and_those_there_stay) {
  Answer full = addresses({}, ttl), more = addresses({}, ttl);
  for (unsigned i = 0; i < 256; ++i)
    full.addresses.push_back({address(address_number(i + 256)), ttl});
  more.addresses = {{address(address_number(0)), ttl}, {address(address_number(256)), ttl}};
  EXPECT_EQ(apply(full).bindings.size(), 256U);
  now_ += Seconds{50};
  const auto changes = apply(more);
  EXPECT_THAT(changes.bindings, IsEmpty());
  ASSERT_EQ(changes.refused.size(), 1U);
  EXPECT_EQ(changes.refused[0].address, address(address_number(0)));
  EXPECT_EQ(changes.refused[0].why, "the name already has 256 addresses of this family");
  EXPECT_EQ(table_.bound_addresses(), 256U);
  EXPECT_EQ(remaining(address_number(256)), life) << "renewed";
  EXPECT_EQ(apply(more, "b.example.com").bindings.size(), 2U) << "another name has its own cap";
  EXPECT_EQ(apply(addresses({"2001:db8::1"}, ttl), "a.example.com", Family::v6).bindings.size(),
            1U);
  EXPECT_THAT(table_.adopt(name("a.example.com"), address("203.0.113.1"), now_).bindings,
              IsEmpty());

  table_.expire(now_ + life - Seconds{50});  // all but the renewed one are gone
  now_ += life - Seconds{50};
  EXPECT_THAT(apply(more).refused, IsEmpty()) << "there is room again";
}

TEST_F(NameTableTest, claims_of_names_that_are_gone_are_removed_at_once) {
  apply(addresses({"198.51.100.1", "198.51.100.2"}, hours(1)));
  apply(addresses({"198.51.100.2"}, hours(1)), "b.example.com");
  const BindingChange still_b{address("198.51.100.2"), {name("b.example.com")}, false};
  EXPECT_THAT(table_.set_names(image_of({"b.example.com", "c.example.com"})).bindings,
              ElementsAre(gone("198.51.100.1"), still_b));
  EXPECT_THAT(apply(addresses({"198.51.100.1"}, ttl)).bindings, IsEmpty())
      << "an answer that comes late for a name that is gone";
  EXPECT_THAT(table_.set_names(image_of({})).bindings, ElementsAre(gone("198.51.100.2")));
  EXPECT_EQ(table_.next_expiry(), std::nullopt);
}

TEST_F(NameTableTest, the_same_names_again_keep_everything) {
  apply(addresses({"198.51.100.1"}, ttl));
  const auto end = table_.next_expiry();
  EXPECT_THAT(table_.set_names(image_of({"a.example.com"})).bindings, IsEmpty());
  EXPECT_EQ(table_.next_expiry(), end);
}

TEST_F(NameTableTest, N2_a_policy_may_shorten_max_stale_of_a_running_outage) {
  apply(addresses({"198.51.100.1"}, ttl));
  apply(failure());
  EXPECT_EQ(table_.next_expiry(), now_ + hours(24));
  Lifetimes shorter;
  shorter.max_stale = hours(2);
  table_.set_names(image_of({"a.example.com"}, false, shorter));
  EXPECT_EQ(table_.next_expiry(), now_ + hours(2));
}

TEST_F(NameTableTest, an_adopted_claim_lives_for_the_grace) {
  EXPECT_THAT(table_.adopt(name("a.example.com"), address("198.51.100.1"), now_).bindings,
              ElementsAre(bound("198.51.100.1")));
  EXPECT_EQ(table_.next_expiry(), now_ + Seconds{300});
  ASSERT_EQ(table_.claims().size(), 1U);
  EXPECT_TRUE(table_.claims()[0].adopted);
  EXPECT_EQ(table_.claims()[0].expiry, now_ + Seconds{300});
  EXPECT_THAT(table_.adopt(name("gone.example.com"), address("198.51.100.3"), now_).bindings,
              IsEmpty());
  EXPECT_THAT(table_.expire(now_ + Seconds{300}).bindings, ElementsAre(gone("198.51.100.1")));
}

TEST_F(NameTableTest, an_answer_confirms_an_adopted_claim) {
  table_.adopt(name("a.example.com"), address("198.51.100.1"), now_);
  table_.adopt(name("a.example.com"), address("198.51.100.2"), now_);
  EXPECT_THAT(apply(addresses({"198.51.100.2"}, ttl)).bindings, IsEmpty());
  const auto claims = table_.claims();
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_TRUE(claims[0].adopted);
  EXPECT_FALSE(claims[1].adopted);
  EXPECT_EQ(claims[1].expiry, now_ + life);
  table_.adopt(name("a.example.com"), address("198.51.100.2"), now_);
  EXPECT_FALSE(table_.claims()[1].adopted) << "what an answer gave is not adopted again";
}

TEST_F(NameTableTest, N2_failures_hold_adopted_claims_until_max_stale_after_the_adoption) {
  table_.adopt(name("a.example.com"), address("198.51.100.1"), now_);
  const Moment adopted = now_;
  for (now_ += minutes(1); now_ < adopted + hours(24); now_ += minutes(1)) {
    apply(failure());
    ASSERT_THAT(table_.expire(now_).bindings, IsEmpty());
  }
  EXPECT_THAT(table_.expire(now_).bindings, ElementsAre(gone("198.51.100.1")));
}

TEST_F(NameTableTest, claims_are_listed_by_name_family_and_address) {
  apply(addresses({"198.51.100.2"}, ttl), "b.example.com");
  apply(addresses({"2001:db8::1"}, ttl), "a.example.com", Family::v6);
  apply(addresses({"198.51.100.2", "198.51.100.1"}, ttl));
  std::vector<std::string> rows;
  for (const Claim& claim : table_.claims())
    rows.push_back(claim.name.text() + " " + claim.address.text());
  EXPECT_THAT(rows, ElementsAre("a.example.com 198.51.100.1", "a.example.com 198.51.100.2",
                                "a.example.com 2001:db8::1", "b.example.com 198.51.100.2"));
}

// Ten thousand random events against the plainest possible statement of what changes must say:
// replaying them yields the table.
TEST_F(NameTableTest, changes_replayed_give_the_table) {
  std::uint64_t state = 1;
  const auto roll = [&](unsigned sides) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(state >> 33) % sides;
  };
  const std::vector<std::string_view> who = {"a.example.com", "b.example.com", "c.example.com"};
  table_.set_names(image_of({"a.example.com", "b.example.com", "c.example.com"}));
  std::map<Address, std::vector<ViewedName>> replayed;
  for (int event = 0; event < 10'000; ++event) {
    now_ += Seconds{roll(200)};
    TableChanges changes;
    switch (roll(6)) {
      case 0:
        changes = apply(failure(), who[roll(3)]);
        break;
      case 1:
        changes = apply(negative(Outcome::no_name), who[roll(3)]);
        break;
      case 2:
        changes = table_.expire(now_);
        break;
      default:
        changes = apply(
            addresses({address_number(roll(12)), address_number(roll(12))}, Seconds{roll(300)}),
            who[roll(3)]);
    }
    bool removals = false;
    for (const BindingChange& change : changes.bindings) {
      ASSERT_FALSE(change.adds && removals) << "adds come first";
      removals = removals || !change.adds;
      ASSERT_NE(replayed[change.address], change.names) << "a change that changes nothing";
      replayed[change.address] = change.names;
    }
    std::erase_if(replayed, [](const auto& entry) { return entry.second.empty(); });
    ASSERT_EQ(replayed.size(), table_.bound_addresses());
    for (const auto& [bound_address, names] : replayed)
      ASSERT_EQ(names, table_.names_of(bound_address));
  }
}

}  // namespace
}  // namespace sallyport
