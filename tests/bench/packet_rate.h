// SPDX-License-Identifier: GPL-2.0-or-later
// How many packets a forwarding kernel handles in a second of its CPU time. Three namespaces in a
// row: frames made on the first CPU go into the device of a gateway, whose NAPI thread alone uses
// the last CPU, forwards them, and takes them to their end in the third namespace. Entry points:
// Traffic and Gateway::measure(). Header-only; failures are thrown, as in tests/support/process.h.
#pragma once

#include <bpf/bpf.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/fd.h"
#include "tests/support/frame.h"
#include "tests/support/netns.h"

namespace sallyport::test {

[[noreturn]] inline void throw_system_error(const std::string& tried) {
  throw std::system_error(errno, std::generic_category(), tried);
}

inline constexpr std::size_t shortest_frame = 64;

/// Frames of one length, sent one after the other without end: an XDP program that writes the next
/// of them over whatever it is given. They go in bursts at a pace, so that the receiver sees the
/// same batches whatever it does with them, and the two CPUs do not fight for its queue.
class Traffic {
 public:
  /// What a veth queue holds is 256.
  static constexpr int burst = 128;

  /// A power of two of frames, at least one burst, each at most 128 bytes; they are filled up to
  /// one length. They leave by the device `out` of the namespace that send() is called in.
  Traffic(const std::vector<Bytes>& frames, unsigned out) {
    for (const Bytes& frame : frames) length_ = std::max(length_, (frame.size() + 7) / 8 * 8);
    size_ = sizeof(Control) + frames.size() * length_;
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
    map_ = Fd{bpf_map_create(BPF_MAP_TYPE_ARRAY, "frames", sizeof(std::uint32_t),
                             static_cast<std::uint32_t>(size_), 1, &options)};
    if (!map_) throw_system_error("make the map of frames");
    void* start = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, map_.get(), 0);
    if (start == MAP_FAILED) throw_system_error("map the frames");
    control_ = static_cast<Control*>(start);
    auto* place = static_cast<std::uint8_t*>(start) + sizeof(Control);
    for (const Bytes& frame : frames) {
      std::ranges::copy(frame, place);
      place += length_;
    }
    const auto program = instructions(static_cast<std::int32_t>(frames.size()), out);
    program_ = Fd{bpf_prog_load(BPF_PROG_TYPE_XDP, "next_frame", "GPL", program.data(),
                                program.size(), nullptr)};
    if (!program_) throw_system_error("load the program that makes frames");
  }
  Traffic(Traffic&&) = delete;
  ~Traffic() { munmap(control_, size_); }

  /// One frame each `pace` nanoseconds on average, for about `duration`; the receiver loses what
  /// its queue has no room for. Called in a thread that has its namespace and its CPU.
  void send(std::chrono::nanoseconds duration, double pace) const {
    const double bursts = std::ceil(static_cast<double>(duration.count()) / pace / burst);
    control_->pause = static_cast<std::uint64_t>(pace * burst);
    Bytes first(length_);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = first.data(),
                .data_size_in = static_cast<std::uint32_t>(first.size()),
                .repeat = static_cast<int>(bursts) * burst, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                .batch_size = burst);
    if (bpf_prog_test_run_opts(program_.get(), &options) != 0) throw_system_error("send frames");
  }

 private:
  struct Control {
    std::uint64_t cursor;
    std::uint64_t next;   // when the next burst may begin, ns
    std::uint64_t pause;  // from one burst to the next, ns
    std::uint64_t unused[5];
  };

  std::vector<bpf_insn> instructions(std::int32_t frames, unsigned out) const {
    // A program may loop only so often; what is left of the pause, the next frames wait.
    constexpr std::int32_t looks = 4000;
    const auto length = static_cast<std::int32_t>(length_);
    std::vector<bpf_insn> code;
    const auto add = [&code](int operation, std::uint8_t to, std::uint8_t from, std::size_t offset,
                             std::int32_t value) {
      bpf_insn one{};
      one.code = static_cast<std::uint8_t>(operation);
      one.dst_reg = to & 15U;
      one.src_reg = from & 15U;
      one.off = static_cast<std::int16_t>(offset);
      one.imm = value;
      code.push_back(one);
      return code.size() - 1;
    };
    const auto land = [&code](std::size_t jump) {
      code[jump].off = static_cast<std::int16_t>(code.size() - jump - 1);
    };
    // r6: the packet; r7: the frames; r8: Control; r9: the cursor, on the stack while waiting
    add(BPF_LDX | BPF_MEM | BPF_W, 6, 1, offsetof(xdp_md, data), 0);
    add(BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(xdp_md, data_end), 0);
    add(BPF_ALU64 | BPF_MOV | BPF_X, 4, 6, 0, 0);
    add(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, length);
    const auto long_enough = add(BPF_JMP | BPF_JLE | BPF_X, 4, 3, 0, 0);
    add(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_ABORTED);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    land(long_enough);
    add(BPF_LD | BPF_DW | BPF_IMM, 7, BPF_PSEUDO_MAP_VALUE, 0, map_.get());
    add(0, 0, 0, 0, sizeof(Control));
    add(BPF_LD | BPF_DW | BPF_IMM, 8, BPF_PSEUDO_MAP_VALUE, 0, map_.get());
    add(0, 0, 0, 0, 0);
    add(BPF_LDX | BPF_MEM | BPF_DW, 9, 8, offsetof(Control, cursor), 0);
    add(BPF_ALU64 | BPF_MOV | BPF_X, 1, 9, 0, 0);
    add(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, 1);
    add(BPF_STX | BPF_MEM | BPF_DW, 8, 1, offsetof(Control, cursor), 0);
    add(BPF_ALU64 | BPF_MOV | BPF_X, 1, 9, 0, 0);
    add(BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, burst - 1);
    add(BPF_STX | BPF_MEM | BPF_DW, 10, 1, static_cast<std::size_t>(-8), 0);
    add(BPF_STX | BPF_MEM | BPF_DW, 10, 9, static_cast<std::size_t>(-16), 0);
    add(BPF_ALU64 | BPF_MOV | BPF_K, 9, 0, 0, 0);
    const std::size_t again = code.size();
    add(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns);
    add(BPF_LDX | BPF_MEM | BPF_DW, 1, 8, offsetof(Control, next), 0);
    const auto waited = add(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0, 0);
    add(BPF_ALU64 | BPF_ADD | BPF_K, 9, 0, 0, 1);
    const auto back = add(BPF_JMP | BPF_JLT | BPF_K, 9, 0, 0, looks);
    code[back].off = static_cast<std::int16_t>(again - back - 1);
    land(waited);
    add(BPF_LDX | BPF_MEM | BPF_DW, 9, 10, static_cast<std::size_t>(-16), 0);
    add(BPF_LDX | BPF_MEM | BPF_DW, 1, 10, static_cast<std::size_t>(-8), 0);
    const auto not_last = add(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, burst - 1);
    add(BPF_LDX | BPF_MEM | BPF_DW, 1, 8, offsetof(Control, pause), 0);
    add(BPF_ALU64 | BPF_ADD | BPF_X, 0, 1, 0, 0);
    add(BPF_STX | BPF_MEM | BPF_DW, 8, 0, offsetof(Control, next), 0);
    land(not_last);
    add(BPF_ALU64 | BPF_AND | BPF_K, 9, 0, 0, frames - 1);
    add(BPF_ALU64 | BPF_MUL | BPF_K, 9, 0, 0, length);
    add(BPF_ALU64 | BPF_ADD | BPF_X, 7, 9, 0, 0);
    for (std::size_t at = 0; at < length_; at += 8) {
      add(BPF_LDX | BPF_MEM | BPF_DW, 1, 7, at, 0);
      add(BPF_STX | BPF_MEM | BPF_DW, 6, 1, at, 0);
    }
    add(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, static_cast<std::int32_t>(out));
    add(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
    add(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return code;
  }

  std::size_t length_ = shortest_frame;
  std::size_t size_ = 0;
  Fd map_;
  Fd program_;
  Control* control_ = nullptr;
};

/// What the gateway did with some traffic.
struct Rate {
  std::uint64_t received = 0;
  std::uint64_t delivered = 0;
  double cpu_seconds = 0;

  double nanoseconds() const { return cpu_seconds * 1e9 / static_cast<double>(received); }
};

/// Forwards between `lan0` and `wan0`, and sends every destination the same way.
class Gateway {
 public:
  /// `word` tells its namespaces from those of other gateways.
  explicit Gateway(const std::string& word)
      : source_(word + "-source"), gateway_(word + "-gateway"), sink_(word + "-sink") {
    if (std::thread::hardware_concurrency() < 2) throw std::runtime_error("needs two CPUs");
    const auto threads_before = napi_threads();
    source_.ip("link add out0 numtxqueues 1 numrxqueues 1 type veth peer name lan0 netns " +
               gateway_.name() + " address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 1");
    gateway_.ip("link add wan0 type veth peer name end0 netns " + sink_.name());
    // Only with GRO does a veth device receive by NAPI; the thread then pays for all that follows.
    gateway_.inside([] { turn_gro_on("lan0"); });
    // Nobody but the generator shall say a word; see to it that every packet is one of its own.
    for (const Netns* quiet : {&source_, &sink_}) {
      quiet->must_run({"sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"});
    }
    for (const char* device : {"lan0", "wan0"}) {
      gateway_.ip(std::string("link set ") + device + " addrgenmode none");
    }
    gateway_.forward();
    gateway_.must_run({"sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0",
                       "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.lan0.rp_filter=0"});
    source_.ip("link set out0 up");
    sink_.ip("link set end0 up");
    gateway_.address("lan0", "10.20.0.1/16");
    gateway_.address("lan0", "fd20::1/64");
    gateway_.must_run({"ip", "netns", "exec", gateway_.name(), "sh", "-c",
                       "echo 1 > /sys/class/net/lan0/threaded"});
    gateway_.address("wan0", "10.40.0.1/24");
    gateway_.address("wan0", "fd40::1/64");
    for (const std::string router : {"10.40.0.2", "fd40::2"}) {
      gateway_.ip("neigh add " + router + " lladdr 02:00:00:00:00:09 nud permanent dev wan0");
      gateway_.route("default", router);
    }
    // Counted by the device, then dropped before IP sees them.
    sink_.must_run({"nft",
                    "add table netdev end\n"
                    "add chain netdev end every { type filter hook ingress device end0 priority 0; "
                    "policy drop; }"});
    source_.inside([this] { out_ = index_of("out0"); });
    for (const pid_t thread : napi_threads()) {
      if (threads_before.contains(thread)) continue;
      threads_.push_back(thread);
      own(thread, last_cpu(), high);
    }
    if (threads_.empty()) throw std::runtime_error("lan0 has no NAPI thread");
  }

  const Netns& netns() const { return gateway_; }
  /// For Traffic.
  unsigned out() const { return out_; }

  /// `pace` is the mean time from one frame to the next, in ns.
  Rate measure(const Traffic& traffic, std::chrono::milliseconds duration, double pace) const {
    const Rate before = seen();
    std::jthread guard([duration] { keep_others_away(duration); });
    source_.inside([&] {
      own(0, 0, high);
      traffic.send(duration, pace);
    });
    guard.join();
    if (!eventually(std::chrono::seconds(5), [this] { return idle(); })) {
      throw std::runtime_error("the gateway does not come to rest");
    }
    const Rate after = seen();
    return {after.received - before.received, after.delivered - before.delivered,
            after.cpu_seconds - before.cpu_seconds};
  }

 private:
  /// Real-time priorities: what else wants the CPU would fill its caches.
  enum Priority { low = 1, high = 2 };

  static unsigned last_cpu() { return std::thread::hardware_concurrency() - 1; }

  static void own(pid_t thread, unsigned cpu, Priority priority) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(thread, sizeof(set), &set) != 0) throw_system_error("pin a thread");
    const sched_param real_time{.sched_priority = priority};
    if (sched_setscheduler(thread, SCHED_FIFO, &real_time) != 0)
      throw_system_error("raise a thread");
  }

  /// From the gateway's CPU, also between two bursts.
  static void keep_others_away(std::chrono::milliseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    own(0, last_cpu(), low);
    while (std::chrono::steady_clock::now() < end) continue;
  }

  static ifreq request_for(const std::string& device) {
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
  }

  static unsigned index_of(const std::string& device) {
    const Fd any{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request = request_for(device);
    if (ioctl(any.get(), SIOCGIFINDEX, &request) != 0) throw_system_error("find " + device);
    return static_cast<unsigned>(request.ifr_ifindex);
  }

  static void turn_gro_on(const std::string& device) {
    const Fd any{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ethtool_value value{ETHTOOL_SGRO, 1};
    ifreq request = request_for(device);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (ioctl(any.get(), SIOCETHTOOL, &request) != 0) throw_system_error("turn GRO on");
  }

  /// Of devices of this name in whatever namespace.
  static std::set<pid_t> napi_threads() {
    std::set<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string number = entry.path().filename();
      if (number.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry.path() / "comm");
      std::string name;
      if (std::getline(file, name) && name.starts_with("napi/lan0-")) found.insert(stoi(number));
    }
    return found;
  }

  static std::uint64_t packets_in(const std::string& device) {
    std::ifstream file("/proc/thread-self/net/dev");
    for (std::string line; std::getline(file, line);) {
      const std::size_t colon = line.find(device + ":");
      if (colon == std::string::npos) continue;
      std::istringstream numbers(line.substr(colon + device.size() + 1));
      std::uint64_t bytes = 0;
      std::uint64_t packets = 0;
      numbers >> bytes >> packets;
      return packets;
    }
    throw std::runtime_error("no counters of " + device);
  }

  /// Nothing waits for the thread any more, and its time is written up.
  bool idle() const {
    return std::ranges::all_of(threads_, [](pid_t thread) {
      std::ifstream file("/proc/" + std::to_string(thread) + "/stat");
      std::string number;
      std::string name;
      std::string state;
      file >> number >> name >> state;
      return state == "S";
    });
  }

  Rate seen() const {
    Rate now;
    gateway_.inside([&] { now.received = packets_in("lan0"); });
    sink_.inside([&] { now.delivered = packets_in("end0"); });
    for (const pid_t thread : threads_) {
      double nanoseconds = 0;
      std::ifstream("/proc/" + std::to_string(thread) + "/schedstat") >> nanoseconds;
      now.cpu_seconds += nanoseconds / 1e9;
    }
    return now;
  }

  Netns source_;
  Netns gateway_;
  Netns sink_;
  unsigned out_ = 0;
  std::vector<pid_t> threads_;
};

}  // namespace sallyport::test
