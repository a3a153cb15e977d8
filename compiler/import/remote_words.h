// SPDX-License-Identifier: GPL-2.0-or-later
// Destinations as pages write them: URLs, hosts with ports, patterns, placeholders, addresses,
// prefixes, ranges. Entry point: read_remote().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/values/service.h"

namespace sallyport {

struct RemoteWord {
  std::string destination;          // as the language writes it; empty if the word is none
  std::optional<Service> service;   // of the scheme or port
  std::vector<std::string> labels;  // parameters for its placeholders
  std::vector<std::string> remarks;
  std::string fault;  // the word means to be a destination, but is none: why
};

/// Empty if the word has nothing of a destination.
std::optional<RemoteWord> read_remote(std::string_view word);

}  // namespace sallyport
