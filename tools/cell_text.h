// SPDX-License-Identifier: GPL-2.0-or-later
// How `query` and `diff` print cells, for people and as JSON.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/analysis/words.h"

namespace sallyport {

using Json = nlohmann::ordered_json;

/// The words of all cells; those that differ in the remote only are one.
std::vector<CellWords> words_of_all(const std::vector<Cell>& cells, const Extents& extents);

/// `staff -> a.example.com on tcp 443`, with every remote in place of the first ones if `all`.
std::string headline(const CellWords& words, bool all);

/// The rule with its place, indented, and from where it is used.
void print_rule(std::ostream& out, const CellWords& words);

Json cell_json(const CellWords& words);

}  // namespace sallyport
