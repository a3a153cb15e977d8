// SPDX-License-Identifier: GPL-2.0-or-later
// Vendors: the check of each on its own, and the rules that a `use` of one brings.
#pragma once

#include <vector>

#include "compiler/check/feeds.h"
#include "compiler/check/reporter.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// Checks names, types and every rule of every part with sample values for the parameters. The
/// rules are returned as far as they were sound, several times where the samples differ.
std::vector<Rule> check_vendor(const VendorStatement& vendor, const FeedTable& feeds,
                               Reporter& reporter);

struct UseReading {
  bool sound = true;
  std::vector<Rule> rules;                    // with their origin, without zone
  std::vector<const LoadedFeed*> feeds = {};  // of which the rules have entries
  bool has_empty_part = false;
};

/// The rules of the part, or of every part that is not optional, with the arguments applied. The
/// vendor must have passed check_vendor.
UseReading read_use(const UseStatement& use, const VendorStatement& vendor, const FeedTable& feeds,
                    Reporter& reporter);

}  // namespace sallyport
