// SPDX-License-Identifier: GPL-2.0-or-later
// One statement to one rule: services, destinations, modifiers.
#include "compiler/check/rules.h"

#include <algorithm>
#include <cassert>

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
                    Referents& referents, Reporter& reporter)
      : statement_(statement),
        terms_(terms),
        feeds_(feeds),
        referents_(referents),
        reporter_(reporter) {}

  /// Empty after an error was reported.
  std::optional<RemoteSet> read();
  std::vector<FeedChoice> take_feeds() { return std::move(feeds_used_); }
  /// True if what a feed gives will be known only at the `use`.
  bool is_deferred() const { return deferred_; }

 private:
  bool read_feed(const FeedReference& reference);
  bool add(const FeedReference& reference, const Feed& feed, const FeedEntry& entry);
  bool count(const Word& word, std::size_t more);
  bool read_word(const Word& word);
  bool add(const Word& word, const std::string& text);
  bool add_derived(const Word& word, const std::string& text);
  bool refuse(const Word& word, const Complaint& complaint);
  void warn_of_conversion(const Word& word, const std::string& text, const Destination& read);
  void warn_of_closed_range(const Word& word, const AddressRange& range);

  const RuleStatement& statement_;
  const Terms& terms_;
  const FeedTable& feeds_;
  Referents& referents_;
  Reporter& reporter_;
  RemoteSet remote_;
  std::vector<FeedChoice> feeds_used_;
  bool deferred_ = false;
  std::size_t words_ = 0;
};

bool DestinationReader::refuse(const Word& word, const Complaint& complaint) {
  std::vector<Note> notes;
  if (!reporter_.is_through_use() && has_reference(word)) {
    notes.push_back({{}, "parameters have sample values while a vendor is checked on its own"});
  }
  reporter_.error(word.span, complaint, std::move(notes));
  return false;
}

/// `{d}` in the text stands for the label that the `let` of this name derives.
bool DestinationReader::add_derived(const Word& word, const std::string& text) {
  const std::size_t open = text.find('{');
  const std::size_t close = text.find('}', open);
  const Term* term = terms_.find(text.substr(open + 1, close - open - 1));
  assert(term && term->derivation);
  const std::string tail = text.substr(close + 1);
  if (tail.find('{') != std::string::npos) {
    return refuse(word, {"bad-host", quote(text) + " has more than one derived label"});
  }
  // Any label will do to see whether the rest of the name can stand around it.
  const auto sample = read_destination(text.substr(0, open) + "x" + tail);
  if (!sample) return refuse(word, sample.error());
  if (!sample->name) {
    return refuse(word, {"bad-host", quote(text) + " is no host name with a derived label in it"});
  }
  if (statement_.action == RuleStatement::Action::deny) {
    return refuse(word, {"deny-name", "a deny speaks of addresses, and " + quote(text) +
                                          " is a name: an address that the name did not show us "
                                          "would stay open"});
  }
  auto& derivations = referents_.derivations;
  const auto known = std::ranges::find(derivations, *term->derivation);
  const auto index = static_cast<std::uint32_t>(known - derivations.begin());
  if (known == derivations.end()) derivations.push_back(*term->derivation);
  const std::string& name = sample->name->text();
  remote_.derived.push_back({index, name.substr(0, open), name.substr(open + 1), {}});
  return true;
}

bool DestinationReader::add(const Word& word, const std::string& text) {
  if (text.find('{') != std::string::npos) return add_derived(word, text);
  const auto read = read_destination(text);
  if (!read) return refuse(word, read.error());
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
  if (!meets_special(range, referents_.nat64) || !opened_by(range, referents_.nat64).empty())
    return;
  reporter_.warning(word.span, {"opens-nothing",
                                "every address of " + quote(range.text()) +
                                    " is in a special range; nothing is opened",
                                "write the special range itself if it is meant"});
}

/// False, with an error reported, if that many more are too many.
bool DestinationReader::count(const Word& word, std::size_t more) {
  words_ += more;
  if (words_ <= Terms::longest_list) return true;
  reporter_.error(word.span, {"too-many-words",
                              "this rule has more than " + std::to_string(Terms::longest_list) +
                                  (statement_.inward ? " sources" : " destinations") +
                                  "; write several rules"});
  return false;
}

bool DestinationReader::read_word(const Word& word) {
  if (const std::string* text = Terms::plain_text(word)) return count(word, 1) && add(word, *text);
  const auto texts = terms_.expand(word, reporter_);
  if (!texts || !count(word, texts->size())) return false;
  return std::ranges::all_of(*texts, [&](const std::string& text) { return add(word, text); });
}

bool DestinationReader::add(const FeedReference& reference, const Feed& feed,
                            const FeedEntry& entry) {
  const bool denies = statement_.action == RuleStatement::Action::deny;
  if (const auto* range = std::get_if<AddressRange>(&entry.remote)) {
    const Nat64 nat64 = referents_.nat64;
    if (!denies && meets_special(*range, nat64) && opened_by(*range, nat64).empty()) {
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
  auto read = read_feed_reference(reference, terms_, feeds_, reporter_);
  if (!read) return false;
  deferred_ = deferred_ || read->deferred;
  const Feed& feed = read->choice.feed->feed;
  read->choice.allowed = statement_.action == RuleStatement::Action::allow;
  feeds_used_.push_back(std::move(read->choice));
  return std::ranges::all_of(read->entries,
                             [&](const FeedEntry* entry) { return add(reference, feed, *entry); });
}

std::optional<RemoteSet> DestinationReader::read() {
  bool sound = true;
  remote_.ranges.reserve(statement_.destinations.size());
  for (const Word& word : statement_.destinations) {
    sound = read_word(word) && sound;
    if (words_ > Terms::longest_list) break;
  }
  for (const FeedReference& feed : statement_.feeds) sound = read_feed(feed) && sound;
  if (!sound) return {};
  sort_unique(remote_.ranges);
  sort_unique(remote_.names);
  sort_unique(remote_.patterns);
  sort_unique(remote_.derived);
  return std::move(remote_);
}

bool is_empty(const RemoteSet& remote) {
  return remote.ranges.empty() && remote.names.empty() && remote.patterns.empty() &&
         remote.derived.empty();
}

}  // namespace

RuleReading read_rule(const RuleStatement& statement, const Terms& terms, const FeedTable& feeds,
                      Referents& referents, Reporter& reporter) {
  Rule rule;
  rule.action = statement.action == RuleStatement::Action::allow ? Action::allow : Action::deny;
  rule.direction = statement.inward ? Direction::inward : Direction::outward;
  auto services = read_services(statement, terms, reporter);
  DestinationReader destinations(statement, terms, feeds, referents, reporter);
  auto remote = destinations.read();
  if (remote) rule.remote = std::move(*remote);
  const bool modified = read_modifiers(statement, terms, referents, rule, reporter);
  if (!services || !remote || !modified) return {};

  if (destinations.is_deferred()) return {.sound = true, .rule = {}};

  const bool no_service = services->services.empty() && !services->every_service;
  if (no_service || is_empty(rule.remote)) {
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
  return {.sound = true, .rule = std::move(rule), .feeds = destinations.take_feeds()};
}

}  // namespace sallyport
