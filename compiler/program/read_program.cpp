// SPDX-License-Identifier: GPL-2.0-or-later
// read_program(): the canonical text back to a Program. Accepts what program_text() writes and
// checks every promise of program.h, so that whoever gets the Program may index and search it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <set>
#include <utility>

#include "compiler/program/program_text.h"
#include "compiler/program/words.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_line = std::size_t{16} << 20;
constexpr std::size_t most_rules = 1'000'000;
constexpr std::size_t most_zones = 65'536;
constexpr std::size_t most_resolvers = 1'024;
constexpr std::int64_t longest_seconds = std::numeric_limits<std::int32_t>::max();

/// The first fault in words: "found ..., expected ...". Nothing if all is well.
using Fault = std::optional<std::string>;

Fault expected(std::string_view what, std::string_view found) {
  return "found " + shown(found) + ", expected " + std::string(what);
}

class ProgramReader {
 public:
  explicit ProgramReader(std::string_view text) : rest_(text) {}
  Result<Program> read();

 private:
  Fault next_line();
  Fault read_lines();
  Fault read_head();
  Fault read_top();
  Fault read_item();
  Fault read_lifetimes(Words words);
  Fault read_string(Words words, std::string& into);
  Fault read_resolver(Words words);
  Fault read_zone(Words words);
  Fault read_rule(Words words);
  Fault read_resolver_item(std::string_view keyword, Words words);
  Fault read_zone_item(std::string_view keyword, Words words);
  Fault read_rule_item(std::string_view keyword, Words words);
  Fault read_service(Words words);
  Fault read_remote(std::string_view keyword, std::string_view found);
  Fault read_vendor(Words words);
  Fault close_block();
  Fault close_rule() const;

  enum class Block { none, resolver, zone, rule };
  /// The lines of a rule, in the order in which they stand.
  enum class Part {
    head,
    every_service,
    service,
    range,
    name,
    pattern,
    private_ok,
    vendor,
    at,
    use
  };

  Fault in_order(Part part);
  Rule& rule() { return program_.rules.back(); }

  std::string_view rest_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  Block block_ = Block::none;
  Part part_ = Part::head;
  std::set<std::string> resolver_names_;
  std::set<std::string> zone_names_;
  Program program_;
};

Fault read_place(Words words, Place& place) {
  constexpr std::uint32_t greatest = std::numeric_limits<std::uint32_t>::max();
  const std::string_view found = words.rest();
  auto file = words.string();
  const auto line = file ? words.number(greatest) : std::nullopt;
  const auto column = line ? words.number(greatest) : std::nullopt;
  if (!column || !words.at_end()) return expected("a file in quotes, a line and a column", found);
  place = {std::move(*file), *line, *column};
  return std::nullopt;
}

template <class T>
Fault add_sorted(std::vector<T>& list, std::optional<T> value, std::string_view what,
                 std::string_view found) {
  // What is written must be what we would write, or two texts would be one program.
  if (!value || value->text() != found) return expected(what, found);
  if (!list.empty() && !(list.back() < *value)) {
    return shown(found) + " is not in order behind " + shown(list.back().text());
  }
  list.push_back(std::move(*value));
  return std::nullopt;
}

template <class T>
std::optional<T> accepted(std::expected<T, std::string> parsed) {
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

Result<Program> ProgramReader::read() {
  if (const auto fault = read_lines()) {
    return std::unexpected(
        Error{"read the program", "line " + std::to_string(line_number_) + ": " + *fault, {}});
  }
  return std::move(program_);
}

/// Moves to the next line; it must have its line end.
Fault ProgramReader::next_line() {
  ++line_number_;
  const auto end = rest_.substr(0, longest_line + 1).find('\n');
  if (end == std::string_view::npos) {
    if (rest_.size() > longest_line) return "the line is longer than 16 MiB";
    return "the text ends here, expected `" + std::string(last_line) + "`";
  }
  line_ = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return std::nullopt;
}

Fault ProgramReader::read_lines() {
  if (auto fault = read_head()) return fault;
  while (true) {
    if (auto fault = next_line()) return fault;
    if (line_ == last_line) break;
    auto fault = line_.starts_with("  ") ? read_item() : read_top();
    if (fault) return fault;
  }
  if (auto fault = close_block()) return fault;
  if (!rest_.empty()) return expected("nothing behind `end`", rest_);
  return std::nullopt;
}

/// The three lines that stand once, in this order.
Fault ProgramReader::read_head() {
  if (auto fault = next_line()) return fault;
  if (line_ != first_line) return expected("`" + std::string(first_line) + "`", line_);

  if (auto fault = next_line()) return fault;
  Words policy(line_);
  if (policy.word() != "policy") return expected("`policy \"NAME\"`", line_);
  if (auto fault = read_string(policy, program_.policy)) return fault;

  if (auto fault = next_line()) return fault;
  Words lifetimes(line_);
  if (lifetimes.word() != "lifetimes") return expected("`lifetimes`", line_);
  return read_lifetimes(lifetimes);
}

Fault ProgramReader::read_top() {
  if (auto fault = close_block()) return fault;
  Words words(line_);
  const std::string_view keyword = words.word();
  if (keyword == "resolver") return read_resolver(words);
  if (keyword == "zone") return read_zone(words);
  if (keyword == "rule") return read_rule(words);
  return expected("`resolver`, `zone`, `rule` or `end`", line_);
}

Fault ProgramReader::read_item() {
  Words words(line_.substr(2));
  const std::string_view keyword = words.word();
  switch (block_) {
    case Block::resolver:
      return read_resolver_item(keyword, words);
    case Block::zone:
      return read_zone_item(keyword, words);
    case Block::rule:
      return read_rule_item(keyword, words);
    case Block::none:
      break;
  }
  return expected("a line without indentation", line_);
}

Fault ProgramReader::read_string(Words words, std::string& into) {
  auto text = words.string();
  if (!text || !words.at_end()) return expected("a string in quotes", words.rest());
  into = std::move(*text);
  return std::nullopt;
}

Fault ProgramReader::read_lifetimes(Words words) {
  const std::string_view found = words.rest();
  const std::string_view what = "three numbers of seconds, the second may be `default`";
  const auto ttl_floor = words.number(longest_seconds);
  if (!ttl_floor) return expected(what, found);
  program_.lifetimes.ttl_floor = Seconds(*ttl_floor);

  if (words.rest().starts_with("default")) {
    if (words.word() != "default") return expected(what, found);
  } else {
    const auto grace = words.number(longest_seconds);
    if (!grace) return expected(what, found);
    program_.lifetimes.grace = Seconds(*grace);
  }
  const auto max_stale = words.number(longest_seconds);
  if (!max_stale || !words.at_end()) return expected(what, found);
  program_.lifetimes.max_stale = Seconds(*max_stale);
  return std::nullopt;
}

Fault ProgramReader::read_resolver(Words words) {
  if (!program_.zones.empty() || !program_.rules.empty()) {
    return "found a resolver behind a zone or a rule, expected all resolvers first";
  }
  if (program_.resolvers.size() == most_resolvers) return "more than 1024 resolvers";
  Resolver resolver;
  if (auto fault = read_string(words, resolver.name)) return fault;
  const bool is_new = resolver_names_.insert(resolver.name).second;
  if (!is_new) return "a second resolver " + shown(resolver.name);
  program_.resolvers.push_back(std::move(resolver));
  block_ = Block::resolver;
  return std::nullopt;
}

Fault ProgramReader::read_zone(Words words) {
  if (!program_.rules.empty()) return "found a zone behind a rule, expected all zones first";
  if (program_.zones.size() == most_zones) return "more than 65536 zones";
  Zone zone;
  if (auto fault = read_string(words, zone.name)) return fault;
  const bool is_new = zone_names_.insert(zone.name).second;
  if (!is_new) return "a second zone " + shown(zone.name);
  program_.zones.push_back(std::move(zone));
  block_ = Block::zone;
  return std::nullopt;
}

Fault ProgramReader::read_rule(Words words) {
  const std::string_view found = words.rest();
  if (program_.rules.size() == most_rules) return "more than 1000000 rules";
  Rule rule;
  const std::string_view action = words.word();
  if (action != "allow" && action != "deny") return expected("`allow` or `deny`", found);
  rule.action = action == "allow" ? Action::allow : Action::deny;
  if (words.rest() != "any") {
    const auto zone = words.number(std::numeric_limits<std::uint32_t>::max());
    if (!zone || !words.at_end()) return expected("the index of a zone or `any`", found);
    if (*zone >= program_.zones.size()) {
      return expected("an index below " + std::to_string(program_.zones.size()), found);
    }
    rule.zone = *zone;
  }
  program_.rules.push_back(std::move(rule));
  block_ = Block::rule;
  part_ = Part::head;
  return std::nullopt;
}

Fault ProgramReader::read_resolver_item(std::string_view keyword, Words words) {
  if (keyword != "server") return expected("`server ADDRESS PORT`", line_);
  const std::string_view found = words.rest();
  const std::string_view address_text = words.word();
  const auto address = Address::parse(address_text);
  const auto port = words.number(std::uint16_t{65535});
  const bool canonical_form = address && address->text() == address_text;
  if (!canonical_form || !port || *port == 0 || !words.at_end()) {
    return expected("an address and a port from 1 to 65535", found);
  }
  program_.resolvers.back().servers.push_back({*address, *port});
  return std::nullopt;
}

Fault ProgramReader::read_zone_item(std::string_view keyword, Words words) {
  if (keyword != "range") return expected("`range RANGE`", line_);
  auto& ranges = program_.zones.back().ranges;
  const std::string_view found = words.rest();
  if (auto fault = add_sorted(ranges, AddressRange::parse(found), "an address range", found)) {
    return fault;
  }
  if (ranges.size() < 2) return std::nullopt;
  const AddressRange& before = ranges[ranges.size() - 2];
  if (canonical({before, ranges.back()}).size() < 2) {
    return shown(found) + " overlaps or adjoins " + shown(before.text()) +
           ", expected ranges of a zone to be merged";
  }
  return std::nullopt;
}

/// Lists may repeat their line; the last three lines stand in every rule, all others may be absent.
Fault ProgramReader::in_order(Part part) {
  const bool is_list =
      part == Part::service || part == Part::range || part == Part::name || part == Part::pattern;
  const bool repeats = is_list && part == part_;
  const bool skips =
      (part == Part::at && part_ != Part::vendor) || (part == Part::use && part_ != Part::at);
  if (skips || !(part > part_ || repeats)) {
    return expected("the lines of the rule in their order", line_);
  }
  part_ = part;
  return std::nullopt;
}

Fault ProgramReader::read_rule_item(std::string_view keyword, Words words) {
  constexpr std::array<std::pair<std::string_view, Part>, 9> parts = {
      {{"every-service", Part::every_service},
       {"service", Part::service},
       {"range", Part::range},
       {"name", Part::name},
       {"pattern", Part::pattern},
       {"private-ok", Part::private_ok},
       {"vendor", Part::vendor},
       {"at", Part::at},
       {"use", Part::use}}};
  const auto row =
      std::ranges::find_if(parts, [&](const auto& part) { return part.first == keyword; });
  if (row == parts.end()) return expected("a line of a rule, such as `service` or `range`", line_);
  if (auto fault = in_order(row->second)) return fault;

  switch (row->second) {
    case Part::service:
      return read_service(words);
    case Part::range:
    case Part::name:
    case Part::pattern:
      return read_remote(keyword, words.rest());
    case Part::vendor:
      return read_vendor(words);
    case Part::at:
      return read_place(words, rule().origin.rule);
    case Part::use:
      return read_place(words, rule().origin.use);
    case Part::every_service:
      rule().every_service = true;
      break;
    case Part::private_ok:
      rule().private_ok = true;
      break;
    case Part::head:
      break;
  }
  if (!words.at_end()) return expected("`" + std::string(keyword) + "` alone", line_);
  return std::nullopt;
}

Fault ProgramReader::read_service(Words words) {
  const auto service = Service::parse(words.rest());
  if (!service || service->text() != words.rest()) {
    return expected("a service such as `tcp 443`", words.rest());
  }
  rule().services.push_back(*service);
  return std::nullopt;
}

Fault ProgramReader::read_remote(std::string_view keyword, std::string_view found) {
  RemoteSet& remote = rule().remote;
  if (keyword == "range") {
    return add_sorted(remote.ranges, AddressRange::parse(found), "an address range", found);
  }
  if (keyword == "name") {
    return add_sorted(remote.names, accepted(HostName::parse(found)), "a host name", found);
  }
  return add_sorted(remote.patterns, accepted(NamePattern::parse(found)), "a name pattern", found);
}

Fault ProgramReader::read_vendor(Words words) {
  const std::string_view found = words.rest();
  auto vendor = words.string();
  auto part = vendor ? words.string() : std::nullopt;
  if (!part || !words.at_end()) return expected("a vendor and a part in quotes", found);
  rule().origin.vendor = std::move(*vendor);
  rule().origin.part = std::move(*part);
  return std::nullopt;
}

/// What can be judged only when all lines of the block are known.
Fault ProgramReader::close_block() {
  Fault fault;
  if (block_ == Block::resolver && program_.resolvers.back().servers.empty()) {
    fault = "the resolver above has no server";
  }
  if (block_ == Block::rule) fault = close_rule();
  block_ = Block::none;
  return fault;
}

Fault ProgramReader::close_rule() const {
  const Rule& closed = program_.rules.back();
  if (part_ != Part::use) return "the rule above ends early, expected its `vendor`, `at` and `use`";
  if (closed.every_service != closed.services.empty()) {
    return "the rule above needs either services or `every-service`";
  }
  if (closed.action == Action::allow) {
    if (closed.every_service) return "the allow above says `every-service`, which only a deny may";
    return std::nullopt;
  }
  const bool has_names = !closed.remote.names.empty() || !closed.remote.patterns.empty();
  if (has_names || closed.private_ok) return "the deny above speaks of names, expected ranges only";
  return std::nullopt;
}

}  // namespace

Result<Program> read_program(std::string_view text) {
  return ProgramReader(text).read();
}

}  // namespace sallyport
