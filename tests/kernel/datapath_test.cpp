// SPDX-License-Identifier: GPL-2.0-or-later
// The loaded datapath beside its verdicts: a damaged arena (D1), bindings that move, fill and go
// (B8), counters that are carried over and pinned, errors that read well.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <numeric>
#include <string>

#include "compiler/label/labeler.h"
#include "compiler/program/program_text.h"
#include "runtime/bpffs.h"
#include "runtime/datapath.h"
#include "runtime/fd.h"
#include "runtime/libbpf_log.h"
#include "tests/support/frame.h"

namespace sallyport {
namespace {

HostName name(std::string_view text) {
  return HostName::parse(text).value();
}
Address address(std::string_view text) {
  return Address::parse(text).value();
}
Bytes frame(std::string_view text) {
  return frame_of(text).value();
}

/// Two names and a range: `allow tcp 443 to a.example.com`, `... 8443 to b.example.com,
/// 198.51.100.0/24`.
Program two_names() {
  Program program;
  program.policy = "two-names";
  Rule first;
  first.services = {{protocol_tcp, 443, 443}};
  first.remote.names = {name("a.example.com")};
  Rule second;
  second.services = {{protocol_tcp, 8443, 8443}};
  second.remote.names = {name("b.example.com")};
  second.remote.ranges = {AddressRange::parse("198.51.100.0/24").value()};
  program.rules = {first, second};
  return program;
}

constexpr std::string_view to_range = "ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 8443";
constexpr std::string_view to_a = "ip4 10.20.1.1 > 203.0.113.1 tcp 40000 > 443";
constexpr std::string_view to_b = "ip4 10.20.1.1 > 203.0.113.1 tcp 40000 > 8443";

class DatapathTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
    auto loaded = Datapath::load(make_image(two_names()));
    ASSERT_TRUE(loaded) << loaded.error().text();
    datapath_.emplace(std::move(*loaded));
  }

  bool passes(std::string_view text) const {
    const auto action = datapath_->test_run(frame(text));
    EXPECT_TRUE(action) << action.error().text();
    return action && *action == XDP_PASS;
  }
  std::uint64_t counted(SpReason reason) const {
    const auto counters = datapath_->counters();
    EXPECT_TRUE(counters) << counters.error().text();
    return counters ? counters->reasons[reason].packets : 0;
  }
  Result<void> bind(std::string_view where, std::vector<ViewedName> names) {
    return datapath_->bind(address(where), names);
  }

  std::optional<Datapath> datapath_;
};

/// A folder under bpffs with the pins of one datapath; removed at the end.
class PinnedFolder {
 public:
  explicit PinnedFolder(const std::string& what)
      : path_("/sys/fs/bpf/sallyport-" + what + "-" + std::to_string(getpid())) {}
  PinnedFolder(const PinnedFolder&) = delete;
  PinnedFolder& operator=(const PinnedFolder&) = delete;
  ~PinnedFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The arena of a pinned datapath, to do harm to it.
class ArenaBytes {
 public:
  explicit ArenaBytes(const std::string& folder)
      : map_(bpf_obj_get((folder + "/arena").c_str())),
        start_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_.get(), 0)) {}
  ArenaBytes(const ArenaBytes&) = delete;
  ArenaBytes& operator=(const ArenaBytes&) = delete;
  ~ArenaBytes() {
    if (is_open()) munmap(start_, size);
  }
  bool is_open() const { return start_ != MAP_FAILED; }
  SpArenaHeader& header() { return *static_cast<SpArenaHeader*>(start_); }

 private:
  static constexpr std::size_t size = SP_ARENA_MIN_SIZE;
  Fd map_;
  void* start_;
};

TEST_F(DatapathTest, D1_DamagedHeadersDropAndAreCounted) {
  const PinnedFolder folder("damaged");
  const auto pinned = datapath_->pin(folder.path());
  ASSERT_TRUE(pinned) << pinned.error().text();
  ArenaBytes arena(folder.path());
  ASSERT_TRUE(arena.is_open());
  ASSERT_TRUE(passes(to_range));
  const SpArenaHeader sound = arena.header();

  struct Damage {
    const char* what;
    void (*apply)(SpArenaHeader&);
  };
  const Damage damages[] = {
      {"empty", [](SpArenaHeader& header) { header = {}; }},
      {"magic", [](SpArenaHeader& header) { header.magic ^= 1; }},
      {"a newer version", [](SpArenaHeader& header) { header.version += 1; }},
      {"half the size", [](SpArenaHeader& header) { header.size /= 2; }},
      {"twice the size", [](SpArenaHeader& header) { header.size *= 2; }},
      {"no zones", [](SpArenaHeader& header) { header.zones = 0; }},
      {"no remotes", [](SpArenaHeader& header) { header.remotes = 0; }},
      {"no services", [](SpArenaHeader& header) { header.services = 0; }},
      {"no rows", [](SpArenaHeader& header) { header.row_capacity = 0; }},
      {"huge counts", [](SpArenaHeader& header) { header.services = header.remotes = ~0U; }},
      {"an empty run",
       [](SpArenaHeader& header) {
         header.remote4.root = {0, 0};
       }},
      {"an endless run",
       [](SpArenaHeader& header) {
         header.remote4.root = {0, 0x3fffffff};
       }},
      {"a run outside",
       [](SpArenaHeader& header) {
         header.remote4.root = {~0U, 2};
       }},
      {"ranges outside",
       [](SpArenaHeader& header) {
         header.remote4.ranges = ~0U;
         header.remote4.root = {0, 1};
       }},
      {"steps outside",
       [](SpArenaHeader& header) {
         header.remote4.steps = header.size;
         header.remote4.root = {0, SP_STEP_BRANCH(0, 16)};
       }},
      {"a branch into itself",
       [](SpArenaHeader& header) {
         header.remote4.steps = offsetof(SpArenaHeader, remote4.root);
         header.remote4.root = {0, SP_STEP_BRANCH(0, 0)};
       }},
      {"a label that is none",
       [](SpArenaHeader& header) {
         header.remote4.root = {~0U, SP_STEP_LABEL};
       }},
      {"protocols outside", [](SpArenaHeader& header) { header.service.protocols = ~0U; }},
      {"services outside", [](SpArenaHeader& header) { header.service.tables = header.size; }},
      {"pages outside", [](SpArenaHeader& header) { header.service.pages = ~0U; }},
      {"rows outside", [](SpArenaHeader& header) { header.rows = header.size; }},
      {"verdicts outside", [](SpArenaHeader& header) { header.verdicts = ~0U; }},
      {"ranges are no ranges",
       [](SpArenaHeader& header) {
         header.remote4.ranges = offsetof(SpArenaHeader, version);  // before `size`, no label
         header.remote4.root = {0, 1};
       }},
      {"verdicts are no verdicts", [](SpArenaHeader& header) { header.verdicts = 0; }},
  };
  std::uint64_t drops = 0;
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.what);
    damage.apply(arena.header());
    EXPECT_FALSE(passes(to_range));
    EXPECT_EQ(counted(SP_DROP_NO_GENERATION), ++drops);
    // Plumbing goes on.
    EXPECT_TRUE(passes("arp"));
    EXPECT_TRUE(passes("ip6 fe80::9 > ff02::1 hoplimit 255 icmpv6 135"));
    arena.header() = sound;
    EXPECT_TRUE(passes(to_range));
  }
}

TEST_F(DatapathTest, C5_BindingsMoveInPlace) {
  EXPECT_FALSE(passes(to_a));
  ASSERT_TRUE(bind("203.0.113.1", {name("a.example.com")}));
  EXPECT_TRUE(passes(to_a));
  EXPECT_FALSE(passes(to_b));
  ASSERT_TRUE(bind("203.0.113.1", {name("a.example.com"), name("b.example.com")}));
  EXPECT_TRUE(passes(to_a));
  EXPECT_TRUE(passes(to_b));
  ASSERT_TRUE(bind("203.0.113.1", {name("b.example.com")}));
  EXPECT_FALSE(passes(to_a));
  EXPECT_TRUE(passes(to_b));
  ASSERT_TRUE(bind("203.0.113.1", {}));
  EXPECT_FALSE(passes(to_b));
  EXPECT_TRUE(bind("203.0.113.1", {})) << "to unbind what is not bound is no failure";
  // Inside a range, the name adds to it, and the range stays when the name goes.
  ASSERT_TRUE(bind("198.51.100.7", {name("a.example.com")}));
  EXPECT_TRUE(passes("ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443"));
  EXPECT_TRUE(passes(to_range));
  ASSERT_TRUE(bind("198.51.100.7", {}));
  EXPECT_FALSE(passes("ip4 10.20.1.1 > 198.51.100.7 tcp 40000 > 443"));
  EXPECT_TRUE(passes(to_range));
}

TEST_F(DatapathTest, C5_EveryRangeOfALongTableIsFound) {
  constexpr std::uint32_t count = 40'000;
  constexpr std::uint32_t first = 0xc6000000;  // 198.0.0.0
  Program program;
  program.policy = "long-table";
  Rule& rule = program.rules.emplace_back();
  rule.services = {{protocol_tcp, 443, 443}};
  for (std::uint32_t i = 0; i < count; ++i) {
    rule.remote.ranges.push_back(AddressRange::single(Address::v4(first + 2 * i)));
  }
  const Uint128 first6 = address("2001:db8::").number;
  for (std::uint32_t i = 0; i < count; ++i) {
    rule.remote.ranges.push_back(AddressRange::single({Family::v6, first6 + 2 * i}));
  }
  auto datapath = Datapath::load(make_image(program));
  ASSERT_TRUE(datapath) << datapath.error().text();
  for (std::uint32_t i = 0; i < 2 * count; i += 997) {
    const std::uint32_t wanted = i % 2 == 0 ? XDP_PASS : XDP_DROP;
    const std::string v4 = Address::v4(first + i).text();
    const std::string v6 = Address{Family::v6, first6 + i}.text();
    EXPECT_EQ(datapath->test_run(frame("ip4 10.20.1.1 > " + v4 + " tcp 40000 > 443")), wanted)
        << v4;
    EXPECT_EQ(datapath->test_run(frame("ip6 2001:db8:1::1 > " + v6 + " tcp 40000 > 443")), wanted)
        << v6;
  }
}

TEST_F(DatapathTest, B8_AFullTableRefusesAndChangesNothing) {
  const auto sizes = datapath_->sizes();
  const auto bound4 = std::ranges::find(sizes, "bound4", &Datapath::Size::map);
  ASSERT_NE(bound4, sizes.end());
  const std::vector<ViewedName> names = {name("a.example.com")};
  for (std::uint32_t i = 0; i < bound4->capacity; ++i) {
    const auto bound = datapath_->bind(Address::v4(0xcb007100U + i), names);
    ASSERT_TRUE(bound) << bound.error().text();
  }
  EXPECT_FALSE(datapath_->full());
  const auto refused = bind("9.9.9.1", names);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("cannot bind 9.9.9.1"), std::string::npos);
  EXPECT_TRUE(datapath_->full());
  EXPECT_FALSE(passes("ip4 10.20.1.1 > 9.9.9.1 tcp 40000 > 443"));
  EXPECT_TRUE(passes(to_a));
  // An address that is bound may still change its names.
  EXPECT_TRUE(bind("203.0.113.1", {name("b.example.com")}));
  EXPECT_TRUE(passes(to_b));
}

/// Every name with a rule and a port of its own: each set of them is another label.
Program names_with_ports(std::uint16_t count) {
  Program program;
  program.policy = "many-labels";
  for (std::uint16_t i = 0; i < count; ++i) {
    Rule rule;
    const auto port = static_cast<std::uint16_t>(1000 + i);
    rule.services = {{protocol_tcp, port, port}};
    rule.remote.names = {name("n" + std::to_string(i) + ".example.com")};
    program.rules.push_back(rule);
  }
  return program;
}

std::vector<ViewedName> names_in(std::uint32_t set) {
  std::vector<ViewedName> names;
  for (std::uint32_t i = 0; set >> i != 0; ++i) {
    if ((set >> i & 1) != 0) names.push_back(name("n" + std::to_string(i) + ".example.com"));
  }
  return names;
}

/// How many of the addresses, no two with the same names, find room.
std::uint32_t bound_until_full(Datapath& datapath, std::uint32_t addresses) {
  std::uint32_t bound = 0;
  while (bound < addresses &&
         datapath.bind(Address::v4(0xcb007100U + bound), names_in(bound + 1))) {
    ++bound;
  }
  return bound;
}

TEST_F(DatapathTest, B8_MoreAddressesMakeRoomForMoreLabels) {
  constexpr std::uint32_t addresses = 4000;
  const Image image = make_image(names_with_ports(12));
  auto small = Datapath::load(image);
  ASSERT_TRUE(small) << small.error().text();
  EXPECT_LT(bound_until_full(*small, addresses), addresses);
  EXPECT_TRUE(small->full());
  auto large = Datapath::load(image, 4 * addresses + 400);
  ASSERT_TRUE(large) << large.error().text();
  EXPECT_EQ(bound_until_full(*large, addresses), addresses);
  EXPECT_FALSE(large->full());
}

TEST_F(DatapathTest, OwnAddressesFollowTheirSet) {
  ASSERT_TRUE(datapath_->set_own({address("203.0.113.1"), address("2001:db8::1")}));
  EXPECT_TRUE(passes(to_b));
  EXPECT_TRUE(passes("ip6 2001:db8::9 > 2001:db8::1 tcp 40000 > 22"));
  ASSERT_TRUE(datapath_->set_own({address("2001:db8::1")}));
  EXPECT_FALSE(passes(to_b));
  EXPECT_TRUE(passes("ip6 2001:db8::9 > 2001:db8::1 tcp 40000 > 22"));
}

TEST_F(DatapathTest, CountersAreCarriedOverAndPinned) {
  const PinnedFolder folder("counters");
  ASSERT_TRUE(datapath_->pin(folder.path()));
  EXPECT_FALSE(datapath_->pin(folder.path())) << "the folder exists";
  Counters before{{{5, 500}, {7, 700}}, std::vector<Counter>(SP_REASON_COUNT)};
  before.reasons[SP_PASS_RULE] = {12, 1200};
  ASSERT_TRUE(datapath_->carry(before));
  ASSERT_TRUE(datapath_->carry(before));
  ASSERT_TRUE(passes(to_range));
  const std::uint64_t bytes = frame(to_range).size();

  const auto own = datapath_->counters();
  const auto pinned = pinned_counters(folder.path());
  ASSERT_TRUE(own && pinned);
  for (const Counters& counters : {*own, *pinned}) {
    ASSERT_EQ(counters.rules.size(), 2U);
    EXPECT_EQ(counters.rules[0], (Counter{10, 1000}));
    EXPECT_EQ(counters.rules[1], (Counter{15, 1400 + bytes}));
    EXPECT_EQ(counters.reasons[SP_PASS_RULE], (Counter{25, 2400 + bytes}));
  }
}

TEST_F(DatapathTest, FramesTheKernelRunsNotAreErrors) {
  const auto action = datapath_->test_run(Bytes(13));
  ASSERT_FALSE(action);
  EXPECT_NE(action.error().text().find("13 bytes"), std::string::npos);
}

TEST(LoadError, ReadsAsOneSentence) {
  EXPECT_EQ(load_error("load the XDP program", EPERM, "libbpf: anything\n").text(),
            "cannot load the XDP program: permission denied (needs CAP_BPF, CAP_NET_ADMIN and "
            "CAP_PERFMON)");
  EXPECT_EQ(load_error("load the XDP program", ENOMEM,
                       "libbpf: map 'bound4': failed to create: Cannot allocate memory(-12)\n"
                       "libbpf: failed to load object 'sallyport_xdp'\n")
                .text(),
            "cannot load the XDP program: cannot allocate memory (map 'bound4': failed to create: "
            "Cannot allocate memory(-12))");
  EXPECT_EQ(last_words("libbpf: prog 'sallyport_xdp': BPF program load failed: Permission denied\n"
                       "libbpf: prog 'sallyport_xdp': -- BEGIN PROG LOAD LOG --\n"
                       "0: R1=ctx\n1: (61) r0 = *(u32 *)(r1 +999)\n"
                       "invalid bpf_context access off=999 size=4\n"
                       "processed 2 insns (limit 1000000)\n-- END PROG LOAD LOG --\n"),
            "prog 'sallyport_xdp': BPF program load failed: Permission denied; 0: R1=ctx; 1: (61) "
            "r0 = *(u32 *)(r1 +999); invalid bpf_context access off=999 size=4");
}

}  // namespace
}  // namespace sallyport
