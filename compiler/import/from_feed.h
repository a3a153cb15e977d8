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
  std::vector<FeedCondition> where;
  std::vector<Service> services;  // of entries without a port; empty: they become comments
};

/// A part for each value of the field that divides the feed best (service, product, section,
/// category, tag), a rule in it for each set of services. Entries for the other direction are told,
/// not written.
Draft draft_of_feed(const Feed& feed, const FeedDraftOptions& options);

}  // namespace sallyport
