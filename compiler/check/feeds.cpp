// SPDX-License-Identifier: GPL-2.0-or-later
// Declared feeds, and the filters of a reference: every field and every value must exist, or a slip
// of the pen would open less than was meant without a word.
#include "compiler/check/feeds.h"

#include <algorithm>

#include "compiler/check/name_space.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::size_t most_listed = 12;  // values that a hint still lists

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + quote(word);
  return text;
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_reference(const Word& word) {
  return std::ranges::any_of(
      word.pieces, [](const Piece& piece) { return piece.kind == Piece::Kind::reference; });
}

class ReferenceReader {
 public:
  ReferenceReader(const FeedReference& reference, const Terms& terms, Reporter& reporter)
      : reference_(reference), terms_(terms), reporter_(reporter) {}

  std::optional<FeedReading> run(const FeedTable& feeds);

 private:
  const LoadedFeed* find(const FeedTable& feeds);
  bool read_filter(const FeedFilter& filter);
  bool is_known(const Word& word, FeedField field, const std::string& value);

  const FeedReference& reference_;
  const Terms& terms_;
  Reporter& reporter_;
  FeedReading reading_;
};

const LoadedFeed* ReferenceReader::find(const FeedTable& feeds) {
  const Name& name = reference_.feed;
  const Source* file = reference_.span.source;
  if (const LoadedFeed* found = feeds.find(file, name.text)) return found;
  const std::vector<std::string> names = feeds.names(file);
  Hint hint = did_you_mean(name.text, names);
  if (hint.empty() && names.empty()) {
    hint = "a feed is declared at the top of the file: " +
           quote("feed " + name.text + " = \"FILE\" as FORMAT");
  } else if (hint.empty()) {
    hint = "the file declares " + list_of(names);
  }
  reporter_.error(name.span,
                  {"unknown-feed", "this file declares no feed " + quote(name.text), hint});
  return nullptr;
}

bool ReferenceReader::is_known(const Word& word, FeedField field, const std::string& value) {
  const std::vector<std::string> values = reading_.choice.feed->feed.values(field);
  if (std::ranges::find(values, value) != values.end()) return true;
  Hint hint = did_you_mean(value, values);
  for (const std::string& other : values) {
    if (equal_but_for_case(value, other)) {
      hint = {"did you mean " + quote(other) + "?", {{value, other}}};
    }
  }
  if (word.is_literal() && value.find('{') != std::string::npos) {
    const std::string found = "\"" + value + "\"";
    hint = {"a parameter stands without quotes: " + quote(value),
            {{found, value, "write " + quote(value)}}};
  }
  if (hint.empty() && !values.empty() && values.size() <= most_listed) {
    hint = "there is " + list_of(values);
  }
  reporter_.error(word.span, {"unknown-value",
                              "no entry of " + quote(reference_.feed.text) + " has the " +
                                  std::string(field_name(field)) + " " + quote(value),
                              hint});
  return false;
}

bool ReferenceReader::read_filter(const FeedFilter& filter) {
  const auto chosen = read_field(filter.field, reading_.choice.feed->format, reporter_);
  if (!chosen) return false;
  FeedCondition condition{*chosen, {}};
  bool sound = true;
  for (const Word& word : filter.values) {
    const auto texts = terms_.expand(word, reporter_);
    if (!texts) return false;
    if (has_reference(word) && !reporter_.is_through_use()) {
      reading_.deferred = true;
      continue;
    }
    for (const std::string& text : *texts) {
      sound = is_known(word, *chosen, text) && sound;
      condition.values.push_back(text);
    }
  }
  reading_.choice.conditions.push_back(std::move(condition));
  return sound;
}

std::optional<FeedReading> ReferenceReader::run(const FeedTable& feeds) {
  FeedChoice& choice = reading_.choice;
  choice.span = reference_.span;
  choice.feed = find(feeds);
  if (!choice.feed) return {};
  bool sound = true;
  for (const FeedFilter& filter : reference_.filters) sound = read_filter(filter) && sound;
  if (!sound) return {};
  if (reading_.deferred) return std::move(reading_);
  reading_.entries = choice.feed->feed.select(choice.conditions);
  const bool has_empty_list = std::ranges::any_of(
      choice.conditions, [](const FeedCondition& condition) { return condition.values.empty(); });
  if (reading_.entries.empty() && !has_empty_list) {
    reporter_.error(reference_.span,
                    {"empty-selection",
                     "no entry of " + quote(reference_.feed.text) + " has all of this at once"});
    return {};
  }
  return std::move(reading_);
}

}  // namespace

FeedTable::FeedTable(const std::vector<Module>& modules, Reporter& reporter) {
  for (const Module& module : modules) {
    NameSpace space;
    for (const FeedStatement& statement : module.policy.feeds) {
      space.declare(statement.name, "feed", reporter);
    }
    for (const LoadedFeed& feed : module.feeds) {
      feeds_.try_emplace({module.source, feed.source.name}, &feed);
      all_.push_back(&feed);
    }
  }
}

const LoadedFeed* FeedTable::find(const Source* file, std::string_view name) const {
  const auto found = feeds_.find({file, std::string(name)});
  return found == feeds_.end() ? nullptr : found->second;
}

std::vector<std::string> FeedTable::names(const Source* file) const {
  std::vector<std::string> names;
  for (const auto& [place, feed] : feeds_) {
    if (place.first == file) names.push_back(place.second);
  }
  return names;
}

std::optional<FeedFormat> read_format(const Name& name, Reporter& reporter) {
  if (const auto format = format_of(name.text)) return format;
  std::vector<std::string> formats;
  for (const FormatRow& row : feed_formats()) formats.emplace_back(row.name);
  Hint hint = did_you_mean(name.text, formats);
  if (hint.empty()) hint = "there is " + list_of(formats);
  reporter.error(name.span,
                 {"unknown-format", "there is no feed format " + quote(name.text), hint});
  return {};
}

std::optional<FeedField> read_field(const Name& name, FeedFormat format, Reporter& reporter) {
  const auto field = field_of(name.text);
  if (field && has_field(format, *field)) return field;
  std::vector<std::string> fields;
  for (const FeedField one : row_of(format).fields) fields.emplace_back(field_name(one));
  fields.emplace_back(field_name(FeedField::family));
  Hint hint = did_you_mean(name.text, fields);
  if (hint.empty()) hint = "it has " + list_of(fields);
  reporter.error(name.span, {"unknown-field",
                             "a feed in the format " + quote(row_of(format).name) +
                                 " has no field " + quote(name.text),
                             hint});
  return {};
}

std::optional<FeedReading> read_feed_reference(const FeedReference& reference, const Terms& terms,
                                               const FeedTable& feeds, Reporter& reporter) {
  return ReferenceReader(reference, terms, reporter).run(feeds);
}

}  // namespace sallyport
