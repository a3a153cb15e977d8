// SPDX-License-Identifier: GPL-2.0-or-later
// Cells in words: zones, names and addresses as the policy writes them, not as the algebra cuts
// them. Entry point: words_of().
#pragma once

#include <string>
#include <vector>

#include "compiler/analysis/extent.h"
#include "compiler/analysis/openings.h"
#include "compiler/program/program.h"

namespace sallyport {

struct CellWords {
  std::string direction;                 // "outward" or "inward"
  std::string zone;                      // "any" without one
  std::string local;                     // the part of the zone: "10.20.1.0/24"; empty: all of it
  std::vector<std::string> remotes;      // "a.example.com", "192.0.2.0/24", "anywhere"
  std::string where;                     // "except at 192.0.2.66"; empty: wherever they are
  std::string services;                  // "tcp 443 or udp 3478"
  std::string days;                      // "from 2026-01-01 until 2026-02-01"; empty: always
  std::string vlans;                     // "10, 20-29"; empty: the zone's, or all
  std::string view;                      // the resolver that is asked; empty: all
  std::string example;                   // of a pattern that is new in part: one of its new names
  std::string rule, place, use, vendor;  // vendor.part; use and vendor may be empty
};

/// `extents` are of the program whose openings() gave the cell.
CellWords words_of(const Cell& cell, const Extents& extents);

/// "staff", "any (10.30.0.0/16)": zone and part.
std::string local_text(const CellWords& words);

/// The local side by itself, whatever zone its rule stands under: "staff, dmz", "any",
/// "10.20.1.0/24".
std::string local_name(const AddressSet& local, const Program& program);

/// `g0-{1}-sb.example.com` with the alias that its label comes from.
std::string derived_text(const DerivedName& name, const Program& program);

/// Of many, the first `most` and how many more.
std::string list_text(const std::vector<std::string>& list, std::size_t most);

}  // namespace sallyport
