// SPDX-License-Identifier: GPL-2.0-or-later
// sha256() by OpenSSL.
#include "compiler/image/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace sallyport {

Sha256 sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest{};
  // Fails only where OpenSSL has no SHA-256 or no memory; no bundle can be judged then.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return digest;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace sallyport
