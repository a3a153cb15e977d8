// SPDX-License-Identifier: GPL-2.0-or-later
// See service_words.h.
#include "compiler/import/service_words.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport {
namespace {

constexpr std::uint8_t no_protocol = 0;

struct Scheme {
  std::string_view name;
  std::uint8_t protocol;
  std::uint16_t port;
};
/// IANA's default port of each.
constexpr Scheme schemes[] = {
    {"https", protocol_tcp, 443}, {"http", protocol_tcp, 80},    {"wss", protocol_tcp, 443},
    {"ws", protocol_tcp, 80},     {"ftp", protocol_tcp, 21},     {"ftps", protocol_tcp, 990},
    {"ssh", protocol_tcp, 22},    {"sftp", protocol_tcp, 22},    {"ldap", protocol_tcp, 389},
    {"ldaps", protocol_tcp, 636}, {"smtp", protocol_tcp, 25},    {"smtps", protocol_tcp, 465},
    {"imaps", protocol_tcp, 993}, {"amqp", protocol_tcp, 5672},  {"amqps", protocol_tcp, 5671},
    {"mqtt", protocol_tcp, 1883}, {"mqtts", protocol_tcp, 8883}, {"sip", protocol_udp, 5060},
    {"sips", protocol_tcp, 5061}, {"stun", protocol_udp, 3478},  {"stuns", protocol_tcp, 5349},
    {"turn", protocol_udp, 3478}, {"turns", protocol_tcp, 5349}, {"rtsp", protocol_tcp, 554},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec != std::errc{} || result.ptr != end || text.empty()) return std::nullopt;
  return port;
}

/// How many single changes make one word the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

/// The protocols that one word names: `tcp`, `both`, `https`. `port` is set if the word has one.
std::vector<std::uint8_t> protocols_of(std::string_view word, std::optional<std::uint16_t>& port) {
  const std::string name = lower(word);
  if (name == "tcp" || name == "tls" || name == "ssl") return {protocol_tcp};
  if (name == "udp" || name == "dtls") return {protocol_udp};
  if (name == "both") return {protocol_tcp, protocol_udp};
  if (name == "quic" || name == "http/3" || name == "h3") {
    port = std::uint16_t{443};
    return {protocol_udp};
  }
  for (const Scheme& scheme : schemes) {
    if (scheme.name != name) continue;
    port = scheme.port;
    return {scheme.protocol};
  }
  return {};
}

}  // namespace

bool ServiceWords::take(std::string_view word, bool ports_expected) {
  while (!word.empty() && std::string_view("(:,;.").find(word.front()) != std::string_view::npos)
    word.remove_prefix(1);
  while (!word.empty() && std::string_view("):,;.").find(word.back()) != std::string_view::npos)
    word.remove_suffix(1);
  if (word.empty()) return false;
  if (take_protocols(word) || take_ports(word, ports_expected)) return true;
  // `TCP/443`, `443/tcp`, `tcp:443`, `TCP+UDP`, `tcp_443`: every piece must say something.
  const auto cut = word.find_first_of("/:+&_");
  if (cut == std::string_view::npos) return false;
  ServiceWords attempt = *this;
  for (std::string_view rest = word; !rest.empty();) {
    const auto end = rest.find_first_of("/:+&_");
    const std::string_view piece = rest.substr(0, end);
    const bool said = attempt.take_protocols(piece) || attempt.take_ports(piece, true);
    if (!said) return false;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  *this = std::move(attempt);
  return true;
}

bool ServiceWords::take_protocols(std::string_view word) {
  std::optional<std::uint16_t> port;
  const auto named = protocols_of(word, port);
  if (named.empty()) return false;
  ++protocols_seen_;
  // Ports that have no protocol yet get this one; so `443/tcp` and `443 tcp, 3478 udp` read well.
  const bool for_earlier = !groups_.empty() && !groups_.back().ports.empty() &&
                           (groups_.back().protocols.empty() || ports_first_);
  if (for_earlier && groups_.back().protocols.empty()) {
    groups_.back().protocols = named;
    ports_first_ = true;
    return true;
  }
  const bool joins = !groups_.empty() && (groups_.back().ports.empty() || ports_first_) && !port;
  if (!joins) groups_.emplace_back();
  auto& protocols = groups_.back().protocols;
  for (const std::uint8_t protocol : named) {
    if (std::ranges::find(protocols, protocol) == protocols.end()) protocols.push_back(protocol);
  }
  if (port) {
    groups_.back().ports.push_back({no_protocol, *port, *port});
    groups_.back().usual_port = true;
  }
  return true;
}

bool ServiceWords::take_ports(std::string_view word, bool ports_expected) {
  const std::string name = lower(word);
  std::optional<Service> ports;
  if (ports_expected && (name == "any" || name == "all" || name == "*")) {
    ports = Service{no_protocol, 0, 65535};
  } else {
    std::string dashed(word);
    for (const std::string_view dash : {"\u2013", "\u2014", ".."}) {
      if (const auto at = dashed.find(dash); at != std::string::npos)
        dashed.replace(at, dash.size(), "-");
    }
    const auto dash = dashed.find('-');
    const std::string_view text = dashed;
    const auto first = read_port(text.substr(0, dash));
    const auto last = dash == std::string::npos ? first : read_port(text.substr(dash + 1));
    if (!first || !last) return false;
    if (!ports_expected && protocols_seen_ == 0) return false;
    if (*first > *last) {
      faults_.push_back("the ports " + dashed + " go backwards: read as " + std::to_string(*last) +
                        "-" + std::to_string(*first));
    }
    if (*first == 433 && *last == 433) faults_.emplace_back("port 433: is 443 meant?");
    ports = Service{no_protocol, std::min(*first, *last), std::max(*first, *last)};
  }
  const bool fresh = groups_.empty() || (ports_first_ && !groups_.back().protocols.empty());
  if (fresh) groups_.emplace_back();
  if (groups_.back().usual_port) groups_.back().ports.clear();  // `https 8443`
  groups_.back().usual_port = false;
  groups_.back().ports.push_back(*ports);
  return true;
}

std::vector<Service> ServiceWords::services() const {
  std::vector<Service> services;
  for (const Group& group : groups_) {
    auto protocols = group.protocols;
    if (protocols.empty()) protocols = {protocol_tcp};
    for (const std::uint8_t protocol : protocols) {
      for (const Service& ports : group.ports) {
        const Service service{protocol, ports.first, ports.last};
        if (std::ranges::find(services, service) == services.end()) services.push_back(service);
      }
    }
  }
  return services;
}

std::vector<std::string> ServiceWords::remarks() const {
  std::vector<std::string> remarks = faults_;
  for (const Group& group : groups_) {
    if (group.protocols.empty() && !group.ports.empty())
      remarks.emplace_back("no protocol was stated: tcp is assumed");
  }
  return remarks;
}

std::optional<Service> service_of_scheme(std::string_view scheme) {
  const std::string name = lower(scheme);
  for (const Scheme& each : schemes) {
    if (each.name == name) return Service{each.protocol, each.port, each.port};
  }
  return std::nullopt;
}

std::optional<std::string> scheme_meant(std::string_view scheme) {
  const std::string name = lower(scheme);
  std::optional<std::string> nearest;
  std::size_t least = 3;  // changes; what differs more is another word
  for (const std::string_view common : {"https", "http", "wss", "ftp"}) {
    const std::size_t changes = distance(name, common);
    if (changes >= least || changes + 2 > common.size()) continue;
    least = changes;
    nearest = std::string(common);
  }
  return nearest;
}

}  // namespace sallyport
