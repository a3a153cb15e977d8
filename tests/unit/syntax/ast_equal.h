// SPDX-License-Identifier: GPL-2.0-or-later
// equal(): two Policies are the same, spans aside. For the tests and the fuzzer of the printer.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/ast.h"

namespace sallyport {

class AstEqual {
 public:
  static bool equal(const std::string& a, const std::string& b) { return a == b; }
  static bool equal(const Name& a, const Name& b) { return a.text == b.text; }
  static bool equal(const Piece::Member& a, const Piece::Member& b) {
    return a.kind == b.kind && a.prefix == b.prefix && a.first == b.first && a.last == b.last;
  }
  static bool equal(const Piece& a, const Piece& b) {
    return a.kind == b.kind && a.text == b.text && equal(a.members, b.members);
  }
  static bool equal(const Word& a, const Word& b) { return equal(a.pieces, b.pieces); }
  static bool equal(const Value& a, const Value& b) {
    return a.is_list == b.is_list && equal(a.words, b.words);
  }
  static bool equal(const ServiceClause& a, const ServiceClause& b) {
    return equal(a.protocols, b.protocols) && equal(a.ports, b.ports);
  }
  static bool equal(const FeedFilter& a, const FeedFilter& b) {
    return equal(a.field, b.field) && equal(a.values, b.values);
  }
  static bool equal(const FeedReference& a, const FeedReference& b) {
    return equal(a.feed, b.feed) && equal(a.filters, b.filters);
  }
  static bool equal(const FeedStatement& a, const FeedStatement& b) {
    return equal(a.name, b.name) && equal(a.file, b.file) && equal(a.format, b.format);
  }
  static bool equal(const Modifier& a, const Modifier& b) {
    return a.kind == b.kind && equal(a.name, b.name) && a.text == b.text && a.day == b.day;
  }
  /// In any order.
  static bool equal_modifiers(std::vector<Modifier> a, std::vector<Modifier> b) {
    std::ranges::sort(a, {}, &Modifier::kind);
    std::ranges::sort(b, {}, &Modifier::kind);
    return equal(a, b);
  }
  static bool equal(const DerivationClause& a, const DerivationClause& b) {
    return equal(a.host, b.host) && a.lower_case == b.lower_case && equal(a.prefixes, b.prefixes);
  }
  static bool equal(const RuleStatement& a, const RuleStatement& b) {
    return a.action == b.action && equal(a.services, b.services) &&
           equal(a.destinations, b.destinations) && equal(a.feeds, b.feeds) &&
           equal_modifiers(a.modifiers, b.modifiers);
  }
  static bool equal(const UseStatement::Argument& a, const UseStatement::Argument& b) {
    return equal(a.name, b.name) && equal(a.value, b.value);
  }
  static bool equal(const UseStatement& a, const UseStatement& b) {
    return equal(a.vendor, b.vendor) && equal(a.part, b.part) && equal(a.arguments, b.arguments) &&
           equal_modifiers(a.modifiers, b.modifiers);
  }
  static bool equal(const LetStatement::Alternative& a, const LetStatement::Alternative& b) {
    return equal(a.value, b.value) && equal(a.when_param, b.when_param) &&
           equal(a.when_value, b.when_value);
  }
  static bool equal(const LetStatement& a, const LetStatement& b) {
    return equal(a.name, b.name) && equal(a.derivation, b.derivation) &&
           equal(a.alternatives, b.alternatives);
  }
  static bool equal(const ParamStatement& a, const ParamStatement& b) {
    return equal(a.name, b.name) && a.type == b.type && a.is_list == b.is_list &&
           equal(a.choices, b.choices) && equal(a.default_value, b.default_value);
  }
  static bool equal(const Remark& a, const Remark& b) { return a.text == b.text; }
  static bool equal(const NeverStatement& a, const NeverStatement& b) {
    return equal(a.names, b.names) && a.reason == b.reason;
  }
  static bool equal(const LintStatement& a, const LintStatement& b) {
    return equal(a.format, b.format) && equal(a.filters, b.filters) && a.reason == b.reason;
  }
  static bool equal(const EitherStatement::Alternative& a, const EitherStatement::Alternative& b) {
    return a.title == b.title && equal(a.needs, b.needs) && equal(a.lets, b.lets) &&
           equal(a.items, b.items);
  }
  static bool equal(const EitherStatement& a, const EitherStatement& b) {
    return equal(a.alternatives, b.alternatives);
  }
  static bool equal(const PartStatement::Condition& a, const PartStatement::Condition& b) {
    return equal(a.param, b.param) && equal(a.choices, b.choices);
  }
  static bool equal(const PartStatement& a, const PartStatement& b) {
    return equal(a.name, b.name) && a.title == b.title && a.optional == b.optional &&
           equal(a.when, b.when) && equal(a.inside, b.inside) && equal(a.owner, b.owner) &&
           equal(a.notes, b.notes) && equal(a.lets, b.lets) && equal(a.nevers, b.nevers) &&
           equal(a.lints, b.lints) && equal(a.items, b.items);
  }
  static bool equal(const VendorStatement::Provenance& a, const VendorStatement::Provenance& b) {
    return a.text == b.text && a.seen == b.seen;
  }
  static bool equal(const VendorStatement& a, const VendorStatement& b) {
    return equal(a.name, b.name) && a.title == b.title && a.version == b.version &&
           equal(a.sources, b.sources) && equal(a.owner, b.owner) && equal(a.notes, b.notes) &&
           equal(a.params, b.params) && equal(a.lets, b.lets) && equal(a.nevers, b.nevers) &&
           equal(a.lints, b.lints) && equal(a.parts, b.parts);
  }
  static bool equal(const ZoneStatement& a, const ZoneStatement& b) {
    return equal(a.name, b.name) && equal(a.addresses, b.addresses) && equal(a.vlans, b.vlans);
  }
  static bool equal(const Nat64Statement& a, const Nat64Statement& b) {
    return equal(a.prefixes, b.prefixes);
  }
  static bool equal(const ResolverStatement::Server& a, const ResolverStatement::Server& b) {
    return equal(a.address, b.address) && equal(a.port, b.port);
  }
  static bool equal(const ResolverStatement& a, const ResolverStatement& b) {
    return equal(a.name, b.name) && equal(a.servers, b.servers);
  }
  static bool equal(const SettingStatement& a, const SettingStatement& b) {
    return equal(a.name, b.name) && equal(a.value, b.value);
  }
  static bool equal(const DirectionBlock& a, const DirectionBlock& b) {
    return a.direction == b.direction && equal(a.zone, b.zone) && equal(a.items, b.items);
  }
  static bool equal(const PolicyStatement& a, const PolicyStatement& b) {
    return equal(a.name, b.name) && equal(a.settings, b.settings) &&
           equal(a.capabilities, b.capabilities) && equal(a.owner, b.owner) &&
           equal(a.notes, b.notes) && equal(a.nevers, b.nevers) && equal(a.lints, b.lints) &&
           equal(a.items, b.items);
  }
  static bool equal(const ImportStatement& a, const ImportStatement& b) {
    return equal(a.path, b.path);
  }
  static bool equal(const GivenStatement& a, const GivenStatement& b) {
    return a.is_cname == b.is_cname && equal(a.name, b.name) && equal(a.values, b.values);
  }
  static bool equal(const ExpectStatement& a, const ExpectStatement& b) {
    return a.pass == b.pass && a.inward == b.inward && equal(a.packet, b.packet) &&
           equal(a.reason, b.reason);
  }
  static bool equal(const TestStatement& a, const TestStatement& b) {
    return a.title == b.title && equal(a.policy, b.policy) && equal(a.at, b.at) &&
           equal(a.givens, b.givens) && equal(a.expectations, b.expectations);
  }
  static bool equal(const Policy& a, const Policy& b) {
    return equal(a.imports, b.imports) && equal(a.vendors, b.vendors) && equal(a.zones, b.zones) &&
           equal(a.nat64, b.nat64) && equal(a.resolvers, b.resolvers) && equal(a.feeds, b.feeds) &&
           equal(a.policies, b.policies) && equal(a.tests, b.tests);
  }

 private:
  template <typename T>
  static bool equal(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || equal(*a, *b));
  }
  template <typename... T>
  static bool equal(const std::variant<T...>& a, const std::variant<T...>& b) {
    return a.index() == b.index() && std::visit(
                                         [&b](const auto& one) {
                                           using One = std::decay_t<decltype(one)>;
                                           return equal(one, std::get<One>(b));
                                         },
                                         a);
  }
  template <typename T>
  static bool equal(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T& x, const T& y) { return equal(x, y); });
  }
};

inline bool equal(const Policy& a, const Policy& b) {
  return AstEqual::equal(a, b);
}

}  // namespace sallyport
