// SPDX-License-Identifier: GPL-2.0-or-later
// FeedTable: the feeds that files declare. read_feed_reference(): what `feed NAME where ...` takes
// from one. read_format() and read_field(): the words with which a feed is spoken of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"

namespace sallyport {

/// A feed belongs to the file that declares it; other files may use the name for another one.
class FeedTable {
 public:
  /// Reports names declared twice. The modules must outlive the table.
  FeedTable(const std::vector<Module>& modules, Reporter& reporter);

  const LoadedFeed* find(const Source* file, std::string_view name) const;
  std::vector<std::string> names(const Source* file) const;
  /// In the order of modules and statements.
  const std::vector<const LoadedFeed*>& all() const { return all_; }

 private:
  std::map<std::pair<const Source*, std::string>, const LoadedFeed*> feeds_;
  std::vector<const LoadedFeed*> all_;
};

/// What a rule takes of a feed, and where it says so.
struct FeedChoice {
  const LoadedFeed* feed = nullptr;
  std::vector<FeedCondition> conditions;
  Span span;  // of the reference
  bool allowed = false;
};

struct FeedReading {
  FeedChoice choice;
  std::vector<const FeedEntry*> entries;
  /// A vendor is checked on its own and the value of a filter is a sample: what it chooses will be
  /// known at the `use`.
  bool deferred = false;
};

/// Empty after an error was reported.
std::optional<FeedFormat> read_format(const Name& name, Reporter& reporter);
std::optional<FeedField> read_field(const Name& name, FeedFormat format, Reporter& reporter);

/// Empty after an error was reported. Without entries only where an empty list left a filter
/// without values (C1); any other selection of nothing is an error.
std::optional<FeedReading> read_feed_reference(const FeedReference& reference, const Terms& terms,
                                               const FeedTable& feeds, Reporter& reporter);

}  // namespace sallyport
