// SPDX-License-Identifier: GPL-2.0-or-later
// read_use(): a vendor, the parts that are meant, and the values of its parameters.
#include <algorithm>
#include <map>

#include "compiler/check/named.h"
#include "compiler/check/parameters.h"
#include "compiler/check/parts.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

class UseReader {
 public:
  UseReader(const UseStatement& use, const VendorStatement& vendor, const Terms& outer,
            const Span& outermost, const ReadingScope& scope, const Reporter& reporter,
            const PartChain& chain)
      : use_(use),
        vendor_(vendor),
        outer_(outer),
        outermost_(outermost),
        scope_(scope),
        reporter_(reporter),
        at_use_(reporter.through(called())),
        chain_(chain) {}

  PartReading run();

 private:
  /// `acme.core` as written.
  Span called() const {
    return use_.part ? join(use_.vendor.span, use_.part->span) : use_.vendor.span;
  }
  std::vector<const PartStatement*> parts();
  bool closes_a_ring(const PartStatement& part);
  void bind_arguments();
  void read_part(const PartStatement& part, PartReader& reader);
  void name_owners();
  void warn_of_empty(const std::string& what);

  const UseStatement& use_;
  const VendorStatement& vendor_;
  const Terms& outer_;
  Span outermost_;
  const ReadingScope& scope_;
  Reporter reporter_;
  Reporter at_use_;
  const PartChain& chain_;
  Terms terms_;  // the parameters and the vendor's own lets
  PartReading reading_;
};

PartReading UseReader::run() {
  const auto parts_used = parts();
  bind_arguments();
  for (const LetStatement& let : vendor_.lets) bind_let(let, scope_.samples, terms_);
  PartReader reader(vendor_, terms_, outermost_, scope_, at_use_, chain_);
  // Where a parameter has no value, this `use` does not speak of what these statements name.
  Diagnostics unsaid;
  Reporter silent(unsaid);
  for (const NeverStatement& never : vendor_.nevers) {
    read_nevers(never, terms_, silent, reading_.nevers);
  }
  for (const LintStatement& lint : vendor_.lints) {
    read_lint(lint, terms_, silent, reading_.unfit);
  }
  for (const PartStatement* part : parts_used) read_part(*part, reader);
  reading_.sound = modify_use(use_, scope_.referents, reading_.rules, reporter_) && reading_.sound;
  name_owners();
  return std::move(reading_);
}

std::vector<const PartStatement*> UseReader::parts() {
  std::vector<const PartStatement*> chosen;
  if (use_.part) {
    if (const PartStatement* part = find_named(vendor_.parts, use_.part->text)) {
      if (!closes_a_ring(*part)) chosen.push_back(part);
      return chosen;
    }
    reading_.sound = false;
    reporter_.error(
        use_.part->span,
        {"unknown-part", quote(vendor_.name.text) + " has no part " + quote(use_.part->text),
         did_you_mean(use_.part->text, names_of(vendor_.parts))});
    return {};
  }
  for (const PartStatement& part : vendor_.parts) {
    if (!part.optional && !part.inside && !closes_a_ring(part)) chosen.push_back(&part);
  }
  if (chosen.empty() && reading_.sound) {
    warn_of_empty(quote(vendor_.name.text) + " has no part that is not optional");
  }
  return chosen;
}

bool UseReader::closes_a_ring(const PartStatement& part) {
  const auto open = std::ranges::find(chain_, &part);
  if (open == chain_.end()) return false;
  std::vector<Note> notes;
  for (auto step = open; step != chain_.end(); ++step) {
    notes.push_back({(*step)->name.span,
                     "the part " + quote((*step)->name.text) + " is read when it is used again"});
  }
  reading_.sound = false;
  reporter_.error(called(), {"use-cycle", "this `use` leads back to the part that it stands in"},
                  std::move(notes));
  return true;
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
    Term term = read_value(*param, argument.value, outer_, reporter_);
    reading_.sound = reading_.sound && !term.fault;
    terms_.bind(argument.name.text, std::move(term));
  }
}

void UseReader::read_part(const PartStatement& part, PartReader& reader) {
  const std::string name = quote(vendor_.name.text + "." + part.name.text);
  const auto held = reader.holds(part);
  reading_.sound = reading_.sound && held;
  if (!held) return;
  if (!*held) {
    // `use VENDOR` takes what holds; whoever names the part expects it to do something.
    if (use_.part && !scope_.samples) {
      warn_of_empty("the part " + name + " holds only `when " + part.when->param.text + "` is " +
                    part.when->choices.front().text);
    }
    return;
  }
  reading_.add(reader.read(part));
  if (part.items.empty()) warn_of_empty("the part " + name + " has no rules");
}

/// Whoever answers for the `use` comes before whoever answers for the vendor's text.
void UseReader::name_owners() {
  for (Rule& rule : reading_.rules) {
    if (!rule.owner.empty() || rule.origin.vendor != vendor_.name.text) continue;
    const PartStatement* part = find_named(vendor_.parts, rule.origin.part);
    if (part && part->owner) {
      rule.owner = part->owner->text;
    } else if (vendor_.owner) {
      rule.owner = vendor_.owner->text;
    }
  }
}

/// Null after it was reported that the file sees no such vendor.
const VendorStatement* vendor_of(const UseStatement& use, std::size_t module,
                                 const Declarations& declarations, Reporter reporter) {
  const std::string& name = use.vendor.text;
  if (const VendorStatement* vendor = declarations.vendor(module, name)) return vendor;
  Hint hint = did_you_mean(name, declarations.vendor_names(module));
  std::vector<Note> notes;
  if (const VendorStatement* unseen = declarations.vendor_anywhere(name)) {
    notes.push_back({unseen->name.span, "it is declared in a file that this one does not import"});
    hint.clear();
  }
  reporter.error(use.vendor.span, {"unknown-vendor", "there is no vendor " + quote(name), hint},
                 std::move(notes));
  return nullptr;
}

}  // namespace

PartReading read_use(const UseStatement& use, std::size_t module, const Terms& terms,
                     const Span& outermost, const ReadingScope& scope, const Reporter& reporter,
                     const PartChain& chain) {
  const VendorStatement* vendor = vendor_of(use, module, scope.declarations, reporter);
  if (!vendor || scope.declarations.is_broken(*vendor)) {
    PartReading nothing;
    nothing.sound = false;
    return nothing;
  }
  return UseReader(use, *vendor, terms, outermost, scope, reporter, chain).run();
}

}  // namespace sallyport
