// SPDX-License-Identifier: GPL-2.0-or-later
// The proof in small, before a ruleset may judge a packet: boundary packets of the program in a
// private network. Entry point: nft_self_test().
#pragma once

#include <string>

#include "compiler/image/image.h"
#include "compiler/program/program.h"
#include "compiler/values/error.h"

namespace sallyport {

/// Fails if nftables decides otherwise than the evaluator; `subject` completes "cannot use ...".
/// `false`: this system makes no private network, or would need too long to load the ruleset twice,
/// and nothing was tried; `why` says so.
Result<bool> nft_self_test(const std::string& subject, const Program& program, const Image& image,
                           std::string& why);

}  // namespace sallyport
