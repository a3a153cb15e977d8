// SPDX-License-Identifier: GPL-2.0-or-later
// The packets at the edges of a policy: each first and last address, port and zone of its rules,
// and what lies one beside. Entry point: boundary_probes().
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"
#include "runtime/probe.h"

namespace sallyport {

/// At most `most` probes of one direction, all different, always the same for a program. When there
/// are more, every rule comes first with a packet that meets it, then the edges of each rule in
/// turn, then an even choice from all combinations of a local address, a remote address and a
/// service. The rules of the other direction are met by answers.
std::vector<Probe> boundary_probes(const Program& program, std::size_t most,
                                   Direction direction = Direction::outward);

/// Everything at which a verdict of one family and direction may change, a dimension each; sorted,
/// each once. Remote addresses do not depend on the direction.
/// Every combination is an atom of the policy.
struct ProbeEdges {
  /// A local address in a frame with these tags.
  struct Local {
    Address address;
    VlanTags tags = {};
    auto operator<=>(const Local&) const = default;
    bool operator==(const Local&) const = default;
  };
  std::vector<Local> locals;
  std::vector<Address> remotes;
  std::vector<Aim> aims;
};
Probe probe_of(const ProbeEdges::Local& local, const Address& remote, const Aim& aim,
               Direction direction);
ProbeEdges probe_edges(const Program& program, Family family, const Bindings& bindings = {},
                       Direction direction = Direction::outward);

}  // namespace sallyport
