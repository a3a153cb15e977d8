// SPDX-License-Identifier: GPL-2.0-or-later
// Protocols and ports in the many ways in which pages write them. Entry point: ServiceWords.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/values/service.h"

namespace sallyport {

/// What was said about protocols and ports, word by word: `TCP 443`, `443/tcp`, `UDP: 3478-3481`,
/// `TCP/UDP`, `80, 443 (TCP)`.
class ServiceWords {
 public:
  /// False if the word says nothing of a service. A bare number counts as a port only where
  /// `ports_expected`.
  bool take(std::string_view word, bool ports_expected);

  bool empty() const { return protocols_seen_ == 0 && groups_.empty(); }
  /// In the order stated; empty if ports or protocols are missing. A port without a protocol is
  /// taken as TCP.
  std::vector<Service> services() const;
  /// What the reader of the draft should know: `no protocol was stated: tcp is assumed`.
  std::vector<std::string> remarks() const;

 private:
  struct Group {
    std::vector<std::uint8_t> protocols;
    std::vector<Service> ports;  // with protocol 0
    bool usual_port = false;     // what the name of the protocol implies
  };
  bool take_protocols(std::string_view word);
  bool take_ports(std::string_view word, bool ports_expected);

  std::vector<Group> groups_;
  std::size_t protocols_seen_ = 0;
  bool ports_first_ = false;  // `443/tcp`: a protocol belongs to the ports before it
  std::vector<std::string> faults_;
};

/// What a URL's scheme stands for; `tcp 443` for `https`. Empty for an unknown one.
std::optional<Service> service_of_scheme(std::string_view scheme);
/// The known scheme that a mistyped one was meant to be; empty if none is near.
std::optional<std::string> scheme_meant(std::string_view scheme);

}  // namespace sallyport
