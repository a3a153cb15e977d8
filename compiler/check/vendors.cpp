// SPDX-License-Identifier: GPL-2.0-or-later
// A vendor checked on its own: its names first, then every part once for each set of sample values.
#include "compiler/check/vendors.h"

#include <algorithm>
#include <optional>

#include "compiler/check/minimal.h"
#include "compiler/check/name_space.h"
#include "compiler/check/named.h"
#include "compiler/check/parameters.h"
#include "compiler/check/parts.h"
#include "compiler/check/terms.h"
#include "compiler/program/capabilities.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

using Known = std::vector<std::string>;

class VendorCheck {
 public:
  VendorCheck(const VendorStatement& vendor, const Declarations& declarations, Reporter& reporter)
      : vendor_(vendor), declarations_(declarations), reporter_(reporter) {}

  std::vector<Rule> run();

 private:
  void check_names();
  void check_param(const ParamStatement& param);
  void check_let(const LetStatement& let, const Known& known);
  void check_references(const Word& word, const Known& known);
  void check_choice(const Name& param, const Name& choice);
  void check_part(const PartStatement& part);
  void check_inside(const PartStatement& part);
  void check_lets(const std::vector<LetStatement>& lets, Known& known);
  void read_parts(const std::vector<Term>& samples);
  void compare(const PartStatement& part, const PartReading& minimal, PartReader& reader,
               const Referents& referents);

  const VendorStatement& vendor_;
  const Declarations& declarations_;
  Reporter& reporter_;
  std::vector<Rule> rules_;
};

std::vector<Rule> VendorCheck::run() {
  check_names();
  for (const ParamStatement& param : vendor_.params) check_param(param);
  Known known = names_of(vendor_.params);
  check_lets(vendor_.lets, known);
  for (const PartStatement& part : vendor_.parts) check_part(part);
  for (const std::vector<Term>& samples : sample_values(vendor_.params)) read_parts(samples);
  return std::move(rules_);
}

// --- Names ----------------------------------------------------------------------------------

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
    for (const auto& item : part.items) {
      const auto* either = std::get_if<EitherStatement>(&item);
      if (!either) continue;
      for (const auto& alternative : either->alternatives) {
        NameSpace inner = part_terms;
        for (const LetStatement& let : alternative.lets) {
          inner.declare(let.name, "`let`", reporter_);
        }
      }
    }
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
  if (param.default_value) read_value(param, *param.default_value, Terms(), reporter_);
}

void VendorCheck::check_choice(const Name& name, const Name& value) {
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
  Known choices;
  for (const Name& choice : param->choices) choices.push_back(choice.text);
  if (std::ranges::find(choices, value.text) != choices.end()) return;
  reporter_.error(value.span,
                  {"wrong-type", quote(value.text) + " is no choice of " + quote(name.text),
                   did_you_mean(value.text, choices)},
                  {{param->name.span, quote(name.text) + " is " + type_text(*param)}});
}

void VendorCheck::check_references(const Word& word, const Known& known) {
  for (const Piece& piece : word.pieces) {
    if (piece.kind != Piece::Kind::reference) continue;
    if (std::ranges::find(known, piece.text) != known.end()) continue;
    reporter_.error(
        piece.span,
        {"unknown-name", quote(piece.text) + " is neither a parameter nor a `let` above this place",
         did_you_mean(piece.text, known)});
  }
}

void VendorCheck::check_let(const LetStatement& let, const Known& known) {
  if (let.derivation) check_references(let.derivation->host, known);
  for (const LetStatement::Alternative& alternative : let.alternatives) {
    if (alternative.when_param && alternative.when_value) {
      check_choice(*alternative.when_param, *alternative.when_value);
    }
    for (const Word& word : alternative.value.words) check_references(word, known);
  }
}

void VendorCheck::check_lets(const std::vector<LetStatement>& lets, Known& known) {
  for (const LetStatement& let : lets) {
    check_let(let, known);
    known.push_back(let.name.text);
  }
}

void VendorCheck::check_part(const PartStatement& part) {
  Known known = names_of(vendor_.params);
  for (const LetStatement& let : vendor_.lets) known.push_back(let.name.text);
  check_lets(part.lets, known);
  if (part.when) {
    for (const Name& choice : part.when->choices) check_choice(part.when->param, choice);
  }
  if (part.inside) check_inside(part);
  for (const auto& item : part.items) {
    const auto* either = std::get_if<EitherStatement>(&item);
    if (!either) continue;
    check_either(*either, reporter_);
    for (const auto& alternative : either->alternatives) {
      Known inner = known;
      check_lets(alternative.lets, inner);
    }
  }
}

void VendorCheck::check_inside(const PartStatement& part) {
  const Name& full = *part.inside;
  if (full.text != part.name.text && find_named(vendor_.parts, full.text)) return;
  Known others = names_of(vendor_.parts);
  std::erase(others, part.name.text);
  reporter_.error(full.span, {"unknown-part",
                              quote(vendor_.name.text) + " has no other part " + quote(full.text),
                              did_you_mean(full.text, others)});
}

// --- Statements, with sample values ----------------------------------------------------------

void VendorCheck::read_parts(const std::vector<Term>& samples) {
  Terms terms;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    terms.bind(vendor_.params[i].name.text, samples[i]);
  }
  for (const LetStatement& let : vendor_.lets) {
    bind_let(let, true, terms);
    if (const auto& fault = terms.find(let.name.text)->fault) report(*fault, reporter_);
  }
  std::vector<NeverReading> unused;
  for (const NeverStatement& never : vendor_.nevers) read_nevers(never, terms, reporter_, unused);
  std::vector<UnfitFeed> unfit;
  for (const LintStatement& lint : vendor_.lints) read_lint(lint, terms, reporter_, unfit);

  const Capabilities all(capabilities.begin(), capabilities.end());
  Referents referents;
  const ReadingScope scope{declarations_, all, referents, true};
  PartReader reader(vendor_, terms, {}, scope, reporter_);
  for (const PartStatement& part : vendor_.parts) {
    if (!reader.holds(part).value_or(false)) continue;
    PartReading reading = reader.read(part);
    if (part.inside) compare(part, reading, reader, referents);
    std::ranges::move(reading.rules, std::back_inserter(rules_));
  }
}

void VendorCheck::compare(const PartStatement& part, const PartReading& minimal, PartReader& reader,
                          const Referents& referents) {
  const PartStatement* full = find_named(vendor_.parts, part.inside->text);
  if (!full || full == &part || !minimal.sound) return;
  const PartReading whole = reader.read(*full);
  if (!whole.sound) return;
  const auto outside = outside_of(minimal.rules, whole.rules, referents.derivations);
  if (!outside) return;
  reporter_.warning(
      part.inside->span,
      {"minimal-not-inside-full",
       quote(part.name.text) + " opens what " + quote(full->name.text) + " does not: " + *outside},
      {{full->name.span, "the full part is here"}});
}

}  // namespace

std::vector<Rule> check_vendor(const VendorStatement& vendor, const Declarations& declarations,
                               Reporter& reporter) {
  return VendorCheck(vendor, declarations, reporter).run();
}

}  // namespace sallyport
