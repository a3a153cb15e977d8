// SPDX-License-Identifier: GPL-2.0-or-later
// Every rows file of this folder on every engine: the evaluator, and the BPF program loaded into
// the kernel. Verdict, reason and deciding rule are checked exactly (C2, D2).
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "compiler/label/labeler.h"
#include "runtime/datapath.h"
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
    Kernel kernel(std::move(*datapath));
    const auto own = kernel.datapath_.set_own(rows.surroundings.own);
    if (!own) return std::unexpected(own.error());
    std::map<Address, std::vector<HostName>> names;
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
    const auto action = datapath_.test_run(frame);
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
  explicit Kernel(Datapath datapath) : datapath_(std::move(datapath)) {}
  Datapath datapath_;
  std::uint64_t frames_ = 0;
};

std::vector<std::filesystem::path> rows_files() {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(SALLYPORT_SOURCE_DIR) / "tests/packets";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
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

INSTANTIATE_TEST_SUITE_P(Packets, Rows, testing::ValuesIn(rows_files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace sallyport
