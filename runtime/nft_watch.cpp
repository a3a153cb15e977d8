// SPDX-License-Identifier: GPL-2.0-or-later
// Notifications of nftables: a transaction is told object by object, then by whom. What is our own
// is dropped by a filter in the kernel, so that it cannot fill the buffer. Entry point:
// watch_nft_table().
#include "runtime/nft_watch.h"

#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>

#include "runtime/nft_attributes.h"

namespace sallyport {
namespace {

constexpr int receive_buffer = 8 << 20;
constexpr std::size_t room = 1U << 16;
// A flood does not keep the loop from its other work: what is left makes it come by again.
constexpr int datagrams_at_once = 256;

Error watch_error(int number) {
  return Error::from_errno("watch nftables", number);
}

class Watcher {
 public:
  Watcher(int fd, std::string table, std::function<void(const std::string&)> changed)
      : fd_(fd), table_(std::move(table)), changed_(std::move(changed)), buffer_(room) {}

  void ready() {
    for (int i = 0; i < datagrams_at_once; ++i) {
      const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno != ENOBUFS) break;
      if (got < 0 || static_cast<std::size_t>(got) > buffer_.size()) {
        lost_ = true;
      } else {
        read(static_cast<std::size_t>(got));
      }
    }
    tell();
  }

 private:
  void read(std::size_t size) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    int left = static_cast<int>(size);
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) read(*header);
  }

  void read(const nlmsghdr& message) {
    const std::uint16_t kind = kind_of(message);
    if (kind == NFT_MSG_MAX || message.nlmsg_len < mnl_nlmsg_size(sizeof(nfgenmsg))) return;
    const NftAttributes attributes(message);
    if (kind == NFT_MSG_NEWGEN) {
      if (touched_) ended(attributes);
      touched_ = false;
      return;
    }
    // The first attribute of every object names its table.
    static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
                  NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1 && NFTA_OBJ_TABLE == 1 &&
                  NFTA_FLOWTABLE_TABLE == 1);
    const auto* extra = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(&message));
    if (extra->nfgen_family == NFPROTO_INET && attributes.text(NFTA_TABLE_NAME) == table_) {
      touched_ = true;
    }
  }

  void ended(const NftAttributes& generation) {
    ++transactions_;
    std::string name(generation.text(NFTA_GEN_PROC_NAME));
    std::ranges::replace_if(
        name, [](char c) { return std::isprint(static_cast<unsigned char>(c)) == 0; }, '?');
    who_ = name.empty() ? "somebody" : name;
    if (const std::uint32_t pid = generation.number(NFTA_GEN_PROC_PID); pid != 0) {
      who_ += " (pid " + std::to_string(pid) + ")";
    }
  }

  void tell() {
    std::string words;
    if (transactions_ > 0) {
      words = who_ + " changed table " + table_;
      if (transactions_ > 1) {
        words += ", the last of " + std::to_string(transactions_) + " changes";
      }
    } else if (lost_) {
      words = "notifications of nftables were lost; table " + table_ + " may have changed";
    }
    transactions_ = 0;
    lost_ = false;
    if (!words.empty()) changed_(words);
  }

  int fd_;
  std::string table_;
  std::function<void(const std::string&)> changed_;
  std::vector<std::uint8_t> buffer_;
  bool touched_ = false;  // by the transaction that is being told
  bool lost_ = false;
  std::uint64_t transactions_ = 0;
  std::string who_;
};

/// Drops datagrams whose first message comes of one of the ports. A datagram is of one transaction.
int pass_over(int fd, const std::vector<std::uint32_t>& ports) {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)));
  for (const std::uint32_t port : ports) {
    // The load is of a number in network order.
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htobe32(port), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, ~0U));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

}  // namespace

Result<Fd> watch_nft_table(EventLoop& loop, std::string table,
                           const std::vector<std::uint32_t>& own_ports,
                           std::function<void(const std::string&)> changed) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!socket) return std::unexpected(watch_error(errno));
  const int fd = socket.get();
  const int group = NFNLGRP_NFTABLES;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (pass_over(fd, own_ports) != 0 ||
      (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)) != 0 &&
       setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)) != 0) ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
    return std::unexpected(watch_error(errno));
  }
  auto watcher = std::make_shared<Watcher>(fd, std::move(table), std::move(changed));
  auto watched = loop.watch(fd, EPOLLIN, [watcher](std::uint32_t) { watcher->ready(); });
  if (!watched) return std::unexpected(watched.error());
  return socket;
}

}  // namespace sallyport
