// SPDX-License-Identifier: GPL-2.0-or-later
// Random programs over a small world of addresses, names and ports, so that random packets hit
// their rules, edges and exceptions. The same state of the generator gives the same program.
#pragma once

#include <random>
#include <vector>

#include "compiler/program/evaluator.h"
#include "compiler/program/program.h"

namespace sallyport {

/// Well formed, as compiler/check and read_program leave it.
Program random_program(std::mt19937_64& random);

/// Addresses for names of the same world: of rules, under patterns, and of no rule at all; public,
/// private and special.
Bindings random_bindings(std::mt19937_64& random);

/// Targets of the aliases of a random program: names of the same world are derived from them.
Aliases random_aliases(std::mt19937_64& random);
/// A day before, inside or behind the windows of a random program.
Day random_day(std::mt19937_64& random);

/// The edges of every zone, and the neighbours just outside; sorted.
std::vector<Address> local_boundaries(const Program& program);
/// The VLAN ids at and beside every edge of a zone's VLANs, and some; sorted.
std::vector<std::uint16_t> vlan_boundaries(const Program& program);
/// The edges of every range of a rule, the specials inside them, resolvers and bound addresses,
/// each with its neighbours; sorted.
std::vector<Address> remote_boundaries(const Program& program, const Bindings& bindings);
/// Protocol and port (or ICMP type) at and beside every edge of a service, and at the guard;
/// sorted.
std::vector<Service> service_boundaries(const Program& program);

}  // namespace sallyport
