// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the canonical text of a Program; read_program.cpp reads it. One item a line; indented
// lines belong to the block above; the order of lines is the one in which they are written here.
#include "compiler/program/program_text.h"

#include "compiler/program/words.h"

namespace sallyport {
namespace {

std::string place_line(std::string_view word, const Place& place) {
  return "  " + std::string(word) + " " + quoted(place.file) + " " + std::to_string(place.line) +
         " " + std::to_string(place.column) + "\n";
}

void write_lifetimes(const Lifetimes& lifetimes, std::string& text) {
  text += "lifetimes " + std::to_string(lifetimes.ttl_floor.count()) + " ";
  text += lifetimes.grace ? std::to_string(lifetimes.grace->count()) : "default";
  text += " " + std::to_string(lifetimes.max_stale.count()) + "\n";
}

void write_resolver(const Resolver& resolver, std::string& text) {
  text += "resolver " + quoted(resolver.name) + "\n";
  for (const Endpoint& server : resolver.servers) {
    text += "  server " + server.address.text() + " " + std::to_string(server.port) + "\n";
  }
}

void write_ranges(const std::vector<AddressRange>& ranges, std::string& text) {
  for (const AddressRange& range : ranges) text += "  range " + range.text() + "\n";
}

void write_rule(const Rule& rule, std::string& text) {
  text += rule.action == Action::allow ? "rule allow " : "rule deny ";
  text += (rule.zone ? std::to_string(*rule.zone) : "any") + "\n";
  if (rule.every_service) text += "  every-service\n";
  for (const Service& service : rule.services) text += "  service " + service.text() + "\n";
  write_ranges(rule.remote.ranges, text);
  for (const HostName& name : rule.remote.names) text += "  name " + name.text() + "\n";
  for (const NamePattern& pattern : rule.remote.patterns) {
    text += "  pattern " + pattern.text() + "\n";
  }
  if (rule.private_ok) text += "  private-ok\n";
  text += "  vendor " + quoted(rule.origin.vendor) + " " + quoted(rule.origin.part) + "\n";
  text += place_line("at", rule.origin.rule);
  text += place_line("use", rule.origin.use);
}

}  // namespace

std::string program_text(const Program& program) {
  std::string text = std::string(first_line) + "\npolicy " + quoted(program.policy) + "\n";
  write_lifetimes(program.lifetimes, text);
  for (const Resolver& resolver : program.resolvers) write_resolver(resolver, text);
  for (const Zone& zone : program.zones) {
    text += "zone " + quoted(zone.name) + "\n";
    write_ranges(zone.ranges, text);
  }
  for (const Rule& rule : program.rules) write_rule(rule, text);
  return text + std::string(last_line) + "\n";
}

}  // namespace sallyport
