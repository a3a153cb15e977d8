// SPDX-License-Identifier: GPL-2.0-or-later
// Policy: what the author wrote, with the place of every part. Immutable after parsing; knows
// nothing of what the words mean (that is compiler/check).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/values/day.h"

namespace sallyport {

struct Name {
  Span span;
  std::string text;
};

/// One piece of a word: `acme`, `{namespace}` or `{0..127}`.
struct Piece {
  /// `7` or `x`; `0..127`; `1f..1i`.
  struct Member {
    enum class Kind { word, numbers, letters } kind = Kind::word;
    std::string prefix;       // the word itself, or what stands before the number or letter
    std::uint32_t first = 0;  // inclusive; of letters the ASCII code
    std::uint32_t last = 0;
  };
  enum class Kind { literal, reference, expansion };
  Kind kind = Kind::literal;
  Span span;
  std::string text;             // the literal, or the referenced name
  std::vector<Member> members;  // of an expansion, in order
};

/// A run of characters without blanks: a host name, a pattern, an address, a port range, a plain
/// word.
struct Word {
  Span span;
  std::vector<Piece> pieces;

  bool is_literal() const { return pieces.size() == 1 && pieces[0].kind == Piece::Kind::literal; }
};

/// `x` or `[x, y]`.
struct Value {
  Span span;
  bool is_list = false;
  std::vector<Word> words;
};

/// `tcp+udp 3478, 5349`; `icmp echo-request`; `protocol 47` (one protocol named "47"); `any`.
struct ServiceClause {
  Span span;
  std::vector<Name> protocols;
  std::vector<Word> ports;  // ports, port ranges, ICMP types; empty if none were written
};

/// `FIELD = "V" or "V"`: a value in quotes is one literal piece.
struct FeedFilter {
  Name field;
  std::vector<Word> values;
};

/// `feed NAME where FILTER and FILTER` as a destination or source.
struct FeedReference {
  Span span;
  Name feed;
  std::vector<FeedFilter> filters;
};

/// One of the words behind a rule or a `use`, each at most once.
struct Modifier {
  enum class Kind { private_ok, absent_ok, unless, via, valid, until, owner, log, note };
  Kind kind = Kind::private_ok;
  Span span;
  Name name = {};         // of `unless` the `let`, of `via` the resolver
  std::string text = {};  // of `unless` the glob; of `owner` and `note` what they say
  Day day = {};           // of `valid` the first day, of `until` the first that is not
};

/// `allow SERVICES to DESTINATIONS MODIFIERS`, `allow in SERVICES from SOURCES MODIFIERS`
struct RuleStatement {
  Span span;
  enum class Action { allow, deny } action = Action::allow;
  bool inward = false;
  std::vector<ServiceClause> services;
  std::vector<Word> destinations;    // or the sources of an inward rule
  std::vector<FeedReference> feeds;  // that stand among them
  std::vector<Modifier> modifiers;
};

/// `use VENDOR.PART(NAME = VALUE, ...)`; without a part, every part that is not optional.
struct UseStatement {
  Span span;
  Name vendor;
  std::optional<Name> part;
  struct Argument {
    Name name;
    Value value;
  };
  std::vector<Argument> arguments;
  std::vector<Modifier> modifiers;  // via, valid, until, owner
};

/// `first label of cname HOST, lower case, without prefix "P" else "Q"`
struct DerivationClause {
  Span span;
  Word host;
  bool lower_case = false;
  std::vector<Name> prefixes;  // the first that fits is taken off
};

/// `let NAME = VALUE when PARAM CHOICE, VALUE when ...`, or `let NAME = first label of ...`
struct LetStatement {
  Span span;
  Name name;
  std::optional<DerivationClause> derivation;  // then there are no alternatives
  struct Alternative {
    Value value;
    std::optional<Name> when_param;
    std::optional<Name> when_value;
  };
  std::vector<Alternative> alternatives;
};

/// `param NAME: TYPE, default VALUE`
struct ParamStatement {
  Span span;
  Name name;
  enum class Type { label, host, cidr, port, one_of } type = Type::label;
  bool is_list = false;
  std::vector<Name> choices;  // of one_of
  std::optional<Value> default_value;
};

/// `note "TEXT"`, `owner "TEXT"`
struct Remark {
  Span span;
  std::string text;
};

/// `never NAME-OR-PATTERN, ... "REASON"`
struct NeverStatement {
  Span span;
  std::vector<Word> names;
  std::string reason;
};

/// `lint not feed FORMAT where FILTER and FILTER "REASON"`
struct LintStatement {
  Span span;
  Name format;
  std::vector<FeedFilter> filters;
  std::string reason;
};

/// `either "TITLE" needs CAPABILITY { ... } or { ... }`
struct EitherStatement {
  Span span;
  struct Alternative {
    Span span;
    std::string title;
    std::optional<Name> needs;       // empty: always met
    std::vector<LetStatement> lets;  // only inside a part
    std::vector<std::variant<RuleStatement, UseStatement>> items;
  };
  std::vector<Alternative> alternatives;  // in the order of preference
};

/// `part NAME "TITLE" optional when PARAM CHOICE, ... inside PART { ... }`
struct PartStatement {
  Span span;
  Name name;
  std::string title;
  bool optional = false;
  struct Condition {
    Name param;
    std::vector<Name> choices;  // one of them
  };
  std::optional<Condition> when;
  std::optional<Name> inside;  // the part of which this one is a minimal version
  std::optional<Remark> owner;
  std::vector<Remark> notes;
  std::vector<LetStatement> lets;
  std::vector<NeverStatement> nevers;
  std::vector<LintStatement> lints;
  std::vector<std::variant<RuleStatement, UseStatement, EitherStatement>> items;
};

struct VendorStatement {
  Span span;
  Name name;
  std::string title;
  std::string version;
  struct Provenance {
    Span span;
    std::string text;
    std::string seen;  // YYYY-MM-DD or empty
  };
  std::vector<Provenance> sources;
  std::optional<Remark> owner;
  std::vector<Remark> notes;
  std::vector<ParamStatement> params;
  std::vector<LetStatement> lets;
  std::vector<NeverStatement> nevers;
  std::vector<LintStatement> lints;
  std::vector<PartStatement> parts;
};

/// `zone NAME = ADDRESSES vlan 40, 50-59, untagged`
struct ZoneStatement {
  Span span;
  Name name;
  std::vector<Word> addresses;
  std::vector<Word> vlans;  // none: whatever the VLAN
};

/// `nat64 PREFIX, ...`
struct Nat64Statement {
  Span span;
  std::vector<Word> prefixes;
};

struct ResolverStatement {
  Span span;
  Name name;
  struct Server {
    Word address;
    std::optional<Word> port;  // `10.0.0.53 port 5353`
  };
  std::vector<Server> servers;
};

/// `ttl-floor 2s`, `grace 5s`, `max-stale 24h`
struct SettingStatement {
  Span span;
  Name name;
  Word value;
};

/// `from ZONE { ... }`, `from any RULE`, `to ZONE { ... }`
struct DirectionBlock {
  Span span;
  enum class Direction { from, to } direction = Direction::from;
  Name zone;  // "any" is a word of the language, never a zone's name
  std::vector<std::variant<RuleStatement, UseStatement, EitherStatement>> items;
};

struct PolicyStatement {
  Span span;
  Name name;
  std::vector<SettingStatement> settings;
  std::vector<Name> capabilities;  // `capabilities observed-dns`
  std::optional<Remark> owner;
  std::vector<Remark> notes;
  std::vector<NeverStatement> nevers;
  std::vector<LintStatement> lints;
  std::vector<std::variant<RuleStatement, UseStatement, EitherStatement, DirectionBlock>> items;
};

/// `given NAME is ADDRESS, ...`, `given NAME is none`, `given cname NAME is NAME`
struct GivenStatement {
  Span span;
  bool is_cname = false;
  Word name;
  std::vector<Word> values;  // empty: none
};

/// `expect pass PACKET`, `expect drop in PACKET reason REASON`
struct ExpectStatement {
  Span span;
  bool pass = false;
  bool inward = false;
  Name packet;  // its words, with one blank where there were some
  std::optional<Name> reason;
};

/// `test "TITLE" of POLICY { ... }`
struct TestStatement {
  Span span;
  std::string title;
  Name policy;
  std::optional<Name> at;  // a day
  std::vector<GivenStatement> givens;
  std::vector<ExpectStatement> expectations;
};

/// `feed NAME = "FILE" as FORMAT`
struct FeedStatement {
  Span span;
  Name name;
  Name file;  // relative to this one
  Name format;
};

struct ImportStatement {
  Span span;
  Word path;  // without the extension, relative to the importing file
};

/// One parsed file.
struct Policy {
  std::vector<ImportStatement> imports;
  std::vector<VendorStatement> vendors;
  std::vector<ZoneStatement> zones;
  std::vector<Nat64Statement> nat64;
  std::vector<ResolverStatement> resolvers;
  std::vector<FeedStatement> feeds;
  std::vector<PolicyStatement> policies;
  std::vector<TestStatement> tests;
};

}  // namespace sallyport
