// SPDX-License-Identifier: GPL-2.0-or-later
// `--given NAME=ADDR` and `--alias NAME=TARGET`: what the DNS has, as the user says it.
#pragma once

#include <expected>
#include <string>

#include "compiler/program/evaluator.h"

namespace sallyport {

/// `relay.example.net`, or `relay.example.net via vpn`; the error is for the user, here and below.
std::expected<ViewedName, std::string> read_viewed(const std::string& text);
/// Adds the target of an alias.
std::expected<void, std::string> read_alias(const std::string& text, Aliases& aliases);
/// Adds the binding.
std::expected<void, std::string> read_given(const std::string& text, Bindings& bindings);

}  // namespace sallyport
