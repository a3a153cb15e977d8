// SPDX-License-Identifier: GPL-2.0-or-later
// Questions of reachability: who may reach what, on which service, by which rule. Entry point:
// answer().
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/analysis/openings.h"
#include "compiler/program/evaluator.h"

namespace sallyport {

/// What is empty is not asked about.
struct Question {
  std::optional<Direction> direction;
  std::optional<AddressSet> local;  // of the zone or address that is asked for
  std::optional<AddressSet> remote;
  std::optional<HostName> name;
  std::optional<NamePattern> pattern;
  std::optional<ServiceSet> services;
  std::string vendor;  // `acme` or `acme.core`
  /// Addresses of names, so that a question for an address finds them too.
  Bindings bindings;
};

/// The cells that have a part in every question asked, cut down to that part.
std::vector<Cell> answer(const Program& program, const Question& question);

/// A name is asked for, and these rules open addresses without knowing whether they are its.
/// Or an address is asked for, and these open names whose addresses nobody gave.
std::vector<std::uint32_t> perhaps_more(const Program& program, const Question& question);

/// `tcp/443`, `udp/1-1024`, `443` (tcp and udp), `tcp`, `icmp/8`, `gre`. The error is for the user.
std::expected<ServiceSet, std::string> read_service(std::string_view text);

}  // namespace sallyport
