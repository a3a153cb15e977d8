// SPDX-License-Identifier: GPL-2.0-or-later
// check(): Policy to Program. Resolves names, applies parameters, expands; reports everything that
// is wrong.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/feeds/feed.h"
#include "compiler/feeds/formats.h"
#include "compiler/program/program.h"
#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// A declared feed, read.
struct LoadedFeed {
  FeedFormat format = FeedFormat::cidr_list;
  Feed feed;
  FeedSource source;  // has the name that was declared
};

/// One file and what it declares; the root file is first, imports follow in the order of first
/// mention.
struct Module {
  const Source* source = nullptr;
  Policy policy;
  std::vector<std::size_t> imports = {};  // indices of the modules whose vendors it may use
  std::vector<LoadedFeed> feeds = {};     // each that the file declares
};

/// Checks every vendor on its own (parts with sample values for the parameters), every zone and
/// resolver, and the policies of the root file; those of other files are examples beside vendors.
/// Zones and resolvers are shared by all modules; vendors are seen by the root file and by the
/// files that import them. Returns one Program per policy of the root file that has no errors, in
/// source order.
std::vector<Program> check(const std::vector<Module>& modules, Diagnostics& diagnostics,
                           const std::set<std::string>& capabilities = {});

}  // namespace sallyport
