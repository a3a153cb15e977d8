// SPDX-License-Identifier: GPL-2.0-or-later
// Reads what people copy from a vendor's page: lists of URLs, hosts and addresses, tables, prose
// with names in it. Entry point: read_pasted().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/import/draft.h"

namespace sallyport {

struct PastedOptions {
  std::string vendor;             // a declared name
  std::string source;             // for the reader
  std::string seen;               // YYYY-MM-DD, or empty
  std::vector<Service> services;  // of entries that state none; empty: they become comments
};

/// Every line becomes destinations, remarks beside them, the title of a part, or an entry of
/// `unread`: none is dropped, but for blank lines and the rules of a table's frame. A heading is
/// the part of what stands under it.
Draft read_pasted(std::string_view text, const PastedOptions& options);

}  // namespace sallyport
