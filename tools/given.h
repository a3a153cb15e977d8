// SPDX-License-Identifier: GPL-2.0-or-later
// `--given NAME=ADDR`: a name's address as the user says it.
#pragma once

#include <expected>
#include <string>

#include "compiler/program/evaluator.h"

namespace sallyport {

/// Adds the binding; the error is for the user.
std::expected<void, std::string> read_given(const std::string& text, Bindings& bindings);

}  // namespace sallyport
