// SPDX-License-Identifier: GPL-2.0-or-later
// The wire is a veth pair. Both ends lie in the namespace, so that a packet needs no second one.
#include "runtime/private_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

namespace sallyport {
namespace {

constexpr const char* near_device = "near";
constexpr unsigned wire_mtu = 65000;

std::unexpected<Error> failed(const std::string& what) {
  return std::unexpected(Error::from_errno(what + " of a private network", errno));
}

/// Sends one request to rtnetlink and waits for its acknowledgement.
Result<void> talk(nlmsghdr* request) {
  const auto close = [](mnl_socket* socket) { mnl_socket_close(socket); };
  const std::unique_ptr<mnl_socket, decltype(close)> socket(mnl_socket_open(NETLINK_ROUTE), close);
  std::array<char, 8192> answer{};
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) {
    return failed("make the wire");
  }
  const auto size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
  if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), request->nlmsg_seq,
                             mnl_socket_get_portid(socket.get()), nullptr, nullptr) < 0) {
    return failed("make the wire");
  }
  return {};
}

Result<void> make_wire() {
  std::array<char, 1024> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_NEWLINK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_strz(request, IFLA_IFNAME, near_device);
  mnl_attr_put_u32(request, IFLA_MTU, wire_mtu);
  nlattr* link = mnl_attr_nest_start(request, IFLA_LINKINFO);
  mnl_attr_put_str(request, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_strz(request, IFLA_IFNAME, PrivateNetwork::far_device);
  mnl_attr_put_u32(request, IFLA_MTU, wire_mtu);
  mnl_attr_nest_end(request, peer);
  mnl_attr_nest_end(request, data);
  mnl_attr_nest_end(request, link);
  return talk(request);
}

Result<void> set_up(const Fd& socket, const char* device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  if (ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return failed("set up a device");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return failed("set up a device");
  return {};
}

/// What the near device's own stack would say into the wire is not ours.
void silence(const std::string& device) {
  const std::string path = "/proc/sys/net/ipv6/conf/" + device + "/disable_ipv6";
  const Fd file{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  // Without IPv6 there is nothing to silence.
  if (file) (void)!write(file.get(), "1", 1);
}

}  // namespace

Result<PrivateNetwork> PrivateNetwork::make() {
  PrivateNetwork network;
  Result<void> built;
  std::thread([&] { built = network.build(); }).join();
  if (!built) return std::unexpected(built.error());
  return network;
}

/// Runs on a thread of its own, which moves to the new namespace and ends there.
Result<void> PrivateNetwork::build() {
  if (unshare(CLONE_NEWNET) != 0) return failed("make the namespace");
  namespace_ = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!namespace_) return failed("open the namespace");
  if (auto made = make_wire(); !made) return made;
  silence(near_device);
  const Fd control{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!control) return failed("open a socket");
  for (const char* device : {"lo", near_device, far_device}) {
    if (auto up = set_up(control, device); !up) return up;
  }
  ifreq request{};
  std::strncpy(request.ifr_name, far_device, IFNAMSIZ - 1);
  if (ioctl(control.get(), SIOCGIFHWADDR, &request) != 0) return failed("read an address");
  std::memcpy(far_address_.data(), request.ifr_hwaddr.sa_data, far_address_.size());

  near_ = Fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));  // 0: it receives nothing
  if (!near_) return failed("open the near end");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(near_device));
  if (bind(near_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failed("open the near end");
  }
  return {};
}

Result<void> PrivateNetwork::send(std::span<const std::uint8_t> frame) const {
  if (::send(near_.get(), frame.data(), frame.size(), 0) < 0) {
    return failed("send a frame of " + std::to_string(frame.size()) + " bytes into the wire");
  }
  return {};
}

Result<void> PrivateNetwork::inside(const std::function<Result<void>()>& body) const {
  Result<void> done;
  std::thread([&] {
    if (setns(namespace_.get(), CLONE_NEWNET) == 0) {
      done = body();
    } else {
      done = failed("enter the namespace");
    }
  }).join();
  return done;
}

}  // namespace sallyport
