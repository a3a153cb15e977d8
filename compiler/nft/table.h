// SPDX-License-Identifier: GPL-2.0-or-later
// An nftables table as pure data: what emit.h makes of an Image, what script.h prints, and what the
// runtime turns into netlink messages. Each rule carries its text beside the kernel expressions
// that nft(8) 1.0.6 makes of that text, so that both ways into the kernel list identically.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/values/address.h"

namespace sallyport::nft {

// ---- kernel expressions (linux/netfilter/nf_tables.h) ----

/// A register number as the kernel counts them: 1 and 2 are 16 bytes wide, 8 to 23 are 4; 8 is the
/// first quarter of 1, 12 that of 2.
using Register = std::uint32_t;

struct MetaLoad {
  std::uint32_t key = 0;  // NFT_META_*
  Register to = 1;
  bool operator==(const MetaLoad&) const = default;
};
struct PayloadLoad {
  std::uint32_t base = 0;  // NFT_PAYLOAD_*_HEADER
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  Register to = 1;
  bool operator==(const PayloadLoad&) const = default;
};
/// An IPv6 extension header or an IPv4 option.
struct HeaderLoad {
  std::uint32_t operation = 0;  // NFT_EXTHDR_OP_*
  std::uint8_t type = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 1;
  bool present = false;  // loads 1 or 0: is it there?
  bool operator==(const HeaderLoad&) const = default;
};
struct ConntrackLoad {
  std::uint32_t key = 0;                  // NFT_CT_*
  std::optional<std::uint8_t> direction;  // 0: original
  bool operator==(const ConntrackLoad&) const = default;
};
/// Keeps the bits of `mask` in register 1.
struct Mask {
  std::string mask;
  bool operator==(const Mask&) const = default;
};
struct Compare {
  std::uint32_t operation = 0;  // NFT_CMP_*
  std::string value;            // as it lies in the register
  bool operator==(const Compare&) const = default;
};
/// Looks the key in register 1 up.
struct Lookup {
  std::string set;
  bool inverted = false;
  bool verdict = false;  // the set holds verdicts; the one that is found is obeyed
  bool operator==(const Lookup&) const = default;
};
/// Counts in the counter that the set holds for the key in register 1; no match if it holds none.
struct CountByKey {
  std::string set;
  bool operator==(const CountByKey&) const = default;
};
/// Adds the key in register 1 to a set with room for it (Set::remembers).
struct Remember {
  std::string set;
  bool operator==(const Remember&) const = default;
};
struct CountNamed {
  std::string counter;
  bool operator==(const CountNamed&) const = default;
};
struct Limit {
  std::uint64_t per_second = 0;
  bool operator==(const Limit&) const = default;
};
struct Log {
  std::string prefix;
  bool operator==(const Log&) const = default;
};
enum class Action : std::uint8_t { accept, drop, jump, go, leave };  // `goto`, `return`
struct Verdict {
  Action action = Action::accept;
  std::string chain;  // of jump and go
  bool operator==(const Verdict&) const = default;
};
using Expression = std::variant<MetaLoad, PayloadLoad, HeaderLoad, ConntrackLoad, Mask, Compare,
                                Lookup, CountByKey, Remember, CountNamed, Limit, Log, Verdict>;

// ---- the table ----

struct Rule {
  std::string text;
  std::vector<Expression> expressions;
  bool operator==(const Rule&) const = default;
};

enum class Hook : std::uint8_t { none, prerouting, forward, output };

struct Chain {
  std::string name;
  std::string comment = {};  // at most 127 bytes; may be empty
  Hook hook = Hook::none;
  int priority = 0;  // of a chain with a hook; its policy is accept
  std::vector<Rule> rules = {};
  bool operator==(const Chain&) const = default;
};

struct Counter {
  std::string name;
  std::string comment;
  bool operator==(const Counter&) const = default;
};

enum class KeyPart : std::uint8_t { ipv4, ipv6, protocol, port, device };
/// Bytes of the part in a key, where each begins on a multiple of four.
std::size_t size_of(KeyPart part);
std::string_view type_name(KeyPart part);  // `ipv4_addr`

enum class Holds : std::uint8_t { nothing, counters, jumps, gotos };

/// A key, filled up with zeros to the size of the longest. In network order.
using Key = std::array<std::uint8_t, 24>;

/// `target` is an index into the table's counters or chains, as the set holds them.
struct Element {
  Key key{};
  std::uint32_t target = 0;
  auto operator<=>(const Element&) const = default;
  bool operator==(const Element&) const = default;
};
/// Of a set of intervals; both ends belong to it.
struct Interval {
  Key first{};
  Key last{};
  std::uint32_t target = 0;
  auto operator<=>(const Interval&) const = default;
  bool operator==(const Interval&) const = default;
};

struct Set {
  std::string name;
  std::vector<KeyPart> key;
  Holds holds = Holds::nothing;
  std::uint32_t remembers = 0;  // how many keys rules may add; 0: none do
  bool interval = false;        // then `intervals`, sorted and disjoint (C4), else `elements`
  std::vector<Element> elements = {};    // sorted, keys all different
  std::vector<Interval> intervals = {};  // of one key part
  bool operator==(const Set&) const = default;

  std::size_t key_size() const;  // bytes
};

/// A rule that leads from a lasting chain into the chains of one generation; it stands at the end
/// of that chain. While two generations have theirs, what either of them accepts passes.
struct Entry {
  std::string chain;
  Rule rule;
  bool operator==(const Entry&) const = default;
};

/// Chains and sets are either lasting, the same in every generation of a table, or their names
/// begin with the generation's prefix. Counters are found again by their names, so that they
/// survive.
struct Table {
  std::string name;               // of family inet
  std::string generation_prefix;  // `g7_`
  std::vector<Counter> counters;
  std::vector<Chain> chains;
  std::vector<Set> sets;
  std::vector<Entry> entries;
  bool operator==(const Table&) const = default;

  /// True for the chain or set of a generation.
  bool is_lasting(std::string_view chain_or_set) const {
    return !chain_or_set.starts_with(generation_prefix);
  }
};

/// What a change of a binding does to a table that is loaded: first `chains` and `added`, then
/// `removed`, in transactions of their own, so that a key on its way from one set to another is
/// always in one of them.
struct SetChange {
  std::size_t set = 0;  // index into Table::sets
  std::vector<Element> elements;
  bool operator==(const SetChange&) const = default;
};
struct Delta {
  std::vector<Chain> chains;  // new ones, to be appended to Table::chains before `added` is read
  std::vector<SetChange> added;
  std::vector<SetChange> removed;
  bool empty() const { return chains.empty() && added.empty() && removed.empty(); }
};

/// What is wrong with a table, in words; empty if it is sound. Refuses rules that decide by the
/// first next header of an IPv6 packet, which is not the protocol of a packet with extension
/// headers (a jump into rules that need such a header may leave packets out that have none), and
/// concatenations that do not begin with the address (C12); intervals that overlap (C4); names and
/// comments that nft(8) would not read.
std::optional<std::string> table_fault(const Table& table);

/// At most 127 bytes of the text, without what nft(8) does not read in a comment.
std::string comment_of(std::string_view text);

/// Letters, digits and `._-@:`, 1 to 15 of them: what may stand in a rule. The kernel allows more,
/// nft(8) would read some of that as grammar or as a pattern.
bool is_device_name(std::string_view name);

// ---- keys ----

Key key_of(const Address& address);
Key key_of(const Address& address, std::uint8_t protocol, std::uint16_t port);
Key key_of_port(std::uint16_t port);
Key key_of_device(std::string_view device);

}  // namespace sallyport::nft
