// SPDX-License-Identifier: GPL-2.0-or-later
// One case for each modifier.
#include "compiler/check/modifiers.h"

#include <algorithm>
#include <cassert>

#include "compiler/source/wording.h"

namespace sallyport {
namespace {

using Kind = Modifier::Kind;

/// False after the resolver was reported as unknown.
bool knows_resolver(const Name& name, const Referents& referents, Reporter& reporter) {
  if (!referents.resolvers) return true;
  std::vector<std::string> names;
  for (const Resolver& resolver : *referents.resolvers) names.push_back(resolver.name);
  if (std::ranges::find(names, name.text) != names.end()) return true;
  reporter.error(name.span, {"unknown-resolver", "there is no resolver " + quote(name.text),
                             did_you_mean(name.text, names)});
  return false;
}

bool is_never(const Validity& validity) {
  return validity.from && validity.until && *validity.from >= *validity.until;
}

/// False after a window without a day was reported.
bool has_days(const std::vector<Modifier>& modifiers, Reporter& reporter) {
  const auto valid = std::ranges::find(modifiers, Kind::valid, &Modifier::kind);
  const auto until = std::ranges::find(modifiers, Kind::until, &Modifier::kind);
  if (valid == modifiers.end() || until == modifiers.end() || valid->day < until->day) return true;
  reporter.error(
      until->span,
      {"backwards-window",
       "the window ends on " + day_text(until->day) + ", before it begins: no day is in it",
       "the day of `until` is the first on which the rule is out of force"},
      {{valid->span, "it begins here"}});
  return false;
}

class RuleModifiers {
 public:
  RuleModifiers(const Terms& terms, const Referents& referents, Rule& rule, Reporter& reporter)
      : terms_(terms), referents_(referents), rule_(rule), reporter_(reporter) {}

  bool apply(const Modifier& modifier);

 private:
  bool speaks_of_names(const Modifier& modifier, std::string_view says);
  bool exclude(const Modifier& modifier);
  bool fail(const Span& span, const Complaint& complaint) {
    reporter_.error(span, complaint);
    return false;
  }

  const Terms& terms_;
  const Referents& referents_;
  Rule& rule_;
  Reporter& reporter_;
};

bool has_names(const RemoteSet& remote) {
  return !remote.names.empty() || !remote.patterns.empty() || !remote.derived.empty();
}

bool RuleModifiers::speaks_of_names(const Modifier& modifier, std::string_view says) {
  const bool is_new = modifier.kind != Kind::private_ok;
  if (is_new && rule_.action == Action::allow && !has_names(rule_.remote) &&
      !rule_.remote.ranges.empty()) {
    return fail(modifier.span,
                {"misplaced-modifier",
                 quote(modifier.span.text()) + " speaks of names, and this rule has none"});
  }
  if (rule_.action == Action::allow) return true;
  return fail(modifier.span,
              {"misplaced-modifier",
               quote(modifier.span.text()) + " belongs to an allow: it says " + std::string(says)});
}

bool RuleModifiers::apply(const Modifier& modifier) {
  switch (modifier.kind) {
    case Kind::private_ok:
      rule_.private_ok = true;
      return speaks_of_names(modifier, "that a name may bind private addresses");
    case Kind::absent_ok:
      rule_.absent_ok = true;
      return speaks_of_names(modifier, "that a name need not exist");
    case Kind::unless:
      return speaks_of_names(modifier, "which names are left out") && exclude(modifier);
    case Kind::via:
      rule_.via = modifier.name.text;
      return speaks_of_names(modifier, "which resolver is asked for names") &&
             knows_resolver(modifier.name, referents_, reporter_);
    case Kind::valid:
      rule_.validity.from = modifier.day;
      break;
    case Kind::until:
      rule_.validity.until = modifier.day;
      break;
    case Kind::owner:
      rule_.owner = modifier.text;
      break;
    case Kind::log:
      rule_.log = true;
      break;
    case Kind::note:
      rule_.note = modifier.text;
      break;
  }
  return true;
}

/// `unless d like "GLOB"`: every destination has the label `d`, or the others would be left in.
bool RuleModifiers::exclude(const Modifier& modifier) {
  const Term* term = terms_.find(modifier.name.text);
  if (!term) {
    return fail(modifier.name.span,
                {"unknown-name", quote(modifier.name.text) + " is no `let` above this place"});
  }
  if (term->fault) return true;  // told where it is wrong
  if (!term->derivation) {
    return fail(modifier.name.span,
                {"wrong-type", quote(modifier.name.text) + " is not derived: `unless` asks about " +
                                   "a `let` that is the first label of an alias"});
  }
  std::string glob = modifier.text;
  std::ranges::transform(glob, glob.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view characters = "abcdefghijklmnopqrstuvwxyz0123456789-*";
  if (glob.empty() || glob.find_first_not_of(characters) != std::string::npos) {
    return fail(modifier.span, {"bad-pattern", quote(modifier.text) +
                                                   " is no pattern of a label: letters, digits, "
                                                   "`-` and `*`"});
  }
  RemoteSet& remote = rule_.remote;
  const auto speaks_of_it = [&](const DerivedName& name) {
    return referents_.derivations[name.derivation] == *term->derivation;
  };
  const bool others = !remote.ranges.empty() || !remote.names.empty() || !remote.patterns.empty();
  if (others || !std::ranges::all_of(remote.derived, speaks_of_it)) {
    return fail(modifier.span,
                {"misplaced-modifier",
                 "`unless` leaves out names with " + quote("{" + modifier.name.text + "}") +
                     ", and this rule has other destinations",
                 "write those as a rule of their own"});
  }
  for (DerivedName& name : remote.derived) name.unless = glob;
  return true;
}

/// The days that are in both windows.
Validity common(const Validity& a, const Validity& b) {
  Validity both = a;
  if (b.from && (!both.from || *b.from > *both.from)) both.from = b.from;
  if (b.until && (!both.until || *b.until < *both.until)) both.until = b.until;
  return both;
}

}  // namespace

bool read_modifiers(const RuleStatement& statement, const Terms& terms, const Referents& referents,
                    Rule& rule, Reporter& reporter) {
  bool sound = has_days(statement.modifiers, reporter);
  RuleModifiers modifiers(terms, referents, rule, reporter);
  for (const Modifier& modifier : statement.modifiers) {
    sound = modifiers.apply(modifier) && sound;
  }
  return sound;
}

bool modify_use(const UseStatement& use, const Referents& referents, std::vector<Rule>& rules,
                Reporter& reporter) {
  bool sound = has_days(use.modifiers, reporter);
  Validity window;
  std::string via, owner;
  for (const Modifier& modifier : use.modifiers) {
    if (modifier.kind == Kind::via) {
      via = modifier.name.text;
      sound = knows_resolver(modifier.name, referents, reporter) && sound;
    } else if (modifier.kind == Kind::valid) {
      window.from = modifier.day;
    } else if (modifier.kind == Kind::until) {
      window.until = modifier.day;
    } else {
      assert(modifier.kind == Kind::owner);
      owner = modifier.text;
    }
  }
  for (Rule& rule : rules) {
    if (rule.via.empty() && has_names(rule.remote)) rule.via = via;
    if (rule.owner.empty()) rule.owner = owner;
    rule.validity = common(rule.validity, window);
    if (!is_never(rule.validity) || !sound) continue;
    reporter.warning(use.span,
                     {"empty-window",
                      "no day is in the window of this `use` and in that of a rule "
                      "it brings: the rule is left out"},
                     {{{}, "the rule is at " + rule.origin.rule.text()}});
  }
  std::erase_if(rules, [](const Rule& rule) { return is_never(rule.validity); });
  return sound;
}

}  // namespace sallyport
