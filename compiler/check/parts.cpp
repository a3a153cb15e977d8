// SPDX-License-Identifier: GPL-2.0-or-later
// Reading the statements of a part in their order, parts of other vendors included.
#include "compiler/check/parts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "compiler/check/rules.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

void append(auto& into, auto& from) {
  into.insert(into.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

}  // namespace

void bind_let(const LetStatement& let, bool forgiving, Terms& terms) {
  terms.bind_let(let);
  const Term* term = terms.find(let.name.text);
  if (forgiving && term->fault && term->fault->complaint &&
      term->fault->complaint->code == "no-alternative") {
    terms.bind(let.name.text, {.fault = Fault{}});
  }
}

void PartReading::add(PartReading more) {
  sound = sound && more.sound;
  has_empty_part = has_empty_part || more.has_empty_part;
  append(rules, more.rules);
  append(feeds, more.feeds);
  append(nevers, more.nevers);
  append(unfit, more.unfit);
  append(choices, more.choices);
  needs.merge(more.needs);
}

PartReader::PartReader(const VendorStatement& vendor, const Terms& terms, const Span& use,
                       const ReadingScope& scope, Reporter reporter, PartChain chain)
    : vendor_(vendor),
      terms_(terms),
      use_(use),
      scope_(scope),
      reporter_(std::move(reporter)),
      chain_(std::move(chain)) {}

std::optional<bool> PartReader::holds(const PartStatement& part) {
  if (!part.when) return true;
  for (const Name& choice : part.when->choices) {
    const auto held = terms_.holds(part.when->param, choice);
    if (!held) {
      Fault fault = held.error();
      if (!fault.span.source) fault.span = part.when->param.span;
      report(fault, reporter_);
      return {};
    }
    if (*held) return true;
  }
  return false;
}

PartReading PartReader::read(const PartStatement& part) {
  part_ = &part;
  chain_.push_back(&part);
  reading_ = {};
  Terms terms = terms_;
  for (const LetStatement& let : part.lets) bind(let, terms);
  for (const NeverStatement& never : part.nevers) {
    reading_.sound = read_nevers(never, terms, reporter_, reading_.nevers) && reading_.sound;
  }
  for (const LintStatement& lint : part.lints) {
    reading_.sound = read_lint(lint, terms, reporter_, reading_.unfit) && reading_.sound;
  }
  for (const auto& item : part.items) {
    std::visit([&](const auto& one) { read_item(one, terms); }, item);
  }
  chain_.pop_back();
  return std::move(reading_);
}

void PartReader::bind(const LetStatement& let, Terms& terms) {
  bind_let(let, scope_.samples, terms);
  if (const auto& fault = terms.find(let.name.text)->fault) {
    report(*fault, reporter_);
    reading_.sound = false;
  }
}

void PartReader::read_item(const RuleStatement& statement, const Terms& terms) {
  RuleReading read =
      read_rule(statement, terms, scope_.declarations.feeds(), scope_.referents, reporter_);
  reading_.sound = reading_.sound && read.sound;
  append(reading_.feeds, read.feeds);
  if (!read.rule) return;
  read.rule->origin = {vendor_.name.text, part_->name.text, statement.span.place(), use_.place()};
  reading_.rules.push_back(std::move(*read.rule));
}

void PartReader::read_item(const UseStatement& use, const Terms& terms) {
  reading_.add(read_use(use, scope_.declarations.module_of(vendor_), terms, use_, scope_, reporter_,
                        chain_));
}

void PartReader::read_item(const EitherStatement& either, const Terms& terms) {
  if (scope_.samples) {
    for (const auto& alternative : either.alternatives) read_alternative(alternative, terms);
    return;
  }
  Chosen chosen = choose(either, scope_.declared, reporter_);
  if (!chosen.alternative) {
    reading_.sound = false;
    return;
  }
  if (chosen.alternative->needs) reading_.needs.insert(chosen.alternative->needs->text);
  reading_.choices.push_back(std::move(chosen.choice));
  read_alternative(*chosen.alternative, terms);
}

void PartReader::read_alternative(const EitherStatement::Alternative& alternative, Terms terms) {
  for (const LetStatement& let : alternative.lets) bind(let, terms);
  for (const auto& item : alternative.items) {
    std::visit([&](const auto& one) { read_item(one, terms); }, item);
  }
}

}  // namespace sallyport
