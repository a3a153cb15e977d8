// SPDX-License-Identifier: GPL-2.0-or-later
// Domains below which anybody can have a name. Entry points: find_shared_within(), shared_above(),
// is_public_suffix().
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

struct SharedSuffix {
  std::string_view domain;
  std::string_view owner;
  bool shares_addresses;  // names of different customers are answered with the same addresses
};

/// A shared suffix that is `domain` or lies below it; null if none is known.
const SharedSuffix* find_shared_within(std::string_view domain);

/// The shared suffix that the name lies below; null if none is known.
const SharedSuffix* shared_above(std::string_view name);

/// True if a registry gives out names directly below the domain: `com`, `co.uk` (the section ICANN
/// of the public suffix list).
bool is_public_suffix(std::string_view domain);
/// True if a company gives out names directly below the domain (the list's section PRIVATE).
bool is_private_suffix(std::string_view domain);

}  // namespace sallyport
