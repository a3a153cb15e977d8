// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of keys, and table_fault(): what no table that we emit may hold.
#include "compiler/nft/table.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cstring>

namespace sallyport::nft {
namespace {

constexpr std::size_t device_size = 16;  // IFNAMSIZ
constexpr std::size_t longest_comment = 127;

std::size_t padded(std::size_t size) {
  return (size + 3) / 4 * 4;
}

constexpr std::uint32_t next_header = 6;  // where it is in an IPv6 header

const PayloadLoad* load_of_next_header(const Expression& expression) {
  const auto* load = std::get_if<PayloadLoad>(&expression);
  const bool reads = load != nullptr && load->base == NFT_PAYLOAD_NETWORK_HEADER &&
                     load->offset <= next_header && load->offset + load->size > next_header;
  return reads ? load : nullptr;
}

/// Of an IPv4 header the same place holds the fragment field: two bytes, and never the first two
/// bits of them alone.
bool reads_fragment_field(const PayloadLoad& load, const Expression* behind) {
  const auto* mask = behind ? std::get_if<Mask>(behind) : nullptr;
  return load.offset == next_header && load.size == 2 && mask != nullptr &&
         (mask->mask == "\x3f\xff" || mask->mask == "\x1f\xff");
}

/// Nothing but a rule that looks for an extension header, and matches only if there is one.
bool needs_extension(const Rule& rule) {
  for (std::size_t i = 0; i + 1 < rule.expressions.size(); ++i) {
    const auto* load = std::get_if<HeaderLoad>(&rule.expressions[i]);
    const auto* compare = std::get_if<Compare>(&rule.expressions[i + 1]);
    if (load == nullptr || compare == nullptr || !load->present) continue;
    if (load->operation != NFT_EXTHDR_OP_IPV6 || compare->operation != NFT_CMP_EQ) continue;
    if (compare->value == "\x01") return true;
  }
  return false;
}

/// `!= tcp`, and the like: true also of every packet that has an extension header.
bool excludes_transport(const PayloadLoad& load, const Expression* behind) {
  const auto* compare = behind ? std::get_if<Compare>(behind) : nullptr;
  return load.offset == next_header && load.size == 1 && compare != nullptr &&
         compare->operation == NFT_CMP_NEQ && compare->value.size() == 1 &&
         std::string_view("\x06\x11\x3a").find(compare->value[0]) != std::string_view::npos;
}

/// A jump into rules that need an extension header may leave out packets that cannot have one; it
/// makes no difference to any verdict.
bool jumps_past_extensions(const Table& table, const Rule& rule) {
  if (rule.expressions.empty()) return false;
  const auto* verdict = std::get_if<Verdict>(&rule.expressions.back());
  if (verdict == nullptr || verdict->action != Action::jump) return false;
  const auto chain = std::ranges::find(table.chains, verdict->chain, &Chain::name);
  return chain != table.chains.end() && !chain->rules.empty() &&
         std::ranges::all_of(chain->rules, needs_extension) &&
         std::ranges::none_of(table.entries,
                              [&](const Entry& entry) { return entry.chain == chain->name; });
}

bool decides_by_next_header(const Table& table, const Rule& rule) {
  if (rule.text.find("ip6 nexthdr") != std::string::npos) return true;
  for (std::size_t i = 0; i < rule.expressions.size(); ++i) {
    const PayloadLoad* load = load_of_next_header(rule.expressions[i]);
    if (load == nullptr) continue;
    const Expression* behind = i + 1 < rule.expressions.size() ? &rule.expressions[i + 1] : nullptr;
    if (reads_fragment_field(*load, behind)) continue;
    if (!excludes_transport(*load, behind) || !jumps_past_extensions(table, rule)) return true;
  }
  return false;
}

std::string fault_of(const std::string& chain, const Rule& rule) {
  return "chain " + chain + ": `" + rule.text + "` decides by the first next header of IPv6";
}

/// nft(8) reads a letter, then letters, digits, `_`, `-` and `.`; words of its own grammar are
/// avoided by whoever makes the names.
bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() < 128 && is_letter(name[0]) &&
         std::ranges::all_of(name, may_follow);
}

bool is_comment(std::string_view comment) {
  return comment.size() <= longest_comment && std::ranges::none_of(comment, [](char c) {
           return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
         });
}

std::optional<std::string> set_fault(const Set& set) {
  const auto fault = [&](const std::string& what) { return "set " + set.name + ": " + what; };
  if (!is_name(set.name)) return fault("not a name that nft reads");
  if (set.key.size() > 1 && set.key[0] != KeyPart::ipv4 && set.key[0] != KeyPart::ipv6) {
    return fault("a concatenation whose first field is not the address");
  }
  if (set.interval && set.key.size() != 1) return fault("intervals of a concatenation");
  for (std::size_t i = 0; i < set.intervals.size(); ++i) {
    if (set.intervals[i].last < set.intervals[i].first) return fault("a backwards interval");
    if (i > 0 && set.intervals[i].first <= set.intervals[i - 1].last) {
      return fault("intervals overlap, or are not sorted");
    }
  }
  for (std::size_t i = 1; i < set.elements.size(); ++i) {
    if (set.elements[i].key <= set.elements[i - 1].key) {
      return fault("a key occurs twice, or keys are not sorted");
    }
  }
  return std::nullopt;
}

}  // namespace

std::size_t size_of(KeyPart part) {
  switch (part) {
    case KeyPart::ipv4:
      return 4;
    case KeyPart::ipv6:
      return 16;
    case KeyPart::protocol:
      return 1;
    case KeyPart::port:
      return 2;
    case KeyPart::device:
      return device_size;
  }
  return 0;
}

std::string_view type_name(KeyPart part) {
  switch (part) {
    case KeyPart::ipv4:
      return "ipv4_addr";
    case KeyPart::ipv6:
      return "ipv6_addr";
    case KeyPart::protocol:
      return "inet_proto";
    case KeyPart::port:
      return "inet_service";
    case KeyPart::device:
      return "ifname";
  }
  return "";
}

std::size_t Set::key_size() const {
  if (key.size() == 1) return size_of(key[0]);
  std::size_t size = 0;
  for (const KeyPart part : key) size += padded(size_of(part));
  return size;
}

std::optional<std::string> table_fault(const Table& table) {
  if (!is_name(table.name)) return "table " + table.name + ": not a name that nft reads";
  for (const Counter& counter : table.counters) {
    if (!is_name(counter.name)) return "counter " + counter.name + ": not a name that nft reads";
    if (!is_comment(counter.comment)) return "counter " + counter.name + ": bad comment";
  }
  for (const Set& set : table.sets) {
    if (auto fault = set_fault(set)) return fault;
  }
  for (const Chain& chain : table.chains) {
    if (!is_name(chain.name)) return "chain " + chain.name + ": not a name that nft reads";
    if (!is_comment(chain.comment)) return "chain " + chain.name + ": bad comment";
    for (const Rule& rule : chain.rules) {
      if (decides_by_next_header(table, rule)) return fault_of(chain.name, rule);
    }
  }
  for (const Entry& entry : table.entries) {
    if (decides_by_next_header(table, entry.rule)) return fault_of(entry.chain, entry.rule);
  }
  return std::nullopt;
}

std::string comment_of(std::string_view text) {
  std::string comment;
  for (const char c : text.substr(0, longest_comment)) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    comment += plain ? c : '\'';
  }
  return comment;
}

bool is_device_name(std::string_view name) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-@:").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() < device_size && name != "." && name != ".." &&
         std::ranges::all_of(name, may_stand);
}

Key key_of(const Address& address) {
  Key key{};
  const auto bytes = address.bytes();
  std::memcpy(key.data(), bytes.data(), width_of(address.family) / 8);
  return key;
}

Key key_of(const Address& address, std::uint8_t protocol, std::uint16_t port) {
  Key key = key_of(address);
  const std::size_t behind = width_of(address.family) / 8;
  key[behind] = protocol;
  key[behind + 4] = static_cast<std::uint8_t>(port >> 8);
  key[behind + 5] = static_cast<std::uint8_t>(port);
  return key;
}

Key key_of_port(std::uint16_t port) {
  Key key{};
  key[0] = static_cast<std::uint8_t>(port >> 8);
  key[1] = static_cast<std::uint8_t>(port);
  return key;
}

Key key_of_device(std::string_view device) {
  Key key{};
  std::memcpy(key.data(), device.data(), std::min(device.size(), device_size - 1));
  return key;
}

}  // namespace sallyport::nft
