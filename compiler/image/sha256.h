// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace sallyport {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::span<const std::uint8_t> bytes);
/// The digests of `first`, and of it and `rest` together; `first` is read once.
std::array<Sha256, 2> sha256_of_both(std::span<const std::uint8_t> first,
                                     std::span<const std::uint8_t> rest);
/// Lower-case hex digits.
std::string hex(std::span<const std::uint8_t> bytes);

}  // namespace sallyport
