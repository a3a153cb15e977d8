// SPDX-License-Identifier: GPL-2.0-or-later
// CaresLookup against real servers (unbound, knot) on loopback, and against a scripted one where an
// answer is wanted that no real server gives.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "runtime/cares_lookup.h"
#include "tests/support/dns_message.h"
#include "tests/support/process.h"

namespace sallyport {
namespace {

using Outcome = Answer::Outcome;
using std::chrono::milliseconds;
using test::Bytes;
using test::DnsMessage;
using testing::ElementsAre;
namespace dns = test::dns;

HostName name(const std::string& text) {
  return HostName::parse(text).value();
}
Address address(std::string_view text) {
  return Address::parse(text).value();
}
const Address loopback4 = address("127.0.0.1"), loopback6 = address("::1");

/// "198.51.100.1/300", "no data", "no name", "failure: SERVFAIL"
std::string text(const Answer& answer) {
  if (answer.outcome == Outcome::no_data) return "no data";
  if (answer.outcome == Outcome::no_name) return "no name";
  if (answer.outcome == Outcome::failure) return "failure: " + answer.failure;
  std::string words;
  for (const auto& [answered, ttl] : answer.addresses)
    words += (words.empty() ? "" : " ") + answered.text() + "/" + std::to_string(ttl.count());
  return words;
}

struct SocketAddress {
  explicit SocketAddress(const Endpoint& endpoint) {
    const auto bytes = endpoint.address.bytes();
    if (endpoint.address.family == Family::v4) {
      storage.v4.sin_family = AF_INET;
      storage.v4.sin_port = htons(endpoint.port);
      std::copy_n(bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&storage.v4.sin_addr));
      size = sizeof storage.v4;
    } else {
      storage.v6.sin6_family = AF_INET6;
      storage.v6.sin6_port = htons(endpoint.port);
      std::copy_n(bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&storage.v6.sin6_addr));
      size = sizeof storage.v6;
    }
  }
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
  } storage;
  socklen_t size = 0;
};

Fd bound_socket(const Endpoint& endpoint, int type) {
  const int family = endpoint.address.family == Family::v4 ? AF_INET : AF_INET6;
  Fd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const SocketAddress at(endpoint);
  if (::bind(fd.get(), &at.storage.any, at.size) != 0) return Fd();
  return fd;
}

std::uint16_t port_of(const Fd& fd) {
  SocketAddress at(Endpoint{loopback6, 0});
  ::getsockname(fd.get(), &at.storage.any, &at.size);
  return ntohs(at.storage.v6.sin6_port);  // at the same place in both families
}

/// A port that is free for UDP and TCP.
std::uint16_t free_port() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::uint16_t port = port_of(bound_socket({loopback4, 0}, SOCK_DGRAM));
    if (bound_socket({loopback4, port}, SOCK_STREAM)) return port;
  }
  throw std::runtime_error("no free port");
}

struct Query {
  std::uint16_t id = 0, type = 0, source_port = 0;
  std::string name;

  DnsMessage answer() const { return DnsMessage(name, type).id(id); }
};

/// Answers as its script says, inside the loop of the test. Keeps what it was asked.
class ScriptedServer {
 public:
  using Script = std::function<std::vector<DnsMessage>(const Query&)>;

  ScriptedServer(EventLoop& loop, Script script, const Address& at = loopback4)
      : loop_(loop), script_(std::move(script)), fd_(bound_socket({at, 0}, SOCK_DGRAM)) {
    endpoint_ = {at, port_of(fd_)};
    // A thousand questions at once must all find room.
    const int room = 4 << 20;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    EXPECT_TRUE(loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { serve(); }));
  }
  ~ScriptedServer() { loop_.unwatch(fd_.get()); }

  Endpoint endpoint() const { return endpoint_; }
  std::vector<Query> queries;

 private:
  void serve() {
    std::array<std::uint8_t, 512> buffer;
    SocketAddress from(endpoint_);
    ssize_t size = 0;
    while ((size = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, &from.storage.any,
                              &from.size)) > 0) {
      queries.push_back(read({buffer.data(), static_cast<std::size_t>(size)}));
      queries.back().source_port = ntohs(from.storage.v6.sin6_port);
      for (const DnsMessage& message : script_(queries.back()))
        ::sendto(fd_.get(), message.bytes().data(), message.bytes().size(), 0, &from.storage.any,
                 from.size);
    }
  }
  static Query read(std::span<const std::uint8_t> bytes) {
    Query query;
    query.id = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
    std::size_t at = 12;
    while (bytes[at] != 0) {
      if (!query.name.empty()) query.name += '.';
      query.name.append(reinterpret_cast<const char*>(&bytes[at + 1]), bytes[at]);
      at += bytes[at] + 1U;
    }
    query.type = static_cast<std::uint16_t>(bytes[at + 1] << 8 | bytes[at + 2]);
    return query;
  }

  EventLoop& loop_;
  Script script_;
  Fd fd_;
  Endpoint endpoint_;
};

std::vector<DnsMessage> good(const Query& query) {
  if (query.type == dns::type_a) return {query.answer().a(query.name, "198.51.100.1", 60)};
  return {query.answer().aaaa(query.name, "2001:db8::1", 60)};
}
std::vector<DnsMessage> silent(const Query&) {
  return {};
}

class DnsTest : public testing::Test {
 protected:
  std::unique_ptr<CaresLookup> lookup(const std::vector<Endpoint>& servers) {
    auto made = CaresLookup::create(loop_, servers);
    EXPECT_TRUE(made) << made.error().text();
    return std::move(*made);
  }

  struct Asked {
    std::string answer;
    Moment took{0};
  };
  /// Asks everything at once; runs until all is answered, or ten seconds.
  std::vector<Asked> ask(Lookup& lookup, const std::vector<std::string>& names,
                         Family family = Family::v4) {
    std::vector<Asked> asked(names.size());
    std::size_t missing = names.size();
    const Moment start = clock_.now();
    for (std::size_t i = 0; i < names.size(); ++i) {
      lookup.ask(name(names[i]), family, [&, i](const Answer& answer) {
        EXPECT_EQ(asked[i].answer, "") << "a question is answered once";
        asked[i] = {text(answer), clock_.now() - start};
        if (--missing == 0) loop_.stop();
      });
    }
    run_for(std::chrono::seconds(10));
    EXPECT_EQ(missing, 0U);
    return asked;
  }
  std::string ask_one(Lookup& lookup, const std::string& who, Family family = Family::v4) {
    return ask(lookup, {who}, family)[0].answer;
  }
  void run_for(milliseconds most) {
    const auto end = loop_.at(clock_.now() + most, [this] { loop_.stop(); });
    EXPECT_TRUE(loop_.run());
    loop_.cancel(end);
  }

  BootClock clock_;
  EventLoop loop_ = EventLoop::create(clock_).value();
};

// Generous, for busy machines; what they are compared with are seconds.
constexpr auto at_once = milliseconds(400);

TEST_F(DnsTest, both_families_over_ipv4_and_ipv6) {
  for (const Address& at : {loopback4, loopback6}) {
    ScriptedServer server(loop_, good, at);
    const auto asking = lookup({server.endpoint()});
    EXPECT_EQ(ask_one(*asking, "www.example.com"), "198.51.100.1/60") << at.text();
    EXPECT_EQ(ask_one(*asking, "www.example.com", Family::v6), "2001:db8::1/60") << at.text();
    ASSERT_EQ(server.queries.size(), 2U);
    EXPECT_EQ(server.queries[0].name, "www.example.com");
    EXPECT_EQ(server.queries[0].type, dns::type_a);
    EXPECT_EQ(server.queries[1].type, dns::type_aaaa);
  }
}

TEST_F(DnsTest, without_a_server_there_is_no_lookup) {
  EXPECT_FALSE(CaresLookup::create(loop_, {}));
}

TEST_F(DnsTest, N1_one_family_fails_and_the_other_answers) {
  ScriptedServer server(loop_, [](const Query& query) {
    if (query.type == dns::type_a) return good(query);
    return std::vector{query.answer().rcode(2)};
  });
  const auto asking = lookup({server.endpoint()});
  EXPECT_EQ(ask_one(*asking, "www.example.com", Family::v6), "failure: SERVFAIL");
  EXPECT_EQ(ask_one(*asking, "www.example.com"), "198.51.100.1/60");
}

TEST_F(DnsTest, N2_response_codes_in_words_and_at_once) {
  const std::map<unsigned, std::string> rows = {
      {1, "FORMERR"}, {2, "SERVFAIL"}, {4, "NOTIMP"}, {5, "REFUSED"}, {9, "rcode 9"}};
  for (const auto& [rcode, words] : rows) {
    ScriptedServer server(loop_, [&, code = rcode](const Query& query) {
      return std::vector{query.answer().rcode(code)};
    });
    const auto asked = ask(*lookup({server.endpoint()}), {"www.example.com"});
    EXPECT_EQ(asked[0].answer, "failure: " + words);
    EXPECT_LT(asked[0].took, at_once);
    EXPECT_EQ(server.queries.size(), 1U) << "a refusal is not asked for twice";
  }
}

TEST_F(DnsTest, a_server_that_cannot_answer_is_passed_over) {
  for (const unsigned rcode : {1U, 2U, 4U, 5U, 9U}) {
    ScriptedServer broken(
        loop_, [&](const Query& query) { return std::vector{query.answer().rcode(rcode)}; });
    ScriptedServer working(loop_, good);
    const auto asking = lookup({broken.endpoint(), working.endpoint()});
    const auto asked = ask(*asking, {"www.example.com"});
    EXPECT_EQ(asked[0].answer, "198.51.100.1/60") << rcode;
    EXPECT_LT(asked[0].took, at_once) << rcode;
    ask(*asking, {"mail.example.com"});
    EXPECT_EQ(broken.queries.size(), 1U) << "the one that answered is asked first from now on";
  }
}

TEST_F(DnsTest, a_name_that_does_not_exist_is_an_answer) {
  ScriptedServer first(loop_, [](const Query& query) {
    return std::vector{query.answer().rcode(3).soa("example.com", 60, 30)};
  });
  ScriptedServer second(loop_, good);
  EXPECT_EQ(ask_one(*lookup({first.endpoint(), second.endpoint()}), "www.example.com"), "no name");
  EXPECT_TRUE(second.queries.empty());
}

TEST_F(DnsTest, N7_answers_to_other_questions_are_not_taken) {
  ScriptedServer server(loop_, [](const Query& query) {
    const auto lie = [&](const std::string& who, std::uint16_t type) {
      return DnsMessage(who, type).id(query.id).a(query.name, "198.51.100.66");
    };
    const auto wrong_id = static_cast<std::uint16_t>(query.id + 1);
    return std::vector{query.answer().id(wrong_id).a(query.name, "198.51.100.66"),
                       lie("other.example.com", dns::type_a), lie(query.name, dns::type_aaaa),
                       DnsMessage(query.name, query.type, dns::class_chaos)
                           .id(query.id)
                           .a(query.name, "198.51.100.66"),
                       good(query)[0]};
  });
  EXPECT_EQ(ask_one(*lookup({server.endpoint()}), "www.example.com"), "198.51.100.1/60");
}

TEST_F(DnsTest, N7_answers_from_elsewhere_are_not_taken) {
  const Fd elsewhere = bound_socket({loopback4, 0}, SOCK_DGRAM);
  unsigned lies = 0;
  ScriptedServer server(loop_, [&](const Query& query) {
    const DnsMessage lie = query.answer().a(query.name, "198.51.100.66");
    const SocketAddress to(Endpoint{loopback4, query.source_port});
    if (::sendto(elsewhere.get(), lie.bytes().data(), lie.bytes().size(), 0, &to.storage.any,
                 to.size) > 0)
      ++lies;
    return std::vector<DnsMessage>{};
  });
  EXPECT_EQ(ask_one(*lookup({server.endpoint()}), "www.example.com"), "failure: timeout");
  EXPECT_EQ(lies, 2U) << "one for each try";
}

TEST_F(DnsTest, N10_a_dead_server_is_a_failure_within_three_seconds) {
  ScriptedServer dead(loop_, silent);
  for (const auto& servers : {std::vector{dead.endpoint()},
                              std::vector{dead.endpoint(), dead.endpoint(), dead.endpoint()}}) {
    const auto asked = ask(*lookup(servers), {"www.example.com", "mail.example.com"});
    for (const Asked& one : asked) {
      EXPECT_EQ(one.answer, "failure: timeout");
      EXPECT_LT(one.took, milliseconds(3000));
      EXPECT_GT(one.took, milliseconds(2000)) << "a slow server has its chance";
    }
  }
  EXPECT_EQ(dead.queries.size(), 2 * 2U + 2 * 6U) << "each server is asked twice";
}

TEST_F(DnsTest, N10_a_dead_server_delays_the_first_question_only) {
  ScriptedServer dead(loop_, silent), live(loop_, good);
  const auto asking = lookup({dead.endpoint(), live.endpoint()});
  const auto first = ask(*asking, {"www.example.com"});
  EXPECT_EQ(first[0].answer, "198.51.100.1/60");
  EXPECT_LT(first[0].took, milliseconds(1500));
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  for (const Asked& one : ask(*asking, names)) {
    EXPECT_EQ(one.answer, "198.51.100.1/60");
    EXPECT_LT(one.took, at_once);
  }
  EXPECT_EQ(dead.queries.size(), 1U);
}

TEST_F(DnsTest, N10_a_name_without_an_answer_does_not_delay_others) {
  ScriptedServer server(loop_, [](const Query& query) {
    return query.name == "dead.example.com" ? silent(query) : good(query);
  });
  std::vector<std::string> names = {"dead.example.com"};
  for (int i = 0; i < 50; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  const auto asked = ask(*lookup({server.endpoint()}), names);
  EXPECT_EQ(asked[0].answer, "failure: timeout");
  for (std::size_t i = 1; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].answer, "198.51.100.1/60");
    EXPECT_LT(asked[i].took, at_once);
  }
}

TEST_F(DnsTest, a_lost_datagram_is_sent_again) {
  std::set<std::string> seen;
  ScriptedServer server(loop_, [&](const Query& query) {
    return seen.insert(query.name).second ? silent(query) : good(query);
  });
  const auto asked = ask(*lookup({server.endpoint()}), {"www.example.com", "mail.example.com"});
  EXPECT_EQ(asked[0].answer, "198.51.100.1/60");
  EXPECT_EQ(asked[1].answer, "198.51.100.1/60");
  EXPECT_LT(asked[0].took, milliseconds(2000));
}

TEST_F(DnsTest, a_slow_answer_to_the_first_try_still_counts) {
  // Too late for one try, in time for the question: given to the first try alone, after a second.
  Fd fd = bound_socket({loopback4, 0}, SOCK_DGRAM);
  const Endpoint at{loopback4, port_of(fd)};
  const auto asking = lookup({at});
  loop_.at(clock_.now() + milliseconds(1200), [&] {
    std::array<std::uint8_t, 512> buffer;
    SocketAddress from(at);
    const ssize_t size =
        ::recvfrom(fd.get(), buffer.data(), buffer.size(), 0, &from.storage.any, &from.size);
    ASSERT_GT(size, 2);
    const auto id = static_cast<std::uint16_t>(buffer[0] << 8 | buffer[1]);
    const auto answer =
        DnsMessage("www.example.com", dns::type_a).id(id).a("www.example.com", "198.51.100.1", 60);
    ::sendto(fd.get(), answer.bytes().data(), answer.bytes().size(), 0, &from.storage.any,
             from.size);
  });
  EXPECT_EQ(ask_one(*asking, "www.example.com"), "198.51.100.1/60");
}

TEST_F(DnsTest, a_closed_port_is_passed_over_and_never_answered_from_within_ask) {
  const Endpoint closed{loopback4, free_port()};
  ScriptedServer live(loop_, good);
  const auto alone = lookup({closed});
  for (int i = 0; i < 20; ++i) {
    bool inside = true, answered = false;
    alone->ask(name("www.example.com"), Family::v4, [&](const Answer& answer) {
      EXPECT_FALSE(inside) << "answers come from the loop";
      EXPECT_EQ(answer.outcome, Outcome::failure);
      answered = true;
      loop_.stop();
    });
    inside = false;
    run_for(std::chrono::seconds(5));
    EXPECT_TRUE(answered);
  }
  const auto asked = ask(*lookup({closed, live.endpoint()}), {"www.example.com"});
  EXPECT_EQ(asked[0].answer, "198.51.100.1/60");
  EXPECT_LT(asked[0].took, at_once);
}

TEST_F(DnsTest, a_server_that_cannot_be_reached_is_a_failure) {
  // Sending to a broadcast address is refused at once, inside ares_send.
  const auto asking = lookup({Endpoint{address("255.255.255.255"), 53}});
  EXPECT_THAT(ask_one(*asking, "www.example.com"), testing::StartsWith("failure: "));
}

TEST_F(DnsTest, a_lookup_may_be_destroyed_at_any_time) {
  ScriptedServer live(loop_, good), dead(loop_, silent);
  unsigned answers = 0;
  auto asking = lookup({live.endpoint()});
  for (int i = 0; i < 20; ++i) {
    asking->ask(name("www.example.com"), Family::v4, [&](const Answer&) {
      ++answers;
      asking.reset();
    });
  }
  run_for(milliseconds(200));
  EXPECT_EQ(answers, 1U) << "destroyed by the first answer";
  EXPECT_EQ(asking, nullptr);

  asking = lookup({dead.endpoint(), live.endpoint()});
  asking->ask(name("www.example.com"), Family::v4, [&](const Answer&) { ++answers; });
  run_for(milliseconds(50));
  asking.reset();  // with a query under way
  run_for(milliseconds(600));
  EXPECT_EQ(answers, 1U);
  EXPECT_EQ(loop_.next_due(), std::nullopt) << "no timer is left behind";
}

TEST_F(DnsTest, an_answer_may_lead_to_the_next_question) {
  ScriptedServer server(loop_, good);
  const auto asking = lookup({server.endpoint()});
  unsigned left = 100;
  std::function<void(const Answer&)> again = [&](const Answer& answer) {
    EXPECT_EQ(text(answer), "198.51.100.1/60");
    if (--left == 0) return loop_.stop();
    asking->ask(name("www.example.com"), Family::v4, again);
  };
  asking->ask(name("www.example.com"), Family::v4, again);
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(left, 0U);
}

TEST_F(DnsTest, N17_a_source_port_carries_at_most_eight_queries_and_ids_are_random) {
  ScriptedServer server(loop_, silent);
  const auto asking = lookup({server.endpoint()});
  for (int i = 0; i < 200; ++i)
    asking->ask(name("n" + std::to_string(i) + ".example.com"), Family::v4, [](const Answer&) {});
  run_for(milliseconds(300));
  ASSERT_EQ(server.queries.size(), 200U);
  std::map<std::uint16_t, unsigned> by_port;
  std::set<std::uint16_t> ids;
  unsigned ascending = 0;
  for (std::size_t i = 0; i < server.queries.size(); ++i) {
    ++by_port[server.queries[i].source_port];
    ids.insert(server.queries[i].id);
    if (i > 0 && server.queries[i].id == server.queries[i - 1].id + 1) ++ascending;
  }
  for (const auto& [port, queries] : by_port) EXPECT_LE(queries, 8U) << port;
  EXPECT_GE(by_port.size(), 25U);
  EXPECT_GT(ids.size(), 190U) << "200 of 65536 ids collide about 0.3 times";
  EXPECT_LT(ascending, 5U);
}

TEST_F(DnsTest, N17_the_next_question_comes_from_another_port) {
  ScriptedServer server(loop_, good);
  const auto asking = lookup({server.endpoint()});
  for (int i = 0; i < 30; ++i) ask(*asking, {"www.example.com"});
  std::set<std::uint16_t> ports;
  for (const Query& query : server.queries) ports.insert(query.source_port);
  EXPECT_GT(ports.size(), 20U);
}

/// A folder for the files of one server, removed at the end.
class Folder {
 public:
  Folder() {
    std::string path = std::filesystem::temp_directory_path() / "sallyport-dns-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = path;
    // Servers may drop their privileges.
    std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& file, const std::string& content) const {
    std::ofstream(path_ / file) << content;
    return path_ / file;
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_F(DnsTest, N9_hosts_file_resolver_configuration_and_environment_have_no_effect) {
  const Folder folder;
  const auto hosts = folder.write("hosts", "198.51.100.66 www.example.com nowhere.example.com\n");
  const auto resolv = folder.write("resolv.conf",
                                   "search lan.example.org\noptions ndots:15 use-vc\n"
                                   "nameserver 192.0.2.1\n");
  const auto aliases = folder.write("aliases", "www.example.com evil.example.org\n");
  const std::map<const char*, std::string> environment = {
      {"LOCALDOMAIN", "lan.example.org"},
      {"RES_OPTIONS", "ndots:15 timeout:30 attempts:9 rotate"},
      {"HOSTALIASES", aliases}};
  for (const auto& [variable, value] : environment) ::setenv(variable, value.c_str(), 1);

  std::string skipped;
  // A thread of its own may see another /etc/hosts than the rest of the machine.
  std::thread([&] {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(resolv.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) {
      skipped = "SKIP: no privilege to mount other files over /etc/hosts and /etc/resolv.conf";
      return;
    }
    addrinfo* found = nullptr;
    ASSERT_EQ(::getaddrinfo("nowhere.example.com", nullptr, nullptr, &found), 0)
        << "the C library does read the file, so that the test could fail";
    ::freeaddrinfo(found);

    ScriptedServer server(loop_, [](const Query& query) {
      if (query.name == "www.example.com") return good(query);
      return std::vector{query.answer().rcode(3)};
    });
    const auto asking = lookup({server.endpoint()});
    EXPECT_EQ(ask_one(*asking, "www.example.com"), "198.51.100.1/60");
    EXPECT_EQ(ask_one(*asking, "nowhere.example.com"), "no name");
    EXPECT_EQ(ask_one(*asking, "nowhere.example.com", Family::v6), "no name");
    std::vector<std::string> asked;
    for (const Query& query : server.queries) asked.push_back(query.name);
    EXPECT_THAT(asked,
                ElementsAre("www.example.com", "nowhere.example.com", "nowhere.example.com"));
  }).join();
  for (const auto& [variable, value] : environment) ::unsetenv(variable);
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

class UnboundTest : public DnsTest {
 protected:
  void SetUp() override {
    if (!test::has_program("unbound")) GTEST_SKIP() << "SKIP: unbound is not installed";
    const std::uint16_t port = free_port();
    server_ = {loopback4, port};
    std::string config =
        "server:\n"
        "  interface: 127.0.0.1@" +
        std::to_string(port) +
        "\n"
        "  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n"
        "  use-syslog: no\n  logfile: \"\"\n  module-config: \"iterator\"\n"
        "  so-rcvbuf: 1m\n  incoming-num-tcp: 100\n"
        "  directory: \"" +
        folder_.path() +
        "\"\n"
        "  local-zone: example.com. static\n"
        "  local-data: \"example.com. 60 SOA ns.example.com. h.example.com. 1 60 60 60 20\"\n"
        "  local-data: \"both.example.com. 40 A 198.51.100.1\"\n"
        "  local-data: \"both.example.com. 50 AAAA 2001:db8::1\"\n"
        "  local-zone: refused.example.com. refuse\n";
    for (int i = 0; i < 200; ++i)
      config += "  local-data: \"big.example.com. 30 A 198.51.100." + std::to_string(i) + "\"\n";
    for (int i = 0; i < 1000; ++i)
      config += "  local-data: \"n" + std::to_string(i) + ".example.com. 30 A 198.51." +
                std::to_string(100 + i / 256) + "." + std::to_string(i % 256) + "\"\n";
    config += "remote-control:\n  control-enable: no\n";
    const auto file = folder_.write("unbound.conf", config);
    process_.emplace(test::Process::start({"unbound", "-d", "-c", file}));
    asking_ = lookup({server_});
    ASSERT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
      return ask_one(*asking_, "both.example.com") == "198.51.100.1/40";
    })) << process_->output();
  }

  Folder folder_;
  Endpoint server_;
  std::optional<test::Process> process_;
  std::unique_ptr<CaresLookup> asking_;
};

TEST_F(UnboundTest, outcomes) {
  EXPECT_EQ(ask_one(*asking_, "both.example.com", Family::v6), "2001:db8::1/50");
  EXPECT_EQ(ask_one(*asking_, "n0.example.com", Family::v6), "no data");
  EXPECT_EQ(ask_one(*asking_, "none.example.com"), "no name");
  EXPECT_EQ(ask_one(*asking_, "refused.example.com"), "failure: REFUSED");
}

TEST_F(UnboundTest, an_answer_too_big_for_udp_comes_over_tcp) {
  const auto asked = ask(*asking_, std::vector<std::string>(8, "big.example.com"));
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += (i == 0 ? "" : " ") + std::string("198.51.100.") + std::to_string(i) + "/30";
  for (const Asked& one : asked) EXPECT_EQ(one.answer, all);
}

TEST_F(UnboundTest, a_thousand_names_at_once) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  const auto asked = ask(*asking_, names);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(asked[static_cast<std::size_t>(i)].answer,
              "198.51." + std::to_string(100 + i / 256) + "." + std::to_string(i % 256) + "/30");
  }
}

TEST_F(UnboundTest, N10_it_dies_and_the_other_takes_over) {
  ScriptedServer other(loop_, good);
  const auto asking = lookup({server_, other.endpoint()});
  EXPECT_EQ(ask_one(*asking, "both.example.com"), "198.51.100.1/40");
  process_->signal(SIGSTOP);  // dead, with its port still open
  const auto asked = ask(*asking, {"both.example.com"});
  EXPECT_EQ(asked[0].answer, "198.51.100.1/60");
  EXPECT_LT(asked[0].took, milliseconds(3000));
  process_->signal(SIGCONT);
}

TEST_F(DnsTest, knot_answers_chains_and_changes) {
  if (!test::has_program("knotd") || !test::has_program("knotc"))
    GTEST_SKIP() << "SKIP: knot is not installed";
  const Folder folder;
  const std::uint16_t port = free_port();
  const auto zone = [&](const std::string& serial, const std::string& address_text) {
    folder.write("example.net.zone",
                 "$ORIGIN example.net.\n$TTL 300\n"
                 "@ SOA ns h " +
                     serial +
                     " 60 60 60 20\n@ NS ns\nns A 127.0.0.1\n"
                     "www 7 CNAME edge\nedge 90 CNAME host\nhost 40 A " +
                     address_text +
                     "\n"
                     "dangling CNAME nothing\n");
  };
  zone("1", "198.51.100.1");
  const auto config = folder.write(
      "knot.conf", "server:\n  rundir: \"" + folder.path() + "\"\n  listen: 127.0.0.1@" +
                       std::to_string(port) + "\ndatabase:\n  storage: \"" + folder.path() +
                       "\"\nzone:\n  - domain: example.net\n    storage: \"" + folder.path() +
                       "\"\n    file: example.net.zone\n");
  auto process = test::Process::start({"knotd", "-c", config});
  const auto asking = lookup({{loopback4, port}});
  ASSERT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
    return ask_one(*asking, "host.example.net") == "198.51.100.1/40";
  })) << process.output();
  EXPECT_EQ(ask_one(*asking, "www.example.net"), "198.51.100.1/7") << "N4: the alias lives 7 s";
  EXPECT_EQ(ask_one(*asking, "www.example.net", Family::v6), "no data");
  EXPECT_EQ(ask_one(*asking, "dangling.example.net"), "no name");
  EXPECT_EQ(ask_one(*asking, "www.example.org"), "failure: REFUSED");

  zone("2", "198.51.100.2");
  test::must_run({"knotc", "-c", config, "zone-reload", "example.net"});
  EXPECT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
    return ask_one(*asking, "www.example.net") == "198.51.100.2/7";
  })) << process.output();
}

}  // namespace
}  // namespace sallyport
