// SPDX-License-Identifier: GPL-2.0-or-later
// One statement to one rule: services, destinations, modifiers.
#include "compiler/check/rules.h"

#include <algorithm>

#include "compiler/check/services.h"
#include "compiler/check/written.h"
#include "compiler/source/wording.h"
#include "compiler/values/special.h"

namespace sallyport {
namespace {

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  const auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
}

bool has_reference(const Word& word) {
  return std::ranges::any_of(
      word.pieces, [](const Piece& piece) { return piece.kind == Piece::Kind::reference; });
}

class DestinationReader {
 public:
  DestinationReader(const RuleStatement& statement, const Terms& terms, const FeedTable& feeds,
                    Reporter& reporter)
      : statement_(statement), terms_(terms), feeds_(feeds), reporter_(reporter) {}

  /// Empty after an error was reported.
  std::optional<RemoteSet> read();
  const std::vector<const LoadedFeed*>& used() const { return used_; }
  /// True if what a feed gives will be known only at the `use`.
  bool is_deferred() const { return deferred_; }

 private:
  bool read_feed(const FeedReference& reference);
  bool add(const FeedReference& reference, const Feed& feed, const FeedEntry& entry);
  bool read_word(const Word& word);
  bool add(const Word& word, const std::string& text);
  void warn_of_conversion(const Word& word, const std::string& text, const Destination& read);
  void warn_of_closed_range(const Word& word, const AddressRange& range);

  const RuleStatement& statement_;
  const Terms& terms_;
  const FeedTable& feeds_;
  Reporter& reporter_;
  RemoteSet remote_;
  std::vector<const LoadedFeed*> used_;
  bool deferred_ = false;
  std::size_t words_ = 0;
};

bool DestinationReader::add(const Word& word, const std::string& text) {
  const auto read = read_destination(text);
  if (!read) {
    std::vector<Note> notes;
    if (!reporter_.is_through_use() && has_reference(word)) {
      notes.push_back({{}, "parameters have sample values while a vendor is checked on its own"});
    }
    reporter_.error(word.span, read.error(), std::move(notes));
    return false;
  }
  const bool denies = statement_.action == RuleStatement::Action::deny;
  if (denies && read->ranges.empty()) {
    reporter_.error(word.span,
                    {"deny-name", "a deny speaks of addresses, and " + quote(text) +
                                      " is a name: an address that the name did not show us would "
                                      "stay open"});
    return false;
  }
  warn_of_conversion(word, text, *read);
  for (const AddressRange& range : read->ranges) {
    if (!denies) warn_of_closed_range(word, range);
    remote_.ranges.push_back(range);
  }
  if (read->name) remote_.names.push_back(*read->name);
  if (read->pattern) remote_.patterns.push_back(*read->pattern);
  return true;
}

void DestinationReader::warn_of_conversion(const Word& word, const std::string& text,
                                           const Destination& read) {
  // A vendor's own text was judged when the vendor was checked.
  if (!is_international(text) || reporter_.is_through_use()) return;
  const std::string& converted = read.name ? read.name->text() : read.pattern->text();
  reporter_.warning(word.span, {"converted-name",
                                quote(text) + " is looked up as " + quote(converted),
                                {"write " + quote(converted), {{text, converted}}}});
}

void DestinationReader::warn_of_closed_range(const Word& word, const AddressRange& range) {
  if (!opened_by(range).empty()) return;
  reporter_.warning(word.span, {"opens-nothing",
                                "every address of " + quote(range.text()) +
                                    " is in a special range; nothing is opened",
                                "write the special range itself if it is meant"});
}

bool DestinationReader::read_word(const Word& word) {
  const auto texts = terms_.expand(word, reporter_);
  if (!texts) return false;
  words_ += texts->size();
  if (words_ > Terms::longest_list) {
    reporter_.error(word.span, {"too-many-words",
                                "this rule has more than " + std::to_string(Terms::longest_list) +
                                    (statement_.inward ? " sources" : " destinations") +
                                    "; write several rules"});
    return false;
  }
  return std::ranges::all_of(*texts, [&](const std::string& text) { return add(word, text); });
}

bool DestinationReader::add(const FeedReference& reference, const Feed& feed,
                            const FeedEntry& entry) {
  const bool denies = statement_.action == RuleStatement::Action::deny;
  if (const auto* range = std::get_if<AddressRange>(&entry.remote)) {
    if (!denies && opened_by(*range).empty()) {
      reporter_.warning(reference.span,
                        {"opens-nothing", "every address of " + quote(range->text()) + " in " +
                                              quote(reference.feed.text) +
                                              " is in a special range; nothing is opened"});
    }
    remote_.ranges.push_back(*range);
    return true;
  }
  const auto* name = std::get_if<HostName>(&entry.remote);
  const auto* pattern = std::get_if<NamePattern>(&entry.remote);
  if (denies) {
    const bool has_addresses = !feed.values(FeedField::family).empty();
    const std::string hint =
        has_addresses ? "`where family = \"ipv4\" or \"ipv6\"` takes the addresses only" : "";
    reporter_.error(reference.span,
                    {"deny-name",
                     "a deny speaks of addresses, and " + quote(reference.feed.text) +
                         " has the name " + quote(name ? name->text() : pattern->text()) +
                         ": an address that the name did not show us would stay open",
                     hint});
    return false;
  }
  if (name) remote_.names.push_back(*name);
  if (pattern) remote_.patterns.push_back(*pattern);
  return true;
}

bool DestinationReader::read_feed(const FeedReference& reference) {
  const auto read = read_feed_reference(reference, terms_, feeds_, reporter_);
  if (!read) return false;
  deferred_ = deferred_ || read->deferred;
  used_.push_back(read->feed);
  return std::ranges::all_of(read->entries, [&](const FeedEntry* entry) {
    return add(reference, read->feed->feed, *entry);
  });
}

std::optional<RemoteSet> DestinationReader::read() {
  bool sound = true;
  for (const Word& word : statement_.destinations) {
    sound = read_word(word) && sound;
    if (words_ > Terms::longest_list) break;
  }
  for (const FeedReference& feed : statement_.feeds) sound = read_feed(feed) && sound;
  if (!sound) return {};
  sort_unique(remote_.ranges);
  sort_unique(remote_.names);
  sort_unique(remote_.patterns);
  return std::move(remote_);
}

bool is_empty(const RemoteSet& remote) {
  return remote.ranges.empty() && remote.names.empty() && remote.patterns.empty();
}

/// Applies `private ok`; false after an error was reported.
bool read_modifiers(const RuleStatement& statement, Rule& rule, Reporter& reporter) {
  for (const Name& modifier : statement.modifiers) {
    if (rule.action == Action::deny) {
      reporter.error(modifier.span, {"misplaced-modifier",
                                     quote(modifier.text) + " belongs to an allow: it says " +
                                         "that a name may bind private addresses"});
      return false;
    }
    rule.private_ok = true;
  }
  return true;
}

}  // namespace

RuleReading read_rule(const RuleStatement& statement, const Terms& terms, const FeedTable& feeds,
                      Reporter& reporter) {
  Rule rule;
  rule.action = statement.action == RuleStatement::Action::allow ? Action::allow : Action::deny;
  rule.direction = statement.inward ? Direction::inward : Direction::outward;
  auto services = read_services(statement, terms, reporter);
  DestinationReader destinations(statement, terms, feeds, reporter);
  auto remote = destinations.read();
  const bool modified = read_modifiers(statement, rule, reporter);
  if (!services || !remote || !modified) return {};

  if (destinations.is_deferred()) return {.sound = true, .rule = {}};

  const bool no_service = services->services.empty() && !services->every_service;
  if (no_service || is_empty(*remote)) {
    reporter.warning(
        statement.span,
        {"empty-rule", std::string("no ") +
                           (no_service         ? "port"
                            : statement.inward ? "source"
                                               : "destination") +
                           " is left in this rule: it " +
                           (rule.action == Action::allow ? "opens" : "closes") + " nothing"});
    return {.sound = true, .rule = {}};
  }
  rule.every_service = services->every_service;
  rule.services = std::move(services->services);
  rule.remote = std::move(*remote);
  return {.sound = true, .rule = std::move(rule), .feeds = destinations.used()};
}

}  // namespace sallyport
