// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the canonical text of a Program; read_program.cpp reads it. One item a line; indented
// lines belong to the block above; the order of lines is the one in which they are written here.
#include "compiler/program/program_text.h"

#include "compiler/program/words.h"
#include "compiler/values/address_text.h"

namespace sallyport {
namespace {

std::string place_text(const Place& place) {
  return quoted(place.file) + " " + std::to_string(place.line) + " " + std::to_string(place.column);
}

std::string place_line(std::string_view word, const Place& place) {
  return "  " + std::string(word) + " " + place_text(place) + "\n";
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
  for (const AddressRange& range : ranges) {
    text += "  range ";
    append_text(range, text);
    text += '\n';
  }
}

void write_feed(const FeedSource& feed, std::string& text) {
  text += "feed " + quoted(feed.name) + " " + quoted(feed.file) + " " + quoted(feed.format) + " " +
          quoted(feed.version) + " " + quoted(feed.date) + " " + quoted(feed.digest) + " " +
          std::to_string(feed.entries) + "\n";
}

void write_vendor(const VendorRecord& vendor, std::string& text) {
  text += "vendor " + quoted(vendor.name) + " " + quoted(vendor.title) + " " +
          quoted(vendor.version) + " " + quoted(vendor.owner) + "\n";
  for (const VendorRecord::Source& source : vendor.sources) {
    text += "  source " + quoted(source.text) + " " + quoted(source.seen) + "\n";
  }
  for (const std::string& note : vendor.notes) text += "  note " + quoted(note) + "\n";
  for (const VendorRecord::Part& part : vendor.parts) {
    text += "  part " + quoted(part.name) + " " + quoted(part.title) + "\n";
    for (const std::string& note : part.notes) text += "  note " + quoted(note) + "\n";
  }
}

void write_zone(const Zone& zone, std::string& text) {
  text += "zone " + quoted(zone.name) + "\n";
  write_ranges(zone.ranges, text);
  for (const VlanRange& vlan : zone.vlans) {
    text += "  vlan " + std::to_string(vlan.first) + " " + std::to_string(vlan.last) + "\n";
  }
}

void write_derivation(const Derivation& derivation, std::string& text) {
  text += "derivation " + quoted(derivation.alias.text());
  for (const std::string& prefix : derivation.prefixes) text += " " + quoted(prefix);
  text += "\n";
}

void write_never(const Never& never, std::string& text) {
  text += "never " + quoted(never.name ? never.name->text() : never.pattern->text()) + " " +
          quoted(never.reason) + " " + place_text(never.place) + "\n";
}

void write_choice(const ChosenAlternative& choice, std::string& text) {
  text += "choice " + std::to_string(choice.number) + " " + std::to_string(choice.count) + " " +
          quoted(choice.title) + " " + quoted(choice.why) + " " + place_text(choice.place) + "\n";
}

void write_derived(const DerivedName& name, std::string& text) {
  text += "  derived " + std::to_string(name.derivation) + " " + quoted(name.head) + " " +
          quoted(name.tail) + " " + quoted(name.unless) + "\n";
}

void write_rule(const Rule& rule, std::string& text) {
  text += rule.action == Action::allow ? "rule allow " : "rule deny ";
  if (rule.direction == Direction::inward) text += "in ";
  text += (rule.zone ? std::to_string(*rule.zone) : "any") + "\n";
  if (rule.every_service) text += "  every-service\n";
  for (const Service& service : rule.services) text += "  service " + service.text() + "\n";
  write_ranges(rule.remote.ranges, text);
  for (const HostName& name : rule.remote.names) text += "  name " + name.text() + "\n";
  for (const NamePattern& pattern : rule.remote.patterns) {
    text += "  pattern " + pattern.text() + "\n";
  }
  for (const DerivedName& name : rule.remote.derived) write_derived(name, text);
  if (rule.private_ok) text += "  private-ok\n";
  if (rule.absent_ok) text += "  absent-ok\n";
  if (rule.log) text += "  log\n";
  if (!rule.via.empty()) text += "  via " + quoted(rule.via) + "\n";
  if (rule.validity.from) text += "  valid " + day_text(*rule.validity.from) + "\n";
  if (rule.validity.until) text += "  until " + day_text(*rule.validity.until) + "\n";
  if (!rule.owner.empty()) text += "  owner " + quoted(rule.owner) + "\n";
  if (!rule.note.empty()) text += "  note " + quoted(rule.note) + "\n";
  text += "  vendor " + quoted(rule.origin.vendor) + " " + quoted(rule.origin.part) + "\n";
  text += place_line("at", rule.origin.rule);
  text += place_line("use", rule.origin.use);
}

}  // namespace

std::string program_text(const Program& program) {
  std::string text = std::string(first_line) + "\npolicy " + quoted(program.policy) + "\n";
  write_lifetimes(program.lifetimes, text);
  if (!program.owner.empty()) text += "owner " + quoted(program.owner) + "\n";
  for (const std::string& note : program.notes) text += "note " + quoted(note) + "\n";
  for (const std::string& need : program.needs) text += "needs " + quoted(need) + "\n";
  for (const AddressRange& prefix : program.nat64) text += "nat64 " + prefix.text() + "\n";
  for (const FeedSource& feed : program.feeds) write_feed(feed, text);
  for (const VendorRecord& vendor : program.vendors) write_vendor(vendor, text);
  for (const Resolver& resolver : program.resolvers) write_resolver(resolver, text);
  for (const Zone& zone : program.zones) write_zone(zone, text);
  for (const Derivation& derivation : program.derivations) write_derivation(derivation, text);
  for (const Never& never : program.nevers) write_never(never, text);
  for (const ChosenAlternative& choice : program.choices) write_choice(choice, text);
  for (const Rule& rule : program.rules) write_rule(rule, text);
  return text + std::string(last_line) + "\n";
}

}  // namespace sallyport
