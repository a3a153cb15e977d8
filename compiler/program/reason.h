// SPDX-License-Identifier: GPL-2.0-or-later
// The words of the reasons why a packet passes or drops (SP_REASONS in bpf/abi.h), both ways.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"

namespace sallyport {

/// `no-rule`, `denied`, `rule`: without `pass` or `drop` in front.
std::string reason_name(SpReason reason);
/// `no rule allows it`, for people.
std::string_view reason_words(SpReason reason);

/// The reason with that name among those of packets that pass, or of those that drop.
std::optional<SpReason> reason_named(std::string_view name, bool passes);
std::vector<std::string> reason_names(bool passes);

}  // namespace sallyport
