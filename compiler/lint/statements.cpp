// SPDX-License-Identifier: GPL-2.0-or-later
// A walk over the AST, and searches in what it found.
#include "compiler/lint/statements.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace sallyport {
namespace {

/// True if the word can say `text` once its parameters are applied: its ends are literal, and fit.
bool could_say(const Word& word, std::string_view text) {
  if (word.pieces.empty() || word.is_literal()) return false;
  const Piece& first = word.pieces.front();
  const Piece& last = word.pieces.back();
  const bool begins = first.kind != Piece::Kind::literal || text.starts_with(first.text);
  const bool ends = last.kind != Piece::Kind::literal || text.ends_with(last.text);
  return begins && ends;
}

}  // namespace

Span called(const UseStatement& use) {
  return use.part ? join(use.vendor.span, use.part->span) : use.vendor.span;
}

Statements::Statements(const std::vector<Module>& modules) {
  for (const Module& module : modules) {
    File& file = files_[module.source->name()];
    collect(module.policy, file);
    std::ranges::sort(file.statements, {}, [](const Statement& one) { return one.span.begin; });
  }
}

void Statements::collect(const Policy& policy, File& file) {
  List& list = file.statements;
  const auto add_plain = [&](const auto& statements) {
    for (const auto& statement : statements) list.push_back({.span = statement.span});
  };
  const auto add_rule = [&](const RuleStatement& rule) {
    list.push_back({.span = rule.span, .rule = &rule});
  };
  const auto add_simple = [&](const auto& item) {
    if (const auto* rule = std::get_if<RuleStatement>(&item)) add_rule(*rule);
    if (const auto* use = std::get_if<UseStatement>(&item)) {
      list.push_back({.span = use->span, .use = use});
    }
  };
  const auto add_item = [&](const auto& item) {
    add_simple(item);
    const auto* either = std::get_if<EitherStatement>(&item);
    if (!either) return;
    for (const EitherStatement::Alternative& alternative : either->alternatives) {
      file.blocks.push_back(alternative.span);
      add_plain(alternative.lets);
      std::ranges::for_each(alternative.items, add_simple);
    }
  };
  add_plain(policy.imports);
  add_plain(policy.zones);
  add_plain(policy.nat64);
  add_plain(policy.resolvers);
  for (const VendorStatement& vendor : policy.vendors) {
    file.blocks.push_back(vendor.span);
    add_plain(vendor.params);
    add_plain(vendor.lets);
    for (const PartStatement& part : vendor.parts) {
      file.blocks.push_back(part.span);
      add_plain(part.lets);
      std::ranges::for_each(part.items, add_item);
    }
  }
  for (const PolicyStatement& one : policy.policies) {
    file.blocks.push_back(one.span);
    add_plain(one.settings);
    for (const auto& item : one.items) {
      add_item(item);
      const auto* block = std::get_if<DirectionBlock>(&item);
      if (!block) continue;
      file.blocks.push_back(block->span);
      std::ranges::for_each(block->items, add_item);
    }
  }
}

const Statements::Statement* Statements::at(const Place& place) const {
  const auto file = files_.find(place.file);
  if (file == files_.end()) return nullptr;
  const List& list = file->second.statements;
  const auto position = [](const Statement& one) {
    const Place begin = one.span.place();
    return std::pair{begin.line, begin.column};
  };
  const std::pair wanted{place.line, place.column};
  const auto found = std::ranges::lower_bound(list, wanted, {}, position);
  return found != list.end() && position(*found) == wanted ? &*found : nullptr;
}

const RuleStatement* Statements::rule_at(const Place& place) const {
  const Statement* statement = at(place);
  return statement ? statement->rule : nullptr;
}

const UseStatement* Statements::use_at(const Place& place) const {
  const Statement* statement = at(place);
  return statement ? statement->use : nullptr;
}

std::vector<Span> Statements::around(const Span& span) const {
  std::vector<Span> found;
  if (!span.source) return found;
  const auto file = files_.find(span.source->name());
  if (file == files_.end()) return found;
  const auto holds = [&](const Span& outer) {
    return outer.begin <= span.begin && span.end <= outer.end;
  };
  std::ranges::copy_if(file->second.blocks, std::back_inserter(found), holds);
  const List& list = file->second.statements;
  const auto after = std::ranges::upper_bound(list, span.begin, {},
                                              [](const Statement& one) { return one.span.begin; });
  if (after != list.begin() && holds(std::prev(after)->span)) {
    found.push_back(std::prev(after)->span);
  }
  return found;
}

void Statements::for_each_rule(const std::function<void(const RuleStatement&)>& visit) const {
  for (const auto& [name, file] : files_) {
    for (const Statement& statement : file.statements) {
      if (statement.rule) visit(*statement.rule);
    }
  }
}

Span Statements::seen(const Rule& rule) const {
  if (const UseStatement* use = use_at(rule.origin.use)) return called(*use);
  const RuleStatement* statement = rule_at(rule.origin.rule);
  return statement ? statement->span : Span{};
}

Span Statements::destination(const Rule& rule, std::string_view text) const {
  const RuleStatement* statement = rule_at(rule.origin.rule);
  if (!statement) return {};
  for (const Word& word : statement->destinations) {
    if (word.span.text() == text) return word.span;
  }
  for (const Word& word : statement->destinations) {
    if (could_say(word, text)) return word.span;
  }
  return statement->span;
}

}  // namespace sallyport
