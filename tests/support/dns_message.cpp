// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 1035 section 4, without compression. See dns_message.h.
#include "tests/support/dns_message.h"

#include <algorithm>

namespace sallyport::test {
namespace {

void put16(Bytes& bytes, std::size_t at, unsigned number) {
  bytes[at] = static_cast<std::uint8_t>(number >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(number);
}

void append16(Bytes& bytes, unsigned number) {
  bytes.resize(bytes.size() + 2);
  put16(bytes, bytes.size() - 2, number);
}

void append32(Bytes& bytes, std::uint32_t number) {
  append16(bytes, number >> 16);
  append16(bytes, number & 0xffffU);
}

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

Bytes address_bytes(std::string_view text) {
  const Address address = Address::parse(text).value();
  const auto bytes = address.bytes();
  return {bytes.begin(), bytes.begin() + width_of(address.family) / 8};
}

}  // namespace

Bytes dns::wire_name(std::string_view text) {
  Bytes wire;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    wire.push_back(static_cast<std::uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  wire.push_back(0);
  return wire;
}

DnsMessage::DnsMessage(std::string_view name, std::uint16_t type, std::uint16_t klass)
    : bytes_(12) {
  flags(dns::answer_flags);
  count(0, 1);
  append(bytes_, dns::wire_name(name));
  append16(bytes_, type);
  append16(bytes_, klass);
}

DnsMessage& DnsMessage::id(std::uint16_t number) {
  put16(bytes_, 0, number);
  return *this;
}

DnsMessage& DnsMessage::flags(std::uint16_t bits) {
  put16(bytes_, 2, bits);
  return *this;
}

DnsMessage& DnsMessage::rcode(unsigned code) {
  bytes_[3] = static_cast<std::uint8_t>((bytes_[3] & 0xf0U) | code);
  return *this;
}

DnsMessage& DnsMessage::a(std::string_view owner, std::string_view address, std::uint32_t ttl) {
  return record(dns::wire_name(owner), dns::type_a, dns::class_in, ttl, address_bytes(address));
}

DnsMessage& DnsMessage::aaaa(std::string_view owner, std::string_view address, std::uint32_t ttl) {
  return record(dns::wire_name(owner), dns::type_aaaa, dns::class_in, ttl, address_bytes(address));
}

DnsMessage& DnsMessage::cname(std::string_view owner, std::string_view target, std::uint32_t ttl) {
  return record(dns::wire_name(owner), dns::type_cname, dns::class_in, ttl, dns::wire_name(target));
}

DnsMessage& DnsMessage::record(const Bytes& owner, std::uint16_t type, std::uint16_t klass,
                               std::uint32_t ttl, const Bytes& content) {
  add(1, owner, type, klass, ttl, content);
  return *this;
}

DnsMessage& DnsMessage::soa(std::string_view owner, std::uint32_t ttl, std::uint32_t minimum) {
  Bytes content = dns::wire_name("ns.example.com");
  append(content, dns::wire_name("hostmaster.example.com"));
  for (const std::uint32_t number : {1U, 3600U, 600U, 86400U, minimum}) append32(content, number);
  add(2, dns::wire_name(owner), dns::type_soa, dns::class_in, ttl, content);
  return *this;
}

DnsMessage& DnsMessage::count(unsigned section, std::uint16_t number) {
  put16(bytes_, 4 + 2 * section, number);
  return *this;
}

void DnsMessage::add(unsigned section, const Bytes& owner, std::uint16_t type, std::uint16_t klass,
                     std::uint32_t ttl, const Bytes& content) {
  append(bytes_, owner);
  append16(bytes_, type);
  append16(bytes_, klass);
  append32(bytes_, ttl);
  append16(bytes_, static_cast<unsigned>(content.size()));
  append(bytes_, content);
  const std::size_t at = 4 + 2 * section;
  count(section, static_cast<std::uint16_t>(bytes_[at] * 256U + bytes_[at + 1] + 1U));
}

}  // namespace sallyport::test
