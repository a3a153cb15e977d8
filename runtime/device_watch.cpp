// SPDX-License-Identifier: GPL-2.0-or-later
// Device notifications: what they say is not read, since the caller looks at the links themselves.
#include "runtime/device_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace sallyport {

Result<Fd> watch_devices(EventLoop& loop, std::function<void()> changed) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket) return std::unexpected(Error::from_errno("watch network devices", errno));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::unexpected(Error::from_errno("watch network devices", errno));
  }
  const int fd = socket.get();
  auto watched = loop.watch(fd, EPOLLIN, [fd, changed = std::move(changed)](std::uint32_t) {
    // Drained first; a lost message (ENOBUFS) is news like any other.
    char message[8192];
    while (recv(fd, message, sizeof(message), 0) > 0 || errno == ENOBUFS || errno == EINTR) {
    }
    changed();
  });
  if (!watched) return std::unexpected(watched.error());
  return socket;
}

std::vector<std::string> devices() {
  std::vector<std::string> names;
  struct if_nameindex* list = if_nameindex();
  for (const auto* entry = list; entry && entry->if_name; ++entry) {
    if (std::string(entry->if_name) != "lo") names.emplace_back(entry->if_name);
  }
  if (list) if_freenameindex(list);
  std::ranges::sort(names);
  return names;
}

}  // namespace sallyport
