// SPDX-License-Identifier: GPL-2.0-or-later
// How many packets a gateway forwards or drops in a second of its CPU time: with no filter, with
// XDP programs that pass or drop everything, with our program, and with tables of nftables for the
// same policy. Needs root and two CPUs; works in namespaces of its own. `--short` only shows that
// it works, `--v6` measures IPv6 as well.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/script.h"
#include "runtime/datapath.h"
#include "tests/bench/packet_rate.h"
#include "tests/bench/vendor_policy.h"

namespace sallyport::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t flows = 16'384;
/// Packets in which a gateway joins multicast groups, at most.
constexpr std::uint64_t said_by_itself = 4;

/// Each has a gateway of its own for the whole run.
enum Filter { none, pass_all, drop_all, ours, ours_nft, intervals, filters };
constexpr std::array<const char*, filters> names{"none", "passall", "dropall",
                                                 "xdp",  "nft",     "interv"};

struct Effort {
  std::vector<Family> families{Family::v4};
  std::vector<std::size_t> vendors{3, 333, 3333};
  std::size_t rounds = 7;
  milliseconds sample{80};
};

volatile std::sig_atomic_t interrupted = 0;

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Half the distance of the middle half, in percent of the median.
double spread(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t size = values.size();
  return 50 * (values[size - 1 - size / 4] - values[size / 4]) / values[size / 2];
}

Fd constant_program(int verdict) {
  const std::array<bpf_insn, 2> code{
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict},
      bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP);
  Fd program{
      bpf_prog_load(BPF_PROG_TYPE_XDP, "constant", "GPL", code.data(), code.size(), &options)};
  if (!program) throw_system_error("load a program");
  return program;
}

std::string our_script(const Image& image) {
  nft::Options options;
  options.table = "sallyport-bench";
  options.devices = {"lan0"};
  const nft::Ruleset ruleset(image, options);
  return nft::script_of(ruleset.table(), {});
}

class Bench {
 public:
  explicit Bench(const Effort& effort) : effort_(effort) {
    for (const char* name : names) gateways_.push_back(std::make_unique<Gateway>(name));
    programs_[pass_all] = constant_program(XDP_PASS);
    programs_[drop_all] = constant_program(XDP_DROP);
    attach(pass_all, programs_[pass_all].get());
    attach(drop_all, programs_[drop_all].get());
  }

  void measure(Family family, std::size_t vendors) {
    const VendorPolicy made = make_vendors(family, vendors, Prefixes::mixed);
    const Image image = make_image(program_of(made));
    auto loaded = Datapath::load(image);
    if (!loaded) throw std::runtime_error(loaded.error().text());
    links_[ours] = Fd{};
    datapath_.emplace(std::move(*loaded));
    attach(ours, datapath_->program_fd());
    load(ours_nft, our_script(image));
    load(intervals, one_verdict_map(made));
    const std::string text = std::string(family == Family::v4 ? "v4 " : "v6 ") +
                             std::to_string(vendors * vendor_policy::prefixes_of_a_vendor);
    for (const Mix mix : {Mix::allowed, Mix::forbidden}) {
      const Traffic traffic(frames_of(made, mix, flows), gateways_[none]->out());
      show(text + (mix == Mix::allowed ? ", allow" : ", drop"), run(text, traffic, mix), mix);
    }
  }

  void print_head() const {
    std::printf("%zu rounds of %ld ms; Mpps are packets per second of the gateway's CPU time\n",
                effort_.rounds, static_cast<long>(effort_.sample.count()));
    std::printf("%-18s |", "mixed prefixes");
    for (const char* name : names) std::printf(" %7s", name);
    std::printf(" | xdp: %7s %7s %7s | +- %%\n", "none", "dropall", "interv");
  }

 private:
  using Rounds = std::array<std::vector<double>, filters>;

  void attach(Filter filter, int program) {
    gateways_[filter]->netns().inside([&] {
      LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
      const auto device = static_cast<int>(if_nametoindex("lan0"));
      links_[filter] = Fd{bpf_link_create(program, device, BPF_XDP, &options)};
    });
    if (!links_[filter]) throw_system_error("attach to lan0");
  }

  void load(Filter filter, const std::string& script) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("forward_bench." + std::to_string(getpid()));
    std::ofstream(file) << script;
    const Netns& netns = gateways_[filter]->netns();
    netns.must_run({"nft", "flush", "ruleset"});
    const Finished finished = netns.run({"nft", "-f", file});
    std::filesystem::remove(file);
    if (finished.status != 0)
      throw std::runtime_error(std::string(names[filter]) + ": " + finished.output);
  }

  static bool passes(std::size_t filter, Mix mix) {
    if (filter == none || filter == pass_all) return true;
    return filter != drop_all && mix == Mix::allowed;
  }

  /// Every filter once in each round, so that what disturbs the machine disturbs all alike. The
  /// first round only warms up and finds the pace.
  Rounds run(const std::string& text, const Traffic& traffic, Mix mix) const {
    constexpr double headroom = 1.1;
    std::array<double, filters> pace;
    pace.fill(1000);
    Rounds rounds;
    for (std::size_t round = 0; round <= effort_.rounds; ++round) {
      for (std::size_t turn = 0; turn < filters; ++turn) {
        if (interrupted) throw std::runtime_error("interrupted");
        const std::size_t i = (turn + round) % filters;
        const Rate rate = gateways_[i]->measure(traffic, effort_.sample, pace[i] * headroom);
        const std::uint64_t expected = passes(i, mix) ? rate.received : 0;
        if (rate.received == 0 || rate.delivered < expected ||
            rate.delivered > expected + said_by_itself) {
          throw std::runtime_error(text + ", " + names[i] + ": " + std::to_string(rate.delivered) +
                                   " of " + std::to_string(rate.received) + " packets delivered");
        }
        pace[i] = rate.nanoseconds();
        if (round > 0) rounds[i].push_back(rate.nanoseconds());
      }
    }
    return rounds;
  }

  static void show(const std::string& text, const Rounds& rounds, Mix mix) {
    std::printf("%-18s |", text.c_str());
    for (const auto& nanoseconds : rounds) std::printf(" %7.3f", 1000 / middle(nanoseconds));
    const auto ratio = [&](Filter as) {
      std::vector<double> ratios;
      for (std::size_t i = 0; i < rounds[ours].size(); ++i)
        ratios.push_back(rounds[as][i] / rounds[ours][i]);
      return ratios;
    };
    // How fast it drops says nothing about one that forwards, and the other way round.
    const std::string to_drop =
        mix == Mix::allowed ? "-" : std::to_string(middle(ratio(drop_all))).substr(0, 4);
    const std::string to_none =
        mix == Mix::allowed ? std::to_string(middle(ratio(none))).substr(0, 4) : "-";
    std::printf(" |      %7s %7s %7.2f | %4.1f\n", to_none.c_str(), to_drop.c_str(),
                middle(ratio(intervals)), spread(ratio(mix == Mix::allowed ? none : drop_all)));
    std::fflush(stdout);
  }

  Effort effort_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::array<Fd, filters> programs_, links_;
  std::optional<Datapath> datapath_;
};

int compare(const Effort& effort) {
  if (const std::string why = why_no_kernel(); !why.empty()) {
    std::printf("SKIP: %s\n", why.c_str());
    return 0;
  }
  if (!has_program("nft")) {
    std::puts("SKIP: needs nft");
    return 0;
  }
  if (std::thread::hardware_concurrency() < 2) {
    std::puts("SKIP: needs two CPUs");
    return 0;
  }
  Bench bench(effort);
  bench.print_head();
  for (const Family family : effort.families) {
    for (const std::size_t vendors : effort.vendors) bench.measure(family, vendors);
  }
  return 0;
}

}  // namespace
}  // namespace sallyport::test

int main(int count, char** words) {
  using sallyport::Family;
  sallyport::test::Effort effort;
  const std::string_view word = count == 2 ? words[1] : "";
  if (word == "--short") {
    effort.vendors = {3, 333};
    effort.rounds = 2;
    effort.sample = std::chrono::milliseconds(20);
  } else if (word == "--v6") {
    effort.families = {Family::v4, Family::v6};
  } else if (count != 1) {
    std::fputs("usage: forward_bench [--v6 | --short]\n", stderr);
    return 2;
  }
  // The namespaces go in either case.
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { sallyport::test::interrupted = 1; });
  }
  try {
    return sallyport::test::compare(effort);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
