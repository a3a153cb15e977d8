// SPDX-License-Identifier: GPL-2.0-or-later
// The AST printer: one function for each kind of statement. Entry points in ast_text.h.
#include "compiler/syntax/ast_text.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/syntax/expansion.h"

namespace sallyport {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string joined(const auto& items, std::string_view separator, const auto& text_of) {
  std::string out;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += separator;
    out += text_of(item);
    first = false;
  }
  return out;
}

std::string words_text(const std::vector<Word>& words) {
  return joined(words, ", ", [](const Word& word) { return ast_text(word); });
}

std::string value_text(const Value& value) {
  return value.is_list ? "[" + words_text(value.words) + "]" : words_text(value.words);
}

std::string protocol_text(const Name& protocol) {
  const bool number = protocol.text.find_first_not_of("0123456789") == std::string::npos;
  return number ? "protocol " + protocol.text : protocol.text;
}

std::string service_text(const ServiceClause& clause) {
  const std::string protocols = joined(clause.protocols, "+", protocol_text);
  return clause.ports.empty() ? protocols : protocols + " " + words_text(clause.ports);
}

std::string filters_text(const std::vector<FeedFilter>& filters) {
  const auto value = [](const Word& word) {
    return word.is_literal() ? quoted(word.pieces[0].text) : ast_text(word);
  };
  const auto filter = [&](const FeedFilter& one) {
    return one.field.text + " = " + joined(one.values, " or ", value);
  };
  return filters.empty() ? std::string() : " where " + joined(filters, " and ", filter);
}

std::string feed_text(const FeedReference& reference) {
  return "feed " + reference.feed.text + filters_text(reference.filters);
}

std::string lint_text(const LintStatement& lint) {
  std::string out = "lint not feed " + lint.format.text + filters_text(lint.filters);
  if (!lint.reason.empty()) out += " " + quoted(lint.reason);
  return out;
}

std::string modifier_text(const Modifier& modifier) {
  switch (modifier.kind) {
    case Modifier::Kind::private_ok:
      return " private ok";
    case Modifier::Kind::absent_ok:
      return " absent ok";
    case Modifier::Kind::unless:
      return " unless " + modifier.name.text + " like " + quoted(modifier.text);
    case Modifier::Kind::via:
      return " via " + modifier.name.text;
    case Modifier::Kind::valid:
      return " valid " + day_text(modifier.day);
    case Modifier::Kind::until:
      return " until " + day_text(modifier.day);
    case Modifier::Kind::owner:
      return " owner " + quoted(modifier.text);
    case Modifier::Kind::log:
      return " log";
    case Modifier::Kind::note:
      return " note " + quoted(modifier.text);
  }
  return {};
}

/// In one order, whatever the order in which they were written.
std::string modifiers_text(std::vector<Modifier> modifiers) {
  std::ranges::sort(modifiers, {}, &Modifier::kind);
  return joined(modifiers, "", modifier_text);
}

std::string use_text(const UseStatement& use) {
  std::string out = "use " + use.vendor.text;
  if (use.part) out += "." + use.part->text;
  const auto argument = [](const UseStatement::Argument& given) {
    return given.name.text + " = " + value_text(given.value);
  };
  if (!use.arguments.empty()) out += "(" + joined(use.arguments, ", ", argument) + ")";
  return out + modifiers_text(use.modifiers);
}

std::string derivation_text(const DerivationClause& clause) {
  std::string out = "first label of cname " + ast_text(clause.host);
  if (clause.lower_case) out += ", lower case";
  if (clause.prefixes.empty()) return out;
  return out + ", without prefix " +
         joined(clause.prefixes, " else ", [](const Name& prefix) { return quoted(prefix.text); });
}

std::string let_text(const LetStatement& let) {
  const auto alternative = [](const LetStatement::Alternative& one) {
    std::string out = value_text(one.value);
    if (one.when_param) out += " when " + one.when_param->text + " " + one.when_value->text;
    return out;
  };
  if (let.derivation) return "let " + let.name.text + " = " + derivation_text(*let.derivation);
  return "let " + let.name.text + " = " + joined(let.alternatives, ", ", alternative);
}

std::string type_text(const ParamStatement& param) {
  switch (param.type) {
    case ParamStatement::Type::label:
      return "label";
    case ParamStatement::Type::host:
      return "host";
    case ParamStatement::Type::cidr:
      return "cidr";
    case ParamStatement::Type::port:
      return "port";
    case ParamStatement::Type::one_of:
      break;
  }
  return joined(param.choices, " | ", [](const Name& choice) { return choice.text; });
}

std::string param_text(const ParamStatement& param) {
  std::string out = "param " + param.name.text + ": ";
  if (param.is_list) out += "list of ";
  out += type_text(param);
  if (param.default_value) out += ", default " + value_text(*param.default_value);
  return out;
}

std::string source_text(const VendorStatement::Provenance& source) {
  std::string out = "source " + quoted(source.text);
  if (!source.seen.empty()) out += " seen " + source.seen;
  return out;
}

std::string never_text(const NeverStatement& never) {
  std::string out = "never " + words_text(never.names);
  if (!never.reason.empty()) out += " " + quoted(never.reason);
  return out;
}

std::string condition_text(const PartStatement::Condition& condition) {
  const auto text = [](const Name& name) { return name.text; };
  return condition.param.text + " " + joined(condition.choices, ", ", text);
}

std::string given_text(const GivenStatement& given) {
  return std::string("given ") + (given.is_cname ? "cname " : "") + ast_text(given.name) + " is " +
         (given.values.empty() ? "none" : words_text(given.values));
}

std::string expectation_text(const ExpectStatement& expectation) {
  std::string out = expectation.pass ? "expect pass " : "expect drop ";
  if (expectation.inward) out += "in ";
  out += expectation.packet.text;
  if (expectation.reason) out += " reason " + expectation.reason->text;
  return out;
}

/// Lines at the depth of the block they stand in.
class Printer {
 public:
  std::string take() { return std::move(out_); }

  void file(const Policy& policy) {
    for (const ImportStatement& import : policy.imports) line("import " + ast_text(import.path));
    for (const ZoneStatement& zone : policy.zones) {
      const std::string vlans = zone.vlans.empty() ? "" : " vlan " + words_text(zone.vlans);
      line("zone " + zone.name.text + " = " + words_text(zone.addresses) + vlans);
    }
    for (const Nat64Statement& nat64 : policy.nat64) line("nat64 " + words_text(nat64.prefixes));
    for (const ResolverStatement& resolver : policy.resolvers) this->resolver(resolver);
    for (const FeedStatement& feed : policy.feeds) {
      line("feed " + feed.name.text + " = " + quoted(feed.file.text) + " as " + feed.format.text);
    }
    for (const VendorStatement& vendor : policy.vendors) this->vendor(vendor);
    for (const PolicyStatement& one : policy.policies) this->policy(one);
    for (const TestStatement& test : policy.tests) this->test(test);
  }

 private:
  void line(std::string_view text) { out_.append(2 * depth_, ' ').append(text).append("\n"); }
  void open(std::string_view heading) {
    line(std::string(heading) + " {");
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }

  void resolver(const ResolverStatement& resolver) {
    const auto server = [](const ResolverStatement::Server& one) {
      std::string out = ast_text(one.address);
      if (one.port) out += " port " + ast_text(*one.port);
      return out;
    };
    line("resolver " + resolver.name.text + " = " + joined(resolver.servers, ", ", server));
  }

  void vendor(const VendorStatement& vendor) {
    std::string heading = "vendor " + vendor.name.text;
    if (!vendor.title.empty()) heading += " " + quoted(vendor.title);
    if (!vendor.version.empty()) heading += " version " + quoted(vendor.version);
    open(heading);
    for (const VendorStatement::Provenance& source : vendor.sources) line(source_text(source));
    remarks(vendor.owner, vendor.notes);
    for (const ParamStatement& param : vendor.params) line(param_text(param));
    for (const LetStatement& let : vendor.lets) line(let_text(let));
    for (const NeverStatement& never : vendor.nevers) line(never_text(never));
    for (const LintStatement& lint : vendor.lints) line(lint_text(lint));
    for (const PartStatement& part : vendor.parts) this->part(part);
    close();
  }

  void part(const PartStatement& part) {
    std::string heading = "part " + part.name.text;
    if (!part.title.empty()) heading += " " + quoted(part.title);
    if (part.optional) heading += " optional";
    if (part.when) heading += " when " + condition_text(*part.when);
    if (part.inside) heading += " inside " + part.inside->text;
    open(heading);
    remarks(part.owner, part.notes);
    for (const LetStatement& let : part.lets) line(let_text(let));
    for (const NeverStatement& never : part.nevers) line(never_text(never));
    for (const LintStatement& lint : part.lints) line(lint_text(lint));
    items(part.items);
    close();
  }

  void policy(const PolicyStatement& policy) {
    open("policy " + policy.name.text);
    for (const SettingStatement& setting : policy.settings) {
      line(setting.name.text + " " + ast_text(setting.value));
    }
    if (!policy.capabilities.empty()) {
      const auto text = [](const Name& name) { return name.text; };
      line("capabilities " + joined(policy.capabilities, ", ", text));
    }
    remarks(policy.owner, policy.notes);
    for (const NeverStatement& never : policy.nevers) line(never_text(never));
    for (const LintStatement& lint : policy.lints) line(lint_text(lint));
    items(policy.items);
    close();
  }

  void test(const TestStatement& test) {
    open("test " + quoted(test.title) + " of " + test.policy.text);
    for (const GivenStatement& given : test.givens) line(given_text(given));
    if (test.at) line("at " + test.at->text);
    for (const ExpectStatement& one : test.expectations) line(expectation_text(one));
    close();
  }

  void item(const RuleStatement& rule) { line(ast_text(rule)); }
  void item(const UseStatement& use) { line(use_text(use)); }
  void item(const DirectionBlock& block) {
    const bool from = block.direction == DirectionBlock::Direction::from;
    open((from ? "from " : "to ") + block.zone.text);
    items(block.items);
    close();
  }
  void item(const EitherStatement& either) {
    for (const auto& alternative : either.alternatives) {
      const bool first = &alternative == &either.alternatives.front();
      std::string heading = first ? "either" : "} or";
      if (!alternative.title.empty()) heading += " " + quoted(alternative.title);
      if (alternative.needs) heading += " needs " + alternative.needs->text;
      open(heading);
      for (const LetStatement& let : alternative.lets) line(let_text(let));
      items(alternative.items);
      --depth_;
    }
    line("}");
  }

  void items(const auto& list) {
    for (const auto& one : list) {
      std::visit([this](const auto& inner) { this->item(inner); }, one);
    }
  }
  void remarks(const std::optional<Remark>& owner, const std::vector<Remark>& notes) {
    if (owner) line("owner " + quoted(owner->text));
    for (const Remark& note : notes) line("note " + quoted(note.text));
  }

  std::string out_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string ast_text(const Word& word) {
  std::string out;
  for (const Piece& piece : word.pieces) {
    switch (piece.kind) {
      case Piece::Kind::literal:
        out += piece.text;
        break;
      case Piece::Kind::reference:
        out += "{" + piece.text + "}";
        break;
      case Piece::Kind::expansion:
        out += "{" + joined(piece.members, ", ", member_text) + "}";
        break;
    }
  }
  return out;
}

std::string ast_text(const RuleStatement& rule) {
  std::string out = rule.action == RuleStatement::Action::allow ? "allow " : "deny ";
  if (rule.inward) out += "in ";
  out += joined(rule.services, " or ", service_text);
  out += (rule.inward ? " from " : " to ") + words_text(rule.destinations);
  if (!rule.destinations.empty() && !rule.feeds.empty()) out += ", ";
  out += joined(rule.feeds, ", ", feed_text);
  return out + modifiers_text(rule.modifiers);
}

std::string ast_text(const Policy& policy) {
  Printer printer;
  printer.file(policy);
  return printer.take();
}

}  // namespace sallyport
