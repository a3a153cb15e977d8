// SPDX-License-Identifier: GPL-2.0-or-later
// sha256() and sha256_of_both() by OpenSSL.
#include "compiler/image/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace sallyport {
namespace {

/// Fails only where OpenSSL has no SHA-256 or no memory; no bundle can be judged then.
void demand(int status) {
  if (status != 1) std::abort();
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

Context make_context() {
  Context context(EVP_MD_CTX_new());
  demand(context ? 1 : 0);
  return context;
}

}  // namespace

Sha256 sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest{};
  demand(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr));
  return digest;
}

std::array<Sha256, 2> sha256_of_both(std::span<const std::uint8_t> first,
                                     std::span<const std::uint8_t> rest) {
  const Context whole = make_context();
  demand(EVP_DigestInit_ex(whole.get(), EVP_sha256(), nullptr));
  demand(EVP_DigestUpdate(whole.get(), first.data(), first.size()));
  const Context part = make_context();
  demand(EVP_MD_CTX_copy_ex(part.get(), whole.get()));
  demand(EVP_DigestUpdate(whole.get(), rest.data(), rest.size()));
  std::array<Sha256, 2> digests{};
  demand(EVP_DigestFinal_ex(part.get(), digests[0].data(), nullptr));
  demand(EVP_DigestFinal_ex(whole.get(), digests[1].data(), nullptr));
  return digests;
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
