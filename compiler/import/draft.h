// SPDX-License-Identifier: GPL-2.0-or-later
// Draft: a vendor file in the making, with what could not be read kept beside it. Entry point:
// draft_text().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/values/service.h"

namespace sallyport {

/// Something said about a line of what was imported.
struct DraftRemark {
  std::uint32_t line = 0;  // from 1; 0: the whole
  std::string text;        // one line, no full stop
  bool operator==(const DraftRemark&) const = default;
};

/// Destinations on the same services, or sources of flows that begin at the vendor.
struct DraftRule {
  std::string part;                       // a title as imported; empty: the only part
  bool inward = false;                    // in a part of its own: a `use` has one direction
  std::vector<Service> services;          // as stated, in order; empty: none was stated
  std::vector<std::string> destinations;  // as the language writes them, each once
  std::vector<DraftRemark> remarks;
};

/// `feed NAME = "FILE" as FORMAT`, for destinations that refer to it.
struct DraftFeed {
  std::string name;
  std::string file;
  std::string format;
};

struct Draft {
  std::string vendor;  // a declared name
  std::string source;  // what was imported, for the reader
  std::string seen;    // YYYY-MM-DD; may be empty
  std::optional<DraftFeed> feed;
  std::vector<std::string> parameters;  // labels that the destinations have as `{name}`
  std::vector<DraftRule> rules;
  std::vector<DraftRemark> unread;  // lines that gave nothing, as they are
};

/// Policy text that the checker accepts: a rule for each DraftRule with services, everything else
/// as comments.
std::string draft_text(const Draft& draft);

/// The text in quotes, as policy text writes it; empty if no policy text can hold it as it is.
std::optional<std::string> quoted_exactly(std::string_view text);

/// Lower-case letters, digits and hyphens of a text, as a declared name; `otherwise` if none is
/// left.
std::string declared_name(std::string_view text, const std::string& otherwise);

}  // namespace sallyport
