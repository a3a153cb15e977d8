// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the formatter: what parses is laid out, means the same afterwards, and is laid out the
// same again; what does not is refused.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "compiler/format/format.h"
#include "compiler/format/lexemes.h"
#include "compiler/syntax/parser.h"
#include "tests/unit/syntax/ast_equal.h"

namespace {

using namespace sallyport;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

std::string comments_of(const Source& source) {
  std::string all;
  for (const Lexeme& one : read_lexemes(source, {})) {
    for (const Comment& comment : one.before) all.append(comment.text).append("\n");
    if (!one.after.empty()) all.append(one.after).append("\n");
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Source source("fuzz.sally", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  const Policy policy = parse(source, diagnostics);
  Diagnostics again;
  const auto text = format(source, again);
  require(text.has_value() == !diagnostics.has_errors(), "exactly what parses is laid out");
  if (!text) return 0;

  const Source laid("laid.sally", *text);
  const Policy reread = parse(laid, again);
  require(!again.has_errors(), "formatted text parses");
  require(equal(policy, reread), "formatted text means the same");
  require(comments_of(source) == comments_of(laid), "all comments are kept, in order");
  require(format(laid, again) == text, "formatting is a fixed point");
  require(text->find(" \n") == std::string::npos, "no line ends with a blank");
  require(text->find("\n\n\n") == std::string::npos, "at most one empty line");
  return 0;
}
