// SPDX-License-Identifier: GPL-2.0-or-later
// Reporter: how the checker says something once, at the place where the author can mend it: the
// text itself, or the `use` that brought a vendor's text in.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/source/diagnostics.h"

namespace sallyport {

/// What is wrong with a piece of text, before it is known where the text stands.
struct Complaint {
  std::string_view code;
  std::string message;
  std::string hint = {};  // a note without a place; may be empty
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

  void say(Severity severity, const Span& span, const Complaint& complaint,
           std::vector<Note> notes);

  Diagnostics* diagnostics_;
  std::shared_ptr<Said> said_;
  Span use_;                 // the outermost
  std::vector<Span> inner_;  // those that it leads to
};

/// `did you mean ...?` if one of the candidates is close to `word`, else empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sallyport
