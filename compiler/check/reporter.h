// SPDX-License-Identifier: GPL-2.0-or-later
// Reporter: how the checker says something once, at the place where the author can mend it: the
// text itself, or the `use` that brought a vendor's text in.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/source/diagnostics.h"

namespace sallyport {

/// A piece of text and what should stand there instead.
struct Rewrite {
  std::string found;
  std::string instead;
  std::string title = {};  // of the fix; empty: the hint
  bool safe = false;       // as in Fix
};

/// What may help. Where the text that was found stands as such, the rewrites become fixes; else
/// (an expansion made it, or a `use` brought it) the hint is a note without a place.
struct Hint {
  Hint() = default;
  Hint(std::string hint) : text(std::move(hint)) {}
  Hint(const char* hint) : text(hint) {}
  Hint(std::string hint, std::vector<Rewrite> rewritten)
      : text(std::move(hint)), rewrites(std::move(rewritten)) {}

  bool empty() const { return text.empty(); }
  void clear() { *this = {}; }

  std::string text;
  std::vector<Rewrite> rewrites;
};

/// What is wrong with a piece of text, before it is known where the text stands.
struct Complaint {
  std::string_view code;
  std::string message;
  Hint hint = {};
};

class Reporter {
 public:
  explicit Reporter(Diagnostics& diagnostics);

  /// A reporter that shows everything at `use`, with a note at the vendor's text. Where `use`
  /// stands in a vendor itself, everything is still shown at the outermost one. Both forget nothing
  /// of what the other has said.
  Reporter through(const Span& use) const;
  bool is_through_use() const { return use_.source != nullptr; }

  /// Said once for each code, place and first note.
  void error(const Span& span, const Complaint& complaint, std::vector<Note> notes = {});
  void warning(const Span& span, const Complaint& complaint, std::vector<Note> notes = {});

 private:
  using Said = std::set<std::tuple<Severity, std::string_view, const Source*, std::uint32_t,
                                   std::uint32_t, const Source*, std::uint32_t>>;

  static std::vector<Fix> fixes_for(const Span& shown, const Hint& hint);
  void say(Severity severity, const Span& span, const Complaint& complaint,
           std::vector<Note> notes);

  Diagnostics* diagnostics_;
  std::shared_ptr<Said> said_;
  Span use_;                 // the outermost
  std::vector<Span> inner_;  // those that it leads to
};

/// `did you mean ...?` if one of the candidates is close to `word`, else empty.
Hint did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sallyport
