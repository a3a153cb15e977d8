// SPDX-License-Identifier: GPL-2.0-or-later
// The statements of a file and of a policy. Entry point: Parser::file().
#include "compiler/syntax/grammar.h"

#include <algorithm>

#include "compiler/source/wording.h"

namespace sallyport {

Policy Parser::file() {
  Policy policy;
  const Block block{Scope::file, "a policy file", {}};
  while (const std::optional<Token> word = cursor_.next_statement(block)) {
    const Span start = word->span;
    const std::string_view keyword = start.text();
    if (keyword == "import") {
      if (!import(policy.imports)) cursor_.skip_statement();
    } else if (keyword == "vendor") {
      keep(vendor(start), policy.vendors);
    } else if (keyword == "zone") {
      keep(zone(start), policy.zones);
    } else if (keyword == "nat64") {
      keep(nat64(start), policy.nat64);
    } else if (keyword == "resolver") {
      keep(resolver(start), policy.resolvers);
    } else if (keyword == "feed") {
      keep(feed(start), policy.feeds);
    } else if (keyword == "test") {
      keep(test(start), policy.tests);
    } else {
      keep(this->policy(start), policy.policies);
    }
  }
  return policy;
}

bool Parser::import(std::vector<ImportStatement>& into) {
  do {
    if (cursor_.at(TokenKind::string)) {
      const Token& quoted = cursor_.peek();
      cursor_.expected("a path", "a path is written without quotes: `import vendors/acme`",
                       {{"take the quotes away", {{quoted.span, string_of(quoted)}}, true}});
      return false;
    }
    Parsed<Word> path = word("a path");
    if (!path) return false;
    if (!path->is_literal()) {
      cursor_.error("unexpected-token", path->span,
                    "expected a plain path, found " + quote(path->span.text()));
      return false;
    }
    into.push_back({path->span, std::move(*path)});
  } while (cursor_.accept(TokenKind::comma));
  return true;
}

Parsed<ZoneStatement> Parser::zone(Span start) {
  ZoneStatement zone;
  Parsed<Name> zone_name = name("the zone's name");
  if (!zone_name) return {};
  zone.name = std::move(*zone_name);
  if (zone.name.text == "any") {
    cursor_.error("bad-name", zone.name.span,
                  "`any` cannot name a zone: it means every local address");
    return {};
  }
  if (!cursor_.expect(TokenKind::equals, "`=` and the zone's addresses")) return {};
  Parsed<std::vector<Word>> addresses = range_words("an address");
  if (!addresses) return {};
  zone.addresses = std::move(*addresses);
  if (cursor_.accept_word("vlan")) {
    Parsed<std::vector<Word>> vlans = range_words("a VLAN id or `untagged`");
    if (!vlans) return {};
    zone.vlans = std::move(*vlans);
  }
  zone.span = since(start);
  return zone;
}

Parsed<Nat64Statement> Parser::nat64(Span start) {
  Nat64Statement nat64;
  Parsed<std::vector<Word>> prefixes = range_words("a prefix such as `2001:db8:64::/96`");
  if (!prefixes) return {};
  nat64.prefixes = std::move(*prefixes);
  nat64.span = since(start);
  return nat64;
}

Parsed<ResolverStatement> Parser::resolver(Span start) {
  ResolverStatement resolver;
  Parsed<Name> resolver_name = name("the resolver's name");
  if (!resolver_name) return {};
  resolver.name = std::move(*resolver_name);
  if (!cursor_.expect(TokenKind::equals, "`=` and the resolver's addresses")) return {};
  do {
    ResolverStatement::Server server;
    Parsed<Word> address = word("an address");
    if (!address) return {};
    server.address = std::move(*address);
    if (cursor_.accept_word("port")) {
      server.port = word("a port");
      if (!server.port) return {};
    }
    resolver.servers.push_back(std::move(server));
  } while (cursor_.accept(TokenKind::comma));
  resolver.span = since(start);
  return resolver;
}

Parsed<PolicyStatement> Parser::policy(Span start) {
  PolicyStatement policy;
  Parsed<Name> policy_name = name("the policy's name");
  if (!policy_name) return {};
  policy.name = std::move(*policy_name);
  const Parsed<Block> block = open(Scope::policy, "policy " + quote(policy.name.text));
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    if (!policy_item(*word, policy)) cursor_.skip_statement();
  }
  policy.span = since(start);
  return policy;
}

bool Parser::policy_item(const Token& word, PolicyStatement& policy) {
  const std::string_view keyword = word.span.text();
  if (keyword == "from" || keyword == "to") return store(direction(word), policy.items);
  if (keyword == "use") return store(use(word.span), policy.items);
  if (keyword == "allow" || keyword == "deny") return store(rule(word), policy.items);
  if (keyword == "either") {
    return store(either(word.span, Scope::policy_alternative), policy.items);
  }
  if (keyword == "never") return store(never(word.span), policy.nevers);
  if (keyword == "lint") return store(lint(word.span), policy.lints);
  if (keyword == "owner") return owner(word.span, policy.owner);
  if (keyword == "note") return store(remark(word.span), policy.notes);
  if (keyword == "capabilities") return capabilities(policy);
  return store(setting(word), policy.settings);
}

bool Parser::capabilities(PolicyStatement& policy) {
  do {
    if (!store(name("a capability such as `observed-dns`"), policy.capabilities)) return false;
  } while (cursor_.accept(TokenKind::comma));
  return true;
}

Parsed<SettingStatement> Parser::setting(const Token& name) {
  Parsed<Word> duration = word("a duration such as `2s`");
  if (!duration) return {};
  return SettingStatement{
      since(name.span), {name.span, std::string(name.span.text())}, std::move(*duration)};
}

Parsed<DirectionBlock> Parser::direction(const Token& word) {
  DirectionBlock direction;
  const bool from = word.span.text() == "from";
  direction.direction = from ? DirectionBlock::Direction::from : DirectionBlock::Direction::to;
  Parsed<Name> zone = name("a zone's name or `any`");
  if (!zone) return {};
  direction.zone = std::move(*zone);
  const bool alone = cursor_.at_word("allow") || cursor_.at_word("deny") ||
                     cursor_.at_word("use") || cursor_.at_word("either");
  if (alone) {
    if (!direction_item(cursor_.take(), direction)) return {};
    direction.span = since(word.span);
    return direction;
  }
  if (!cursor_.at(TokenKind::left_brace)) {
    cursor_.expected("`{`, `allow`, `deny` or `use`");
    return {};
  }
  const Block block{Scope::direction, quote((from ? "from " : "to ") + direction.zone.text),
                    cursor_.take().span};
  while (const std::optional<Token> item = cursor_.next_statement(block)) {
    if (!direction_item(*item, direction)) cursor_.skip_statement();
  }
  direction.span = since(word.span);
  return direction;
}

bool Parser::direction_item(const Token& word, DirectionBlock& block) {
  const std::string_view keyword = word.span.text();
  if (keyword == "use") return store(use(word.span), block.items);
  if (keyword == "either") return store(either(word.span, Scope::policy_alternative), block.items);
  return store(rule(word), block.items);
}

Parsed<UseStatement> Parser::use(Span start) {
  UseStatement use;
  Parsed<Word> target = word("a vendor and its part, as in `acme.core`");
  if (!target) return {};
  const std::string_view text = target->span.text();
  const std::size_t dot = std::min(text.find('.'), text.size());
  const bool has_part = dot < text.size();
  if (!is_name(text.substr(0, dot)) || (has_part && !is_name(text.substr(dot + 1)))) {
    cursor_.error("bad-name", target->span,
                  "expected a vendor and its part, as in `acme.core`, found " + quote(text));
    return {};
  }
  const auto at = [&](std::size_t offset) {
    return target->span.begin + static_cast<std::uint32_t>(offset);
  };
  use.vendor = {{start.source, at(0), at(dot)}, std::string(text.substr(0, dot))};
  if (has_part) {
    use.part =
        Name{{start.source, at(dot + 1), at(text.size())}, std::string(text.substr(dot + 1))};
  }
  if (cursor_.accept(TokenKind::left_paren) && !cursor_.accept(TokenKind::right_paren)) {
    do {
      if (!argument(use)) return {};
    } while (cursor_.accept(TokenKind::comma));
    if (!cursor_.expect(TokenKind::right_paren, "`,` or `)`")) return {};
  }
  if (!modifiers(Modified::use, use.modifiers)) return {};
  use.span = since(start);
  return use;
}

bool Parser::argument(UseStatement& use) {
  Parsed<Name> parameter = name("a parameter's name");
  if (!parameter) return false;
  if (!cursor_.expect(TokenKind::equals, "`=` and a value",
                      use.arguments.empty() ? "" : "a list is written `[a, b]`")) {
    return false;
  }
  Parsed<Value> given = value("a value");
  if (!given) return false;
  use.arguments.push_back({std::move(*parameter), std::move(*given)});
  return true;
}

}  // namespace sallyport
