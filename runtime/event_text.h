// SPDX-License-Identifier: GPL-2.0-or-later
// An event of the datapath in words: who was let through to whom, or was not, and by which rule.
// Entry point: event_text().
#pragma once

#include <span>
#include <string>

#include "bpf/abi.h"
#include "compiler/image/image.h"

namespace sallyport {

/// The address on the far side, whose names are worth knowing.
Address remote_of(const SpEvent& event);

/// `log drop 10.20.1.7 -> 192.0.2.66 tcp 443 (gateway.sally:14: deny any to 192.0.2.66)`. `names`
/// are those of remote_of(); the first few are told.
std::string event_text(const SpEvent& event, const Image& image, std::span<const ViewedName> names);

/// The rule as it is told there: `gateway.sally:14: deny any to 192.0.2.66`.
std::string logged_rule_text(const ImageRule& rule);

}  // namespace sallyport
