// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a rule; entry points in rule_lines.h.
#include "compiler/program/rule_lines.h"

#include <algorithm>
#include <limits>

namespace sallyport {

struct RuleLines::Row {
  std::string_view keyword;
  Part part;
  bool repeats = false;
};

const RuleLines::Row RuleLines::rows[] = {
    {"every-service", Part::every_service},
    {"service", Part::service, true},
    {"range", Part::range, true},
    {"name", Part::name, true},
    {"pattern", Part::pattern, true},
    {"derived", Part::derived, true},
    {"private-ok", Part::private_ok},
    {"absent-ok", Part::absent_ok},
    {"log", Part::log},
    {"via", Part::via},
    {"valid", Part::valid},
    {"until", Part::until},
    {"owner", Part::owner},
    {"note", Part::note},
    {"vendor", Part::vendor},
    {"at", Part::at},
    {"use", Part::use},
};

namespace {

Fault read_day(std::string_view found, std::optional<Day>& day) {
  day = parse_day(found);
  return day ? std::nullopt : expected("a day such as `2024-10-22`", found);
}

}  // namespace

Fault RuleLines::head(Words words) {
  const std::string_view found = words.rest();
  const std::string_view action = words.word();
  if (action != "allow" && action != "deny") return expected("`allow` or `deny`", found);
  rule_.action = action == "allow" ? Action::allow : Action::deny;
  if (words.rest().starts_with("in ")) {
    words.word();
    rule_.direction = Direction::inward;
  }
  if (words.rest() == "any") return std::nullopt;
  const auto zone = words.number(std::numeric_limits<std::uint32_t>::max());
  if (!zone || !words.at_end()) return expected("the index of a zone or `any`", found);
  if (*zone >= program_.zones.size()) {
    return expected("an index below " + std::to_string(program_.zones.size()), found);
  }
  rule_.zone = *zone;
  return std::nullopt;
}

/// Lists may repeat their line; the last three lines stand in every rule, all others may be absent.
Fault RuleLines::in_order(Part part, std::string_view text) {
  const auto row = std::ranges::find(rows, part, &Row::part);
  const bool again = row->repeats && part == part_;
  const bool skips =
      (part == Part::at && part_ != Part::vendor) || (part == Part::use && part_ != Part::at);
  if (skips || !(part > part_ || again)) {
    return expected("the lines of the rule in their order", text);
  }
  part_ = part;
  return std::nullopt;
}

Fault RuleLines::line(std::string_view text, std::string_view keyword, Words words) {
  const auto row = std::ranges::find(rows, keyword, &Row::keyword);
  if (row == std::end(rows)) {
    return expected("a line of a rule, such as `service` or `range`", text);
  }
  if (auto fault = in_order(row->part, text)) return fault;
  return read(row->part, text, words);
}

Fault RuleLines::read(Part part, std::string_view text, Words words) {
  const std::string_view found = words.rest();
  RemoteSet& remote = rule_.remote;
  switch (part) {
    case Part::every_service:
      return read_flag(rule_.every_service, text, words);
    case Part::service:
      return read_service(words);
    case Part::range:
      return add_sorted(remote.ranges, AddressRange::parse(found), "an address range", found);
    case Part::name:
      return add_sorted(remote.names, accepted(HostName::parse(found)), "a host name", found);
    case Part::pattern:
      return add_sorted(remote.patterns, accepted(NamePattern::parse(found)), "a name pattern",
                        found);
    case Part::derived:
      return read_derived(words);
    case Part::private_ok:
      return read_flag(rule_.private_ok, text, words);
    case Part::absent_ok:
      return read_flag(rule_.absent_ok, text, words);
    case Part::log:
      return read_flag(rule_.log, text, words);
    case Part::via:
      return read_via(words);
    case Part::valid:
      return read_day(found, rule_.validity.from);
    case Part::until:
      return read_day(found, rule_.validity.until);
    case Part::owner:
      return read_string(words, rule_.owner);
    case Part::note:
      return read_string(words, rule_.note);
    case Part::vendor:
      return read_vendor(words);
    case Part::at:
      return read_place(words, rule_.origin.rule);
    case Part::use:
      return read_place(words, rule_.origin.use);
    case Part::head:
      break;
  }
  return std::nullopt;
}

Fault RuleLines::read_flag(bool& flag, std::string_view text, Words words) {
  flag = true;
  if (!words.at_end())
    return expected("`" + std::string(text.substr(2, text.find(' ', 2) - 2)) + "` alone", text);
  return std::nullopt;
}

Fault RuleLines::read_service(Words words) {
  const auto service = Service::parse(words.rest());
  if (!service || service->text() != words.rest()) {
    return expected("a service such as `tcp 443`", words.rest());
  }
  rule_.services.push_back(*service);
  return std::nullopt;
}

Fault RuleLines::read_derived(Words words) {
  const std::string_view found = words.rest();
  const auto derivation = words.number(std::numeric_limits<std::uint32_t>::max());
  auto head = derivation ? words.string() : std::nullopt;
  auto tail = head ? words.string() : std::nullopt;
  auto unless = tail ? words.string() : std::nullopt;
  if (!unless || !words.at_end()) {
    return expected("the index of a derivation, a head, a tail and a glob", found);
  }
  if (*derivation >= program_.derivations.size()) {
    return expected("an index below " + std::to_string(program_.derivations.size()), found);
  }
  DerivedName name{*derivation, std::move(*head), std::move(*tail), std::move(*unless)};
  auto& list = rule_.remote.derived;
  if (!list.empty() && !(list.back() < name)) return shown(found) + " is not in order";
  list.push_back(std::move(name));
  return std::nullopt;
}

Fault RuleLines::read_via(Words words) {
  const std::string_view found = words.rest();
  if (auto fault = read_string(words, rule_.via)) return fault;
  const bool declared = std::ranges::any_of(
      program_.resolvers, [&](const Resolver& resolver) { return resolver.name == rule_.via; });
  if (!declared) return expected("the name of a resolver above", found);
  return std::nullopt;
}

Fault RuleLines::read_vendor(Words words) {
  const std::string_view found = words.rest();
  auto vendor = words.string();
  auto part = vendor ? words.string() : std::nullopt;
  if (!part || !words.at_end()) return expected("a vendor and a part in quotes", found);
  rule_.origin.vendor = std::move(*vendor);
  rule_.origin.part = std::move(*part);
  return std::nullopt;
}

Fault RuleLines::end() const {
  if (part_ != Part::use) return "the rule above ends early, expected its `vendor`, `at` and `use`";
  if (rule_.every_service != rule_.services.empty()) {
    return "the rule above needs either services or `every-service`";
  }
  const Validity& validity = rule_.validity;
  if (validity.from && validity.until && *validity.from >= *validity.until) {
    return "the rule above is never valid, expected `until` behind `valid`";
  }
  const RemoteSet& remote = rule_.remote;
  const bool has_names =
      !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
  if (!rule_.via.empty() && !has_names) return "the rule above says `via` and has no name";
  if (rule_.action == Action::allow) {
    if (rule_.every_service) return "the allow above says `every-service`, which only a deny may";
    return std::nullopt;
  }
  if (has_names || rule_.private_ok || rule_.absent_ok) {
    return "the deny above speaks of names, expected ranges only";
  }
  return std::nullopt;
}

}  // namespace sallyport
