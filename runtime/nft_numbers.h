// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers that the kernel and nft(8) give to what the model names.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/nft/table.h"

namespace sallyport {

/// Of nft(8): what the key is made of; the kernel only keeps it.
std::uint32_t nft_type_number(const std::vector<nft::KeyPart>& parts);
std::uint32_t nft_set_flags(const nft::Set& set);
bool holds_verdicts(const nft::Set& set);
std::uint32_t nft_hook_number(nft::Hook hook);

}  // namespace sallyport
