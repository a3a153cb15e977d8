// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket: requests of every size, and clients that are slow, wrong or many (S5).
#include "runtime/control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace sallyport {
namespace {

using testing::HasSubstr;

/// A server that answers a request with its verb and the size of its payload.
class Control : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(folder_), nullptr);
    socket_ = std::filesystem::path(folder_) / "control";
    auto loop = EventLoop::create(clock_);
    ASSERT_TRUE(loop) << loop.error().text();
    loop_.emplace(std::move(*loop));
    auto server = ControlServer::listen(
        *loop_, socket_, [this](const ControlRequest& request) { return respond(request); });
    ASSERT_TRUE(server) << server.error().text();
    server_ = std::move(*server);
  }

  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  ControlReply respond(const ControlRequest& request) {
    if (request.verb == "fail") return {"it does not work", {}, {}};
    if (request.verb == "large") return {{}, std::string(8 << 20, 'x'), {}};
    if (request.verb == "end") return {{}, "bye", [this] { loop_->stop(); }};
    return {{}, request.verb + ' ' + std::to_string(request.payload.size()), {}};
  }

  /// The loop runs here while `client` runs on a thread of its own; ends when the client does.
  void with_client(const std::function<void()>& client) {
    std::thread thread([&] {
      client();
      (void)control_call(socket_, "end");
    });
    const auto ran = loop_->run();
    thread.join();
    ASSERT_TRUE(ran) << ran.error().text();
  }

  Fd connect_raw() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof(address.sun_path) - 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      fd.reset();
    return fd;
  }

  /// What the server says to these bytes before it closes.
  std::string answer_to(const std::string& bytes) const {
    const Fd fd = connect_raw();
    (void)send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string text;
    char piece[4096];
    for (ssize_t count; (count = recv(fd.get(), piece, sizeof(piece), 0)) > 0;)
      text.append(piece, static_cast<std::size_t>(count));
    return text;
  }

  BootClock clock_;
  char folder_[32] = "/tmp/sallyport-control.XXXXXX";
  std::filesystem::path socket_;
  std::optional<EventLoop> loop_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(Control, a_request_and_its_reply) {
  with_client([&] {
    const auto reply = control_call(socket_, "status");
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(*reply, "status 0");
  });
}

TEST_F(Control, large_payloads_both_ways) {
  with_client([&] {
    const std::vector<std::uint8_t> bundle(9 << 20, 7);
    const auto sent = control_call(socket_, "load", bundle);
    ASSERT_TRUE(sent) << sent.error().text();
    EXPECT_EQ(*sent, "load 9437184");
    const auto received = control_call(socket_, "large");
    ASSERT_TRUE(received) << received.error().text();
    EXPECT_EQ((*received)->size(), 8U << 20);
  });
}

TEST_F(Control, a_refusal_is_an_error_with_its_reason) {
  with_client([&] {
    const auto reply = control_call(socket_, "fail");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().text(), "cannot ask the runtime to fail: it does not work");
  });
}

TEST_F(Control, nobody_listening_is_no_error) {
  const auto reply = control_call(std::filesystem::path(folder_) / "other", "status");
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_FALSE(reply->has_value());
}

TEST_F(Control, what_is_no_request_is_refused) {
  const std::pair<std::string, const char*> rows[] = {
      {"hello\n", "no JSON object"},
      {"[1]\n", "no JSON object"},
      {std::string(60000, '[') + '\n', "no JSON object"},
      {"{}\n", "`request` is missing"},
      {"{\"request\": 7}\n", "`request` is missing"},
      {"{\"request\": \"load\", \"bytes\": -1}\n", "`bytes` must be"},
      {"{\"request\": \"load\", \"bytes\": \"9\"}\n", "`bytes` must be"},
      {"{\"request\": \"load\", \"bytes\": 1e3}\n", "`bytes` must be"},
      {"{\"request\": \"load\", \"bytes\": 268435457}\n", "`bytes` must be"},
      {"{\"request\": \"load\", \"bytes\": 99999999999999999999}\n", "`bytes` must be"},
      {std::string(longest_control_line + 1, ' '), "too long"},
  };
  with_client([&] {
    for (const auto& [bytes, reason] : rows)
      EXPECT_THAT(answer_to(bytes), HasSubstr(reason)) << bytes.substr(0, 60);
  });
}

TEST_F(Control, silent_clients_hold_nobody_up) {
  std::vector<Fd> silent;
  for (int i = 0; i < 14; ++i) silent.push_back(connect_raw());
  const std::string half = "{\"request\": \"load\", \"bytes\": 1000}\nsome of it";
  (void)send(silent[0].get(), half.data(), half.size(), 0);
  // This one never reads a reply that does not fit into the socket's buffer.
  const std::string ask = "{\"request\": \"large\"}\n";
  (void)send(silent[1].get(), ask.data(), ask.size(), 0);
  with_client([&] {
    const auto reply = control_call(socket_, "status");
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(*reply, "status 0");
  });
}

TEST_F(Control, too_many_clients_are_sent_away_and_may_come_again) {
  std::vector<Fd> silent;
  for (int i = 0; i < 15; ++i) silent.push_back(connect_raw());
  Fd last = connect_raw();
  with_client([&] {
    const Fd refused = connect_raw();
    char byte = 0;
    EXPECT_LE(recv(refused.get(), &byte, 1, 0), 0);
    last.reset();
    silent.clear();
    while (!control_call(socket_, "status")) {
    }
  });
}

TEST_F(Control, the_socket_is_for_its_owner_only_and_goes_with_the_server) {
  struct stat found {};
  ASSERT_EQ(stat(socket_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
  server_.reset();
  EXPECT_NE(stat(socket_.c_str(), &found), 0);
}

TEST_F(Control, a_dead_socket_file_is_replaced) {
  server_.reset();
  {
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  auto server = ControlServer::listen(
      *loop_, socket_, [this](const ControlRequest& request) { return respond(request); });
  ASSERT_TRUE(server) << server.error().text();
  server_ = std::move(*server);
  with_client([&] { EXPECT_EQ(control_call(socket_, "status").value(), "status 0"); });
}

}  // namespace
}  // namespace sallyport
