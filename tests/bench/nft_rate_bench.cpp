// SPDX-License-Identifier: GPL-2.0-or-later
// How many packets a gateway forwards in a second of its CPU time: with no filter, with our table,
// with it where nothing defragments, and with rulesets for the same policy that a person would
// write. Needs root and two CPUs; works in namespaces of its own. `--exact` and `--mixed` take 2
// minutes each; `--short` takes 20 s and only shows that everything works.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "compiler/label/labeler.h"
#include "compiler/nft/ruleset.h"
#include "compiler/nft/script.h"
#include "tests/bench/packet_rate.h"
#include "tests/bench/vendor_policy.h"

namespace sallyport::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t flows = 16'384;
/// Packets in which a gateway joins multicast groups, at most.
constexpr std::uint64_t said_by_itself = 4;

/// The filters that are compared; each has a gateway of its own for the whole run.
enum Filter { none, ours, ours_alone, by_hand, counting, strict, one_map, filters };
constexpr std::array<const char*, filters> names{"none",  "ours",   "alone", "byhand",
                                                 "count", "strict", "onemap"};

struct Effort {
  std::vector<Prefixes> prefixes{Prefixes::exact, Prefixes::mixed};
  std::vector<std::size_t> vendors{3, 30, 300};
  std::size_t rounds = 7;
  milliseconds sample{80};
};

struct Policy {
  Family family;
  std::size_t vendors;
  Prefixes prefixes;

  std::string text() const {
    return std::to_string(vendors) + " vendors, " + (family == Family::v4 ? "v4" : "v6") +
           (prefixes == Prefixes::exact ? " exact" : " mixed");
  }
};

/// The median, and how far apart the middle half of the values lie.
struct Middle {
  double median = 0;
  double spread = 0;
};

Middle middle_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t size = values.size();
  return {values[size / 2], values[size - 1 - size / 4] - values[size / 4]};
}

/// Nanoseconds per packet, one for each round.
using Rounds = std::array<std::vector<double>, filters>;

/// Rounds in which both were measured one right after the other.
Middle times_as_fast(const Rounds& rounds, Filter filter, Filter as) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds[filter].size(); ++i) {
    ratios.push_back(rounds[as][i] / rounds[filter][i]);
  }
  return middle_of(std::move(ratios));
}

/// Of a filter of ours, as many times as fast as another.
struct Promise {
  const char* text;
  std::size_t vendors;
  Filter filter;
  Filter as;
  double least;
  bool everywhere;  // else only for allowed packets to mixed prefixes
  double worst = 0;
  std::string worst_case;
};

volatile std::sig_atomic_t interrupted = 0;

/// Our table as a person would load it; `alone` where nothing else of the host defragments.
std::string our_script(const VendorPolicy& policy, bool alone) {
  nft::Options options;
  options.pieces_first = !alone;
  options.table = "sallyport-bench";
  options.devices = {"lan0"};
  const nft::Ruleset ruleset(make_image(program_of(policy)), options);
  return nft::script_of(ruleset.table(), {});
}

class Bench {
 public:
  explicit Bench(const Effort& effort) : effort_(effort) {
    for (const char* name : names) gateways_.push_back(std::make_unique<Gateway>(name));
  }

  void measure(const Policy& policy) {
    const VendorPolicy made = make_vendors(policy.family, policy.vendors, policy.prefixes);
    load(ours, our_script(made, false));
    load(ours_alone, our_script(made, true));
    load(by_hand, hand_written(made, policy.prefixes, ByHand::bare));
    load(counting, hand_written(made, policy.prefixes, ByHand::counting));
    load(strict, hand_written(made, policy.prefixes, ByHand::strict));
    load(one_map, one_verdict_map(made));
    for (const Mix mix : {Mix::allowed, Mix::forbidden}) {
      const Traffic traffic(frames_of(made, mix, flows), gateways_[none]->out());
      const std::string text = policy.text() + (mix == Mix::allowed ? ", allow" : ", drop ");
      const Rounds rounds = run(text, traffic, mix);
      show(text, rounds);
      for (Promise& promise : promises_) {
        const bool counts =
            promise.everywhere || (mix == Mix::allowed && policy.prefixes == Prefixes::mixed);
        const double ratio = times_as_fast(rounds, promise.filter, promise.as).median;
        if (promise.vendors != policy.vendors || !counts) continue;
        if (promise.worst != 0 && promise.worst <= ratio) continue;
        promise.worst = ratio;
        promise.worst_case = text;
      }
    }
  }

  void print_head() const {
    std::printf("%zu rounds of %ld ms; Mpps are packets per second of the gateway's CPU time\n",
                effort_.rounds, static_cast<long>(effort_.sample.count()));
    std::printf("%-28s |", "");
    for (const char* name : names) std::printf(" %6s", name);
    std::printf(" Mpps | ours: %6s %6s %6s %6s | alone: %6s %6s | +- %%\n", "none", "byhand",
                "count", "onemap", "byhand", "count");
  }

  void print_promises() const {
    for (const Promise& promise : promises_) {
      if (promise.worst == 0) continue;
      std::printf("%-7s %s: at worst %.2f (%s)\n",
                  promise.worst >= promise.least ? "kept" : "MISSED", promise.text, promise.worst,
                  promise.worst_case.c_str());
    }
  }

 private:
  void load(Filter filter, const std::string& script) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("nft_rate_bench." + std::to_string(getpid()));
    std::ofstream(file) << script;
    const Netns& netns = gateways_[filter]->netns();
    netns.must_run({"nft", "flush", "ruleset"});
    const Finished finished = netns.run({"nft", "-f", file});
    std::filesystem::remove(file);
    if (finished.status != 0) {
      throw std::runtime_error(std::string(names[filter]) + ": " + finished.output);
    }
  }

  /// Every filter once in each round, so that what disturbs the machine disturbs all alike.
  Rounds run(const std::string& text, const Traffic& traffic, Mix mix) const {
    constexpr double headroom = 1.1;
    std::array<double, filters> pace;
    pace.fill(1000);
    Rounds rounds;
    // The first round only warms up and finds the pace.
    for (std::size_t round = 0; round <= effort_.rounds; ++round) {
      for (std::size_t turn = 0; turn < filters; ++turn) {
        if (interrupted) throw std::runtime_error("interrupted");
        const std::size_t i = (turn + round) % filters;
        const Rate rate = gateways_[i]->measure(traffic, effort_.sample, pace[i] * headroom);
        const bool passes = mix == Mix::allowed || i == none;
        const std::uint64_t expected = passes ? rate.received : 0;
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

  static void show(const std::string& text, const Rounds& rounds) {
    std::printf("%-28s |", text.c_str());
    for (const auto& nanoseconds : rounds) {
      std::printf(" %6.3f", 1000 / middle_of(nanoseconds).median);
    }
    const Middle to_none = times_as_fast(rounds, ours, none);
    const auto ratio = [&](Filter filter, Filter as) {
      return times_as_fast(rounds, filter, as).median;
    };
    std::printf("      |       %6.2f %6.2f %6.2f %6.2f |        %6.2f %6.2f | %4.1f\n",
                to_none.median, ratio(ours, by_hand), ratio(ours, counting), ratio(ours, one_map),
                ratio(ours_alone, by_hand), ratio(ours_alone, counting),
                100 * to_none.spread / to_none.median / 2);
    std::fflush(stdout);
  }

  Effort effort_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::vector<Promise> promises_{
      {"3 vendors: not slower than by hand", 3, ours, by_hand, 1.0, true, 0, ""},
      {"3 vendors: not slower than by hand and counting", 3, ours, counting, 1.0, true, 0, ""},
      {"3 vendors: not slower than by hand and as strict", 3, ours, strict, 1.0, true, 0, ""},
      {"3 vendors, nothing defragments: not slower than by hand", 3, ours_alone, by_hand, 1.0, true,
       0, ""},
      {"30 vendors: 1.4 times by hand", 30, ours, by_hand, 1.4, true, 0, ""},
      {"300 vendors: 5 times by hand", 300, ours, by_hand, 5.0, true, 0, ""},
      {"300 vendors, mixed: 0.75 of no filter", 300, ours, none, 0.75, false, 0, ""},
  };
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
  for (const Prefixes prefixes : effort.prefixes) {
    for (const Family family : {Family::v4, Family::v6}) {
      for (const std::size_t vendors : effort.vendors) bench.measure({family, vendors, prefixes});
    }
  }
  bench.print_promises();
  return 0;
}

}  // namespace
}  // namespace sallyport::test

int main(int count, char** words) {
  sallyport::test::Effort effort;
  const std::string_view word = count == 2 ? words[1] : "";
  if (word == "--short") {
    effort.vendors = {3, 300};
    effort.rounds = 2;
    effort.sample = std::chrono::milliseconds(20);
  } else if (word == "--exact") {
    effort.prefixes = {sallyport::test::Prefixes::exact};
  } else if (word == "--mixed") {
    effort.prefixes = {sallyport::test::Prefixes::mixed};
  } else if (count != 1) {
    std::fputs("usage: nft_rate_bench [--exact | --mixed | --short]\n", stderr);
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
