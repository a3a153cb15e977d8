// SPDX-License-Identifier: GPL-2.0-or-later
// What a Program opens that another one does not, exactly and without knowing any address of a
// name. Entry point: openings(). `query`, `diff`, `graph` and `export` all read its cells.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/analysis/sets.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Who may talk to whom on what, by one rule. Either `names`, `patterns` and `derived` are all
/// empty and the cell is about addresses, or the cell is about names at whatever addresses they
/// have, as far as these are in `addresses`.
struct Cell {
  std::uint32_t rule = 0;  // the allow that opens it, in the program that was asked about
  AddressSet local;
  VlanSet vlans;
  DaySet days;
  ServiceSet services;
  AddressSet addresses;
  std::vector<HostName> names;
  std::vector<NamePattern> patterns;
  std::vector<DerivedName> derived;
  /// For names: `addresses` is every address that the rule may bind.
  bool unrestricted = false;
  /// A name of patterns.front() that only the program opens, if that is not every name of it.
  std::string example;
  /// Denies of the other program that closed all of it.
  std::vector<std::uint32_t> lifted;

  bool about_names() const { return !names.empty() || !patterns.empty() || !derived.empty(); }
};

/// Everything that `program` lets pass and `before` does not, for some addresses of the names.
/// Complete: a flow that only `program` passes is in a cell, whatever the bindings. Exact: every
/// address cell, and every name cell at each of its addresses, has a flow that only `program`
/// passes. Flows are what begins them, whole or as a first fragment; replies, later
/// fragments and ICMP errors follow them. A cell stands for one rule: two rules that open the same
/// give two cells. In the order of the rules. `before` may be null: then everything that `program`
/// opens.
std::vector<Cell> openings(const Program& program, const Program* before = nullptr);

/// The same, one cell after the other, of the rules that are wanted; for programs of which the
/// cells would be many.
using WantsRule = std::function<bool(std::uint32_t rule)>;
using TellCell = std::function<void(Cell cell)>;
void each_opening(const Program& program, const Program* before, const WantsRule& wanted,
                  const TellCell& told);

/// Every name that a derived one may be; empty if no pattern says that.
std::optional<NamePattern> pattern_around(const DerivedName& name);

/// The `never` lines of `before` that `program` does not hold any more: what names had in common
/// with these was refused, and now is not.
std::vector<Never> nevers_lifted(const Program& program, const Program& before);

}  // namespace sallyport
