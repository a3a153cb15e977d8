// SPDX-License-Identifier: GPL-2.0-or-later
// See given.h.
#include "tools/given.h"

#include <algorithm>

namespace sallyport {

std::expected<ViewedName, std::string> read_viewed(const std::string& text) {
  const std::string mark = " via ";
  const std::size_t at = std::min(text.find(mark), text.size());
  const auto name = HostName::parse(text.substr(0, at));
  if (!name)
    return std::unexpected("`" + text.substr(0, at) + "` is no host name: " + name.error());
  return ViewedName(*name, at == text.size() ? "" : text.substr(at + mark.size()));
}

std::expected<void, std::string> read_alias(const std::string& text, Aliases& aliases) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const auto name = read_viewed(text.substr(0, equals));
  if (!name) return std::unexpected(name.error());
  const auto target = HostName::parse(text.substr(std::min(equals + 1, text.size())));
  if (!target) {
    return std::unexpected("`" + text +
                           "` is no alias: `relay.example.net=ns-eu1.example.com` was expected");
  }
  aliases.insert_or_assign(*name, *target);
  return {};
}

std::expected<void, std::string> read_given(const std::string& text, Bindings& bindings) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    return std::unexpected("`" + text +
                           "` is no binding: `relay.example.net=198.51.100.7` was expected");
  const auto name = read_viewed(text.substr(0, equals));
  if (!name) return std::unexpected(name.error());
  const auto address = Address::parse(text.substr(equals + 1));
  if (!address) return std::unexpected("`" + text.substr(equals + 1) + "` is no address");
  bindings[*name].insert(*address);
  return {};
}

}  // namespace sallyport
