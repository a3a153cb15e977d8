// SPDX-License-Identifier: GPL-2.0-or-later
// check_vendor(): a vendor on its own, before anybody uses it.
#pragma once

#include "compiler/check/declarations.h"
#include "compiler/check/reporter.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// Checks names, types and every statement of every part with sample values for the parameters.
/// The vendors that its parts use are declared; one of them that was not checked yet counts as
/// sound. The rules are returned as far as they were sound, several times where the samples differ.
std::vector<Rule> check_vendor(const VendorStatement& vendor, const Declarations& declarations,
                               Reporter& reporter);

}  // namespace sallyport
