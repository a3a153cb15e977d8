// SPDX-License-Identifier: GPL-2.0-or-later
// A draft from the entries of a vendor's feed. Entry point: draft_of_feed().
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/feeds/feed.h"
#include "compiler/import/draft.h"

namespace sallyport {

struct FeedDraftOptions {
  std::string vendor;
  std::string source;
  std::vector<FeedCondition> where = {};
  std::vector<Service> services = {};  // of entries without a port; empty: they become comments
  /// Given: the rules refer to the feed with filters, and copy only what no filter chooses.
  std::optional<DraftFeed> feed = {};
};

/// A part for each value of the field that says best what entries are for, the first that they have
/// of service, product, section, category and tag; a rule in it for each set of services. Entries
/// from which the vendor opens flows stand in parts of their own, as sources.
Draft draft_of_feed(const Feed& feed, const FeedDraftOptions& options);

}  // namespace sallyport
