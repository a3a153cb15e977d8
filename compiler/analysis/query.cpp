// SPDX-License-Identifier: GPL-2.0-or-later
// See query.h. The cells of the whole program, narrowed.
#include "compiler/analysis/query.h"

#include <algorithm>
#include <charconv>

#include "compiler/analysis/name_language.h"

namespace sallyport {
namespace {

bool asks_for_remote(const Question& question) {
  return question.remote || question.name || question.pattern;
}

bool is_of_vendor(const Rule& rule, const std::string& vendor) {
  return vendor.empty() || rule.origin.vendor == vendor ||
         rule.origin.vendor + "." + rule.origin.part == vendor;
}

bool matches_any(const std::vector<NamePattern>& patterns, const HostName& name) {
  return std::ranges::any_of(patterns,
                             [&](const NamePattern& pattern) { return pattern.matches(name); });
}

/// The addresses that are asked for: as such, or as those of the name.
AddressSet addresses_asked(const Question& question) {
  if (question.remote) return *question.remote;
  AddressSet set;
  for (const auto& [viewed, addresses] : question.bindings) {
    const HostName& name = viewed.name;
    const bool asked = (question.name && *question.name == name) ||
                       (question.pattern && question.pattern->matches(name));
    if (!asked) continue;
    for (const Address& address : addresses) set.push_back(AddressRange::single(address));
  }
  return canonical(std::move(set));
}

/// The names of the cell that have one of the addresses.
std::vector<HostName> names_at(const Cell& cell, const AddressSet& addresses,
                               const Bindings& bindings) {
  const AddressSet here = both_of(cell.addresses, addresses);
  std::vector<HostName> names;
  for (const auto& [viewed, bound] : bindings) {
    const HostName& name = viewed.name;
    const bool listed =
        std::ranges::binary_search(cell.names, name) || matches_any(cell.patterns, name);
    const bool reached =
        std::ranges::any_of(bound, [&](const Address& address) { return contains(here, address); });
    if (listed && reached) names.push_back(name);
  }
  return names;
}

/// The names, patterns and derived names of the cell that have a name in common with the question.
Cell narrowed_by_name(const Cell& cell, const Question& question) {
  Cell part = cell;
  const auto matches_name = [&](const HostName& name) {
    return question.name ? name == *question.name : question.pattern->matches(name);
  };
  const auto meets_pattern = [&](const NamePattern& pattern) {
    return question.name ? pattern.matches(*question.name)
                         : have_common_name(pattern, *question.pattern);
  };
  std::erase_if(part.names, [&](const HostName& name) { return !matches_name(name); });
  std::erase_if(part.patterns, [&](const NamePattern& pattern) { return !meets_pattern(pattern); });
  std::erase_if(part.derived, [&](const DerivedName& name) {
    const auto around = pattern_around(name);
    return around && !meets_pattern(*around);
  });
  return part;
}

/// Empty if the cell has nothing of what is asked for.
std::optional<Cell> narrowed_to_remote(Cell cell, const Question& question) {
  const AddressSet asked = addresses_asked(question);
  if (!cell.about_names()) {
    cell.addresses = both_of(cell.addresses, asked);
    if (cell.addresses.empty()) return std::nullopt;
    return cell;
  }
  Cell part = cell;
  if (question.remote) {
    part.names.clear();
    part.patterns.clear();
    part.derived.clear();
  } else {
    part = narrowed_by_name(cell, question);
    if (part.about_names()) return part;
  }
  part.names = names_at(cell, asked, question.bindings);
  if (!part.about_names()) return std::nullopt;
  return part;
}

std::optional<Cell> narrowed(Cell cell, const Program& program, const Question& question) {
  const Rule& rule = program.rules[cell.rule];
  if (question.direction && rule.direction != *question.direction) return std::nullopt;
  if (!is_of_vendor(rule, question.vendor)) return std::nullopt;
  if (question.services) cell.services = both_of(cell.services, *question.services);
  if (question.local) cell.local = both_of(cell.local, *question.local);
  if (cell.services.empty() || cell.local.empty()) return std::nullopt;
  if (!asks_for_remote(question)) return cell;
  return narrowed_to_remote(std::move(cell), question);
}

/// False only if no cell of the rule can be an answer, as far as that is seen without its cells.
bool may_answer(const Rule& rule, const Question& question, const AddressSet& asked) {
  if (question.direction && rule.direction != *question.direction) return false;
  if (!is_of_vendor(rule, question.vendor)) return false;
  if (!asks_for_remote(question)) return true;
  const RemoteSet& remote = rule.remote;
  const bool has_names =
      !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
  if (has_names && (!question.remote || !question.bindings.empty())) return true;
  return std::ranges::any_of(remote.ranges,
                             [&](const AddressRange& range) { return overlap({range}, asked); });
}

void each_answer(const Program& program, const Question& question,
                 const std::function<void(Cell)>& told) {
  const AddressSet asked = addresses_asked(question);
  each_opening(
      program, nullptr,
      [&](std::uint32_t rule) { return may_answer(program.rules[rule], question, asked); },
      [&](Cell cell) {
        if (auto part = narrowed(std::move(cell), program, question)) told(std::move(*part));
      });
}

std::optional<std::uint16_t> read_port(std::string_view text, std::uint16_t greatest) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec != std::errc{} || result.ptr != end || port > greatest) return std::nullopt;
  return port;
}

std::optional<Service> read_ports(std::string_view text, std::uint8_t protocol) {
  const auto dash = text.find('-');
  const auto first = read_port(text.substr(0, dash), last_port(protocol));
  const auto last = dash == std::string_view::npos
                        ? first
                        : read_port(text.substr(dash + 1), last_port(protocol));
  if (!first || !last || *first > *last) return std::nullopt;
  return Service{protocol, *first, *last};
}

}  // namespace

std::vector<Cell> answer(const Program& program, const Question& question) {
  std::vector<Cell> found;
  each_answer(program, question, [&](Cell cell) { found.push_back(std::move(cell)); });
  return found;
}

std::vector<std::uint32_t> perhaps_more(const Program& program, const Question& question) {
  if (!asks_for_remote(question)) return {};
  Question rest = question;
  rest.remote.reset();
  rest.name.reset();
  rest.pattern.reset();
  std::vector<std::uint32_t> rules;
  const auto unknown = [&](const Cell& cell) {
    if (!question.remote) return !cell.about_names() && addresses_asked(question).empty();
    if (!cell.about_names() || !overlap(cell.addresses, *question.remote)) return false;
    return !cell.patterns.empty() || !cell.derived.empty() ||
           std::ranges::any_of(
               cell.names, [&](const HostName& name) { return !question.bindings.contains(name); });
  };
  each_answer(program, rest, [&](const Cell& cell) {
    if (unknown(cell) && (rules.empty() || rules.back() != cell.rule)) rules.push_back(cell.rule);
  });
  return rules;
}

std::expected<ServiceSet, std::string> read_service(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected("`" + std::string(text) +
                           "` is no service: `tcp/443`, `udp/1-1024`, `443`, `icmp/8` or `gre` was "
                           "expected");
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos && !text.empty() && text[0] >= '0' && text[0] <= '9') {
    const auto tcp = read_ports(text, protocol_tcp);
    if (!tcp) return wrong();
    return ServiceSet{*tcp, {protocol_udp, tcp->first, tcp->last}};
  }
  const auto protocol = protocol_number(text.substr(0, slash));
  if (!protocol) return wrong();
  if (slash == std::string_view::npos) return ServiceSet{{*protocol, 0, last_port(*protocol)}};
  const auto service = read_ports(text.substr(slash + 1), *protocol);
  if (!service || last_port(*protocol) == 0) return wrong();
  return ServiceSet{*service};
}

}  // namespace sallyport
