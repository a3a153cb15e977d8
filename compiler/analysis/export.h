// SPDX-License-Identifier: GPL-2.0-or-later
// What a Program opens, as lists for firewalls that are not ours, with everything that such a list
// cannot say. Entry point: export_cells().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/analysis/extent.h"
#include "compiler/analysis/openings.h"

namespace sallyport {

/// `list`: an entry a line. `semicolon`: IPv4 addresses and prefixes with `;` between them and no
/// blanks. `edl`: an external dynamic list, of addresses or of domains. `csv`: a row for each zone,
/// protocol and remote, which keeps all but nothing else reads.
enum class ExportFormat : std::uint8_t { list, semicolon, edl, csv };

enum class ExportKind : std::uint8_t { both, addresses, names };

struct ExportOptions {
  ExportFormat format = ExportFormat::list;
  ExportKind kind = ExportKind::both;
  bool ipv4_only = false;  // leave IPv6 out, knowing that
};

struct Exported {
  std::string text;
  std::vector<std::string> holds_for;  // of every entry: "from staff", "on tcp 443"
  std::vector<std::string> left_out;   // as the options ask
  /// What the format cannot say, so that a firewall with the list opens more or less.
  std::vector<std::string> losses;
  std::size_t entries = 0;
};

/// `cells` are openings() of the program of `extents`, perhaps narrowed.
Exported export_cells(const std::vector<Cell>& cells, const Extents& extents,
                      const ExportOptions& options);

/// The fewest prefixes that together are the set.
std::vector<AddressRange> prefixes_of(const AddressSet& set);

}  // namespace sallyport
