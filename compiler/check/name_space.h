// SPDX-License-Identifier: GPL-2.0-or-later
// NameSpace: the names declared in one space, where each may be declared once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "compiler/check/reporter.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

class NameSpace {
 public:
  /// `kind` completes "the ... `x` is declared twice". False after that was reported.
  bool declare(const Name& name, std::string_view kind, Reporter& reporter);

 private:
  std::map<std::string, Span> first_;
};

}  // namespace sallyport
