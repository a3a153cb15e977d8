// SPDX-License-Identifier: GPL-2.0-or-later
// Device notifications: what they say is not read, since the caller looks at the links themselves.
#include "runtime/device_watch.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

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

Result<unsigned> master_of(unsigned index) {
  const auto failed = [&] {
    return std::unexpected(
        Error::from_errno("ask what device " + std::to_string(index) + " is a part of", errno));
  };
  const auto close = [](mnl_socket* socket) { mnl_socket_close(socket); };
  const std::unique_ptr<mnl_socket, decltype(close)> socket(mnl_socket_open(NETLINK_ROUTE), close);
  std::array<char, 32768> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = NLM_F_REQUEST;
  auto* which = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  which->ifi_index = static_cast<int>(index);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) {
    return failed();
  }
  unsigned master = 0;
  const auto read_link = [](const nlmsghdr* link, void* found) {
    const auto read_attribute = [](const nlattr* attribute, void* to) {
      if (mnl_attr_get_type(attribute) == IFLA_MASTER &&
          mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
        *static_cast<unsigned*>(to) = mnl_attr_get_u32(attribute);
      return MNL_CB_OK;
    };
    return mnl_attr_parse(link, sizeof(ifinfomsg), read_attribute, found);
  };
  const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
  if (size < 0 ||
      mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, read_link, &master) < 0) {
    return failed();
  }
  return master;
}

}  // namespace sallyport
