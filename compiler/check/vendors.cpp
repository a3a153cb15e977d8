// SPDX-License-Identifier: GPL-2.0-or-later
// A vendor's part is read anew for each `use`; checked on its own, it is read once for each set of
// sample values.
#include "compiler/check/vendors.h"

#include <algorithm>
#include <map>

#include "compiler/check/name_space.h"
#include "compiler/check/parameters.h"
#include "compiler/check/rules.h"
#include "compiler/check/terms.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
  const auto found =
      std::ranges::find_if(items, [&](const T& item) { return item.name.text == name; });
  return found == items.end() ? nullptr : &*found;
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& items) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name.text);
  return names;
}

// --- A vendor on its own --------------------------------------------------------------------

class VendorCheck {
 public:
  VendorCheck(const VendorStatement& vendor, const FeedTable& feeds, Reporter& reporter)
      : vendor_(vendor), feeds_(feeds), reporter_(reporter) {}

  std::vector<Rule> run();

 private:
  void check_names();
  void check_param(const ParamStatement& param);
  void check_let(const LetStatement& let, const std::vector<std::string>& known);
  void check_choice(const LetStatement::Alternative& alternative);
  void check_lets_of(const PartStatement& part);
  void check_rules(const PartStatement& part, const std::vector<Term>& samples);

  const VendorStatement& vendor_;
  const FeedTable& feeds_;
  Reporter& reporter_;
  std::vector<Rule> rules_;
};

std::vector<Rule> VendorCheck::run() {
  check_names();
  for (const ParamStatement& param : vendor_.params) check_param(param);
  std::vector<std::string> known = names_of(vendor_.params);
  for (const LetStatement& let : vendor_.lets) {
    check_let(let, known);
    known.push_back(let.name.text);
  }
  for (const PartStatement& part : vendor_.parts) check_lets_of(part);
  for (const std::vector<Term>& samples : sample_values(vendor_.params)) {
    for (const PartStatement& part : vendor_.parts) check_rules(part, samples);
  }
  return std::move(rules_);
}

void VendorCheck::check_names() {
  NameSpace terms;
  for (const ParamStatement& param : vendor_.params) {
    terms.declare(param.name, "parameter", reporter_);
  }
  for (const LetStatement& let : vendor_.lets) terms.declare(let.name, "`let`", reporter_);
  NameSpace parts;
  for (const PartStatement& part : vendor_.parts) {
    parts.declare(part.name, "part", reporter_);
    NameSpace part_terms = terms;
    for (const LetStatement& let : part.lets) part_terms.declare(let.name, "`let`", reporter_);
  }
}

void VendorCheck::check_param(const ParamStatement& param) {
  NameSpace choices;
  for (const Name& choice : param.choices) {
    choices.declare(choice, "choice", reporter_);
    if (param.is_list && choice.text == "all") {
      reporter_.error(choice.span,
                      {"bad-name", "`all` cannot be a choice of a list: it means every choice"});
    }
  }
  if (param.default_value) read_value(param, *param.default_value, reporter_);
}

void VendorCheck::check_choice(const LetStatement::Alternative& alternative) {
  if (!alternative.when_param || !alternative.when_value) return;
  const Name& name = *alternative.when_param;
  const ParamStatement* param = find_named(vendor_.params, name.text);
  if (!param) {
    reporter_.error(name.span, {"unknown-name", quote(name.text) + " is no parameter",
                                did_you_mean(name.text, names_of(vendor_.params))});
    return;
  }
  if (param->type != ParamStatement::Type::one_of) {
    reporter_.error(name.span, {"wrong-type", "`when` asks for a parameter with choices"},
                    {{param->name.span, quote(name.text) + " is " + type_text(*param)}});
    return;
  }
  const Name& value = *alternative.when_value;
  std::vector<std::string> choices;
  for (const Name& choice : param->choices) choices.push_back(choice.text);
  if (std::ranges::find(choices, value.text) != choices.end()) return;
  reporter_.error(value.span,
                  {"wrong-type", quote(value.text) + " is no choice of " + quote(name.text),
                   did_you_mean(value.text, choices)},
                  {{param->name.span, quote(name.text) + " is " + type_text(*param)}});
}

void VendorCheck::check_let(const LetStatement& let, const std::vector<std::string>& known) {
  for (const LetStatement::Alternative& alternative : let.alternatives) {
    check_choice(alternative);
    for (const Word& word : alternative.value.words) {
      for (const Piece& piece : word.pieces) {
        if (piece.kind != Piece::Kind::reference) continue;
        if (std::ranges::find(known, piece.text) != known.end()) continue;
        reporter_.error(piece.span,
                        {"unknown-name",
                         quote(piece.text) + " is neither a parameter nor a `let` above this place",
                         did_you_mean(piece.text, known)});
      }
    }
  }
}

void VendorCheck::check_lets_of(const PartStatement& part) {
  std::vector<std::string> known = names_of(vendor_.params);
  for (const LetStatement& let : vendor_.lets) known.push_back(let.name.text);
  for (const LetStatement& let : part.lets) {
    check_let(let, known);
    known.push_back(let.name.text);
  }
}

/// A choice that no alternative covers is an error only where it is chosen.
void forgive_missing_alternative(Terms& terms, const std::string& name) {
  const Term* term = terms.find(name);
  if (term->fault && term->fault->complaint && term->fault->complaint->code == "no-alternative") {
    terms.bind(name, {.fault = Fault{}});
  }
}

void VendorCheck::check_rules(const PartStatement& part, const std::vector<Term>& samples) {
  Terms terms;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    terms.bind(vendor_.params[i].name.text, samples[i]);
  }
  const auto bind = [&](const LetStatement& let) {
    terms.bind_let(let);
    forgive_missing_alternative(terms, let.name.text);
    if (const auto& fault = terms.find(let.name.text)->fault) report(*fault, reporter_);
  };
  std::ranges::for_each(vendor_.lets, bind);
  std::ranges::for_each(part.lets, bind);
  for (const RuleStatement& statement : part.rules) {
    RuleReading read = read_rule(statement, terms, feeds_, reporter_);
    if (!read.rule) continue;
    read.rule->origin = {vendor_.name.text, part.name.text, statement.span.place(), {}};
    rules_.push_back(std::move(*read.rule));
  }
}

// --- A vendor in use ------------------------------------------------------------------------

class UseReader {
 public:
  UseReader(const UseStatement& use, const VendorStatement& vendor, const FeedTable& feeds,
            Reporter& reporter)
      : use_(use), vendor_(vendor), feeds_(feeds), reporter_(reporter) {}

  UseReading run();

 private:
  std::vector<const PartStatement*> parts();
  void bind_arguments();
  void read_part(const PartStatement& part);
  void warn_of_empty(const std::string& what);
  Span called() const {
    return use_.part ? join(use_.vendor.span, use_.part->span) : use_.vendor.span;
  }

  const UseStatement& use_;
  const VendorStatement& vendor_;
  const FeedTable& feeds_;
  Reporter& reporter_;
  Terms terms_;  // the parameters and the vendor's own lets
  UseReading reading_;
};

UseReading UseReader::run() {
  const auto parts_used = parts();
  bind_arguments();
  for (const LetStatement& let : vendor_.lets) terms_.bind_let(let);
  for (const PartStatement* part : parts_used) read_part(*part);
  return std::move(reading_);
}

std::vector<const PartStatement*> UseReader::parts() {
  std::vector<const PartStatement*> chosen;
  if (use_.part) {
    if (const PartStatement* part = find_named(vendor_.parts, use_.part->text)) return {part};
    reading_.sound = false;
    reporter_.error(
        use_.part->span,
        {"unknown-part", quote(vendor_.name.text) + " has no part " + quote(use_.part->text),
         did_you_mean(use_.part->text, names_of(vendor_.parts))});
    return {};
  }
  for (const PartStatement& part : vendor_.parts) {
    if (!part.optional) chosen.push_back(&part);
  }
  if (chosen.empty()) warn_of_empty(quote(vendor_.name.text) + " has no part that is not optional");
  return chosen;
}

void UseReader::warn_of_empty(const std::string& what) {
  reading_.has_empty_part = true;
  reporter_.warning(called(), {"empty-part", what + ": nothing is opened by this `use`"});
}

void UseReader::bind_arguments() {
  for (const ParamStatement& param : vendor_.params) {
    terms_.bind(param.name.text, default_value(param));
  }
  std::map<std::string, Span> given;
  for (const UseStatement::Argument& argument : use_.arguments) {
    const ParamStatement* param = find_named(vendor_.params, argument.name.text);
    if (!param) {
      reading_.sound = false;
      reporter_.error(argument.name.span,
                      {"unknown-argument",
                       quote(vendor_.name.text) + " has no parameter " + quote(argument.name.text),
                       did_you_mean(argument.name.text, names_of(vendor_.params))});
      continue;
    }
    const auto [first, fresh] = given.try_emplace(argument.name.text, argument.name.span);
    if (!fresh) {
      reading_.sound = false;
      reporter_.error(argument.name.span,
                      {"duplicate-argument", quote(argument.name.text) + " is given twice"},
                      {{first->second, "it was given here first"}});
      continue;
    }
    Term term = read_value(*param, argument.value, reporter_);
    reading_.sound = reading_.sound && !term.fault;
    terms_.bind(argument.name.text, std::move(term));
  }
}

void UseReader::read_part(const PartStatement& part) {
  Reporter at_use = reporter_.through(called());
  Terms terms = terms_;
  for (const LetStatement& let : part.lets) {
    terms.bind_let(let);
    if (const auto& fault = terms.find(let.name.text)->fault) {
      report(*fault, at_use);
      reading_.sound = false;
    }
  }
  for (const RuleStatement& statement : part.rules) {
    RuleReading read = read_rule(statement, terms, feeds_, at_use);
    reading_.sound = reading_.sound && read.sound;
    reading_.feeds.insert(reading_.feeds.end(), read.feeds.begin(), read.feeds.end());
    if (!read.rule) continue;
    read.rule->origin = {vendor_.name.text, part.name.text, statement.span.place(),
                         use_.span.place()};
    reading_.rules.push_back(std::move(*read.rule));
  }
  if (part.rules.empty()) {
    warn_of_empty("the part " + quote(vendor_.name.text + "." + part.name.text) + " has no rules");
  }
}

}  // namespace

std::vector<Rule> check_vendor(const VendorStatement& vendor, const FeedTable& feeds,
                               Reporter& reporter) {
  return VendorCheck(vendor, feeds, reporter).run();
}

UseReading read_use(const UseStatement& use, const VendorStatement& vendor, const FeedTable& feeds,
                    Reporter& reporter) {
  return UseReader(use, vendor, feeds, reporter).run();
}

}  // namespace sallyport
