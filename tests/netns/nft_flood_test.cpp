// SPDX-License-Identifier: GPL-2.0-or-later
// A flood to tuples that are always allowed, while bindings of their addresses and of many others
// change at random as fast as they can (T9, F3): our table drops none of it. SALLYPORT_SECONDS of
// 600 or more makes the full 100,000 changes; SALLYPORT_SEED repeats a run.
#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "compiler/driver/driver.h"
#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "runtime/nft_table.h"
#include "tests/netns/nft_gateway.h"

namespace sallyport {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using test::SocketAddress;
using testing::Contains;
using testing::EndsWith;

// Services in hash sets, ranges and whole protocols in chains; two zones.
const char* const policy_text = R"(zone lan = 10.9.1.0/24, 2001:db8:9::/64
policy flood {
  from any {
    allow udp 4000 to 198.51.100.1, 2001:db8:f::1
    allow udp 4000 to always.example.net
    allow udp any to wide.example.net
    allow udp 4000, 4001 to a.example.net
    allow tcp 443 to b.example.net
    allow tcp 1000-2000 to ranges.example.net
    allow icmp echo-request or icmpv6 echo-request to c.example.net
  }
  from lan {
    allow udp any to lan.example.net
    allow udp 4002 to d.example.net
  }
}
)";
const char* const others[] = {"a", "b", "ranges", "c", "lan", "d"};

/// The flood: by what each of them is always allowed.
struct Target {
  const char* address;
  const char* name;  // none: by the policy alone
};
const Target targets[] = {{"198.51.100.1", ""},        {"198.51.100.2", "always"},
                          {"198.51.100.3", "wide"},    {"2001:db8:f::1", ""},
                          {"2001:db8:f::2", "always"}, {"2001:db8:f::3", "wide"}};

HostName host(const std::string& word) {
  return HostName::parse(word + ".example.net").value();
}

Image image_of(const char* text) {
  const auto compilation = compile(
      "flood.sally", [&](const std::filesystem::path&) -> Result<std::string> { return text; });
  if (!compilation || compilation->programs.size() != 1) throw std::runtime_error("policy");
  return make_image(compilation->programs.front());
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Sends to all targets without a pause, many packets at a time.
class Flood {
 public:
  explicit Flood(const test::Netns& from) {
    for (const Target& target : targets) {
      const SocketAddress to(target.address, 4000);
      sockets_.push_back(test::socket_in(from, to.family, SOCK_DGRAM));
      if (connect(sockets_.back().get(), to.get(), to.size) != 0) test::throw_errno("connect");
    }
    thread_ = std::thread([this] { run(); });
  }
  ~Flood() { stop(); }
  void stop() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::uint64_t sent() const { return sent_; }

 private:
  void run() {
    constexpr unsigned at_once = 32;
    char byte = 'f';
    iovec part{&byte, 1};
    std::array<mmsghdr, at_once> messages{};
    for (mmsghdr& message : messages) {
      message.msg_hdr.msg_iov = &part;
      message.msg_hdr.msg_iovlen = 1;
    }
    while (!over_) {
      for (const Fd& socket : sockets_) {
        const int done = sendmmsg(socket.get(), messages.data(), at_once, 0);
        if (done > 0) sent_ += static_cast<std::uint64_t>(done);
      }
    }
  }

  std::vector<Fd> sockets_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::thread thread_;
};

class NftFlood : public test::NftGateway {
 protected:
  void SetUp() override {
    NftGateway::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // Counted where they arrive, and no answers.
    internet_->must_run({"nft", "-f", file("count.nft", R"(table inet arrived {
  counter flood { }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    udp dport 4000 counter name flood drop
  }
}
)")});
  }
  void TearDown() override {
    if (gateway_) gateway_->run({"nft", "delete", "table", "inet", "sallyport-flood"});
    NftGateway::TearDown();
  }
  std::uint64_t arrived() const {
    const Json listed = Json::parse(
        internet_->must_run({"nft", "-j", "list", "counter", "inet", "arrived", "flood"}));
    for (const Json& row : listed.at("nftables")) {
      if (row.contains("counter")) return row["counter"]["packets"].get<std::uint64_t>();
    }
    return 0;
  }
};

/// The table of the policy, live, and changes of bindings.
class Wall {
 public:
  Wall() : ruleset_(image_of(policy_text), options()) {
    for (const Target& target : targets) {
      if (*target.name != 0)
        (void)ruleset_.bind(*Address::parse(target.address), {{host(target.name)}});
    }
    value_ = ruleset_.table();
    auto opened = NftTable::open(value_.name, {.own = false});
    if (!opened) throw std::runtime_error(opened.error().text());
    table_.emplace(std::move(*opened));
    if (auto loaded = table_->prepare(value_); !loaded)
      throw std::runtime_error(loaded.error().text());
  }

  void bind(const Address& address, const std::vector<ViewedName>& names) {
    const nft::Delta delta = ruleset_.bind(address, names);
    if (delta.empty()) return;
    const auto changed = table_->change(value_, delta);
    if (!changed) throw std::runtime_error(changed.error().text());
    for (const auto* changes : {&delta.added, &delta.removed}) {
      for (const nft::SetChange& change : *changes) touched_.insert(value_.sets[change.set].name);
    }
    ++changes_;
  }
  std::uint64_t changes() const { return changes_; }
  const std::set<std::string>& touched() const { return touched_; }
  std::uint64_t dropped() {
    const auto counters = table_->counters();
    if (!counters) throw std::runtime_error(counters.error().text());
    std::uint64_t sum = 0;
    for (const auto& [name, count] : *counters) {
      if (name.starts_with("dropped")) sum += count.packets;
    }
    return sum;
  }
  std::string difference() {
    const auto difference = table_->difference();
    return difference ? *difference : difference.error().text();
  }

 private:
  static nft::Options options() {
    nft::Options options;
    options.table = "sallyport-flood";
    options.devices = {"lan0"};
    return options;
  }
  nft::Ruleset ruleset_;
  nft::Table value_;
  std::optional<NftTable> table_;
  std::set<std::string> touched_;
  std::uint64_t changes_ = 0;
};

TEST_F(NftFlood, T9_no_change_of_a_binding_drops_what_is_always_allowed) {
  const std::uint64_t seed = number_from("SALLYPORT_SEED", 1);
  const bool whole = number_from("SALLYPORT_SECONDS", 60) >= 600;
  const std::uint64_t wanted = whole ? 100'000 : 20'000;
  const auto end = steady_clock::now() + (whole ? seconds(400) : seconds(20));
  std::mt19937_64 random(seed);
  gateway_->inside([&] {
    Wall wall;
    const std::uint64_t losses = ring_losses();
    Flood flood(*client_);
    const auto began = steady_clock::now();
    while (wall.changes() < wanted && steady_clock::now() < end) {
      std::vector<ViewedName> names;
      for (const char* other : others) {
        if (random() % 3 == 0) names.push_back(host(other));
      }
      Address address;
      if (random() % 2 == 0) {
        const Target& target = targets[random() % std::size(targets)];
        address = *Address::parse(target.address);
        if (*target.name != 0) names.push_back(host(target.name));
      } else {
        const bool v4 = random() % 2 == 0;
        address = *Address::parse((v4 ? "198.51.100." : "2001:db8:f::") +
                                  std::to_string(10 + random() % 90));
      }
      wall.bind(address, names);
    }
    const std::chrono::duration<double> took = steady_clock::now() - began;
    flood.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const std::uint64_t lost = flood.sent() - arrived();
    const std::uint64_t in_rings = ring_losses() - losses;
    EXPECT_EQ(wall.dropped(), 0U) << "seed " << seed;
    EXPECT_LE(lost, in_rings) << "seed " << seed;
    EXPECT_EQ(wall.difference(), "");
    EXPECT_GE(wall.changes(), wanted / 10);
    for (const char* kind : {"ip4_32", "ip6_128", "wide4_bound", "wide4_moved", "wide6_bound",
                             "wide6_moved", "later4_bound", "later4_moved"}) {
      EXPECT_THAT(wall.touched(), Contains(EndsWith(kind)));
    }
    std::printf(
        "%lu changes in %.1f s under %.0f kpps (seed %lu): %lu sent, %lu lost, all in "
        "rings, %lu dropped by our table; %zu sets changed\n",
        wall.changes(), took.count(), static_cast<double>(flood.sent()) / took.count() / 1e3, seed,
        flood.sent(), lost, wall.dropped(), wall.touched().size());

    // What it is good for: the same by taking away and adding again.
    Flood control(*client_);
    const std::uint64_t before = wall.changes();
    for (int i = 0; i < 200; ++i) {
      const Target& target = targets[i % 2 == 0 ? 1 : 2];
      const Address address = *Address::parse(target.address);
      wall.bind(address, {});
      wall.bind(address, {host(target.name)});
    }
    control.stop();
    std::printf("control, removed and added again: %lu changes dropped %lu of %lu\n",
                wall.changes() - before, wall.dropped(), control.sent());
  });
}

}  // namespace
}  // namespace sallyport
