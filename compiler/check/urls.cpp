// SPDX-License-Identifier: GPL-2.0-or-later
// Pages of vendors are full of URLs; of these the host stays, and the scheme becomes a port.
#include "compiler/check/urls.h"

#include <algorithm>
#include <array>
#include <string>

#include "compiler/source/wording.h"
#include "compiler/values/host_name.h"

namespace sallyport {
namespace {

struct Scheme {
  std::string_view name;
  std::string_view port;
};
// IANA, Uniform Resource Identifier Schemes, with the port of each.
constexpr Scheme schemes[] = {{"ftp", "21"},   {"http", "80"},   {"https", "443"},
                              {"ldap", "389"}, {"ldaps", "636"}, {"sftp", "22"},
                              {"ssh", "22"},   {"ws", "80"},     {"wss", "443"}};

struct Url {
  std::string_view scheme;  // empty: none was written
  std::string_view host;
  std::string_view port;
  std::string_view path;  // with its slash
};

Url split(std::string_view text) {
  Url url;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    url.scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.path = text.substr(slash);
  text = text.substr(0, slash);
  const std::size_t colon = std::min(text.find(':'), text.size());
  url.host = text.substr(0, colon);
  if (colon < text.size()) url.port = text.substr(colon + 1);
  return url;
}

const Scheme* find_scheme(std::string_view name) {
  const auto found = std::ranges::find(schemes, name, &Scheme::name);
  return found == std::end(schemes) ? nullptr : &*found;
}

/// The scheme that was meant by one that there is not, or null.
const Scheme* meant_scheme(std::string_view name) {
  std::array<std::string_view, std::size(schemes)> names;
  std::ranges::transform(schemes, names.begin(), &Scheme::name);
  return find_scheme(closest(name, names));
}

}  // namespace

bool is_name_or_pattern(std::string_view text) {
  return NamePattern::looks_like_pattern(text) ? NamePattern::parse(text).has_value()
                                               : HostName::parse(text).has_value();
}

std::optional<Complaint> complaint_of_url(std::string_view text) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  if (!has_scheme && text.find('/') == std::string_view::npos) return {};
  const Url url = split(text);
  const bool has_path = url.path.size() > 1;
  std::string message = quote(text) + " is a URL: no packet filter sees its " +
                        (!has_scheme ? "path"
                         : has_path  ? "scheme and path"
                                     : "scheme");
  const Scheme* scheme = find_scheme(url.scheme);
  if (has_scheme && !scheme) {
    scheme = meant_scheme(url.scheme);
    if (scheme) {
      message += ", and " + quote(url.scheme) + " is a slip for " + quote(scheme->name);
    }
  }
  if (!is_name_or_pattern(url.host)) return Complaint{"url", std::move(message)};
  const std::string_view port = !url.port.empty() ? url.port : scheme ? scheme->port : "";
  const std::string title = "write the host " + quote(url.host) + ", and " +
                            (port.empty() ? "the port" : quote("tcp " + std::string(port))) +
                            " in front of `to`";
  // Behind a path, the host is more than what was written: that is for the author to say.
  return Complaint{"url",
                   std::move(message),
                   {title, {{std::string(text), std::string(url.host), title, !has_path}}}};
}

}  // namespace sallyport
