// SPDX-License-Identifier: GPL-2.0-or-later
// ctnetlink: each call is one message, and its acknowledgement or a dump.
#include "runtime/flow_table.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <span>

#include "compiler/values/service.h"
#include "runtime/nft_attributes.h"

namespace sallyport {
namespace {

constexpr std::uint32_t lifetime = 600;  // seconds

nlmsghdr* header(std::array<char, 4096>& buffer, std::uint16_t type, std::uint16_t flags,
                 std::uint8_t family) {
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8) | type);
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto* more = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
  more->nfgen_family = family;
  more->version = NFNETLINK_V0;
  return request;
}

void put_address(nlmsghdr* request, const Address& address, std::uint16_t v4, std::uint16_t v6) {
  const bool is_v4 = address.family == Family::v4;
  const auto bytes = address.bytes();
  mnl_attr_put(request, is_v4 ? v4 : v6, width_of(address.family) / 8, bytes.data());
}

std::uint16_t in_network_order(std::uint16_t number) {
  return static_cast<std::uint16_t>(number << 8 | number >> 8);
}

void put_echo(nlmsghdr* request, bool v4, bool reply, std::uint16_t id) {
  const std::uint8_t type = v4 ? (reply ? 0 : 8) : (reply ? 129 : 128);
  mnl_attr_put_u16(request, v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID, in_network_order(id));
  mnl_attr_put_u8(request, v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE, type);
  mnl_attr_put_u8(request, v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, 0);
}

void put_tuple(nlmsghdr* request, std::uint16_t type, const Flow& flow, bool reply) {
  nlattr* tuple = mnl_attr_nest_start(request, type);
  nlattr* addresses = mnl_attr_nest_start(request, CTA_TUPLE_IP);
  put_address(request, reply ? flow.destination : flow.source, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
  put_address(request, reply ? flow.source : flow.destination, CTA_IP_V4_DST, CTA_IP_V6_DST);
  mnl_attr_nest_end(request, addresses);
  nlattr* protocol = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(request, CTA_PROTO_NUM, flow.protocol);
  if (has_ports(flow.protocol)) {
    const std::uint16_t first = reply ? flow.port : flow.source_port;
    const std::uint16_t second = reply ? flow.source_port : flow.port;
    mnl_attr_put_u16(request, CTA_PROTO_SRC_PORT, in_network_order(first));
    mnl_attr_put_u16(request, CTA_PROTO_DST_PORT, in_network_order(second));
  } else {
    put_echo(request, flow.source.family == Family::v4, reply, flow.source_port);
  }
  mnl_attr_nest_end(request, protocol);
  mnl_attr_nest_end(request, tuple);
}

std::uint32_t in_network_order(std::uint32_t number) {
  return __builtin_bswap32(number);
}

// ---- reading ----

/// One side of an entry: who sends, and to whom.
struct Tuple {
  std::optional<Address> source, destination;
  std::uint8_t protocol = 0;
  std::uint16_t source_port = 0, destination_port = 0;
};

std::optional<Address> address_in(const nlattr* attribute) {
  if (attribute == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
  const std::size_t size = mnl_attr_get_payload_len(attribute);
  if (size != 4 && size != 16) return std::nullopt;
  return Address::from_bytes(size == 4 ? Family::v4 : Family::v6, std::span(bytes, size));
}

std::uint16_t port_in(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != 2) return 0;
  return in_network_order(mnl_attr_get_u16(attribute));
}

Tuple read_tuple(const nlattr* nest) {
  const NftAttributes parts(nest);
  const NftAttributes ip(parts.at(CTA_TUPLE_IP));
  const NftAttributes transport(parts.at(CTA_TUPLE_PROTO));
  Tuple tuple;
  const bool v4 = ip.at(CTA_IP_V4_SRC) != nullptr;
  tuple.source = address_in(ip.at(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC));
  tuple.destination = address_in(ip.at(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST));
  const nlattr* protocol = transport.at(CTA_PROTO_NUM);
  if (protocol != nullptr && mnl_attr_get_payload_len(protocol) == 1) {
    tuple.protocol = mnl_attr_get_u8(protocol);
  }
  tuple.source_port = port_in(transport.at(CTA_PROTO_SRC_PORT));
  tuple.destination_port = port_in(transport.at(CTA_PROTO_DST_PORT));
  return tuple;
}

/// The other side answers from where the packets of the first really go.
std::optional<Flow> flow_of(const Tuple& original, const Tuple& reply) {
  if (!has_ports(original.protocol) || original.protocol != reply.protocol) return std::nullopt;
  if (!original.source || !reply.source || original.source->family != reply.source->family) {
    return std::nullopt;
  }
  return Flow{*original.source, *reply.source, original.protocol, original.source_port,
              reply.source_port};
}

int take_flow(const nlmsghdr* message, void* to) {
  const NftAttributes sides(*message);
  const auto flow =
      flow_of(read_tuple(sides.at(CTA_TUPLE_ORIG)), read_tuple(sides.at(CTA_TUPLE_REPLY)));
  if (flow) static_cast<std::vector<Flow>*>(to)->push_back(*flow);
  return MNL_CB_OK;
}

}  // namespace

Result<FlowTable> FlowTable::open() {
  Fd fd{socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)};
  if (!fd) return std::unexpected(Error::from_errno("open connection tracking", errno));
  timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return FlowTable(std::move(fd));
}

Result<void> FlowTable::add(const Flow& flow) {
  std::array<char, 4096> buffer{};
  nlmsghdr* request = header(buffer, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL,
                             flow.source.family == Family::v4 ? AF_INET : AF_INET6);
  put_tuple(request, CTA_TUPLE_ORIG, flow, false);
  put_tuple(request, CTA_TUPLE_REPLY, flow, true);
  mnl_attr_put_u32(request, CTA_TIMEOUT, in_network_order(lifetime));
  const std::uint32_t status = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED;
  mnl_attr_put_u32(request, CTA_STATUS, in_network_order(status));
  if (flow.protocol == protocol_tcp) {
    nlattr* facts = mnl_attr_nest_start(request, CTA_PROTOINFO);
    nlattr* tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
    mnl_attr_nest_end(request, tcp);
    mnl_attr_nest_end(request, facts);
  }
  return talk(request, "add a flow to connection tracking", EEXIST);
}

Result<void> FlowTable::clear() {
  std::array<char, 4096> buffer{};
  return talk(header(buffer, IPCTNL_MSG_CT_DELETE, 0, AF_UNSPEC), "clear connection tracking", 0);
}

Result<std::vector<Flow>> FlowTable::list() {
  const char* what = "list connection tracking";
  std::array<char, 4096> buffer{};
  nlmsghdr* request = header(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_DUMP);
  request->nlmsg_seq = ++sequence_;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(socket_.get(), request, request->nlmsg_len, 0,
             reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) < 0) {
    return std::unexpected(Error::from_errno(what, errno));
  }
  std::vector<Flow> flows;
  std::vector<char> answer(1U << 16);
  while (true) {
    const ssize_t size = recv(socket_.get(), answer.data(), answer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(Error::from_errno(what, errno));
    const int more =
        mnl_cb_run(answer.data(), static_cast<std::size_t>(size), sequence_, 0, take_flow, &flows);
    if (more < 0) return std::unexpected(Error::from_errno(what, errno));
    if (more == 0) return flows;
  }
}

Result<void> FlowTable::talk(void* request, const char* what, int harmless) {
  auto* message = static_cast<nlmsghdr*>(request);
  message->nlmsg_seq = ++sequence_;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  std::array<char, 8192> answer{};
  if (sendto(socket_.get(), message, message->nlmsg_len, 0,
             reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) < 0) {
    return std::unexpected(Error::from_errno(what, errno));
  }
  const ssize_t size = recv(socket_.get(), answer.data(), answer.size(), 0);
  if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), sequence_, 0, nullptr,
                             nullptr) < 0) {
    if (errno == harmless) return {};
    return std::unexpected(Error::from_errno(what, errno));
  }
  return {};
}

}  // namespace sallyport
