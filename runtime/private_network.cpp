// SPDX-License-Identifier: GPL-2.0-or-later
// A wire is a veth pair. Both ends lie in the namespace, so that a packet needs no second one.
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

std::string near_device(std::size_t wire) {
  return wire == 0 ? "near" : "near" + std::to_string(wire);
}

Result<void> make_wire(std::size_t wire) {
  std::array<char, 1024> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_NEWLINK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_strz(request, IFLA_IFNAME, near_device(wire).c_str());
  mnl_attr_put_u32(request, IFLA_MTU, wire_mtu);
  nlattr* link = mnl_attr_nest_start(request, IFLA_LINKINFO);
  mnl_attr_put_str(request, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_strz(request, IFLA_IFNAME, PrivateNetwork::far_device(wire).c_str());
  mnl_attr_put_u32(request, IFLA_MTU, wire_mtu);
  mnl_attr_nest_end(request, peer);
  mnl_attr_nest_end(request, data);
  mnl_attr_nest_end(request, link);
  return talk(request);
}

Result<void> set_up(const Fd& socket, const std::string& device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
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

std::string PrivateNetwork::far_device(std::size_t wire) {
  return wire == 0 ? "far" : "far" + std::to_string(wire);
}

Result<PrivateNetwork> PrivateNetwork::make(std::size_t wires) {
  PrivateNetwork network;
  Result<void> built;
  std::thread([&] { built = network.build(wires); }).join();
  if (!built) return std::unexpected(built.error());
  return network;
}

/// Runs on a thread of its own, which moves to the new namespace and ends there.
Result<void> PrivateNetwork::build(std::size_t wires) {
  if (unshare(CLONE_NEWNET) != 0) return failed("make the namespace");
  namespace_ = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!namespace_) return failed("open the namespace");
  const Fd control{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!control) return failed("open a socket");
  if (auto up = set_up(control, "lo"); !up) return up;
  for (std::size_t number = 0; number < wires; ++number) {
    auto wire = build_wire(number);
    if (!wire) return std::unexpected(wire.error());
    wires_.push_back(std::move(*wire));
  }
  return {};
}

Result<PrivateNetwork::Wire> PrivateNetwork::build_wire(std::size_t number) {
  if (auto made = make_wire(number); !made) return std::unexpected(made.error());
  const std::string near = near_device(number);
  const std::string far = far_device(number);
  silence(near);
  const Fd control{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!control) return failed("open a socket");
  for (const std::string& device : {near, far}) {
    if (auto up = set_up(control, device); !up) return std::unexpected(up.error());
  }
  Wire wire;
  ifreq request{};
  std::strncpy(request.ifr_name, far.c_str(), IFNAMSIZ - 1);
  if (ioctl(control.get(), SIOCGIFHWADDR, &request) != 0) return failed("read an address");
  std::memcpy(wire.far.data(), request.ifr_hwaddr.sa_data, wire.far.size());

  wire.near = Fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));  // 0: it receives nothing
  if (!wire.near) return failed("open the near end");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(near.c_str()));
  if (bind(wire.near.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failed("open the near end");
  }
  return wire;
}

Result<void> PrivateNetwork::send(std::span<const std::uint8_t> frame, std::size_t wire) const {
  if (::send(wires_[wire].near.get(), frame.data(), frame.size(), 0) < 0) {
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
