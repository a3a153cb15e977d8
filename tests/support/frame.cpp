// SPDX-License-Identifier: GPL-2.0-or-later
// frame_of(): the words of frame.h, read one after another into parts, then put together.
#include "tests/support/frame.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "compiler/values/service.h"

namespace sallyport {
namespace {

constexpr std::uint16_t more_fragments = 0x2000;
constexpr std::uint16_t dont_fragment = 0x4000;

void put16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void put_address(Bytes& bytes, std::size_t at, const Address& address) {
  const auto number = address.bytes();
  const std::size_t count = address.family == Family::v4 ? 4 : 16;
  std::copy_n(number.begin(), count, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Bytes that are neither all equal nor a plausible header.
Bytes pattern(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(0xa0 + i % 31);
  return bytes;
}

Bytes assemble_ipv4(const PacketParts& parts) {
  Bytes packet(20);
  append(packet, parts.options);
  const auto words = parts.header_words.value_or(static_cast<std::uint8_t>(packet.size() / 4));
  packet[0] = static_cast<std::uint8_t>(parts.version.value_or(4) << 4 | (words & 15));
  put16(packet, 2, parts.length.value_or(packet.size() + parts.body.size()));
  put16(packet, 4, 1);
  put16(packet, 6, parts.fragment);
  packet[8] = parts.hop_limit;
  packet[9] = parts.protocol;
  put_address(packet, 12, parts.source);
  put_address(packet, 16, parts.destination);
  append(packet, parts.body);
  return packet;
}

Bytes assemble_ipv6(const PacketParts& parts) {
  Bytes payload;
  for (std::size_t i = 0; i < parts.extensions.size(); ++i) {
    Bytes header = parts.extensions[i].bytes;
    const bool is_last = i + 1 == parts.extensions.size();
    header[0] = is_last ? parts.protocol : parts.extensions[i + 1].number;
    append(payload, header);
  }
  append(payload, parts.body);
  Bytes packet(40);
  packet[0] = static_cast<std::uint8_t>(parts.version.value_or(6) << 4);
  put16(packet, 4, parts.length.value_or(payload.size()));
  packet[6] = parts.extensions.empty() ? parts.protocol : parts.extensions[0].number;
  packet[7] = parts.hop_limit;
  put_address(packet, 8, parts.source);
  put_address(packet, 24, parts.destination);
  append(packet, payload);
  return packet;
}

Bytes arp_body() {
  Bytes body(28);
  put16(body, 0, 1);       // Ethernet
  put16(body, 2, 0x0800);  // IPv4
  body[4] = 6;
  body[5] = 4;
  put16(body, 6, 1);  // request
  return body;
}

/// Reads words. The first fault is kept; after it every answer is harmless and the end is near.
class FrameText {
 public:
  explicit FrameText(std::string_view text) {
    while (!text.empty()) {
      const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
      text.remove_prefix(begin);
      const std::size_t length = std::min(text.find_first_of(" \t"), text.size());
      if (length > 0) words_.emplace_back(text.substr(0, length));
      text.remove_prefix(length);
    }
  }

  Result<Bytes> read() {
    FrameParts frame;
    read_link(frame);
    Bytes bytes = assemble(frame);
    while (!done()) {
      if (take("pad")) {
        append(bytes, pattern(number(4096)));
      } else if (take("trunc")) {
        bytes.resize(std::min<std::size_t>(bytes.size(), number(65535)));
      } else {
        fail("the end of the line");
      }
    }
    if (!fault_.empty()) return std::unexpected(Error{"read the frame", fault_, {}});
    return bytes;
  }

 private:
  bool done() const { return !fault_.empty() || next_ == words_.size(); }
  bool sees(std::string_view word) const { return !done() && words_[next_] == word; }
  bool take(std::string_view word) {
    if (!sees(word)) return false;
    ++next_;
    return true;
  }
  void fail(std::string_view expected) {
    if (!fault_.empty()) return;
    const std::string found = next_ < words_.size() ? "`" + words_[next_] + "`" : "the end";
    fault_ = "expected " + std::string(expected) + ", found " + found;
  }
  void expect(std::string_view word) {
    if (!take(word)) fail("`" + std::string(word) + "`");
  }
  std::string word(std::string_view expected) {
    if (done()) {
      fail(expected);
      return {};
    }
    return words_[next_++];
  }

  std::optional<std::uint32_t> number_in(std::string_view text) const {
    int radix = 10;
    if (text.starts_with("0x")) {
      radix = 16;
      text.remove_prefix(2);
    }
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  }
  std::uint32_t number(std::uint32_t most) {
    const auto value = done() ? std::nullopt : number_in(words_[next_]);
    if (!value || *value > most) {
      fail("a number up to " + std::to_string(most));
      return 0;
    }
    ++next_;
    return *value;
  }
  std::uint8_t number8() { return static_cast<std::uint8_t>(number(255)); }
  std::uint16_t number16() { return static_cast<std::uint16_t>(number(65535)); }

  Bytes hexadecimal() {
    std::string text = word("0x and hexadecimal digits");
    std::uint32_t times = 1;
    if (const std::size_t star = text.find('*'); star != std::string::npos) {
      times = number_in(std::string_view(text).substr(star + 1)).value_or(0);
      text.resize(star);
    }
    Bytes once;
    for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
      once.push_back(static_cast<std::uint8_t>(number_in("0x" + text.substr(i, 2)).value_or(0)));
    }
    Bytes bytes;
    for (std::uint32_t i = 0; i < times; ++i) append(bytes, once);
    if (bytes.empty()) fail("0x and hexadecimal digits");
    return bytes;
  }

  Address address(Family family) {
    const auto read = Address::parse(word("an address"));
    if (!read || read->family != family) {
      fail("an address of the family before this");
      return {family, 0};
    }
    return *read;
  }

  void read_link(FrameParts& frame) {
    while (sees("vlan") || sees("svlan")) {
      const std::uint16_t type = take("vlan") ? 0x8100 : 0x88a8;
      if (type == 0x88a8) expect("svlan");
      frame.tags.push_back({type, static_cast<std::uint16_t>(number(4095))});
    }
    if (take("arp")) {
      frame.ethertype = 0x0806;
      frame.rest = arp_body();
    } else if (take("ethertype")) {
      frame.ethertype = number16();
    } else if (sees("ip4") || sees("ip6")) {
      frame.packet = read_packet();
      return;
    } else {
      fail("`vlan`, `arp`, `ethertype`, `ip4` or `ip6`");
    }
    read_payload(frame.rest);
  }

  PacketParts read_packet() {
    PacketParts packet;
    const Family family = take("ip4") ? Family::v4 : Family::v6;
    if (family == Family::v6) expect("ip6");
    packet.source = address(family);
    expect(">");
    packet.destination = address(family);
    while (read_field(packet) || read_extension(packet)) {
    }
    read_transport(packet);
    return packet;
  }

  bool read_field(PacketParts& packet) {
    const bool v4 = packet.source.family == Family::v4;
    if (take("version")) {
      packet.version = number8();
    } else if (take("total")) {
      packet.length = number16();
    } else if (take("ttl") || take("hoplimit")) {
      packet.hop_limit = number8();
    } else if (v4 && take("ihl")) {
      packet.header_words = number8();
    } else if (v4 && take("df")) {
      packet.fragment |= dont_fragment;
    } else if (v4 && take("frag")) {
      packet.fragment = static_cast<std::uint16_t>(packet.fragment | number(0x1fff));
      if (take("more")) packet.fragment |= more_fragments;
    } else if (v4 && take("opts")) {
      packet.options = hexadecimal();
      packet.options.resize((packet.options.size() + 3) / 4 * 4);
      if (packet.options.size() > 40) fail("at most 40 bytes of options before this");
    } else {
      return false;
    }
    return true;
  }

  bool read_extension(PacketParts& packet) {
    if (packet.source.family == Family::v4) return false;
    std::vector<Extension>& chain = packet.extensions;
    if (take("hbh")) {
      chain.push_back(extension_of(0, take("size") ? number8() : 0));
    } else if (take("dst")) {
      chain.push_back(extension_of(60, take("size") ? number8() : 0));
    } else if (take("ah")) {
      chain.push_back(extension_of(51, take("size") ? number8() : 4));
    } else if (take("rh")) {
      chain.push_back(extension_of(43, 0));
      chain.back().bytes[2] = number8();
      expect("left");
      chain.back().bytes[3] = number8();
    } else if (take("frag")) {
      const auto offset = static_cast<std::uint16_t>(number(0x1fff));
      chain.push_back(fragment_header(offset, take("more")));
    } else if (take("ext")) {
      chain.push_back(extension_of(number8(), 0));
    } else if (!chain.empty() && take("len")) {
      chain.back().bytes[1] = number8();
    } else {
      return false;
    }
    return true;
  }

  void read_transport(PacketParts& packet) {
    if (take("tcp")) {
      read_tcp(packet);
    } else if (take("udp")) {
      read_udp(packet);
    } else if (take("icmp")) {
      packet.protocol = protocol_icmp;
      read_icmp(packet, 8, 0);
    } else if (take("icmpv6")) {
      packet.protocol = protocol_icmpv6;
      read_icmp(packet, 128, 129);
    } else if (take("proto")) {
      const std::string name = word("a protocol");
      const auto known = protocol_number(name);
      packet.protocol = known ? *known : static_cast<std::uint8_t>(number_in(name).value_or(255));
      read_payload(packet.body);
    } else {
      fail("a field, `tcp`, `udp`, `icmp`, `icmpv6` or `proto`");
    }
  }

  std::pair<std::uint16_t, std::uint16_t> ports() {
    const std::uint16_t source = number16();
    expect(">");
    return {source, number16()};
  }

  void read_tcp(PacketParts& packet) {
    const auto [source, destination] = ports();
    packet.protocol = protocol_tcp;
    packet.body = tcp_header(source, destination);
    if (take("doff")) packet.body[12] = static_cast<std::uint8_t>(number(15) << 4);
    if (take("ack")) packet.body[13] = 0x10;
    if (take("flags")) packet.body[13] = number8();
    read_payload(packet.body);
  }

  void read_udp(PacketParts& packet) {
    const auto [source, destination] = ports();
    packet.protocol = protocol_udp;
    std::optional<std::uint16_t> length;
    if (take("udplen")) length = number16();
    Bytes payload;
    read_payload(payload);
    packet.body = udp_header(source, destination, payload.size());
    if (length) put16(packet.body, 4, *length);
    append(packet.body, payload);
  }

  void read_icmp(PacketParts& packet, std::uint8_t echo_request, std::uint8_t echo_reply) {
    const std::string what = word("an ICMP type");
    const std::size_t slash = std::min(what.find('/'), what.size());
    std::uint8_t type = 0;
    if (what == "echo-request") {
      type = echo_request;
    } else if (what == "echo-reply") {
      type = echo_reply;
    } else if (const auto value = number_in(std::string_view(what).substr(0, slash))) {
      type = static_cast<std::uint8_t>(*value);
    } else {
      --next_;
      fail("an ICMP type");
    }
    std::uint32_t code = 0;
    if (slash < what.size()) {
      code = number_in(std::string_view(what).substr(slash + 1)).value_or(0);
    }
    packet.body = icmp_header(type, static_cast<std::uint8_t>(code));
    if (take("quote")) {
      expect("[");
      append(packet.body, assemble(read_packet()));
      if (take("trunc"))
        packet.body.resize(std::min<std::size_t>(packet.body.size(), 8 + number(65535)));
      expect("]");
    }
    read_payload(packet.body);
  }

  void read_payload(Bytes& bytes) {
    while (!done()) {
      if (take("payload")) {
        append(bytes, pattern(number(60000)));
      } else if (take("bytes")) {
        append(bytes, hexadecimal());
      } else {
        return;
      }
    }
  }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::string fault_;
};

}  // namespace

Result<Bytes> frame_of(std::string_view text) {
  return FrameText(text).read();
}

Extension extension_of(std::uint8_t number, std::uint8_t size) {
  constexpr std::uint8_t authentication = 51;
  const std::size_t bytes = number == authentication ? (size + 2U) * 4U : (size + 1U) * 8U;
  Extension extension{number, Bytes(std::max<std::size_t>(bytes, 8))};
  extension.bytes[1] = size;
  return extension;
}

Extension fragment_header(std::uint16_t offset, bool more) {
  Extension extension{44, Bytes(8)};
  put16(extension.bytes, 2, static_cast<std::size_t>(offset << 3 | (more ? 1 : 0)));
  return extension;
}

Bytes tcp_header(std::uint16_t source_port, std::uint16_t destination_port) {
  Bytes header(20);
  put16(header, 0, source_port);
  put16(header, 2, destination_port);
  header[12] = 5 << 4;
  header[13] = 0x02;  // SYN
  return header;
}

Bytes udp_header(std::uint16_t source_port, std::uint16_t destination_port, std::size_t payload) {
  Bytes header(8);
  put16(header, 0, source_port);
  put16(header, 2, destination_port);
  put16(header, 4, header.size() + payload);
  return header;
}

Bytes icmp_header(std::uint8_t type, std::uint8_t code) {
  Bytes header(8);
  header[0] = type;
  header[1] = code;
  return header;
}

Bytes assemble(const PacketParts& parts) {
  return parts.source.family == Family::v4 ? assemble_ipv4(parts) : assemble_ipv6(parts);
}

Bytes assemble(const FrameParts& parts) {
  Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};  // destination, source
  const auto put = [&frame](std::uint16_t value) {
    frame.resize(frame.size() + 2);
    put16(frame, frame.size() - 2, value);
  };
  std::uint16_t type = parts.ethertype;
  if (type == 0 && parts.packet) {
    type = parts.packet->source.family == Family::v4 ? 0x0800 : 0x86dd;
  }
  for (const VlanTag& tag : parts.tags) {
    put(tag.type);
    put(tag.id);
  }
  put(type);
  if (parts.packet) append(frame, assemble(*parts.packet));
  append(frame, parts.rest);
  return frame;
}

}  // namespace sallyport
