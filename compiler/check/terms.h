// SPDX-License-Identifier: GPL-2.0-or-later
// Terms: what the names of a vendor's text stand for while one part is read, and the expansion of
// words with them. Text outside vendors has no terms.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/reporter.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// Why a name or word stands for nothing. Without a complaint it was reported already, or must not
/// be.
struct Fault {
  std::optional<Complaint> complaint;
  Span span;         // the place that is wrong
  Note declaration;  // a second place; may be empty
};

/// What a parameter or `let` stands for: one text or a list of them, or a fault that is told to
/// whoever refers to it.
struct Term {
  bool is_list = false;
  std::vector<std::string> texts = {};
  /// Of a label that only DNS knows; its one text is then its own name in braces.
  std::optional<Derivation> derivation = {};
  std::optional<Fault> fault = {};
};

class Terms {
 public:
  void bind(const std::string& name, Term term) { terms_.insert_or_assign(name, std::move(term)); }
  const Term* find(std::string_view name) const;

  /// The one text of a word without references and expansions, as nearly all are, which needs no
  /// list; null for others, and for those that expand() refuses.
  static const std::string* plain_text(const Word& word);
  /// Everything the word stands for, in order: references and expansions multiply, the leftmost
  /// changes slowest.
  std::expected<std::vector<std::string>, Fault> expand(const Word& word) const;
  /// The same, with the fault reported.
  std::optional<std::vector<std::string>> expand(const Word& word, Reporter& reporter) const;
  /// All words one after the other, at most longest_list; empty after an error was reported.
  std::optional<std::vector<std::string>> expand(const std::vector<Word>& words,
                                                 Reporter& reporter) const;

  /// Whether the parameter has that value, or a list of it that value among others. The fault is
  /// that of the parameter.
  std::expected<bool, Fault> holds(const Name& param, const Name& choice) const;

  /// Evaluates the `let` in what is bound so far and binds it. Whatever is wrong becomes the
  /// term's fault.
  void bind_let(const LetStatement& let);

  static constexpr std::size_t longest_expansion = 4096;  // of the {a..b} in one word
  static constexpr std::size_t longest_list = 65536;      // of the words of one rule

 private:
  std::expected<std::vector<std::string>, Fault> texts_of(const Piece& piece) const;
  Term evaluate(const LetStatement& let) const;
  Term derive(const std::string& name, const DerivationClause& clause) const;
  Term evaluate(const LetStatement::Alternative& alternative) const;
  Term union_of(const LetStatement& let,
                const std::vector<const LetStatement::Alternative*>& chosen, const Name& param,
                const Term& asked) const;

  std::map<std::string, Term, std::less<>> terms_;
};

/// Tells the fault, if it is one to be told.
void report(const Fault& fault, Reporter& reporter);

}  // namespace sallyport
