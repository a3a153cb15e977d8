// SPDX-License-Identifier: GPL-2.0-or-later
// Attachment: an XDP link on one device, pinned. Entry point: Attachment::open().
#include "runtime/attachment.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace sallyport {
namespace {

constexpr int usual_mtu = 1500;

/// What bpf_xdp_query() says of a device; zeros if it cannot say.
bpf_xdp_query_opts query_device(int ifindex) {
  bpf_xdp_query_opts found{};
  found.sz = sizeof(found);
  if (bpf_xdp_query(ifindex, 0, &found) != 0) {
    found = {};
    found.sz = sizeof(found);
  }
  return found;
}

bool runs_on(int ifindex, std::uint32_t program_id) {
  const bpf_xdp_query_opts found = query_device(ifindex);
  return program_id != 0 && (found.prog_id == program_id || found.drv_prog_id == program_id ||
                             found.skb_prog_id == program_id || found.hw_prog_id == program_id);
}

std::uint32_t any_program_on(int ifindex) {
  const bpf_xdp_query_opts found = query_device(ifindex);
  return std::max({found.prog_id, found.drv_prog_id, found.skb_prog_id, found.hw_prog_id});
}

std::string mode_of(int ifindex) {
  switch (query_device(ifindex).attach_mode) {
    case XDP_ATTACHED_DRV:
    case XDP_ATTACHED_MULTI:  // ours is the native one of them
      return "native";
    case XDP_ATTACHED_SKB:
      return "generic";
    case XDP_ATTACHED_HW:
      return "offloaded";
    default:
      return "none";
  }
}

std::optional<bpf_prog_info> program_facts(int program_fd) {
  bpf_prog_info facts{};
  __u32 size = sizeof(facts);
  if (program_fd < 0 || bpf_obj_get_info_by_fd(program_fd, &facts, &size) != 0) return {};
  return facts;
}

Result<bpf_link_info> link_facts(int link_fd, const std::string& device) {
  bpf_link_info facts{};
  __u32 size = sizeof(facts);
  const std::string tried = "read the pinned link of " + device;
  if (bpf_obj_get_info_by_fd(link_fd, &facts, &size) != 0) {
    return std::unexpected(Error::from_errno(tried, errno));
  }
  if (facts.type != BPF_LINK_TYPE_XDP) {
    return std::unexpected(Error{tried, "the pin holds something else", {}});
  }
  return facts;
}

int mtu_of(const std::string& device) {
  const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  return socket && ioctl(socket.get(), SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : 0;
}

Error attach_error(const std::string& device, int ifindex, int number) {
  const std::string tried = "attach to " + device;
  switch (number) {
    case EBUSY:
    case EEXIST: {
      const std::uint32_t id = any_program_on(ifindex);
      return {tried, "device busy",
              id == 0 ? std::string() : "another XDP program, id " + std::to_string(id)};
    }
    case ENODEV:
      return {tried, "no such device", {}};
    case EOPNOTSUPP:
      return Error::from_errno(
          tried, number, "its driver has no native XDP, or an offload such as LRO forbids it");
    case EPERM:
    case EACCES:
      return Error::from_errno(tried, number, "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
    default:
      break;
  }
  // Drivers refuse a large MTU with the one or the other; veth judges its peer's.
  const int mtu = mtu_of(device);
  if (number == ERANGE || (number == EINVAL && mtu > usual_mtu)) {
    return Error::from_errno(tried, number,
                             "the MTU is too large for native XDP: " + std::to_string(mtu) +
                                 " here, and its peer's counts too");
  }
  return Error::from_errno(tried, number);
}

Result<Fd> attach(const std::string& device, int ifindex, int program_fd) {
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.flags = XDP_FLAGS_DRV_MODE;
  Fd link{bpf_link_create(program_fd, ifindex, BPF_XDP, &options)};
  if (!link) return std::unexpected(attach_error(device, ifindex, errno));
  return link;
}

Result<Attachment::State> read_state(int link_fd, const std::string& device) {
  auto facts = link_facts(link_fd, device);
  if (!facts) return std::unexpected(facts.error());
  Attachment::State state;
  state.device = device;
  state.link_id = facts->id;
  state.program_id = facts->prog_id;
  state.ifindex = static_cast<int>(facts->xdp.ifindex);
  state.alive = state.ifindex != 0;
  state.mode =
      state.alive && runs_on(state.ifindex, state.program_id) ? mode_of(state.ifindex) : "none";
  return state;
}

std::string tag_text(const bpf_prog_info& program) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : program.tag) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

Attachment::Attachment(std::string device, Direction direction, Fd link, bool adopted)
    : device_(std::move(device)),
      direction_(direction),
      link_(std::move(link)),
      adopted_(adopted) {}

Result<Attachment> Attachment::open(const Pins& pins, const std::string& device, int program_fd,
                                    Direction direction) {
  const bool outward = direction == Direction::outward;
  const std::string pin = pins.link(device, direction).string();
  const std::string other =
      pins.link(device, outward ? Direction::inward : Direction::outward).string();
  const int ifindex = static_cast<int>(if_nametoindex(device.c_str()));
  if (ifindex == 0) return std::unexpected(Error{"attach to " + device, "no such device", {}});
  if (access(other.c_str(), F_OK) == 0) {
    return std::unexpected(
        Error{"attach to " + device,
              std::string("an earlier run filters it ") + (outward ? "inward" : "outward"),
              "`sallyport unload` ends that"});
  }

  Fd pinned{bpf_obj_get(pin.c_str())};
  if (!pinned && errno != ENOENT) {
    return std::unexpected(Error::from_errno("open " + pin, errno));
  }
  if (pinned) {
    const auto facts = link_facts(pinned.get(), device);
    if (!facts) return std::unexpected(facts.error());
    const auto linked = static_cast<int>(facts->xdp.ifindex);
    if (linked == ifindex && runs_on(ifindex, facts->prog_id)) {
      Attachment adopted(device, direction, std::move(pinned), true);
      const auto program = program_facts(program_fd);
      if (program && program->id == facts->prog_id) adopted.expect(program_fd);
      return adopted;
    }
    if (linked != 0) {
      // Unpinning it would open a device that is filtered now.
      return std::unexpected(Error{"attach to " + device,
                                   "its pinned link filters another device or namespace",
                                   "device number " + std::to_string(linked)});
    }
  }

  auto link = attach(device, ifindex, program_fd);
  if (!link) return std::unexpected(link.error());
  if (pinned && unlink(pin.c_str()) != 0) {
    return std::unexpected(Error::from_errno("replace " + pin, errno));
  }
  // A failure closes the descriptor, and the kernel detaches.
  if (bpf_obj_pin(link->get(), pin.c_str()) != 0) {
    return std::unexpected(Error::from_errno("pin " + pin, errno));
  }
  Attachment fresh(device, direction, std::move(*link), false);
  fresh.expect(program_fd);
  return fresh;
}

void Attachment::expect(int program_fd) {
  program_ = Fd{fcntl(program_fd, F_DUPFD_CLOEXEC, 0)};
}

Result<void> Attachment::replace(int program_fd) {
  bpf_link_update_opts options{};
  options.sz = sizeof(options);
  if (program_) {
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = static_cast<__u32>(program_.get());
  }
  if (bpf_link_update(link_.get(), program_fd, &options) != 0) {
    const std::string tried = "replace the program on " + device_;
    if (errno == ENOLINK) return std::unexpected(Error{tried, "the device is gone", {}});
    if (errno == EPERM && program_) {
      return std::unexpected(Error{tried, "another process has replaced it meanwhile", {}});
    }
    return std::unexpected(Error::from_errno(tried, errno));
  }
  expect(program_fd);
  return {};
}

Result<Attachment::State> Attachment::state() const {
  auto state = read_state(link_.get(), device_);
  if (!state) return state;
  state->direction = direction_;
  const auto program = program_facts(program_.get());
  if (program && program->id == state->program_id) state->program_tag = tag_text(*program);
  return state;
}

Result<Attachment::State> Attachment::state_of(const Pins& pins, const std::string& device) {
  const Direction direction = pins.direction_of(device);
  const std::string pin = pins.link(device, direction).string();
  const Fd link{bpf_obj_get(pin.c_str())};
  if (!link) return std::unexpected(Error::from_errno("open " + pin, errno));
  auto state = read_state(link.get(), device);
  if (!state) return state;
  state->direction = direction;
  // Programs are found by pin: finding them by id takes CAP_SYS_ADMIN.
  const std::vector<std::uint64_t> generations = pins.generations();
  for (auto number = generations.rbegin(); number != generations.rend(); ++number) {
    const Fd pinned{bpf_obj_get((pins.generation(*number) / program_pin(direction)).c_str())};
    const auto program = program_facts(pinned.get());
    if (program && program->id == state->program_id) state->program_tag = tag_text(*program);
  }
  return state;
}

}  // namespace sallyport
