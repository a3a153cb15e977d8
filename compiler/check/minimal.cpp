// SPDX-License-Identifier: GPL-2.0-or-later
// The comparison of two parts is that of two programs, one for each.
#include "compiler/check/minimal.h"

#include "compiler/analysis/openings.h"
#include "compiler/analysis/words.h"

namespace sallyport {
namespace {

Program program_of(const std::vector<Rule>& rules, const std::vector<Derivation>& derivations) {
  Program program;
  program.derivations = derivations;
  program.rules = rules;
  return program;
}

}  // namespace

std::optional<std::string> outside_of(const std::vector<Rule>& minimal,
                                      const std::vector<Rule>& full,
                                      const std::vector<Derivation>& derivations) {
  const Program part = program_of(minimal, derivations);
  const Program whole = program_of(full, derivations);
  const std::vector<Cell> cells = openings(part, &whole);
  if (cells.empty()) return {};
  const CellWords words = words_of(cells.front(), Extents(part));
  return words.services + " to " + list_text(words.remotes, 3);
}

}  // namespace sallyport
