// SPDX-License-Identifier: GPL-2.0-or-later
// A lint about resolvers that no policy of the file has a question for, and that no rule opens.
#include <algorithm>
#include <string>

#include "compiler/lint/inspection.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::uint16_t dns_port = 53;

bool asks_for_names(const Rule& rule) {
  const RemoteSet& remote = rule.remote;
  return !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
}

/// The rule opens or closes the way of clients to one of its servers.
bool is_about_servers(const Rule& rule, const Resolver& resolver) {
  const bool dns =
      rule.every_service || std::ranges::any_of(rule.services, [](const Service& service) {
        return has_ports(service.protocol) && service.first <= dns_port && dns_port <= service.last;
      });
  return dns && std::ranges::any_of(resolver.servers, [&](const Endpoint& server) {
           return std::ranges::any_of(rule.remote.ranges, [&](const AddressRange& range) {
             return range.contains(server.address);
           });
         });
}

/// A resolver that some rule names is asked for the names of such rules only.
bool is_used(const Resolver& resolver, const Program& program) {
  const bool named = std::ranges::any_of(
      program.rules, [&](const Rule& rule) { return rule.via == resolver.name; });
  return std::ranges::any_of(program.rules, [&](const Rule& rule) {
    return rule.via == resolver.name || is_about_servers(rule, resolver) ||
           (!named && rule.via.empty() && asks_for_names(rule));
  });
}

}  // namespace

void lint_unused_resolvers(Inspection& inspection) {
  if (inspection.programs().empty()) return;  // written for other files
  const Policy& root = inspection.modules().front().policy;
  for (const ResolverStatement& statement : root.resolvers) {
    const std::string& name = statement.name.text;
    const bool used = std::ranges::any_of(inspection.programs(), [&](const Program& program) {
      const auto resolver = std::ranges::find(program.resolvers, name, &Resolver::name);
      return resolver != program.resolvers.end() && is_used(*resolver, program);
    });
    if (used) continue;
    Diagnostic* diagnostic = inspection.warn("unused-name", statement.name.span,
                                             "the resolver " + quote(name) + " is never used");
    if (!diagnostic) continue;
    diagnostic->notes.push_back(
        {{}, "no rule has a name to ask it for, and none is about its port 53"});
  }
}

}  // namespace sallyport
