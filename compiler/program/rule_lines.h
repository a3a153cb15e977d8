// SPDX-License-Identifier: GPL-2.0-or-later
// RuleLines: reads the lines of one rule of a program's text, and checks each promise of Rule.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/program/program.h"
#include "compiler/program/read_parts.h"

namespace sallyport {

class RuleLines {
 public:
  /// Zones, resolvers and derivations of the program must have been read.
  explicit RuleLines(const Program& program) : program_(program) {}

  /// What stands behind `rule`.
  Fault head(Words words);
  /// An indented line: its first word, and what stands behind it.
  Fault line(std::string_view text, std::string_view keyword, Words words);
  /// What can be judged only when all lines are known.
  Fault end() const;
  const Rule& rule() const { return rule_; }

 private:
  /// The lines, in the order in which they stand.
  enum class Part : std::uint8_t {
    head,
    every_service,
    service,
    range,
    name,
    pattern,
    derived,
    private_ok,
    absent_ok,
    log,
    via,
    valid,
    until,
    owner,
    note,
    vendor,
    at,
    use
  };
  struct Row;
  static const Row rows[];

  Fault in_order(Part part, std::string_view text);
  Fault read(Part part, std::string_view text, Words words);
  Fault read_flag(bool& flag, std::string_view text, Words words);
  Fault read_service(Words words);
  Fault read_derived(Words words);
  Fault read_via(Words words);
  Fault read_vendor(Words words);

  const Program& program_;
  Rule rule_;
  Part part_ = Part::head;
};

}  // namespace sallyport
