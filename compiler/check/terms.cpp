// SPDX-License-Identifier: GPL-2.0-or-later
// Interpolation and expansion of words, and the evaluation of `let`.
#include "compiler/check/terms.h"

#include <algorithm>

#include "compiler/check/written.h"
#include "compiler/source/wording.h"
#include "compiler/syntax/expansion.h"

namespace sallyport {
namespace {

constexpr std::size_t longest_text = 1024;  // no host name or address comes near it

std::unexpected<Fault> fault_at(const Span& span, std::string_view code, std::string message,
                                Hint hint = {}) {
  return std::unexpected(Fault{Complaint{code, std::move(message), std::move(hint)}, span, {}});
}

std::unexpected<Fault> too_many(const Word& word, std::size_t limit) {
  return fault_at(
      word.span, "too-many-words",
      quote(word.span.text()) + " stands for more than " + std::to_string(limit) + " words");
}

/// Every text of `heads` followed by every text of `tails`.
std::vector<std::string> product(const std::vector<std::string>& heads,
                                 const std::vector<std::string>& tails) {
  std::vector<std::string> texts;
  texts.reserve(heads.size() * tails.size());
  for (const std::string& head : heads) {
    for (const std::string& tail : tails) texts.push_back(head + tail);
  }
  return texts;
}

Fault no_alternative(const LetStatement& let, const Name* param, const Term* asked) {
  std::string values;
  if (asked) {
    for (const std::string& text : asked->texts) values += (values.empty() ? "" : ", ") + text;
    if (asked->is_list) values = "[" + values + "]";
    values = " for " + quote(param->text + " = " + values);
  }
  return fault_at(let.name.span, "no-alternative",
                  "no alternative of " + quote(let.name.text) + " holds" + values)
      .error();
}

}  // namespace

void report(const Fault& fault, Reporter& reporter) {
  if (!fault.complaint) return;
  std::vector<Note> notes;
  if (!fault.declaration.text.empty()) notes.push_back(fault.declaration);
  reporter.error(fault.span, *fault.complaint, std::move(notes));
}

const Term* Terms::find(std::string_view name) const {
  const auto found = terms_.find(name);
  return found == terms_.end() ? nullptr : &found->second;
}

const std::string* Terms::plain_text(const Word& word) {
  if (!word.is_literal()) return nullptr;
  const std::string& text = word.pieces.front().text;
  return text.size() <= longest_text ? &text : nullptr;
}

std::expected<std::vector<std::string>, Fault> Terms::texts_of(const Piece& piece) const {
  switch (piece.kind) {
    case Piece::Kind::literal:
      return std::vector{piece.text};
    case Piece::Kind::expansion: {
      std::vector<std::string> texts;
      for (const Piece::Member& member : piece.members) {
        if (texts.size() + count_of(member) > longest_expansion) {
          return fault_at(piece.span, "bad-expansion",
                          quote(piece.span.text()) + " stands for more than " +
                              std::to_string(longest_expansion) + " members");
        }
        for (std::size_t i = 0; i < count_of(member); ++i) texts.push_back(word_at(member, i));
      }
      return texts;
    }
    case Piece::Kind::reference:
      break;
  }
  const Term* term = find(piece.text);
  if (!term) {
    if (terms_.empty()) {
      return fault_at(piece.span, "unknown-name",
                      quote(piece.text) + " is unknown: there are no parameters here");
    }
    std::vector<std::string> names;
    for (const auto& entry : terms_) names.push_back(entry.first);
    return fault_at(piece.span, "unknown-name",
                    quote(piece.text) + " is neither a parameter nor a `let` above this place",
                    did_you_mean(piece.text, names));
  }
  if (term->fault) {
    Fault fault = *term->fault;
    // A `let` is wrong where it stands; a missing parameter where it is wanted.
    if (!fault.span.source) fault.span = piece.span;
    return std::unexpected(std::move(fault));
  }
  return term->texts;
}

std::expected<std::vector<std::string>, Fault> Terms::expand(const Word& word) const {
  std::vector<std::string> texts{""};
  std::size_t members = 1;
  for (const Piece& piece : word.pieces) {
    auto more = texts_of(piece);
    if (!more) return std::unexpected(std::move(more.error()));
    if (piece.kind == Piece::Kind::expansion) members *= more->size();
    if (members > longest_expansion) return too_many(word, longest_expansion);
    if (texts.size() * more->size() > longest_list) return too_many(word, longest_list);
    texts = texts.size() == 1 && texts[0].empty() ? std::move(*more) : product(texts, *more);
    if (std::ranges::any_of(texts, [](auto& text) { return text.size() > longest_text; })) {
      return fault_at(word.span, "too-many-words",
                      quote(word.span.text()) + " stands for a word of more than " +
                          std::to_string(longest_text) + " characters");
    }
  }
  return texts;
}

std::optional<std::vector<std::string>> Terms::expand(const Word& word, Reporter& reporter) const {
  auto texts = expand(word);
  if (texts) return std::move(*texts);
  report(texts.error(), reporter);
  return {};
}

std::optional<std::vector<std::string>> Terms::expand(const std::vector<Word>& words,
                                                      Reporter& reporter) const {
  std::vector<std::string> all;
  bool complete = true;
  for (const Word& word : words) {
    auto texts = expand(word, reporter);
    if (!texts) {
      complete = false;
      continue;
    }
    if (all.size() + texts->size() > longest_list) {
      reporter.error(word.span,
                     {"too-many-words", "this rule has more than " + std::to_string(longest_list) +
                                            " words; write several rules"});
      return {};
    }
    std::ranges::move(*texts, std::back_inserter(all));
  }
  if (!complete) return {};
  return all;
}

Term Terms::evaluate(const LetStatement::Alternative& alternative) const {
  Term term;
  term.is_list = alternative.value.is_list;
  for (const Word& word : alternative.value.words) {
    auto texts = expand(word);
    if (!texts) return {.fault = std::move(texts.error())};
    if (term.texts.size() + texts->size() > longest_list) {
      return {.fault = too_many(word, longest_list).error()};
    }
    std::ranges::move(*texts, std::back_inserter(term.texts));
  }
  term.is_list = term.is_list || term.texts.size() > 1;
  return term;
}

std::expected<bool, Fault> Terms::holds(const Name& param, const Name& choice) const {
  const Term* term = find(param.text);
  if (!term) return std::unexpected(Fault{});
  if (term->fault) return std::unexpected(*term->fault);
  return std::ranges::find(term->texts, choice.text) != term->texts.end();
}

Term Terms::evaluate(const LetStatement& let) const {
  std::vector<const LetStatement::Alternative*> chosen;
  const Term* asked = nullptr;
  const Name* param = nullptr;
  for (const LetStatement::Alternative& alternative : let.alternatives) {
    if (alternative.when_param && alternative.when_value) {
      const auto held = holds(*alternative.when_param, *alternative.when_value);
      if (!held) return {.fault = held.error()};
      param = &*alternative.when_param;
      asked = find(param->text);
      if (!*held) continue;
    }
    chosen.push_back(&alternative);
  }
  if (asked && asked->is_list) return union_of(let, chosen, *param, *asked);
  if (chosen.size() > 1) {
    return {.fault =
                fault_at(let.name.span, "ambiguous-let",
                         "two alternatives of " + quote(let.name.text) + " hold at the same time")
                    .error()};
  }
  if (chosen.empty()) return {.fault = no_alternative(let, param, asked)};
  return evaluate(*chosen.front());
}

/// Of a parameter that has several values at once, everything that one of them gives. An empty list
/// gives the empty list (C1).
Term Terms::union_of(const LetStatement& let,
                     const std::vector<const LetStatement::Alternative*>& chosen, const Name& param,
                     const Term& asked) const {
  if (chosen.empty() && !asked.texts.empty()) return {.fault = no_alternative(let, &param, &asked)};
  Term all{.is_list = true};
  for (const LetStatement::Alternative* alternative : chosen) {
    Term one = evaluate(*alternative);
    if (one.fault) return one;
    for (std::string& text : one.texts) {
      const bool known = std::ranges::find(all.texts, text) != all.texts.end();
      if (!known) all.texts.push_back(std::move(text));
    }
  }
  return all;
}

Term Terms::derive(const std::string& name, const DerivationClause& clause) const {
  auto hosts = expand(clause.host);
  if (!hosts) return {.fault = std::move(hosts.error())};
  if (hosts->size() != 1 || hosts->front().find('{') != std::string::npos) {
    return {.fault = fault_at(clause.host.span, "wrong-type",
                              quote(clause.host.span.text()) + " is not one host name")
                         .error()};
  }
  const auto alias = read_host(hosts->front());
  if (!alias) return {.fault = Fault{alias.error(), clause.host.span, {}}};
  Derivation derivation{*alias, {}};
  for (const Name& written : clause.prefixes) {
    std::string prefix = written.text;
    std::ranges::transform(prefix, prefix.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    // A label begins with what could also stand before another letter.
    if (!HostName::is_label(prefix + "x")) {
      return {.fault =
                  fault_at(written.span, "bad-host", quote(written.text) + " cannot begin a label")
                      .error()};
    }
    derivation.prefixes.push_back(std::move(prefix));
  }
  return {.texts = {"{" + name + "}"}, .derivation = std::move(derivation)};
}

void Terms::bind_let(const LetStatement& let) {
  bind(let.name.text, let.derivation ? derive(let.name.text, *let.derivation) : evaluate(let));
}

}  // namespace sallyport
