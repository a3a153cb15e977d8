// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the parser: any bytes give a Policy and diagnostics that can be rendered; a Policy without
// errors is printed, parses back to an equal one, and is printed the same again.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "compiler/source/diagnostics.h"
#include "compiler/syntax/ast_text.h"
#include "compiler/syntax/lexer.h"
#include "compiler/syntax/parser.h"
#include "tests/unit/syntax/ast_equal.h"

namespace {

using namespace sallyport;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Source source("fuzz.sally", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  const Policy policy = parse(source, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    require(diagnostic.span.begin <= diagnostic.span.end && diagnostic.span.end <= size,
            "a span lies inside its source");
  }
  require(diagnostics.errors() <= error_limit + 8, "the number of errors is bounded");
  const std::string shown = render(diagnostics, false);
  require(shown.find('\x1b') == std::string::npos, "no terminal controls are shown");
  if (diagnostics.has_errors()) return 0;

  const Source printed("printed.sally", ast_text(policy));
  Diagnostics again;
  const Policy reread = parse(printed, again);
  require(!again.has_errors(), "printed text parses");
  require(equal(policy, reread), "printed text means the same");
  require(ast_text(reread) == printed.text(), "printing is a fixed point");
  return 0;
}
