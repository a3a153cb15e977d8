// SPDX-License-Identifier: GPL-2.0-or-later
// See given.h.
#include "tools/given.h"

namespace sallyport {

std::expected<void, std::string> read_given(const std::string& text, Bindings& bindings) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    return std::unexpected("`" + text +
                           "` is no binding: `relay.example.net=198.51.100.7` was expected");
  const auto name = HostName::parse(text.substr(0, equals));
  if (!name)
    return std::unexpected("`" + text.substr(0, equals) + "` is no host name: " + name.error());
  const auto address = Address::parse(text.substr(equals + 1));
  if (!address) return std::unexpected("`" + text.substr(equals + 1) + "` is no address");
  bindings[*name].insert(*address);
  return {};
}

}  // namespace sallyport
