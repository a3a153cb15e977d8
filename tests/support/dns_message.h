// SPDX-License-Identifier: GPL-2.0-or-later
// DNS messages written by hand, for answers that no real server gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/values/address.h"

namespace sallyport::test {

using Bytes = std::vector<std::uint8_t>;

namespace dns {
inline constexpr std::uint16_t type_a = 1, type_cname = 5, type_soa = 6, type_txt = 16,
                               type_aaaa = 28;
inline constexpr std::uint16_t class_in = 1, class_chaos = 3;
// The flags of a usual answer: QR, RD and RA.
inline constexpr std::uint16_t answer_flags = 0x8180, truncated = 0x0200;

/// Labels with their lengths and the final zero, letters as written.
Bytes wire_name(std::string_view text);
}  // namespace dns

/// An answer with one question; records are added in order.
class DnsMessage {
 public:
  DnsMessage(std::string_view name, std::uint16_t type, std::uint16_t klass = dns::class_in);

  DnsMessage& id(std::uint16_t number);
  DnsMessage& flags(std::uint16_t bits);
  DnsMessage& rcode(unsigned code);
  DnsMessage& a(std::string_view owner, std::string_view address, std::uint32_t ttl = 300);
  DnsMessage& aaaa(std::string_view owner, std::string_view address, std::uint32_t ttl = 300);
  DnsMessage& cname(std::string_view owner, std::string_view target, std::uint32_t ttl = 300);
  /// Any record of the answer section.
  DnsMessage& record(const Bytes& owner, std::uint16_t type, std::uint16_t klass, std::uint32_t ttl,
                     const Bytes& content);
  /// In the authority section; no answer record may follow.
  DnsMessage& soa(std::string_view owner, std::uint32_t ttl, std::uint32_t minimum);
  /// Overwrites a count of the header: 0 questions, 1 answers, 2 authority, 3 additional.
  DnsMessage& count(unsigned section, std::uint16_t number);

  const Bytes& bytes() const { return bytes_; }

 private:
  void add(unsigned section, const Bytes& owner, std::uint16_t type, std::uint16_t klass,
           std::uint32_t ttl, const Bytes& content);
  Bytes bytes_;
};

}  // namespace sallyport::test
