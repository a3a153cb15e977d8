// SPDX-License-Identifier: GPL-2.0-or-later
// What a verdict costs in the datapath, and what it costs by a prefix trie and a hash of rights, on
// the same policy and the same 65,536 flows, as the kernel times test runs; less what the same
// program costs when nobody judges. Needs root; attaches to nothing. `--short` takes some seconds.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/label/labeler.h"
#include "runtime/bpffs.h"
#include "runtime/datapath.h"
#include "tests/bench/vendor_policy.h"
#include "tests/bench/verdict_bench.h"
#include "verdict_bench.skel.h"

namespace sallyport::test {
namespace {

using vendor_policy::below;
using vendor_policy::Dice;

struct Shape {
  Family family = Family::v4;
  Prefixes prefixes = Prefixes::exact;
  std::size_t count = 0;
  std::size_t zones = 1;
  std::size_t rules = 10;
};

/// A rule has every so-manieth prefix, one port, and one zone if there are several.
struct Policy {
  Shape shape;
  std::vector<AddressRange> remotes;
  std::vector<AddressRange> locals;  // of the zones

  std::size_t rule_of(std::size_t remote) const { return remote % shape.rules; }
  std::size_t zone_of(std::size_t rule) const { return rule % shape.zones; }
  static std::uint16_t port_of(std::size_t rule) {
    return static_cast<std::uint16_t>(1024 + rule % 16);
  }
};

AddressRange zone_range(Family family, std::size_t zone) {
  if (family == Family::v4)
    return AddressRange::prefix(Address::v4(static_cast<std::uint32_t>(0x0a000000 + (zone << 12))),
                                20);
  return AddressRange::prefix({family, Uint128{0xfd20'0000'0000'0000 + (zone << 16)} << 64}, 48);
}

Policy make_policy(const Shape& shape) {
  Dice dice(shape.count * 4 + shape.zones);
  Policy policy{shape, {}, {}};
  for (std::size_t zone = 0; zone < shape.zones; ++zone)
    policy.locals.push_back(zone_range(shape.family, zone));
  VendorPolicy none;
  vendor_policy::Taken taken(none);
  while (policy.remotes.size() < shape.count) {
    const AddressRange prefix =
        AddressRange::prefix(vendor_policy::public_address(dice, shape.family),
                             vendor_policy::length_of(dice, shape.family, shape.prefixes));
    if (taken.touches(prefix) || vendor_policy::is_special(prefix)) continue;
    taken.add(prefix);
    policy.remotes.push_back(prefix);
  }
  return policy;
}

Program program_of(const Policy& policy) {
  Program program;
  program.policy = "bench";
  const bool zoned = policy.shape.zones > 1;
  for (std::size_t zone = 0; zoned && zone < policy.locals.size(); ++zone)
    program.zones.push_back({"z" + std::to_string(zone), {policy.locals[zone]}});
  program.rules.resize(policy.shape.rules);
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const std::uint16_t port = Policy::port_of(i);
    program.rules[i].services = {{protocol_tcp, port, port}};
    if (zoned) program.rules[i].zone = policy.zone_of(i);
  }
  for (std::size_t i = 0; i < policy.remotes.size(); ++i)
    program.rules[policy.rule_of(i)].remote.ranges.push_back(policy.remotes[i]);
  for (Rule& rule : program.rules) std::ranges::sort(rule.remote.ranges);
  return program;
}

void put(std::uint8_t (&to)[16], const Address& address) {
  std::memset(to, 0, sizeof to);
  if (address.family == Family::v6) {
    const auto bytes = address.bytes();
    std::ranges::copy(bytes, to);
  } else {
    const auto bytes = address.bytes();
    to[10] = to[11] = 0xff;
    std::copy_n(bytes.begin(), 4, to + 12);
  }
}

/// Flows that the policy allows, or flows from the same sources to addresses beside its own.
std::vector<BenchFlow> flows_of(const Policy& policy, Mix mix) {
  Dice dice(7);
  VendorPolicy none;
  vendor_policy::Taken taken(none);
  for (const AddressRange& prefix : policy.remotes) taken.add(prefix);
  std::vector<BenchFlow> flows(BENCH_FLOWS);
  for (BenchFlow& flow : flows) {
    const std::size_t i = below(dice, policy.remotes.size());
    const std::size_t rule = policy.rule_of(i);
    Address remote = vendor_policy::member(dice, policy.remotes[i]);
    while (mix == Mix::forbidden && taken.touches({remote, remote}))
      remote = vendor_policy::public_address(dice, policy.shape.family);
    put(flow.source, vendor_policy::member(dice, policy.locals[policy.zone_of(rule)]));
    put(flow.destination, remote);
    flow.port = htons(Policy::port_of(rule));
  }
  return flows;
}

void must(bool done, const std::string& what) {
  if (!done) throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// The pins by which the bench's programs share the maps of a loaded datapath.
class Pinned {
 public:
  explicit Pinned(const Datapath& loaded) {
    auto pins = Pins::open("verdict-bench");
    if (!pins) throw std::runtime_error(pins.error().text());
    pins_.emplace(std::move(*pins));
    folder_ = pins_->generation(1);
    if (auto pinned = loaded.pin(folder_); !pinned) throw std::runtime_error(pinned.error().text());
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned() { (void)pins_->remove_all(); }
  Fd map(const std::string& name) const { return Fd{bpf_obj_get((folder_ / name).c_str())}; }

 private:
  std::optional<Pins> pins_;
  std::filesystem::path folder_;
};

/// Judges in the order of the measurements.
enum Judge { nobody, datapath, maps, judges };

class Programs {
 public:
  explicit Programs(const Policy& policy)
      : policy_(policy), image_(make_image(program_of(policy))) {
    auto loaded = Datapath::load(image_);
    if (!loaded) throw std::runtime_error(loaded.error().text());
    datapath_.emplace(std::move(*loaded));
    const Pinned pinned(*datapath_);
    skeleton_.reset(verdict_bench::open());
    must(skeleton_ != nullptr, "open the programs");
    share(pinned);
    const auto remotes = static_cast<__u32>(policy.remotes.size());
    bpf_map__set_max_entries(skeleton_->maps.remotes, remotes);
    bpf_map__set_max_entries(skeleton_->maps.locals, static_cast<__u32>(policy.locals.size()));
    bpf_map__set_max_entries(skeleton_->maps.rights, static_cast<__u32>(policy.shape.rules));
    skeleton_->rodata->zoned = policy.shape.zones > 1;
    skeleton_->rodata->has_zones = image_.place_zones.size() > 1;
    skeleton_->rodata->has_names = binds_names(image_);
    skeleton_->rodata->has_inward = has_inward_rules(image_);
    must(verdict_bench::load(skeleton_.get()) == 0, "load the programs");
    fill_maps();
  }

  void set_flows(const std::vector<BenchFlow>& flows) {
    const std::size_t size = flows.size() * sizeof(BenchFlow);
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED,
                    bpf_map__fd(skeleton_->maps.flows), 0);
    must(at != MAP_FAILED, "map the flows");
    std::memcpy(at, flows.data(), size);
    munmap(at, size);
  }

  /// Nanoseconds for one packet.
  double time(Judge judge, std::uint32_t packets) {
    const bpf_program* const programs[] = {skeleton_->progs.bench_nobody,
                                           skeleton_->progs.bench_datapath,
                                           skeleton_->progs.bench_maps};
    FrameParts parts;
    parts.packet.emplace();
    parts.packet->source = policy_.locals.front().first;
    parts.packet->destination = policy_.remotes.front().first;
    parts.packet->protocol = protocol_tcp;
    parts.packet->body = tcp_header(40000, 443);
    const Bytes frame = assemble(parts);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = static_cast<__u32>(frame.size());
    options.repeat = static_cast<int>(packets);
    must(bpf_prog_test_run_opts(bpf_program__fd(programs[judge]), &options) == 0, "run");
    return options.duration;
  }

  /// Every flow once: how many pass.
  std::uint64_t passed(Judge judge) {
    if (auto cleared = datapath_->clear_counters(); !cleared)
      throw std::runtime_error(cleared.error().text());
    time(judge, BENCH_FLOWS);
    const auto counted = datapath_->counters();
    if (!counted) throw std::runtime_error(counted.error().text());
    return counted->reasons[SP_PASS_RULE].packets;
  }

  std::uint64_t arena_bytes() const { return datapath_->sizes().front().bytes; }

 private:
  void share(const Pinned& pinned) {
    const std::pair<bpf_map*, const char*> shared[] = {
        {skeleton_->maps.arena, "arena"},
        {skeleton_->maps.bound4, "bound4"},
        {skeleton_->maps.bound6, "bound6"},
        {skeleton_->maps.own, "own"},
        {skeleton_->maps.rule_counters, "rule_counters"},
        {skeleton_->maps.reason_counters, "reason_counters"}};
    for (const auto& [map, name] : shared) {
      const Fd pin = pinned.map(name);
      must(pin && bpf_map__reuse_fd(map, pin.get()) == 0, std::string("share ") + name);
    }
    skeleton_->rodata->arena_size = bpf_map__value_size(skeleton_->maps.arena) - SP_ARENA_SLACK;
  }

  static BenchPrefix key_of(const AddressRange& prefix) {
    BenchPrefix key{};
    key.length = width_of(prefix.family());
    for (Uint128 hosts = prefix.last.number - prefix.first.number; hosts != 0; hosts >>= 1)
      --key.length;
    const auto bytes = prefix.first.bytes();
    std::ranges::copy(bytes, key.address);
    return key;
  }

  void fill_maps() {
    const int remotes = bpf_map__fd(skeleton_->maps.remotes);
    const int locals = bpf_map__fd(skeleton_->maps.locals);
    const int rights = bpf_map__fd(skeleton_->maps.rights);
    for (std::size_t i = 0; i < policy_.remotes.size(); ++i) {
      const BenchPrefix key = key_of(policy_.remotes[i]);
      const auto set = static_cast<__u32>(policy_.rule_of(i) + 1);
      must(bpf_map_update_elem(remotes, &key, &set, BPF_ANY) == 0, "fill the trie");
    }
    for (std::size_t i = 0; i < policy_.locals.size(); ++i) {
      const BenchPrefix key = key_of(policy_.locals[i]);
      const auto zone = static_cast<__u32>(i + 1);
      must(bpf_map_update_elem(locals, &key, &zone, BPF_ANY) == 0, "fill the zones");
    }
    for (std::size_t i = 0; i < policy_.shape.rules; ++i) {
      const auto rule = static_cast<__u32>(i + 1);
      BenchRight key{};
      key.zone = policy_.shape.zones > 1 ? static_cast<__u32>(policy_.zone_of(i) + 1) : 0;
      key.set = rule;
      key.port = Policy::port_of(i);
      key.protocol = protocol_tcp;
      must(bpf_map_update_elem(rights, &key, &rule, BPF_ANY) == 0, "fill the rights");
    }
  }

  struct Destroy {
    void operator()(verdict_bench* skeleton) const { verdict_bench::destroy(skeleton); }
  };
  const Policy& policy_;
  Image image_;
  std::optional<Datapath> datapath_;
  std::unique_ptr<verdict_bench, Destroy> skeleton_;
};

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Effort {
  std::vector<std::size_t> counts{16, 256, 4096, 65'536, 1'048'576};
  std::size_t rounds = 5;
  std::uint32_t packets = 4 * BENCH_FLOWS;
};

void measure(const Shape& shape, const Effort& effort) {
  const Policy policy = make_policy(shape);
  Programs programs(policy);
  for (const Mix mix : {Mix::allowed, Mix::forbidden}) {
    programs.set_flows(flows_of(policy, mix));
    const std::uint64_t expected = mix == Mix::allowed ? BENCH_FLOWS : 0;
    for (const Judge judge : {datapath, maps}) {
      if (const std::uint64_t passed = programs.passed(judge); passed != expected)
        throw std::runtime_error("judged wrongly: " + std::to_string(passed) + " passed");
    }
    std::array<std::vector<double>, judges> times;
    for (std::size_t round = 0; round < effort.rounds; ++round) {
      for (int judge = nobody; judge < judges; ++judge)
        times[static_cast<std::size_t>(judge)].push_back(
            programs.time(static_cast<Judge>(judge), effort.packets));
    }
    const double empty = middle(times[nobody]);
    const double ours = middle(times[datapath]) - empty, theirs = middle(times[maps]) - empty;
    std::printf("%s %-5s %8zu %6zu %6zu  %-4s | %6.0f | %6.0f %6.0f | %5.1f | %9.1f\n",
                shape.family == Family::v4 ? "v4" : "v6",
                shape.prefixes == Prefixes::exact ? "exact" : "mixed", shape.count, shape.zones,
                shape.rules, mix == Mix::allowed ? "hit" : "miss", empty, ours, theirs,
                theirs / ours, static_cast<double>(programs.arena_bytes()) / 1024);
    std::fflush(stdout);
  }
}

void compare(const Effort& effort) {
  std::puts("nanoseconds for one packet; of a verdict, less what the packet costs without\n");
  std::printf("%-2s %-5s %8s %6s %6s  %-4s | %6s | %6s %6s | %5s | %9s\n", "", "", "prefixes",
              "zones", "rules", "", "empty", "ours", "trie", "times", "arena KiB");
  for (const Family family : {Family::v4, Family::v6}) {
    for (const Prefixes prefixes : {Prefixes::exact, Prefixes::mixed}) {
      for (const std::size_t count : effort.counts) {
        for (const std::size_t zones : {1, 64}) {
          for (const std::size_t rules : {10, 10'000}) {
            if (rules <= std::max<std::size_t>(count, 10))
              measure({family, prefixes, count, zones, rules}, effort);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::test

int main(int count, char** words) {
  sallyport::test::Effort effort;
  if (count == 2 && std::string_view(words[1]) == "--short") {
    effort.counts = {16, 4096};
    effort.rounds = 3;
    effort.packets = BENCH_FLOWS;
  } else if (count != 1) {
    std::fputs("usage: verdict_bench [--short]\n", stderr);
    return 2;
  }
  if (geteuid() != 0) {
    std::puts("SKIP: loading BPF needs root");
    return 0;
  }
  try {
    sallyport::test::compare(effort);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
