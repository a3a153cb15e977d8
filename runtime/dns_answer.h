// SPDX-License-Identifier: GPL-2.0-or-later
// What a DNS message says about one name and one family: a small bounded decoder for this one
// purpose (N18), with every check that the message answers this very question (N4, N6, N7).
#pragma once

#include <cstdint>
#include <span>

#include "runtime/lookup.h"

namespace sallyport {

/// Takes any bytes. Record order does not matter; addresses come sorted, each once, at most 256.
/// A truncated message is a failure: ask again over TCP before.
Answer decode_answer(std::span<const std::uint8_t> message, const HostName& name, Family family);

/// The same for a question for the name's CNAME record.
AliasAnswer decode_alias(std::span<const std::uint8_t> message, const HostName& name);

}  // namespace sallyport
