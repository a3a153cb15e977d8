// SPDX-License-Identifier: GPL-2.0-or-later
// A walk over the modules: first what is declared, then who speaks of it. Entry points in
// symbols.h.
#include "compiler/lsp/symbols.h"

#include <utility>
#include <variant>

namespace sallyport::lsp {

class SymbolReader {
 public:
  explicit SymbolReader(Symbols& symbols) : symbols_(symbols) {}

  void declare(const Policy& policy);
  void refer(const Policy& policy);

 private:
  void add(SymbolKind kind, const Name& name, Span statement,
           const VendorStatement* vendor = nullptr, const PartStatement* part = nullptr);
  void mention(Span span, std::optional<std::size_t> symbol);

  void refer(const VendorStatement& vendor);
  void refer(const LetStatement& let, const VendorStatement& vendor, const PartStatement* part);
  void refer(const Value& value, const VendorStatement& vendor, const PartStatement* part);
  void refer(const std::vector<Word>& words, const VendorStatement& vendor,
             const PartStatement* part);
  void refer(const std::vector<FeedFilter>& filters, const VendorStatement& vendor,
             const PartStatement* part);
  void refer(const RuleStatement& rule, const VendorStatement& vendor, const PartStatement& part);
  void refer(const RuleStatement& rule);
  void refer(const std::vector<Modifier>& modifiers);
  void refer(const UseStatement& use);
  void refer(const UseStatement& use, const VendorStatement& vendor, const PartStatement& part);
  void refer(const EitherStatement& either);
  void refer(const EitherStatement& either, const VendorStatement& vendor,
             const PartStatement& part);
  void refer_items(const auto& items, const VendorStatement& vendor, const PartStatement& part);
  void mention_param(const Name& param, const VendorStatement& vendor);
  void refer(const DirectionBlock& block);

  Symbols& symbols_;
};

void SymbolReader::add(SymbolKind kind, const Name& name, Span statement,
                       const VendorStatement* vendor, const PartStatement* part) {
  const std::size_t index = symbols_.symbols_.size();
  symbols_.occurrences_.push_back({name.span, index, true});
  const bool of_vendor =
      kind == SymbolKind::part || kind == SymbolKind::param || kind == SymbolKind::let;
  symbols_.first_.emplace(Symbols::Key{kind, of_vendor ? vendor : nullptr,
                                       kind == SymbolKind::let ? part : nullptr, name.text},
                          index);
  symbols_.symbols_.push_back({kind, name.text, name.span, statement, vendor, part});
}

void SymbolReader::mention(Span span, std::optional<std::size_t> symbol) {
  if (symbol) symbols_.occurrences_.push_back({span, *symbol, false});
}

void SymbolReader::declare(const Policy& policy) {
  for (const ZoneStatement& zone : policy.zones) add(SymbolKind::zone, zone.name, zone.span);
  for (const ResolverStatement& resolver : policy.resolvers)
    add(SymbolKind::resolver, resolver.name, resolver.span);
  for (const FeedStatement& feed : policy.feeds) add(SymbolKind::feed, feed.name, feed.span);
  for (const VendorStatement& vendor : policy.vendors) {
    add(SymbolKind::vendor, vendor.name, vendor.span, &vendor);
    for (const ParamStatement& param : vendor.params)
      add(SymbolKind::param, param.name, param.span, &vendor);
    for (const LetStatement& let : vendor.lets) add(SymbolKind::let, let.name, let.span, &vendor);
    for (const PartStatement& part : vendor.parts) {
      add(SymbolKind::part, part.name, part.span, &vendor, &part);
      for (const LetStatement& let : part.lets)
        add(SymbolKind::let, let.name, let.span, &vendor, &part);
      for (const auto& item : part.items) {
        const auto* either = std::get_if<EitherStatement>(&item);
        if (!either) continue;
        for (const auto& alternative : either->alternatives) {
          for (const LetStatement& let : alternative.lets)
            add(SymbolKind::let, let.name, let.span, &vendor, &part);
        }
      }
    }
  }
  for (const PolicyStatement& one : policy.policies) add(SymbolKind::policy, one.name, one.span);
  for (const TestStatement& test : policy.tests) {
    // Shown where its policy is named: its title is no place to be asked about.
    symbols_.symbols_.push_back(
        {SymbolKind::test, test.title, test.policy.span, test.span, nullptr, nullptr});
  }
}

void SymbolReader::refer(const Policy& policy) {
  for (const VendorStatement& vendor : policy.vendors) refer(vendor);
  for (const PolicyStatement& one : policy.policies) {
    for (const auto& item : one.items) {
      if (const auto* rule = std::get_if<RuleStatement>(&item)) refer(*rule);
      if (const auto* use = std::get_if<UseStatement>(&item)) refer(*use);
      if (const auto* either = std::get_if<EitherStatement>(&item)) refer(*either);
      if (const auto* block = std::get_if<DirectionBlock>(&item)) refer(*block);
    }
  }
  for (const TestStatement& test : policy.tests)
    mention(test.policy.span, symbols_.index(SymbolKind::policy, test.policy.text, nullptr));
}

void SymbolReader::refer(const VendorStatement& vendor) {
  for (const ParamStatement& param : vendor.params) {
    if (param.default_value) refer(*param.default_value, vendor, nullptr);
  }
  for (const LetStatement& let : vendor.lets) refer(let, vendor, nullptr);
  for (const NeverStatement& never : vendor.nevers) refer(never.names, vendor, nullptr);
  for (const LintStatement& lint : vendor.lints) refer(lint.filters, vendor, nullptr);
  for (const PartStatement& part : vendor.parts) {
    for (const LetStatement& let : part.lets) refer(let, vendor, &part);
    for (const NeverStatement& never : part.nevers) refer(never.names, vendor, &part);
    for (const LintStatement& lint : part.lints) refer(lint.filters, vendor, &part);
    if (part.when) mention_param(part.when->param, vendor);
    if (part.inside) {
      mention(part.inside->span, symbols_.index(SymbolKind::part, part.inside->text, &vendor));
    }
    refer_items(part.items, vendor, part);
  }
}

void SymbolReader::refer(const LetStatement& let, const VendorStatement& vendor,
                         const PartStatement* part) {
  for (const LetStatement::Alternative& one : let.alternatives) {
    refer(one.value, vendor, part);
    if (one.when_param) mention_param(*one.when_param, vendor);
  }
  if (let.derivation) refer({let.derivation->host}, vendor, part);
}

void SymbolReader::refer(const Value& value, const VendorStatement& vendor,
                         const PartStatement* part) {
  refer(value.words, vendor, part);
}

/// A `let` of the part hides one of the vendor, and that a parameter.
void SymbolReader::refer(const std::vector<Word>& words, const VendorStatement& vendor,
                         const PartStatement* part) {
  for (const Word& word : words) {
    for (const Piece& piece : word.pieces) {
      if (piece.kind != Piece::Kind::reference) continue;
      auto symbol =
          part ? symbols_.index(SymbolKind::let, piece.text, &vendor, part) : std::nullopt;
      if (!symbol) symbol = symbols_.index(SymbolKind::let, piece.text, &vendor);
      if (!symbol) symbol = symbols_.index(SymbolKind::param, piece.text, &vendor);
      mention(piece.span, symbol);
    }
  }
}

void SymbolReader::refer(const RuleStatement& rule, const VendorStatement& vendor,
                         const PartStatement& part) {
  for (const ServiceClause& service : rule.services) refer(service.ports, vendor, &part);
  refer(rule.destinations, vendor, &part);
  refer(rule);
  for (const Modifier& one : rule.modifiers) {
    const auto let = symbols_.index(SymbolKind::let, one.name.text, &vendor, &part);
    if (one.kind != Modifier::Kind::unless) continue;
    mention(one.name.span, let ? let : symbols_.index(SymbolKind::let, one.name.text, &vendor));
  }
  for (const FeedReference& feed : rule.feeds) refer(feed.filters, vendor, &part);
}

void SymbolReader::refer(const std::vector<FeedFilter>& filters, const VendorStatement& vendor,
                         const PartStatement* part) {
  for (const FeedFilter& filter : filters) refer(filter.values, vendor, part);
}

/// What a rule speaks of wherever it stands.
void SymbolReader::refer(const RuleStatement& rule) {
  for (const FeedReference& one : rule.feeds)
    mention(one.feed.span, symbols_.index(SymbolKind::feed, one.feed.text, nullptr));
  refer(rule.modifiers);
}

void SymbolReader::refer(const std::vector<Modifier>& modifiers) {
  for (const Modifier& one : modifiers) {
    if (one.kind == Modifier::Kind::via)
      mention(one.name.span, symbols_.index(SymbolKind::resolver, one.name.text, nullptr));
  }
}

void SymbolReader::mention_param(const Name& param, const VendorStatement& vendor) {
  mention(param.span, symbols_.index(SymbolKind::param, param.text, &vendor));
}

/// The statements of a part or of one of its alternatives.
void SymbolReader::refer_items(const auto& items, const VendorStatement& vendor,
                               const PartStatement& part) {
  for (const auto& item : items) {
    std::visit([&](const auto& one) { refer(one, vendor, part); }, item);
  }
}

void SymbolReader::refer(const UseStatement& use, const VendorStatement& vendor,
                         const PartStatement& part) {
  refer(use);
  for (const UseStatement::Argument& given : use.arguments) refer(given.value, vendor, &part);
}

void SymbolReader::refer(const EitherStatement& either, const VendorStatement& vendor,
                         const PartStatement& part) {
  for (const auto& alternative : either.alternatives) {
    for (const LetStatement& let : alternative.lets) refer(let, vendor, &part);
    refer_items(alternative.items, vendor, part);
  }
}

void SymbolReader::refer(const EitherStatement& either) {
  for (const auto& alternative : either.alternatives) {
    for (const auto& item : alternative.items) {
      if (const auto* use = std::get_if<UseStatement>(&item)) refer(*use);
      if (const auto* rule = std::get_if<RuleStatement>(&item)) refer(*rule);
    }
  }
}

void SymbolReader::refer(const UseStatement& use) {
  refer(use.modifiers);
  const auto vendor = symbols_.index(SymbolKind::vendor, use.vendor.text, nullptr);
  mention(use.vendor.span, vendor);
  if (!vendor) return;
  const VendorStatement* declared = symbols_.symbols_[*vendor].vendor;
  if (use.part) mention(use.part->span, symbols_.index(SymbolKind::part, use.part->text, declared));
  for (const UseStatement::Argument& given : use.arguments) {
    mention(given.name.span, symbols_.index(SymbolKind::param, given.name.text, declared));
  }
}

void SymbolReader::refer(const DirectionBlock& block) {
  mention(block.zone.span, symbols_.index(SymbolKind::zone, block.zone.text, nullptr));
  for (const auto& item : block.items) {
    if (const auto* rule = std::get_if<RuleStatement>(&item)) refer(*rule);
    if (const auto* use = std::get_if<UseStatement>(&item)) refer(*use);
    if (const auto* either = std::get_if<EitherStatement>(&item)) refer(*either);
  }
}

Symbols::Symbols(const std::vector<Module>& modules) {
  SymbolReader reader(*this);
  for (const Module& module : modules) reader.declare(module.policy);
  for (const Module& module : modules) reader.refer(module.policy);
}

const Occurrence* Symbols::at(const Source* source, std::uint32_t offset) const {
  const Occurrence* best = nullptr;
  for (const Occurrence& one : occurrences_) {
    if (one.span.source != source || offset < one.span.begin || offset > one.span.end) continue;
    if (!best || one.span.begin > best->span.begin) best = &one;
  }
  return best;
}

std::optional<std::size_t> Symbols::index(SymbolKind kind, const std::string& name,
                                          const VendorStatement* vendor,
                                          const PartStatement* part) const {
  const auto found = first_.find({kind, vendor, part, name});
  return found == first_.end() ? std::nullopt : std::optional(found->second);
}

const Symbol* Symbols::find(SymbolKind kind, const std::string& name,
                            const VendorStatement* vendor) const {
  const auto found = index(kind, name, vendor);
  return found ? &symbols_[*found] : nullptr;
}

std::vector<const Symbol*> Symbols::list(SymbolKind kind, const VendorStatement* vendor) const {
  std::vector<const Symbol*> found;
  for (const Symbol& one : symbols_) {
    if (one.kind == kind && (!vendor || one.vendor == vendor)) found.push_back(&one);
  }
  return found;
}

std::string_view kind_text(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::vendor:
      return "vendor";
    case SymbolKind::part:
      return "part";
    case SymbolKind::param:
      return "param";
    case SymbolKind::let:
      return "let";
    case SymbolKind::zone:
      return "zone";
    case SymbolKind::resolver:
      return "resolver";
    case SymbolKind::feed:
      return "feed";
    case SymbolKind::policy:
      return "policy";
    case SymbolKind::test:
      return "test";
  }
  return {};
}

}  // namespace sallyport::lsp
