// SPDX-License-Identifier: GPL-2.0-or-later
// m365: the endpoint sets of the Microsoft 365 web service. An entry set has names, addresses or
// both, and the ports they are dialled on.
#include <string>
#include <string_view>
#include <vector>

#include "compiler/feeds/formats.h"
#include "compiler/feeds/schema.h"
#include "compiler/values/service.h"

namespace sallyport {
namespace {

/// `443,80` as `tcp 443` and `tcp 80`.
void append_ports(std::vector<FeedAttribute>& attributes, const JsonObject& set,
                  std::string_view key, std::string_view protocol, FeedBuilder& feed) {
  std::string_view rest = set.text(key);
  while (set.has(key)) {
    const auto comma = rest.find(',');
    std::string_view port = rest.substr(0, comma);
    while (port.starts_with(' ')) port.remove_prefix(1);
    const std::string text = std::string(protocol) + " " + std::string(port);
    if (!Service::parse(text)) {
      feed.fail(set.member(key), shown_word(port) + " is no port and no range of ports");
    }
    attributes.push_back({FeedField::port, text});
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

/// `<tenant>` stands for one label, or for a part of one.
std::string with_patterns(std::string_view url) {
  std::string name;
  while (!url.empty()) {
    const auto open = url.find('<');
    const auto close = open == std::string_view::npos ? open : url.find('>', open);
    if (close == std::string_view::npos) return name + std::string(url);
    const bool whole = open == 0 && name.empty() && url.substr(close + 1).starts_with('.');
    name += std::string(url.substr(0, open)) + (whole ? "?" : "*");
    url.remove_prefix(close + 1);
  }
  return name;
}

}  // namespace

void read_m365(const JsonValue& root, FeedBuilder& feed) {
  for (const JsonValue& value : elements(root, feed)) {
    const JsonObject set(
        value, feed,
        {{"id", "serviceArea", "serviceAreaDisplayName", "expressRoute", "category", "required"},
         {"urls", "ips", "tcpPorts", "udpPorts", "notes"}});
    set.boolean("expressRoute");
    set.boolean("required");
    set.text("notes");
    set.text("serviceAreaDisplayName");
    const bool required = set.member("required").truth;
    std::vector<FeedAttribute> attributes{
        {FeedField::tag, required ? "required" : "optional"},
        {FeedField::service, std::string(set.text("serviceArea"))},
        {FeedField::category, std::string(set.text("category"))},
        {FeedField::section, std::string(set.number("id"))}};
    append_ports(attributes, set, "tcpPorts", "tcp", feed);
    append_ports(attributes, set, "udpPorts", "udp", feed);
    if (!set.has("urls") && !set.has("ips")) {
      feed.fail(value, "expected `urls` or `ips`, or both");
    }
    if (feed.failed()) return;
    feed.set_attributes(std::move(attributes));
    for (const JsonValue& url : set.array("urls")) feed.add_name(url, with_patterns(url.text));
    add_addresses(set, "ips", feed);
  }
}

}  // namespace sallyport
