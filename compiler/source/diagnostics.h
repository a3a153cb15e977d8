// SPDX-License-Identifier: GPL-2.0-or-later
// Everything we tell the author, collected as values. Nothing here prints: render() makes the text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source.h"

namespace sallyport {

enum class Severity { error, warning };

struct Note {
  Span span;  // may have no source
  std::string text;
};

/// Puts `text` in the place of what the span holds; an empty span is a place between characters.
struct Replacement {
  Span span;
  std::string text;
};

/// A mechanical change that would mend what is wrong.
struct Fix {
  std::string title;  // "did you mean `staff`?"
  std::vector<Replacement> replacements;
  bool safe = false;  // it can only be what the author meant, so that nobody has to be asked
};

/// Messages: lower case, no final full stop, the author's words in backticks, what was found and
/// what was expected.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string_view code;  // one of compiler/codes: "unknown-name"
  Span span;
  std::string message;
  std::vector<Note> notes = {};  // a second place, or a hint without one
  std::vector<Fix> fixes = {};   // each by itself is enough
};

class Diagnostics {
 public:
  Diagnostic& error(std::string_view code, Span span, std::string message);
  Diagnostic& warning(std::string_view code, Span span, std::string message);

  /// By place: files in the given order, then by offset; what has no place comes first. Messages at
  /// one place keep their order.
  void sort(const std::vector<const Source*>& files);

  /// Forgets the warnings of which `drop` holds.
  void drop_warnings(const std::function<bool(const Diagnostic&)>& drop);

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return all_.size() - errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
};

/// `file:line:column: error[code]: message`, the source line, a caret line, then notes
/// and fixes.
std::string render(const Diagnostic& diagnostic, bool colour);
std::string render(const Diagnostics& diagnostics, bool colour);

}  // namespace sallyport
