// SPDX-License-Identifier: GPL-2.0-or-later
// ast_text(): a Policy back to policy text, in one canonical form. It parses to an equal Policy,
// spans aside; comments and notes are not kept.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace sallyport {

std::string ast_text(const Policy& policy);
std::string ast_text(const RuleStatement& rule);
std::string ast_text(const Word& word);

}  // namespace sallyport
