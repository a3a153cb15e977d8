// SPDX-License-Identifier: GPL-2.0-or-later
// Values of vendor parameters: read from arguments and defaults by the parameter's type, or made up
// for the check of a vendor by itself.
#pragma once

#include <string>
#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// `a label`, `a list of host`, `one of public | china`.
std::string type_text(const ParamStatement& param);

/// The value as the parameter's type, with `terms` for what its words refer to; after an error was
/// reported, a term with a silent fault.
Term read_value(const ParamStatement& param, const Value& value, const Terms& terms,
                Reporter& reporter);

/// What a parameter stands for in a `use` that gives no value: its default, or the fault of a
/// missing parameter, shown at the reference.
Term default_value(const ParamStatement& param);

/// Sample values with which a vendor is checked: the first has the first choice of each one-of and
/// one element in each list; the others take one further choice each, the last has lists of two.
std::vector<std::vector<Term>> sample_values(const std::vector<ParamStatement>& params);

}  // namespace sallyport
