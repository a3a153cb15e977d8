// SPDX-License-Identifier: GPL-2.0-or-later
// read_spot(): where in the language a cursor stands, read from the text in front of it, which
// needs not be complete or free of errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/lexer.h"
#include "compiler/syntax/words.h"

namespace sallyport::lsp {

struct Spot {
  Scope scope = Scope::file;
  std::string vendor;                  // in whose block it is; may be empty
  std::vector<std::string> statement;  // the words and marks of the statement under way
  std::string stem;                    // what touches the word under the cursor: `acme.`
  std::size_t begin = 0;               // of the word under the cursor
  std::size_t depth = 0;               // of parentheses and brackets
  bool starts_statement = false;       // a statement may begin here
  bool in_reference = false;           // behind the `{` of a reference
  bool in_text = false;                // inside a comment or a string

  /// The word or mark `back` places before the cursor; empty if there is none.
  std::string_view before(std::size_t back = 0) const;
  bool has(std::string_view word) const;
};

Spot read_spot(std::string_view text, std::size_t cursor);

}  // namespace sallyport::lsp
