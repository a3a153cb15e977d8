// SPDX-License-Identifier: GPL-2.0-or-later
// Parts: the rules of one part of a vendor, with the values of its parameters, and those of the
// parts that it uses. Entry points: PartReader, and read_use() for the `use` of a policy.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/alternatives.h"
#include "compiler/check/declarations.h"
#include "compiler/check/feeds.h"
#include "compiler/check/modifiers.h"
#include "compiler/check/nevers.h"
#include "compiler/check/reporter.h"
#include "compiler/check/terms.h"
#include "compiler/check/unfit_feeds.h"
#include "compiler/program/program.h"
#include "compiler/syntax/ast.h"

namespace sallyport {

/// What a reading depends on beside the text.
struct ReadingScope {
  const Declarations& declarations;
  const Capabilities& declared;
  Referents& referents;
  /// A vendor is checked on its own: every alternative is read, and a choice for which no `let`
  /// has a value is no error yet.
  bool samples = false;
};

/// What a part or a `use` brings.
struct PartReading {
  bool sound = true;
  bool has_empty_part = false;
  std::vector<Rule> rules;        // with their origin, without zone
  std::vector<FeedChoice> feeds;  // of which the rules have entries
  std::vector<NeverReading> nevers;
  std::vector<UnfitFeed> unfit;
  std::vector<ChosenAlternative> choices;
  std::set<std::string> needs;  // of the alternatives that were chosen

  void add(PartReading more);
};

/// The parts under way, innermost last.
using PartChain = std::vector<const PartStatement*>;

class PartReader {
 public:
  /// `terms` hold the parameters and the vendor's own lets; `use` is the outermost `use`, without a
  /// place where a vendor is checked on its own. `reporter` shows everything there.
  PartReader(const VendorStatement& vendor, const Terms& terms, const Span& use,
             const ReadingScope& scope, Reporter reporter, PartChain chain = {});

  /// Whether the part's `when` holds; empty after an error was reported.
  std::optional<bool> holds(const PartStatement& part);
  PartReading read(const PartStatement& part);

 private:
  void bind(const LetStatement& let, Terms& terms);
  void read_item(const RuleStatement& rule, const Terms& terms);
  void read_item(const UseStatement& use, const Terms& terms);
  void read_item(const EitherStatement& either, const Terms& terms);
  void read_alternative(const EitherStatement::Alternative& alternative, Terms terms);

  const VendorStatement& vendor_;
  const Terms& terms_;
  Span use_;
  const ReadingScope& scope_;
  Reporter reporter_;
  PartChain chain_;
  const PartStatement* part_ = nullptr;
  PartReading reading_;
};

/// Evaluates the `let`. `forgiving`: a choice for which it has no value is no fault to be told; one
/// that no alternative covers is an error only where it is chosen.
void bind_let(const LetStatement& let, bool forgiving, Terms& terms);

/// The rules of the part, or of every part that `use VENDOR` takes, with the arguments applied.
/// `module` is that of the file with the `use`, which may stand in a part itself: then `terms` are
/// those in force there, `outermost` is the `use` of the policy, and `chain` has the parts between.
PartReading read_use(const UseStatement& use, std::size_t module, const Terms& terms,
                     const Span& outermost, const ReadingScope& scope, const Reporter& reporter,
                     const PartChain& chain = {});

}  // namespace sallyport
