// SPDX-License-Identifier: GPL-2.0-or-later
// Every rows file of this folder on every engine: the evaluator, the BPF program loaded into the
// kernel, and nftables in a private network. Verdict, reason and deciding rule are checked exactly
// (C2, D2); of nftables the verdict, with the differences that nft_engine.cpp declares, and the
// rule's counter.
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "compiler/label/labeler.h"
#include "compiler/values/service.h"
#include "runtime/datapath.h"
#include "tests/support/build_rules.h"
#include "tests/support/nft_engine.h"
#include "tests/support/packet_rows.h"

namespace sallyport {
namespace {

constexpr std::size_t ethernet_header = 14;

/// What an engine did with one frame.
struct Seen {
  Verdict verdict = Verdict::drop;
  SpReason reason = SP_DROP_NO_RULE;
  std::optional<std::uint32_t> rule;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  out << (seen.verdict == Verdict::pass ? "pass " : "drop ") << reason_word(seen.reason);
  if (seen.rule) out << ", rule " << *seen.rule;
  return out;
}

Seen evaluated(const PacketRows& rows, const Bytes& frame) {
  const Outcome outcome = evaluate_frame(rows.program, frame, rows.surroundings);
  return {outcome.verdict, outcome.reason, outcome.rule};
}

/// The index of the one counter that rose, by one packet and the bytes of the frame.
std::optional<std::uint32_t> counted(const std::vector<Counter>& before,
                                     const std::vector<Counter>& after, std::size_t bytes) {
  std::optional<std::uint32_t> risen;
  for (std::uint32_t i = 0; i < after.size(); ++i) {
    if (before[i] == after[i]) continue;
    EXPECT_FALSE(risen) << "two counters rose for one packet";
    EXPECT_EQ(after[i].packets, before[i].packets + 1);
    EXPECT_EQ(after[i].bytes, before[i].bytes + bytes);
    risen = i;
  }
  return risen;
}

/// The loaded program; what it saw is read from its counters.
class Kernel {
 public:
  static Result<Kernel> load(const PacketRows& rows) {
    auto datapath = Datapath::load(make_image(rows.program));
    if (!datapath) return std::unexpected(datapath.error());
    Kernel kernel(std::move(*datapath), rows.surroundings.direction);
    const auto own = kernel.datapath_.set_own(rows.surroundings.own);
    if (!own) return std::unexpected(own.error());
    std::map<Address, std::vector<ViewedName>> names;
    for (const auto& [name, addresses] : rows.surroundings.bindings) {
      for (const Address& address : addresses) names[address].push_back(name);
    }
    for (const auto& [address, of_address] : names) {
      const auto bound = kernel.datapath_.bind(address, of_address);
      if (!bound) return std::unexpected(bound.error());
    }
    return kernel;
  }

  Seen run(const Bytes& frame) {
    const auto before = datapath_.counters();
    const auto action = datapath_.test_run(frame, direction_);
    const auto after = datapath_.counters();
    EXPECT_TRUE(before && action && after) << (action ? "" : action.error().text());
    if (!before || !action || !after) return {};
    ++frames_;
    const auto reason = counted(before->reasons, after->reasons, frame.size());
    EXPECT_TRUE(reason) << "no reason was counted";
    return {*action == XDP_PASS ? Verdict::pass : Verdict::drop,
            static_cast<SpReason>(reason.value_or(0)),
            counted(before->rules, after->rules, frame.size())};
  }

  /// D2: the reasons account for every packet.
  void expect_all_counted() const {
    const auto counters = datapath_.counters();
    ASSERT_TRUE(counters) << counters.error().text();
    std::uint64_t packets = 0;
    for (const Counter& counter : counters->reasons) packets += counter.packets;
    EXPECT_EQ(packets, frames_);
  }

 private:
  Kernel(Datapath datapath, Direction direction)
      : datapath_(std::move(datapath)), direction_(direction) {}
  Datapath datapath_;
  Direction direction_;
  std::uint64_t frames_ = 0;
};

/// The flow that the quoted packet answers; none if it is no answer of a tracked protocol.
std::optional<Flow> flow_of(const Quote& quote) {
  Flow flow{.source = quote.destination,
            .destination = quote.source,
            .protocol = quote.protocol,
            .source_port = quote.destination_port,
            .port = quote.source_port};
  if (has_ports(quote.protocol)) return flow;
  const std::uint16_t echo_reply = quote.protocol == protocol_icmp ? 0 : 129;
  if (quote.source_port != echo_reply) return std::nullopt;
  flow.source_port = 0;  // the identifier in the frames of the rows
  return flow;
}

/// Quoted options move the transport from where the rules look for it.
bool quotes_options(const Bytes& frame) {
  const bool v4 = frame[12] == 0x08 && frame[13] == 0x00;
  const std::size_t quoted = ethernet_header + (frame[ethernet_header] & 15U) * 4U + 8;
  return v4 && quoted < frame.size() && (frame[quoted] & 15) > 5;
}

std::filesystem::path folder() {
  return std::filesystem::path(SALLYPORT_SOURCE_DIR) / "tests/packets";
}

std::filesystem::path rows_file(const std::string& name) {
  return folder() / (name + ".rows");
}

std::vector<std::filesystem::path> rows_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".rows") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

class Rows : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    auto read = PacketRows::read(GetParam());
    ASSERT_TRUE(read) << read.error().text();
    rows_ = std::move(*read);
    ASSERT_FALSE(rows_.rows.empty());
  }

  std::string place(std::size_t line, const std::string& text) const {
    return GetParam().filename().string() + ":" + std::to_string(line) + ": " + text;
  }
  void expect_row(const PacketRow& row, const Seen& seen) const {
    SCOPED_TRACE(place(row.line, row.text));
    EXPECT_EQ(seen.verdict, row.verdict) << seen;
    EXPECT_EQ(reason_word(seen.reason), reason_word(row.reason));
    const std::uint32_t line = seen.rule ? rows_.program.rules[*seen.rule].origin.rule.line : 0;
    EXPECT_EQ(line, row.rule_line) << "the line of the deciding rule";
  }

  PacketRows rows_;
};

TEST_P(Rows, Evaluator) {
  for (const PacketRow& row : rows_.rows) expect_row(row, evaluated(rows_, row.frame));
  for (const CutRow& cut : rows_.cuts) {
    SCOPED_TRACE(place(cut.line, cut.text));
    EXPECT_EQ(evaluated(rows_, cut.frame).verdict, Verdict::pass);
    for (std::size_t length = 0; length < cut.whole; ++length) {
      const Bytes frame(cut.frame.begin(), cut.frame.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(evaluated(rows_, frame).verdict, Verdict::drop) << "cut to " << length;
    }
  }
}

TEST_P(Rows, Bpf) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  auto kernel = Kernel::load(rows_);
  ASSERT_TRUE(kernel) << kernel.error().text();
  for (const PacketRow& row : rows_.rows) {
    if (row.frame.size() >= ethernet_header) {
      expect_row(row, kernel->run(row.frame));
    } else {
      std::cout << place(row.line, row.text) << ": skipped, the kernel runs no such frame\n";
    }
  }
  for (const CutRow& cut : rows_.cuts) {
    for (std::size_t length = ethernet_header; length <= cut.frame.size(); ++length) {
      SCOPED_TRACE(place(cut.line, cut.text) + ", cut to " + std::to_string(length));
      const Bytes frame(cut.frame.begin(), cut.frame.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(kernel->run(frame), evaluated(rows_, frame));
    }
  }
  kernel->expect_all_counted();
}

class NftRows : public Rows {
 protected:
  struct Asked {
    std::string place;
    Bytes frame;
    Outcome outcome;
  };

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
    Rows::SetUp();
    const bool inward = rows_.surroundings.direction == Direction::inward;
    const Image image = make_image(rows_.program);
    if (inward && !has_inward_rules(image)) {
      GTEST_SKIP() << "SKIP: nftables judges what comes in only if a rule is inward";
    }
  }

  void ask(std::string where, const Bytes& frame) {
    const Outcome outcome = evaluate_frame(rows_.program, frame, rows_.surroundings);
    if (const auto reason = not_for_nft(frame, outcome, rows_.surroundings.own)) {
      ++skipped_[*reason];
    } else {
      asked_.push_back({std::move(where), frame, outcome});
    }
  }

  void collect() {
    for (const PacketRow& row : rows_.rows) ask(place(row.line, row.text), row.frame);
    for (const CutRow& cut : rows_.cuts) {
      for (std::size_t length = 0; length <= cut.frame.size(); ++length) {
        ask(place(cut.line, cut.text) + ", cut to " + std::to_string(length),
            Bytes(cut.frame.begin(), cut.frame.begin() + static_cast<std::ptrdiff_t>(length)));
      }
    }
    for (const auto& [reason, times] : skipped_) {
      std::cout << "skipped " << times << " frames: " << reason << "\n";
    }
  }

  static std::vector<Bytes> frames_of(const std::vector<Asked>& asked) {
    std::vector<Bytes> frames;
    for (const Asked& one : asked) frames.push_back(one.frame);
    return frames;
  }

  /// Sends the packets that `rule` decides again, alone: no other rule may count. A second try is
  /// for a busy machine, which may put packets off until the counters are read.
  void expect_counted(NftEngine& engine, std::uint32_t rule, const std::vector<Asked>& asked) {
    SCOPED_TRACE("rule " + std::to_string(rule) + ", " + asked.front().place);
    constexpr int tries = 5;
    std::vector<std::uint64_t> counted;
    std::vector<std::uint64_t> wanted;
    for (int i = 0; i < tries && (i == 0 || counted != wanted); ++i) {
      const auto before = engine.counted();
      ASSERT_TRUE(engine.run(frames_of(asked)));
      const auto after = engine.counted();
      ASSERT_TRUE(before && after);
      counted = *after;
      wanted = *before;
      wanted[rule] += asked.size();
    }
    EXPECT_EQ(counted, wanted);
  }

  std::vector<Asked> asked_;
  std::map<std::string, int> skipped_;
};

TEST_P(NftRows, C2_VerdictsAndCounters) {
  collect();
  auto engine = NftEngine::make(rows_.program, false, rows_.surroundings.bindings,
                                rows_.surroundings.direction);
  ASSERT_TRUE(engine) << engine.error().text();
  std::vector<Outcome> outcomes;
  for (const Asked& one : asked_) outcomes.push_back(one.outcome);
  const auto fates = engine->run(frames_of(asked_), outcomes);
  ASSERT_TRUE(fates) << fates.error().text();
  std::map<std::uint32_t, std::vector<Asked>> by_rule;
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const Asked& one = asked_[i];
    const auto fault = nft_fault(one.frame, one.outcome, (*fates)[i]);
    EXPECT_FALSE(fault) << one.place << ": " << *fault << ", the evaluator says "
                        << reason_word(one.outcome.reason);
    const auto rule = counting_rule(one.frame, one.outcome);
    // What drops although the evaluator passes it counts nowhere.
    const bool alike = (one.outcome.verdict == Verdict::pass) == ((*fates)[i] == Fate::passed);
    if (rule && alike && (*fates)[i] != Fate::unseen) by_rule[*rule].push_back(one);
  }
  for (const auto& [rule, asked] : by_rule) expect_counted(*engine, rule, asked);
  for (const std::string& line : differences_met()) std::cout << line << "\n";
}

/// Each error alone, once the flow exists that its quote is about.
class NftTracked : public NftRows {};

TEST_P(NftTracked, C2_D11_IcmpErrors) {
  auto engine = NftEngine::make(rows_.program, true, rows_.surroundings.bindings);
  ASSERT_TRUE(engine) << engine.error().text();
  int errors = 0;
  int options = 0;
  for (const PacketRow& row : rows_.rows) {
    const auto packet = read_frame(row.frame);
    if (!packet || !is_icmp_error(*packet)) continue;
    const Outcome outcome = evaluate_frame(rows_.program, row.frame, rows_.surroundings);
    if (not_for_nft(row.frame, outcome, rows_.surroundings.own)) continue;
    SCOPED_TRACE(place(row.line, row.text));
    ++errors;
    ASSERT_TRUE(engine->proof().flows().clear());
    const auto flow = packet->quote ? flow_of(*packet->quote) : std::nullopt;
    if (flow) {
      const auto added = engine->proof().flows().add(*flow);
      ASSERT_TRUE(added) << added.error().text();
    }
    const Bytes frame = with_icmp_checksum(row.frame);
    auto fates = engine->run(std::span(&frame, 1));
    if (fates && fates->front() == Fate::unseen) fates = engine->run(std::span(&frame, 1));
    ASSERT_TRUE(fates) << fates.error().text();
    const bool passes = outcome.verdict == Verdict::pass;
    if (outcome.reason == SP_PASS_ICMP_ERROR && quotes_options(row.frame)) {
      ++options;
      EXPECT_EQ(fates->front(), Fate::dropped) << "with options in the quoted header";
    } else {
      EXPECT_EQ(fates->front() == Fate::passed, passes) << reason_word(outcome.reason);
    }
  }
  EXPECT_GT(errors, 0);
  std::cout << errors << " ICMP errors; " << options
            << " drop for options in the quoted header, where the evaluator passes them\n";
}

/// What is declared must be so: a difference that is gone has to leave the list.
TEST(NftDifferences, C2_EachIsReal) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const Program program = program_of(
      {allow({"tcp 443", "udp 4500", "icmp 8", "gre"}, {"198.51.100.7", "2001:db8::7", "ff01::1"}),
       allow({"200"}, {"198.51.100.9"})});
  const std::string v4 = "ip4 10.20.1.1 > 198.51.100.7 ";
  const std::string v6 = "ip6 2001:db8:20::1 > 2001:db8::7 ";
  const std::string frames[] = {
      v4 + "total 39 tcp 40000 > 443",
      v4 + "tcp 40000 > 443 doff 4",
      v4 + "opts 0x01010144 tcp 40000 > 443",
      v4 + "opts 0x830708c0000201 tcp 40000 > 443",
      v6 + "dst len 255 proto gre",
      v6 + "total 0 hbh tcp 40000 > 443",
      v6 + "dst hbh tcp 40000 > 443",
      v6 + "dst dst dst dst dst dst dst tcp 40000 > 443",
      "ip4 10.20.1.1 > 198.51.100.9 frag 8 more proto 200 payload 7",
      v4 + "icmp 3/4 quote [ ip4 198.51.100.7 > 10.20.1.1 tcp 443 > 40000 ]",
      v6 + "ah tcp 40000 > 443",
      v6 + "frag 0 dst tcp 40000 > 443",
      v6 + "rh 2 left 0 dst tcp 40000 > 443",
      "ip6 2001:db8:20::1 > ff01::1 udp 40000 > 4500",
      v6 + "hbh size 3 tcp 40000 > 443",
  };
  auto engine = NftEngine::make(program, false, {});
  ASSERT_TRUE(engine) << engine.error().text();
  for (const std::string& text : frames) {
    const auto frame = frame_of(text);
    ASSERT_TRUE(frame) << frame.error().text() << ": " << text;
    const Outcome outcome = evaluate_frame(program, *frame, {});
    const auto fates = engine->run(std::span(&*frame, 1), std::span(&outcome, 1));
    ASSERT_TRUE(fates) << fates.error().text();
    EXPECT_NE(outcome.verdict == Verdict::pass, fates->front() == Fate::passed) << text;
    const auto fault = nft_fault(*frame, outcome, fates->front());
    EXPECT_FALSE(fault) << text << ": " << *fault;
  }
  EXPECT_EQ(differences_not_met(), std::set<std::string>{});
}

/// What must not be among them: each of these once passed, because nftables sees the first header
/// of a kind only, and reads the ports of a piece that it does not see where the flow label is.
TEST(NftDifferences, D3_D6_NoHeaderHidesBehindAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  const Program program = program_of({allow({"tcp 1-65535", "gre"}, {"2001:db8::7"})});
  auto engine = NftEngine::make(program, false, {});
  ASSERT_TRUE(engine) << engine.error().text();
  for (const char* headers :
       {"frag 0 frag 8 proto tcp payload 8", "frag 0 dst frag 8 proto tcp payload 8",
        "frag 0 frag 0 tcp 40000 > 443", "frag 0 dst frag 0 more tcp 40000 > 443 payload 4",
        "dst frag 0 rh 2 left 0 frag 8 proto gre payload 8",
        "rh 4 left 0 rh 0 left 1 tcp 40000 > 443", "rh 4 left 0 dst rh 4 left 1 tcp 40000 > 443",
        "rh 4 left 0 frag 0 rh 4 left 1 proto gre"}) {
    const auto frame = frame_of(std::string("ip6 2001:db8:20::1 > 2001:db8::7 ") + headers);
    ASSERT_TRUE(frame) << frame.error().text();
    EXPECT_EQ(evaluate_frame(program, *frame, {}).verdict, Verdict::drop) << headers;
    // The proof puts the number of the packet into the flow label: every one is tried.
    const auto fates = engine->run(std::vector<Bytes>(2000, *frame));
    ASSERT_TRUE(fates) << fates.error().text();
    EXPECT_EQ(std::ranges::count(*fates, Fate::passed), 0) << headers;
    EXPECT_GT(std::ranges::count(*fates, Fate::dropped), 1000) << headers;
  }
}

INSTANTIATE_TEST_SUITE_P(Packets, NftRows, testing::ValuesIn(rows_files()),
                         [](const auto& file) { return file.param.stem().string(); });

INSTANTIATE_TEST_SUITE_P(Packets, NftTracked,
                         testing::Values(rows_file("icmp_errors"), rows_file("services"),
                                         rows_file("vlans")),
                         [](const auto& file) { return file.param.stem().string(); });

INSTANTIATE_TEST_SUITE_P(Packets, Rows, testing::ValuesIn(rows_files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace sallyport
