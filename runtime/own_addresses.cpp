// SPDX-License-Identifier: GPL-2.0-or-later
// The host's own addresses, by getifaddrs, and their changes, by rtnetlink. Entry points:
// own_addresses() and watch_own_addresses().
#include "runtime/own_addresses.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace sallyport {
namespace {

constexpr std::chrono::seconds retry_pause{1};

std::optional<Address> address_of(const sockaddr* socket_address) {
  std::array<std::uint8_t, 16> bytes{};
  if (socket_address == nullptr) return std::nullopt;
  if (socket_address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, socket_address, sizeof(v4));
    std::memcpy(bytes.data(), &v4.sin_addr, sizeof(v4.sin_addr));
    return Address::from_bytes(Family::v4, std::span(bytes).first(sizeof(v4.sin_addr)));
  }
  if (socket_address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, socket_address, sizeof(v6));
    std::memcpy(bytes.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
    return Address::from_bytes(Family::v6, bytes);
  }
  return std::nullopt;
}

/// Routers keep addresses of theirs on the device lo, so the address decides, not the device.
bool is_loopback(const Address& address) {
  static const AddressRange v4 = AddressRange::prefix(Address::v4(0x7f000000), 8);
  return v4.contains(address) || address == Address{Family::v6, 1};
}

/// Re-reads and reports; tries again later if the system refuses, so that no change is lost.
class Reporter : public std::enable_shared_from_this<Reporter> {
 public:
  Reporter(EventLoop& loop, std::function<void(std::set<Address>)> changed)
      : loop_(loop), changed_(std::move(changed)) {}

  void report() {
    if (auto addresses = own_addresses()) {
      changed_(std::move(*addresses));
      return;
    }
    loop_.at(loop_.clock().now() + retry_pause, [self = shared_from_this()] { self->report(); });
  }

 private:
  EventLoop& loop_;
  std::function<void(std::set<Address>)> changed_;
};

/// Empties the socket. What the messages say does not matter: ENOBUFS may have lost some of them.
void drain(int socket) {
  std::array<char, 8192> buffer;
  while (recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
         errno == EINTR) {
    errno = 0;
  }
}

}  // namespace

Result<std::set<Address>> own_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return std::unexpected(Error::from_errno("read this host's addresses", errno));
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  std::set<Address> addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const auto address = address_of(entry->ifa_addr);
    if (address && !is_loopback(*address)) addresses.insert(*address);
  }
  return addresses;
}

Result<Fd> watch_own_addresses(EventLoop& loop, std::function<void(std::set<Address>)> changed) {
  const std::string tried = "watch this host's addresses";
  Fd socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
  if (!socket) return std::unexpected(Error::from_errno(tried, errno));
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) != 0) {
    return std::unexpected(Error::from_errno(tried, errno));
  }
  const auto reporter = std::make_shared<Reporter>(loop, std::move(changed));
  auto watched = loop.watch(socket.get(), EPOLLIN, [number = socket.get(), reporter](auto) {
    drain(number);
    reporter->report();
  });
  if (!watched) return std::unexpected(watched.error());
  return socket;
}

}  // namespace sallyport
