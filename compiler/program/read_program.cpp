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
#include "compiler/program/read_parts.h"
#include "compiler/program/rule_lines.h"
#include "compiler/program/vendor_lines.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_line = std::size_t{16} << 20;
constexpr std::size_t most_rules = 1'000'000;
constexpr std::size_t most_zones = 65'536;
constexpr std::size_t most_resolvers = 1'024;
constexpr std::int64_t longest_seconds = std::numeric_limits<std::int32_t>::max();

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
  Fault read_owner(Words words);
  Fault read_note(Words words);
  Fault read_need(Words words);
  Fault read_nat64(Words words);
  Fault read_feed(Words words);
  Fault read_vendor(Words words);
  Fault read_derivation(Words words);
  Fault read_never(Words words);
  Fault read_choice(Words words);
  Fault read_resolver(Words words);
  Fault read_zone(Words words);
  Fault read_rule(Words words);
  Fault read_resolver_item(std::string_view keyword, Words words);
  Fault read_zone_item(std::string_view keyword, Words words);
  Fault read_vlan(Words words);
  Fault close_block();

  enum class Block { none, vendor, resolver, zone, rule };
  struct Row {
    std::string_view keyword;
    Fault (ProgramReader::*read)(Words words);
  };
  static const Row rows[];

  const Row* row_ = rows;  // of the last item
  std::string_view rest_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  Block block_ = Block::none;
  std::optional<RuleLines> rule_;
  std::set<std::string> resolver_names_;
  std::set<std::string> zone_names_;
  Program program_;
};

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

const ProgramReader::Row ProgramReader::rows[] = {
    {"owner", &ProgramReader::read_owner},
    {"note", &ProgramReader::read_note},
    {"needs", &ProgramReader::read_need},
    {"nat64", &ProgramReader::read_nat64},
    {"feed", &ProgramReader::read_feed},
    {"vendor", &ProgramReader::read_vendor},
    {"resolver", &ProgramReader::read_resolver},
    {"zone", &ProgramReader::read_zone},
    {"derivation", &ProgramReader::read_derivation},
    {"never", &ProgramReader::read_never},
    {"choice", &ProgramReader::read_choice},
    {"rule", &ProgramReader::read_rule},
};

/// The first line of an item; each kind stands behind all of the kinds above it.
Fault ProgramReader::read_top() {
  if (auto fault = close_block()) return fault;
  Words words(line_);
  const std::string_view keyword = words.word();
  const Row* row = std::ranges::find(rows, keyword, &Row::keyword);
  if (row == std::end(rows)) {
    return expected("`zone`, `rule`, another item of a program, or `end`", line_);
  }
  if (row < row_) {
    return "found a " + std::string(keyword) + " behind a " + std::string(row_->keyword) +
           ", expected all of them before";
  }
  row_ = row;
  return (this->*row->read)(words);
}

Fault ProgramReader::read_owner(Words words) {
  if (!program_.owner.empty()) return "a second owner";
  return read_string(words, program_.owner);
}

Fault ProgramReader::read_note(Words words) {
  return read_string(words, program_.notes.emplace_back());
}

Fault ProgramReader::read_vendor(Words words) {
  VendorRecord vendor;
  if (auto fault = read_vendor_head(words, vendor)) return fault;
  auto& vendors = program_.vendors;
  if (std::ranges::find(vendors, vendor.name, &VendorRecord::name) != vendors.end()) {
    return "a second vendor " + shown(vendor.name);
  }
  vendors.push_back(std::move(vendor));
  block_ = Block::vendor;
  return std::nullopt;
}

Fault ProgramReader::read_need(Words words) {
  std::string need;
  if (auto fault = read_string(words, need)) return fault;
  auto& needs = program_.needs;
  if (!needs.empty() && needs.back() >= need) return expected("needs in order", line_);
  needs.push_back(std::move(need));
  return std::nullopt;
}

Fault ProgramReader::read_nat64(Words words) {
  auto& prefixes = program_.nat64;
  const std::string_view found = words.rest();
  if (auto fault = add_sorted(prefixes, AddressRange::parse(found), "an IPv6 prefix", found)) {
    return fault;
  }
  const AddressRange& prefix = prefixes.back();
  const bool merged =
      prefixes.size() < 2 || canonical({prefixes[prefixes.size() - 2], prefix}).size() == 2;
  if (prefix.family() != Family::v6 || !merged) return expected("IPv6 prefixes, merged", found);
  return std::nullopt;
}

Fault ProgramReader::read_feed(Words words) {
  const std::string_view found = words.rest();
  FeedSource feed;
  for (std::string* text :
       {&feed.name, &feed.file, &feed.format, &feed.version, &feed.date, &feed.digest}) {
    auto word = words.string();
    if (!word) return expected("six strings and a number", found);
    *text = std::move(*word);
  }
  const auto entries = words.number(std::numeric_limits<std::uint64_t>::max());
  if (!entries || !words.at_end()) return expected("six strings and a number", found);
  feed.entries = *entries;
  program_.feeds.push_back(std::move(feed));
  return std::nullopt;
}

Fault ProgramReader::read_derivation(Words words) {
  const std::string_view found = words.rest();
  const auto alias = words.string();
  auto name = alias ? accepted(HostName::parse(*alias)) : std::nullopt;
  if (!name || name->text() != *alias) return expected("a host name in quotes", found);
  Derivation derivation{std::move(*name), {}};
  while (!words.at_end()) {
    auto prefix = words.string();
    if (!prefix) return expected("prefixes in quotes", found);
    derivation.prefixes.push_back(std::move(*prefix));
  }
  auto& list = program_.derivations;
  if (!list.empty() && !(list.back() < derivation)) return expected("derivations in order", line_);
  list.push_back(std::move(derivation));
  return std::nullopt;
}

Fault ProgramReader::read_choice(Words words) {
  constexpr std::uint32_t most = 65'536;
  const std::string_view found = words.rest();
  const auto number = words.number(most);
  const auto count = number ? words.number(most) : std::nullopt;
  if (!count || *number < 1 || *number > *count)
    return expected("the how many-th of how many", found);
  auto title = words.string();
  auto why = title ? words.string() : std::nullopt;
  if (!why) return expected("a title and a reason in quotes", found);
  ChosenAlternative choice{{}, std::move(*title), *number, *count, std::move(*why)};
  if (auto fault = read_place(words, choice.place)) return fault;
  program_.choices.push_back(std::move(choice));
  return std::nullopt;
}

Fault ProgramReader::read_never(Words words) {
  const std::string_view found = words.rest();
  const auto text = words.string();
  auto reason = text ? words.string() : std::nullopt;
  if (!reason) return expected("a name and a reason in quotes", found);
  Never never;
  never.reason = std::move(*reason);
  if (NamePattern::looks_like_pattern(*text)) {
    never.pattern = accepted(NamePattern::parse(*text));
  } else {
    never.name = accepted(HostName::parse(*text));
  }
  const bool canonical_form = never.name      ? never.name->text() == *text
                              : never.pattern ? never.pattern->text() == *text
                                              : false;
  if (!canonical_form) return expected("a host name or a name pattern", found);
  if (auto fault = read_place(words, never.place)) return fault;
  program_.nevers.push_back(std::move(never));
  return std::nullopt;
}

Fault ProgramReader::read_item() {
  Words words(line_.substr(2));
  const std::string_view keyword = words.word();
  switch (block_) {
    case Block::vendor:
      return read_vendor_line(line_, keyword, words, program_.vendors.back());
    case Block::resolver:
      return read_resolver_item(keyword, words);
    case Block::zone:
      return read_zone_item(keyword, words);
    case Block::rule:
      return rule_->line(line_, keyword, words);
    case Block::none:
      break;
  }
  return expected("a line without indentation", line_);
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
  if (program_.rules.size() == most_rules) return "more than 1000000 rules";
  rule_.emplace(program_);
  block_ = Block::rule;
  return rule_->head(words);
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
  if (keyword == "vlan") return read_vlan(words);
  if (keyword != "range") return expected("`range RANGE` or `vlan FIRST LAST`", line_);
  if (!program_.zones.back().vlans.empty())
    return expected("all ranges before the VLAN ids", line_);
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

Fault ProgramReader::read_vlan(Words words) {
  auto& vlans = program_.zones.back().vlans;
  const std::string_view found = words.rest();
  const auto first = words.number(last_vlan);
  const auto last = first ? words.number(last_vlan) : std::nullopt;
  if (!last || !words.at_end() || *first > *last) {
    return expected("two VLAN ids from 0 to 4094", found);
  }
  if (!vlans.empty() && vlans.back().last + 1 >= *first) {
    return expected("VLAN ids in order and merged", found);
  }
  vlans.push_back({*first, *last});
  return std::nullopt;
}

/// What can be judged only when all lines of the block are known.
Fault ProgramReader::close_block() {
  Fault fault;
  if (block_ == Block::resolver && program_.resolvers.back().servers.empty()) {
    fault = "the resolver above has no server";
  }
  if (block_ == Block::rule) {
    fault = rule_->end();
    program_.rules.push_back(rule_->rule());
  }
  block_ = Block::none;
  return fault;
}

}  // namespace

Result<Program> read_program(std::string_view text) {
  return ProgramReader(text).read();
}

}  // namespace sallyport
