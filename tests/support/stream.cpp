// SPDX-License-Identifier: GPL-2.0-or-later
// Numbered datagrams. Entry points: Stream and Sender.
#include "tests/support/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sallyport::test {
namespace {

using std::chrono::steady_clock;

constexpr int receive_buffer = 8 << 20;
constexpr std::chrono::milliseconds last_arrivals{300};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address, std::uint16_t port) {
  SocketAddress made;
  const auto bytes = address.bytes();
  if (address.family == Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes.data(), sizeof(v4.sin_addr));
    std::memcpy(&made.storage, &v4, sizeof(v4));
    made.size = sizeof(v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, bytes.data(), sizeof(v6.sin6_addr));
    std::memcpy(&made.storage, &v6, sizeof(v6));
    made.size = sizeof(v6);
  }
  return made;
}

Fd datagram_socket(const Netns& where, const Address& address) {
  Fd made;
  where.inside([&] {
    const int family = address.family == Family::v4 ? AF_INET : AF_INET6;
    made = Fd{socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  });
  if (!made) throw std::system_error(errno, std::generic_category(), "socket");
  return made;
}

}  // namespace

Stream::Stream(const Netns& from, const Netns& to, const Address& address, std::uint16_t port)
    : address_(address),
      sender_(datagram_socket(from, address)),
      receiver_(datagram_socket(to, address)) {
  const SocketAddress target = socket_address(address, port);
  const int on = 1;
  if (setsockopt(receiver_.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) != 0 ||
      setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
                 sizeof(receive_buffer)) != 0 ||
      bind(receiver_.get(), target.get(), target.size) != 0 ||
      connect(sender_.get(), target.get(), target.size) != 0) {
    throw std::system_error(errno, std::generic_category(), "stream to " + address.text());
  }
}

void Stream::send() {
  const std::uint64_t number = first_ + sent_;
  if (::send(sender_.get(), &number, sizeof(number), 0) == sizeof(number)) ++sent_;
}

void Stream::receive() {
  std::uint64_t number = 0;
  while (recv(receiver_.get(), &number, sizeof(number), 0) == sizeof(number)) {
    if (number < first_) continue;
    const auto index = static_cast<std::size_t>(number - first_);
    if (index >= seen_.size()) seen_.resize(index + 1);
    if (!seen_[index]) ++received_;
    seen_[index] = true;
  }
}

void Stream::reset() {
  receive();
  first_ += sent_;
  sent_ = 0;
  received_ = 0;
  seen_.clear();
}

Sender::Sender(std::vector<Stream>& streams, std::chrono::microseconds tick)
    : streams_(streams), tick_(tick), thread_([this] { run(); }) {}

void Sender::run() {
  // Paced by sleeping a whole tick: after a stall nothing is caught up, no burst fills a ring.
  while (!stopped_) {
    for (Stream& stream : streams_) {
      stream.send();
      stream.receive();
    }
    std::this_thread::sleep_for(tick_);
  }
  std::this_thread::sleep_for(last_arrivals);
  for (Stream& stream : streams_) stream.receive();
}

void Sender::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace sallyport::test
