// SPDX-License-Identifier: GPL-2.0-or-later
// ProgramSlice: the evaluator asked about one remote address after the other, each time with only
// the rules that speak of it. The evaluator walks every range of every rule; the verdict is the
// same, because no other rule could match.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"

namespace sallyport {

class ProgramSlice {
 public:
  /// Refers to the program, which must outlive it. No derived name is bound: give it what
  /// program_at() makes. Rules are those of the earliest day.
  explicit ProgramSlice(const Program& program, const Bindings& bindings = {});

  /// How many ranges hold one address, at most.
  std::size_t depth() const;

  /// From now on frames go to or come from `remote`, which is never below the one before.
  void move_to(const Address& remote);
  /// What the evaluator says about a frame to or from this address, in terms of the whole program.
  Outcome judge(std::span<const std::uint8_t> frame, Direction direction = Direction::outward);

 private:
  /// A range that rule `rule` names.
  struct Mention {
    AddressRange range;
    std::uint32_t rule = 0;
  };
  Rule& part_of(std::uint32_t rule);

  const Program& program_;
  std::vector<Mention> mentions_;  // sorted by range
  std::size_t next_ = 0;
  std::vector<Mention> live_;
  std::map<Address, std::vector<ViewedName>> names_;                // bound to each address
  std::map<ViewedName, std::vector<std::uint32_t>> rules_of_name_;  // that cover a bound name
  Program part_;
  Surroundings surroundings_;
  std::vector<std::uint32_t> original_;  // indices of the part's rules in the program
};

}  // namespace sallyport
