// SPDX-License-Identifier: GPL-2.0-or-later
// parse(): runs the grammar over a file and puts its reports in the order of the text.
#include "compiler/syntax/parser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compiler/syntax/grammar.h"

namespace sallyport {
namespace {

constexpr std::size_t largest_file = 64u << 20;

}  // namespace

Policy parse(const Source& source, Diagnostics& diagnostics,
             std::vector<std::uint32_t>* statements) {
  if (source.text().size() > largest_file) {
    diagnostics.error("file-too-large", {&source, 0, 0},
                      "the file has " + std::to_string(source.text().size()) +
                          " bytes, expected at most " + std::to_string(largest_file));
    return {};
  }
  Diagnostics found;
  Parser parser(source, found);
  Policy policy = parser.file();
  if (statements) *statements = parser.statements();
  // The lexer is ahead of the parser: only sorting puts their reports in the order of the text.
  std::vector<const Diagnostic*> ordered;
  for (const Diagnostic& one : found.all()) ordered.push_back(&one);
  std::ranges::sort(ordered, {}, [](const Diagnostic* one) {
    return std::pair{one->span.begin, one};  // at one place, in the order of reporting
  });
  for (const Diagnostic* one : ordered) {
    diagnostics.error(one->code, one->span, one->message) = *one;
  }
  if (found.errors() >= error_limit) {
    diagnostics.error("too-many-errors", ordered.back()->span,
                      "reading stops here after " + std::to_string(found.errors()) + " errors");
  }
  return policy;
}

}  // namespace sallyport
