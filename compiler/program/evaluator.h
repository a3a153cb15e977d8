// SPDX-License-Identifier: GPL-2.0-or-later
// evaluate(): the reference meaning of a Program (DESIGN section 4). Plain and slow on purpose:
// every engine is right when it agrees with this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "bpf/abi.h"
#include "compiler/program/derivation.h"
#include "compiler/program/packet.h"
#include "compiler/program/program.h"

namespace sallyport {

/// The current addresses of each name; names of no rule are welcome (a wildcard may cover them).
using Bindings = std::map<ViewedName, std::set<Address>>;

/// What a verdict depends on beside the packet and the program.
struct Surroundings {
  Bindings bindings;
  std::set<Address> own;  // the addresses of the gateway itself
  /// Of the place where the packet is met: outward, its source is local; inward, its destination.
  Direction direction = Direction::outward;
  Day day = earliest_day;  // in UTC: which windows are open
  Aliases aliases = {};    // for derived names
};

enum class Verdict : std::uint8_t { drop, pass };

struct Outcome {
  Verdict verdict = Verdict::drop;
  SpReason reason = SP_DROP_NO_RULE;
  std::optional<std::uint32_t> rule;  // index into Program::rules of the deciding rule
  /// The name through which the deciding allow covers the address, if it is not by a range.
  std::optional<ViewedName> through;
  bool operator==(const Outcome&) const = default;
};

Outcome evaluate(const Program& program, const Packet& packet, const Surroundings& surroundings);

/// read_frame() and evaluate().
Outcome evaluate_frame(const Program& program, std::span<const std::uint8_t> frame,
                       const Surroundings& surroundings);

/// True if `rule` would open or close the address: a range, or a name bound to it (`through` is
/// then set). Names never open a special address, nor a private one unless the rule says `private
/// ok`, nor one that a forbidden name has. A rule that is not in force covers nothing.
bool covers(const Program& program, const Rule& rule, const Address& remote,
            const Surroundings& surroundings, std::optional<ViewedName>* through = nullptr);

}  // namespace sallyport
