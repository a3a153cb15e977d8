// SPDX-License-Identifier: GPL-2.0-or-later
// Header, question and records are read in one pass (RFC 1035 section 4); then the chain of aliases
// is followed by owner name, whatever the order of records, to the addresses at its end. Records
// that no chain needs are stepped over by their length. See dns_answer.h.
#include "runtime/dns_answer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sallyport {
namespace {

constexpr std::size_t longest_message = 65535;
constexpr std::size_t longest_name = 255;  // in wire format
constexpr unsigned most_pointers = 127;    // one for each label that a name can have
constexpr unsigned most_records = 4096;    // 64 KiB hold no more A records than that
constexpr unsigned most_aliases = 16;
constexpr std::size_t most_addresses = 256;

constexpr unsigned noerror = 0, nxdomain = 3;
constexpr unsigned type_cname = 5, type_soa = 6;
constexpr unsigned class_in = 1;
constexpr unsigned flag_answer = 0x8000, flag_truncated = 0x0200, opcode_bits = 0x7800;

// A domain name in wire format, lower case: equal names are equal strings.
using WireName = std::string;

// Reads forward, in network order. After a read beyond the end, or of nonsense, everything reads as
// zero and `bad()` is true: one check at the end will do.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> message) : message_(message) {}

  bool bad() const { return bad_; }
  std::size_t position() const { return at_; }

  std::span<const std::uint8_t> take(std::size_t count) {
    if (bad_ || count > message_.size() - at_) {
      bad_ = true;
      return {};
    }
    at_ += count;
    return message_.subspan(at_ - count, count);
  }
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const std::uint8_t byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  WireName name();

 private:
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

char folded(std::uint8_t c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

WireName Cursor::name() {
  WireName wire;
  unsigned pointers = 0;
  std::optional<std::size_t> resume;  // behind the first pointer
  for (;;) {
    const std::uint32_t length = number(1);
    if (length >= 0xc0) {  // compression (RFC 1035 4.1.4)
      const std::size_t target = (length & 0x3fU) << 8 | number(1);
      if (!resume) resume = at_;
      if (++pointers > most_pointers || target >= message_.size()) bad_ = true;
      if (bad_) return {};
      at_ = target;
      continue;
    }
    const auto label = take(length);
    if (length > 63 || wire.size() + 1 + length > longest_name) bad_ = true;
    if (bad_) return {};
    wire.push_back(static_cast<char>(length));
    for (const std::uint8_t c : label) wire.push_back(folded(c));
    if (length == 0) break;
  }
  at_ = resume.value_or(at_);
  return wire;
}

WireName wire_name(const HostName& name) {
  WireName wire;
  const std::string& text = name.text();
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('.', start), text.size());
    wire.push_back(static_cast<char>(end - start));
    wire.append(text, start, end - start);
    start = end + 1;
  }
  wire.push_back('\0');
  return wire;
}

unsigned type_of(Family family) {
  return family == Family::v4 ? 1 : 28;
}

// RFC 2181 8: a TTL with the highest bit set is zero.
Seconds ttl_of(std::uint32_t ttl) {
  return Seconds(ttl >= 0x80000000U ? 0 : ttl);
}

Answer failed(std::string why) {
  Answer answer;
  answer.failure = std::move(why);
  return answer;
}

std::string rcode_text(unsigned rcode) {
  switch (rcode) {
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    default:
      return "rcode " + std::to_string(rcode);
  }
}

struct Header {
  unsigned flags = 0, rcode = 0;
  unsigned questions = 0, answers = 0, authorities = 0, additionals = 0;
};

Header read_header(Cursor& cursor) {
  Header header;
  cursor.number(2);  // the id is the transport's business
  header.flags = cursor.number(2);
  header.rcode = header.flags & 0x0fU;
  header.questions = cursor.number(2);
  header.answers = cursor.number(2);
  header.authorities = cursor.number(2);
  header.additionals = cursor.number(2);
  return header;
}

// Empty if the message may be an answer.
std::string fault_of(const Header& header) {
  if ((header.flags & flag_answer) == 0) return "not an answer: a query";
  if ((header.flags & opcode_bits) != 0) return "not an answer: another opcode";
  if (header.rcode != noerror && header.rcode != nxdomain) return rcode_text(header.rcode);
  if ((header.flags & flag_truncated) != 0) return "truncated over TCP";
  if (header.questions != 1) return "not an answer: it repeats no single question";
  if (header.answers + header.authorities + header.additionals > most_records)
    return "malformed answer: more than 4096 records";
  return {};
}

struct Alias {
  WireName target;
  Seconds ttl{0};
};

// What of the records can matter, by owner.
struct Records {
  std::map<WireName, Alias> aliases;
  std::map<WireName, std::map<Address, Seconds>> addresses;
  std::optional<Seconds> negative_ttl;
};

void shorten(Seconds& ttl, Seconds other) {
  ttl = std::min(ttl, other);
}

// One name is an alias of one other (RFC 2181 10.1); false if it is of two.
bool add_alias(Records& records, const WireName& owner, Alias alias) {
  const auto [at, added] = records.aliases.try_emplace(owner, alias);
  shorten(at->second.ttl, alias.ttl);
  return at->second.target == alias.target;
}

// RFC 2308 5: a negative answer lives for the smaller of the SOA's own TTL and its last field.
Seconds read_negative_ttl(Cursor& cursor, Seconds ttl) {
  cursor.name();
  cursor.name();
  cursor.take(16);
  return std::min(ttl, ttl_of(cursor.number(4)));
}

enum class Section { answer, authority };

// False if the record contradicts itself or another.
bool read_record(Cursor& cursor, Section section, std::optional<Family> family, Records& records) {
  const WireName owner = cursor.name();
  const unsigned type = cursor.number(2);
  const unsigned klass = cursor.number(2);
  const Seconds ttl = ttl_of(cursor.number(4));
  const std::size_t length = cursor.number(2);
  Cursor content = cursor;
  const std::size_t end = cursor.position() + length;
  cursor.take(length);
  if (cursor.bad()) return false;
  if (klass != class_in) return true;

  if (section == Section::authority) {
    if (type != type_soa) return true;
    const Seconds negative = read_negative_ttl(content, ttl);
    records.negative_ttl = std::min(records.negative_ttl.value_or(negative), negative);
  } else if (family && type == type_of(*family)) {
    if (length != width_of(*family) / 8) return false;
    const auto address = Address::from_bytes(*family, content.take(length));
    shorten(records.addresses[owner].try_emplace(address, ttl).first->second, ttl);
  } else if (type == type_cname) {
    if (!add_alias(records, owner, {content.name(), ttl})) return false;
  } else {
    return true;
  }
  return !content.bad() && content.position() == end;
}

// Only its length matters: that the message is whole.
void skip_record(Cursor& cursor) {
  cursor.name();
  cursor.take(8);
  cursor.take(cursor.number(2));
}

struct ChainEnd {
  WireName name;
  std::optional<Seconds> ttl;  // the smallest on the way; empty if there was no alias
  std::string fault;
};

ChainEnd follow(const std::map<WireName, Alias>& aliases, WireName name) {
  ChainEnd end{std::move(name), std::nullopt, {}};
  std::set<WireName> seen{end.name};
  for (auto at = aliases.find(end.name); at != aliases.end(); at = aliases.find(end.name)) {
    end.name = at->second.target;
    end.ttl = std::min(end.ttl.value_or(at->second.ttl), at->second.ttl);
    if (!seen.insert(end.name).second) {
      end.fault = "CNAME loop";
      return end;
    }
    if (seen.size() > most_aliases + 1) {
      end.fault = "more than 16 CNAMEs in a row";
      return end;
    }
  }
  return end;
}

/// Header, question and records of a whole message that answers the question; or what is wrong.
struct Message {
  std::string fault;
  unsigned rcode = 0;
  Records records;
};

Message read_message(std::span<const std::uint8_t> bytes, const WireName& asked, unsigned type,
                     std::optional<Family> family) {
  const auto faulty = [](std::string why) { return Message{std::move(why), 0, {}}; };
  if (bytes.size() > longest_message) return faulty("malformed answer: longer than 65535 bytes");
  Cursor cursor(bytes);
  const Header header = read_header(cursor);
  if (cursor.bad()) return faulty("malformed answer: shorter than a header");
  if (auto fault = fault_of(header); !fault.empty()) return faulty(std::move(fault));

  const bool same_name = cursor.name() == asked;
  const bool same_type = cursor.number(2) == type;
  const bool same_class = cursor.number(2) == class_in;
  if (!same_name || !same_type || !same_class) return faulty("an answer to another question");

  Message message{{}, header.rcode, {}};
  for (unsigned i = 0; i < header.answers + header.authorities; ++i) {
    const Section section = i < header.answers ? Section::answer : Section::authority;
    if (!read_record(cursor, section, family, message.records))
      return faulty("malformed answer: a bad record");
  }
  for (unsigned i = 0; i < header.additionals && !cursor.bad(); ++i) skip_record(cursor);
  if (cursor.bad()) return faulty("malformed answer: a bad record");
  return message;
}

/// The name as text; empty if it is no host name.
std::optional<HostName> host_of(const WireName& wire) {
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0;) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(wire[at]));
    const std::string label = wire.substr(at + 1, length);
    if (!HostName::is_label(label)) return std::nullopt;
    text += (text.empty() ? "" : ".") + label;
    at += 1 + length;
  }
  auto host = HostName::parse(text);
  if (!host) return std::nullopt;
  return std::move(*host);
}

}  // namespace

Answer decode_answer(std::span<const std::uint8_t> bytes, const HostName& name, Family family) {
  const WireName asked = wire_name(name);
  Message message = read_message(bytes, asked, type_of(family), family);
  if (!message.fault.empty()) return failed(std::move(message.fault));
  const Records& records = message.records;
  const ChainEnd end = follow(records.aliases, asked);
  if (!end.fault.empty()) return failed(end.fault);
  Answer answer;
  answer.negative_ttl = records.negative_ttl.value_or(Seconds{0});
  answer.outcome = message.rcode == nxdomain ? Answer::Outcome::no_name : Answer::Outcome::no_data;
  const auto found = records.addresses.find(end.name);
  if (message.rcode == nxdomain || found == records.addresses.end()) return answer;

  answer.outcome = Answer::Outcome::addresses;
  answer.negative_ttl = Seconds{0};
  for (const auto& [address, ttl] : found->second) {
    if (answer.addresses.size() == most_addresses) break;
    answer.addresses.push_back({address, std::min(ttl, end.ttl.value_or(ttl))});
  }
  return answer;
}

AliasAnswer decode_alias(std::span<const std::uint8_t> bytes, const HostName& name) {
  const WireName asked = wire_name(name);
  Message message = read_message(bytes, asked, type_cname, std::nullopt);
  AliasAnswer answer;
  answer.failure = std::move(message.fault);
  if (!answer.failure.empty()) return answer;
  const auto found = message.records.aliases.find(asked);
  if (found == message.records.aliases.end()) {
    answer.outcome = AliasAnswer::Outcome::none;
    answer.ttl = message.records.negative_ttl.value_or(Seconds{0});
    return answer;
  }
  answer.target = host_of(found->second.target);
  if (!answer.target) {
    answer.failure = "an alias of what is no host name";
    return answer;
  }
  answer.outcome = AliasAnswer::Outcome::alias;
  answer.ttl = found->second.ttl;
  return answer;
}

}  // namespace sallyport
