// SPDX-License-Identifier: GPL-2.0-or-later
// Packet rows: one file, several engines. Entry: PacketRows::read(). A file is
//
//   # a comment
//   policy ranges.sally                     beside this file, with one policy
//   given relay.example.com is 198.51.100.7, 2001:db8::7
//   own 10.20.0.1, 2001:db8:20::1           the gateway's addresses
//   inward                                  where the packets are met; without it, outward
//
//   FRAME -> pass rule line 14
//   FRAME -> drop no_rule
//   each-cut FRAME
//
// FRAME is as in tests/support/frame.h; what follows the verdict is a reason of bpf/abi.h without
// SP_PASS_ or SP_DROP_, and the line of the deciding rule in the policy file. A frame of `each-cut`
// passes, and drops wherever it is cut behind 14 bytes; only its padding may go.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"
#include "tests/support/frame.h"

namespace sallyport {

struct PacketRow {
  std::size_t line = 0;  // in the rows file
  std::string text;
  Bytes frame;
  Verdict verdict = Verdict::drop;
  SpReason reason = SP_DROP_NO_RULE;
  std::uint32_t rule_line = 0;  // in the policy file; 0: no rule decides
};

struct CutRow {
  std::size_t line = 0;
  std::string text;
  Bytes frame;
  std::size_t whole = 0;  // bytes of the frame without its padding
};

struct PacketRows {
  Program program;
  Surroundings surroundings;
  std::vector<PacketRow> rows;
  std::vector<CutRow> cuts;

  static Result<PacketRows> read(const std::filesystem::path& file);
};

/// As the rows spell it: `no_rule`.
std::string reason_word(SpReason reason);

}  // namespace sallyport
