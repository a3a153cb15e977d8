// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of the nftables wall share: a gateway between a client and the internet, the
// daemon on it, frames of any make that the client sends, and which of them the internet sees.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "compiler/values/address.h"
#include "tests/support/frame.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"

namespace sallyport::test {

[[noreturn]] inline void throw_errno(const std::string& tried) {
  throw std::system_error(errno, std::generic_category(), tried);
}

// ---- frames ----

inline std::uint16_t word_at(const Bytes& frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
}

/// The Internet checksum of a part of the frame, with `sum` added to it.
inline std::uint16_t checksum(const Bytes& frame, std::size_t begin, std::size_t end,
                              std::uint32_t sum = 0) {
  for (std::size_t at = begin; at < end; at += 2) {
    sum += static_cast<std::uint32_t>(frame[at] << 8) + (at + 1 < end ? frame[at + 1] : 0U);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Fills in the checksums that routers and connection tracking look at: that of an IPv4 header, and
/// those of TCP, UDP and ICMP in a packet that is no fragment.
inline void set_checksums(Bytes& frame) {
  constexpr std::size_t ip = 14;
  const auto put = [&](std::size_t at, std::uint16_t sum) {
    frame[at] = static_cast<std::uint8_t>(sum >> 8);
    frame[at + 1] = static_cast<std::uint8_t>(sum);
  };
  std::size_t transport = 0;
  std::uint8_t protocol = 0;
  std::size_t addresses = 0;
  std::size_t addresses_end = 0;
  if (word_at(frame, 12) == ETHERTYPE_IP) {
    transport = ip + (frame[ip] & 15U) * 4U;
    put(ip + 10, 0);
    put(ip + 10, checksum(frame, ip, transport));
    if ((word_at(frame, ip + 6) & 0x3fff) != 0) return;
    protocol = frame[ip + 9];
    addresses = ip + 12;
    addresses_end = ip + 20;
  } else {
    transport = ip + 40;
    protocol = frame[ip + 6];
    addresses = ip + 8;
    addresses_end = ip + 40;
  }
  const std::map<std::uint8_t, std::size_t> places{{1, 2}, {6, 16}, {17, 6}, {58, 2}};
  const auto place = places.find(protocol);
  if (place == places.end() || transport + place->second + 2 > frame.size()) return;
  std::uint32_t pseudo = 0;
  if (protocol != 1) {
    pseudo = static_cast<std::uint16_t>(~checksum(frame, addresses, addresses_end));
    pseudo += static_cast<std::uint32_t>(protocol + frame.size() - transport);
  }
  put(transport + place->second, 0);
  put(transport + place->second, checksum(frame, transport, frame.size(), pseudo));
}

/// Sends frames out of a device, and sees those that enter or leave through one.
class PacketSocket {
 public:
  PacketSocket(const Netns& where, const std::string& device) {
    where.inside([&] {
      socket_ = Fd{socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL))};
      sockaddr_ll to{};
      to.sll_family = AF_PACKET;
      to.sll_protocol = htons(ETH_P_ALL);
      to.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
      const int room = 8 << 20;
      if (!socket_ ||
          setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
          bind(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
        throw_errno("look at " + device);
    });
  }
  void send(const Bytes& frame) const {
    if (::send(socket_.get(), frame.data(), frame.size(), 0) < 0) throw_errno("send a frame");
  }
  std::optional<Bytes> receive() const {
    Bytes frame(65536);
    const ssize_t size = recv(socket_.get(), frame.data(), frame.size(), 0);
    if (size < 0) return std::nullopt;
    frame.resize(static_cast<std::size_t>(size));
    return frame;
  }

 private:
  Fd socket_;
};

/// A frame as frame_of() reads it, and whether it crosses the gateway.
struct Crossing {
  std::string frame;
  bool crosses = false;
};

/// Sends each row with a mark in its payload. What does not cross when it should is sent a few
/// times more, since a ring may lose it; behind the last goes one that always crosses.
class Crossings {
 public:
  Crossings(const Netns& client, const Netns& internet)
      : sender_(client, "eth0"), receiver_(internet, "eth0") {}

  void expect(const std::vector<Crossing>& rows, const std::string& always) {
    std::vector<bool> crossed(rows.size());
    for (int attempt = 0; attempt < 4; ++attempt) {
      std::map<std::string, std::size_t> marks;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (attempt == 0 || (rows[i].crosses && !crossed[i])) marks[send(rows[i].frame)] = i;
      }
      const std::string last = send(always);
      const bool settled = eventually(std::chrono::seconds(3), [&] {
        return see([&](const std::string& seen) {
          for (const auto& [mark, row] : marks) {
            if (seen.find(mark) != std::string::npos) crossed[row] = true;
          }
          return seen.find(last) != std::string::npos;
        });
      });
      EXPECT_TRUE(settled) << "this does not cross: " << always;
      bool whole = true;
      for (std::size_t i = 0; i < rows.size(); ++i) whole &= crossed[i] || !rows[i].crosses;
      if (whole) break;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(crossed[i], rows[i].crosses) << rows[i].frame;
    }
  }

  /// Sends it once more and again until it crosses.
  bool crosses(const std::string& frame, std::chrono::milliseconds most) {
    return eventually(most, [&] {
      const std::string mark = send(frame);
      return eventually(std::chrono::milliseconds(50), [&] {
        return see([&](const std::string& seen) { return seen.find(mark) != std::string::npos; });
      });
    });
  }

 private:
  std::string send(const std::string& text) {
    char digits[17];
    std::snprintf(digits, sizeof(digits), "5a1170%010lx", ++number_);
    auto frame = frame_of(text + " bytes 0x" + digits);
    if (!frame) throw std::runtime_error(text + ": " + frame.error().text());
    set_checksums(*frame);
    sender_.send(*frame);
    std::string mark;
    for (int i = 0; i < 16; i += 2) {
      mark += static_cast<char>(std::stoi(std::string(digits + i, 2), nullptr, 16));
    }
    return mark;
  }

  template <typename Look>
  bool see(const Look& look) {
    bool found = false;
    while (const auto frame = receiver_.receive()) {
      found |= look(std::string(frame->begin(), frame->end()));
    }
    return found;
  }

  PacketSocket sender_;
  PacketSocket receiver_;
  std::uint64_t number_ = 0;
};

// ---- conversations ----

struct SocketAddress {
  explicit SocketAddress(const std::string& text, std::uint16_t port) {
    const Address address = Address::parse(text).value();
    const auto bytes = address.bytes();
    family = address.family == Family::v4 ? AF_INET : AF_INET6;
    if (family == AF_INET) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, bytes.data(), sizeof(v4.sin_addr));
      std::memcpy(&storage, &v4, size = sizeof(v4));
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, bytes.data(), sizeof(v6.sin6_addr));
      std::memcpy(&storage, &v6, size = sizeof(v6));
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family = 0;
  sockaddr_storage storage{};
  socklen_t size = 0;
};

inline Fd socket_in(const Netns& where, int family, int kind) {
  Fd made;
  where.inside([&] { made = Fd{socket(family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; });
  const int on = 1;
  if (!made || setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      setsockopt(made.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) != 0)
    throw_errno("socket");
  return made;
}

/// True if `from` gets an answer of a server that listens in `to`; a datagram is of `size` bytes.
inline bool talks_udp(const Netns& from, const Netns& to, const std::string& text,
                      std::uint16_t port, std::chrono::milliseconds most, std::size_t size = 8) {
  const SocketAddress address(text, port);
  const Fd server = socket_in(to, address.family, SOCK_DGRAM);
  const Fd client = socket_in(from, address.family, SOCK_DGRAM);
  if (bind(server.get(), address.get(), address.size) != 0) throw_errno("bind to " + text);
  if (::connect(client.get(), address.get(), address.size) != 0) throw_errno("connect to " + text);
  Bytes bytes(size, 'u');
  int turn = 0;
  return eventually(most, [&] {
    if (turn++ % 10 == 0 && ::send(client.get(), bytes.data(), size, 0) < 0) return false;
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof(peer);
    const ssize_t got = recvfrom(server.get(), bytes.data(), size, 0,
                                 reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (got == static_cast<ssize_t>(size)) {
      (void)sendto(server.get(), "y", 1, 0, reinterpret_cast<sockaddr*>(&peer), peer_size);
    }
    char answer = 0;
    return recv(client.get(), &answer, 1, 0) == 1;
  });
}

/// True if a datagram of `size` bytes arrives, whatever becomes of an answer.
inline bool arrives_udp(const Netns& from, const Netns& to, const std::string& text,
                        std::uint16_t port, std::size_t size, std::chrono::milliseconds most) {
  const SocketAddress address(text, port);
  const Fd server = socket_in(to, address.family, SOCK_DGRAM);
  const Fd client = socket_in(from, address.family, SOCK_DGRAM);
  if (bind(server.get(), address.get(), address.size) != 0) throw_errno("bind to " + text);
  if (::connect(client.get(), address.get(), address.size) != 0) throw_errno("connect to " + text);
  Bytes bytes(size, 'a');
  int turn = 0;
  return eventually(most, [&] {
    if (turn++ % 10 == 0) (void)::send(client.get(), bytes.data(), size, 0);
    return recv(server.get(), bytes.data(), size, 0) == static_cast<ssize_t>(size);
  });
}

/// True if a connection is made and a byte comes back.
inline bool talks_tcp(const Netns& from, const Netns& to, const std::string& text,
                      std::uint16_t port, std::chrono::milliseconds most) {
  const SocketAddress address(text, port);
  const Fd server = socket_in(to, address.family, SOCK_STREAM);
  const Fd client = socket_in(from, address.family, SOCK_STREAM);
  if (bind(server.get(), address.get(), address.size) != 0 || listen(server.get(), 1) != 0)
    throw_errno("listen on " + text);
  (void)::connect(client.get(), address.get(), address.size);
  Fd accepted;
  return eventually(most, [&] {
    if (!accepted) accepted = Fd{accept4(server.get(), nullptr, nullptr, SOCK_NONBLOCK)};
    if (!accepted) return false;
    (void)::send(client.get(), "q", 1, MSG_NOSIGNAL);
    char byte = 0;
    if (recv(accepted.get(), &byte, 1, 0) == 1) (void)::send(accepted.get(), "a", 1, MSG_NOSIGNAL);
    return recv(client.get(), &byte, 1, 0) == 1;
  });
}

inline bool pings(const Netns& from, const std::string& address, int tries) {
  for (int i = 0; i < tries; ++i) {
    if (from.run({"ping", "-c1", "-W1", "-q", address}).status == 0) return true;
  }
  return false;
}

// ---- the gateway ----

inline constexpr std::chrono::milliseconds soon{4000};  // what must arrive does by then
inline constexpr std::chrono::milliseconds never{250};  // what must not is waited for so long

/// client 10.9.1.2, 2001:db8:9::2 -- lan0 gateway wan0 -- internet 203.0.113.2, 2001:db8:fff::2,
/// which is also every address of 198.51.100.0/24 and 2001:db8:f::/64.
class NftGateway : public testing::Test {
 protected:
  using Json = nlohmann::json;

  void SetUp() override {
    for (const std::string& reason :
         {why_no_kernel(), std::string(has_program("nft") ? "" : "needs nft (nftables)")}) {
      if (!reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    }
    if (!std::filesystem::exists(SALLYPORT_BINARY))
      GTEST_SKIP() << "SKIP: there is no " << SALLYPORT_BINARY;
    folder_ = std::filesystem::temp_directory_path() / instance_;
    std::filesystem::create_directories(folder_);
    make_networks();
  }

  void TearDown() override {
    if (gateway_) (void)sallyport({"unload", "--instance", instance_});
    daemon_.reset();
    std::filesystem::remove_all(folder_);
  }

  void make_networks() {
    client_.emplace("client");
    gateway_.emplace("gateway");
    internet_.emplace("internet");
    for (const Netns* each : {&*client_, &*gateway_, &*internet_}) {
      // Link addresses are usable at once, too.
      each->must_run({"sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0",
                      "net.ipv6.conf.all.accept_dad=0"});
    }
    connect(*client_, "eth0", *gateway_, "lan0");
    connect(*gateway_, "wan0", *internet_, "eth0");
    gateway_->ip("link set lan0 address 02:00:00:00:00:01");  // where frame_of() sends to
    client_->address("eth0", "10.9.1.2/24");
    client_->address("eth0", "2001:db8:9::2/64");
    gateway_->address("lan0", "10.9.1.1/24");
    gateway_->address("lan0", "2001:db8:9::1/64");
    gateway_->address("wan0", "203.0.113.1/24");
    gateway_->address("wan0", "2001:db8:fff::1/64");
    internet_->address("eth0", "203.0.113.2/24");
    internet_->address("eth0", "203.0.113.53/24");
    internet_->address("eth0", "2001:db8:fff::2/64");
    gateway_->forward();
    gateway_->must_run(
        {"sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.lan0.rp_filter=0",
         "net.ipv4.conf.lan0.accept_source_route=1", "net.ipv4.conf.all.accept_source_route=1"});
    client_->route("default", "10.9.1.1");
    client_->route("default", "2001:db8:9::1");
    gateway_->route("198.51.100.0/24", "203.0.113.2");
    gateway_->route("2001:db8:f::/64", "2001:db8:fff::2");
    internet_->route("default", "203.0.113.1");
    internet_->route("default", "2001:db8:fff::1");
    internet_->ip("route add local 198.51.100.0/24 dev lo");
    internet_->ip("-6 route add local 2001:db8:f::/64 dev lo");
    // Neighbours know each other before anything is filtered.
    for (const char* address : {"198.51.100.1", "2001:db8:f::1"}) {
      ASSERT_TRUE(pings(*client_, address, 5)) << address;
    }
  }

  Finished sallyport(CommandLine words) const {
    words.insert(words.begin(), SALLYPORT_BINARY);
    return gateway_->run(words);
  }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  std::string build(const std::string& policy) {
    const std::string bundle = (folder_ / ("b" + std::to_string(++bundles_))).string();
    const Finished built = sallyport({"build", file("policy.sally", policy), "-o", bundle});
    if (built.status != 0) throw std::runtime_error(built.output);
    return bundle;
  }

  /// `run`, and waits until the policy is enforced.
  void start(const std::string& policy, const CommandLine& options) {
    start_bundle(build(policy), options);
  }
  void start_bundle(const std::string& bundle, const CommandLine& options) {
    CommandLine words{SALLYPORT_BINARY, "run", bundle};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--instance", instance_});
    daemon_.emplace(gateway_->start(words));
    ASSERT_TRUE(eventually(std::chrono::seconds(20), [&] {
      if (!daemon_->running()) return true;
      const Json now = status();
      return now.is_object() && now.value("running", false);
    })) << daemon_->output();
    ASSERT_TRUE(daemon_->running()) << daemon_->output();
  }

  Finished load(const std::string& bundle) const {
    return sallyport({"load", bundle, "--instance", instance_});
  }

  Json status() const {
    return Json::parse(sallyport({"status", "--json", "--instance", instance_}).output, nullptr,
                       false);
  }

  std::string table() const { return "sallyport-" + instance_; }

  /// A script for `nft -f` in the gateway.
  Finished try_nft(const std::string& script) const {
    return gateway_->run({"nft", "-f", file("script.nft", script)});
  }
  void nft(const std::string& script) const {
    const Finished done = try_nft(script);
    if (done.status != 0) throw std::runtime_error(done.output + script);
  }
  /// Rules and elements with their handles, without what counters count; empty if it is gone.
  std::string listing(const std::string& table) const {
    const Finished listed = gateway_->run({"nft", "-a", "-s", "list", "table", "inet", table});
    return listed.status == 0 ? listed.output : "";
  }
  /// Every table but ours.
  std::string foreign() const {
    std::string text;
    const Json tables = Json::parse(gateway_->must_run({"nft", "-j", "list", "tables"}));
    for (const Json& row : tables.at("nftables")) {
      if (!row.contains("table") || row["table"]["name"] == table()) continue;
      text += gateway_->must_run(
          {"nft", "-a", "-s", "list", "table", row["table"]["family"], row["table"]["name"]});
    }
    return text;
  }
  /// Packets that rings and backlogs on the way threw away, which no filter has seen.
  std::uint64_t ring_losses() const {
    const auto drops = [](const Netns& where, const char* device, const char* way) {
      const Json link = Json::parse(where.must_run({"ip", "-j", "-s", "link", "show", device}));
      return link.at(0).at("stats64").at(way).at("dropped").get<std::uint64_t>();
    };
    return drops(*client_, "eth0", "tx") + drops(*gateway_, "lan0", "rx") +
           drops(*gateway_, "wan0", "tx") + drops(*internet_, "eth0", "rx");
  }
  /// Packets that a counter of our table counted.
  std::uint64_t counted(const std::string& counter) const {
    const Finished listed =
        gateway_->run({"nft", "-j", "list", "counter", "inet", table(), counter});
    const Json object = Json::parse(listed.output, nullptr, false);
    if (!object.is_object()) return 0;
    for (const Json& row : object.at("nftables")) {
      if (row.contains("counter")) return row["counter"].at("packets").get<std::uint64_t>();
    }
    return 0;
  }

  const std::string instance_ = "nft-" + std::to_string(getpid());
  std::filesystem::path folder_;
  std::optional<Netns> client_;
  std::optional<Netns> gateway_;
  std::optional<Netns> internet_;
  std::optional<Process> daemon_;
  int bundles_ = 0;
};

}  // namespace sallyport::test
