// SPDX-License-Identifier: GPL-2.0-or-later
// Transactions over netlink. Receive errors are never success: whatever is not told is unknown.
// Entry point: NftSocket.
#include "runtime/nft_socket.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/nft_attributes.h"

namespace sallyport {
namespace {

constexpr std::size_t usual_receive_buffer = 4U << 20;
// The kernel answers before send() returns; only a dump goes on afterwards.
constexpr int longest_wait = 10'000;  // ms

/// Above the limit of the host where we may.
bool set_buffer(int fd, int forced, int plain, std::size_t size) {
  const int value = static_cast<int>(std::min<std::size_t>(size, 1U << 30));
  return setsockopt(fd, SOL_SOCKET, forced, &value, sizeof(value)) == 0 ||
         setsockopt(fd, SOL_SOCKET, plain, &value, sizeof(value)) == 0;
}

/// Calls for each whole message; false if the last one is not.
template <class Take>
bool each_message(std::span<const std::uint8_t> bytes, const Take& take) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
  int left = static_cast<int>(bytes.size());
  while (mnl_nlmsg_ok(header, left)) {
    if (!take(*header)) return true;
    header = mnl_nlmsg_next(header, &left);
  }
  return left == 0;
}

/// Of an error message: 0 is an acknowledgement. Empty if it is cut short.
std::optional<int> error_of(const nlmsghdr& header) {
  if (header.nlmsg_len < mnl_nlmsg_size(sizeof(nlmsgerr))) return std::nullopt;
  return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&header))->error;
}

/// Refusals of the socket itself, before the kernel's nftables saw anything.
bool never_sent(int number) {
  return number == EMSGSIZE || number == ENOMEM || number == EPERM || number == EACCES ||
         number == EBADF;
}

}  // namespace

Result<NftSocket> NftSocket::open(std::size_t receive_buffer) {
  const auto failed = [](int number) {
    return std::unexpected(Error::from_errno("open a netlink socket to nftables", number));
  };
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!fd) return failed(errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t size = sizeof(address);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed(errno);
  }
  const int on = 1;
  // Refusals need not repeat the message; an old kernel may.
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  if (!set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF,
                  receive_buffer == 0 ? usual_receive_buffer : receive_buffer)) {
    return failed(errno);
  }
  return NftSocket(std::move(fd), address.nl_pid);
}

int NftSocket::send(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t overhead = 4096;
  if (bytes.size() + overhead > send_buffer_) {
    const std::size_t size = bytes.size() + bytes.size() / 4 + (1U << 18);
    if (!set_buffer(fd_.get(), SO_SNDBUFFORCE, SO_SNDBUF, size)) return errno;
    send_buffer_ = size;
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = sendto(fd_.get(), bytes.data(), bytes.size(), 0,
                              reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
  if (sent < 0) return errno;
  return sent == static_cast<ssize_t>(bytes.size()) ? 0 : EIO;
}

std::expected<std::span<const std::uint8_t>, int> NftSocket::receive() {
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof(from);
    const ssize_t got =
        recvfrom(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC,
                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EAGAIN) {
      pollfd wait{fd_.get(), POLLIN, 0};
      const int ready = poll(&wait, 1, longest_wait);
      if (ready == 0) return std::unexpected(ETIMEDOUT);
      if (ready < 0) return std::unexpected(errno);
      continue;
    }
    if (got < 0) return std::unexpected(errno);
    if (size < sizeof(from) || from.nl_pid != 0) continue;  // not the kernel
    if (static_cast<std::size_t>(got) > buffer_.size()) return std::unexpected(EMSGSIZE);
    return std::span<const std::uint8_t>(buffer_.data(), static_cast<std::size_t>(got));
  }
}

/// Late answers have numbers of their own; what matters is that they do not fill the buffer.
void NftSocket::drain() {
  while (recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
         errno == EINTR) {
  }
}

NftOutcome NftSocket::await(const NftBatch& batch, std::uint32_t first, std::uint32_t last) {
  std::optional<NftOutcome> refusal;
  for (;;) {
    const auto bytes = receive();
    if (!bytes) {
      return {NftOutcome::Kind::unknown,
              Error::from_errno("tell whether a transaction was applied", bytes.error()),
              bytes.error()};
    }
    bool done = false;
    const bool whole = each_message(*bytes, [&](const nlmsghdr& header) {
      const std::uint32_t index = header.nlmsg_seq - first;
      if (index >= batch.sequence_count() || header.nlmsg_type != NLMSG_ERROR) return true;
      const auto number = error_of(header);
      if (!number) return true;
      if (*number != 0 && !refusal) {
        // A refusal of the whole, told for its beginning, has nothing behind it.
        refusal = {
            *number == ERESTART && index == 0 ? NftOutcome::Kind::stale : NftOutcome::Kind::refused,
            Error::from_errno(batch.deed(index), *number), *number};
      }
      done = done || header.nlmsg_seq == last || index == 0;
      return true;
    });
    if (!whole) {
      return {NftOutcome::Kind::unknown,
              {"tell whether a transaction was applied", "the answer was cut short", ""},
              0};
    }
    if (refusal && done) return *refusal;
    if (done) return {NftOutcome::Kind::applied, {}, 0};
  }
}

NftOutcome NftSocket::send_batch(NftBatch& batch, bool check, std::uint32_t expected) {
  drain();
  const std::uint32_t first = sequence_;
  sequence_ += batch.sequence_count();
  const auto bytes = check ? batch.seal_for_check(first) : batch.seal(first, expected);
  if (const int number = send(bytes); number != 0) {
    return {
        never_sent(number) ? NftOutcome::Kind::refused : NftOutcome::Kind::unknown,
        Error::from_errno("send " + std::to_string(bytes.size()) + " bytes to nftables", number),
        number};
  }
  return await(batch, first, first + batch.sequence_count() - 2);
}

NftOutcome NftSocket::commit(NftBatch& batch, std::optional<std::uint32_t> expected) {
  return send_batch(batch, false, expected.value_or(0));
}

NftOutcome NftSocket::check(NftBatch& batch) {
  return send_batch(batch, true, 0);
}

Result<std::uint32_t> NftSocket::generation() {
  const auto failed = [](int number) {
    return std::unexpected(Error::from_errno("read the generation of nftables", number));
  };
  std::vector<std::uint8_t> request(mnl_nlmsg_size(sizeof(nfgenmsg)));
  nlmsghdr* header = mnl_nlmsg_put_header(request.data());
  header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
  header->nlmsg_flags = NLM_F_REQUEST;
  mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg));
  std::optional<std::uint32_t> number;
  int error = EPROTO;
  const auto asked = ask({&request, 1}, [&](std::size_t, const nlmsghdr* answer, int failure) {
    if (!answer) {
      error = failure;
      return;
    }
    const NftAttributes attributes(*answer);
    if (attributes.at(NFTA_GEN_ID)) number = attributes.number(NFTA_GEN_ID);
  });
  if (!asked) return std::unexpected(asked.error());
  if (!number) return failed(error);
  return *number;
}

Result<NftSocket::Dumped> NftSocket::dump(nlmsghdr& request, const Take& take) {
  const auto failed = [](int number) {
    return std::unexpected(Error::from_errno("read the nftables rule set", number));
  };
  drain();
  const std::uint32_t sequence = sequence_++;
  request.nlmsg_seq = sequence;
  request.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (const int number = send({reinterpret_cast<const std::uint8_t*>(&request), request.nlmsg_len});
      number != 0) {
    return failed(number);
  }
  bool torn = false;
  bool done = false;
  int error = 0;
  while (!done) {
    const auto bytes = receive();
    if (!bytes) return failed(bytes.error());
    const bool whole = each_message(*bytes, [&](const nlmsghdr& header) {
      if (header.nlmsg_seq != sequence) return true;
      torn = torn || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header.nlmsg_type == NLMSG_ERROR) {
        error = error_of(header).value_or(EPROTO);
        done = true;
      } else if (header.nlmsg_type == NLMSG_DONE) {
        // A dump that fails on its way says so at its end.
        int status = 0;
        if (header.nlmsg_len >= mnl_nlmsg_size(sizeof(status))) {
          std::memcpy(&status, mnl_nlmsg_get_payload(&header), sizeof(status));
        }
        error = -status;
        done = true;
      } else if (header.nlmsg_type >= NLMSG_MIN_TYPE) {
        take(header);
      }
      return true;
    });
    if (!whole) return failed(EPROTO);
  }
  if (error == EINTR) return Dumped::torn;
  if (error != 0) return failed(error);
  return torn ? Dumped::torn : Dumped::whole;
}

Result<void> NftSocket::ask(std::span<std::vector<std::uint8_t>> requests,
                            const Answered& answered) {
  drain();
  for (std::size_t at = 0; at < requests.size();) {
    const std::size_t count = std::min(at_once_, requests.size() - at);
    const std::uint32_t first = sequence_;
    sequence_ += static_cast<std::uint32_t>(count);
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < count; ++i) {
      reinterpret_cast<nlmsghdr*>(requests[at + i].data())->nlmsg_seq =
          first + static_cast<std::uint32_t>(i);
      bytes.insert(bytes.end(), requests[at + i].begin(), requests[at + i].end());
    }
    if (const int number = send(bytes); number != 0) {
      return std::unexpected(Error::from_errno("ask nftables", number));
    }
    // Each is answered once, in order. An answer that is lost is asked for again.
    std::size_t answers = 0;
    while (answers < count) {
      const auto received = receive();
      if (!received && received.error() == ENOBUFS && count > 1) {
        at_once_ = std::max<std::size_t>(1, count / 4);
        drain();
        break;
      }
      if (!received) {
        return std::unexpected(Error::from_errno("read from nftables", received.error()));
      }
      each_message(*received, [&](const nlmsghdr& header) {
        if (header.nlmsg_seq != first + answers || answers == count) return true;
        const bool refused = header.nlmsg_type == NLMSG_ERROR;
        answered(at + answers, refused ? nullptr : &header,
                 refused ? error_of(header).value_or(EPROTO) : 0);
        ++answers;
        return true;
      });
    }
    at += answers;
  }
  return {};
}

}  // namespace sallyport
