// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics as text for a terminal; entry points in diagnostics.h. What the author wrote is shown
// without the characters that could deceive a reader or drive the terminal.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "compiler/source/diagnostics.h"
#include "compiler/source/utf8.h"

namespace sallyport {
namespace {

constexpr std::size_t tab_stop = 4;
constexpr std::size_t widest_line = 150;
constexpr std::size_t shown_before = 60;  // columns left of the place when a line is cut
constexpr std::string_view indent = "  ";
constexpr std::string_view ellipsis = "…";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Colours {
  std::string_view bold;
  std::string_view error;
  std::string_view warning;
  std::string_view note;
  std::string_view fix;
  std::string_view none;
};

constexpr Colours plain{};
constexpr Colours ansi{"\x1b[1m",    "\x1b[1;31m", "\x1b[1;35m",
                       "\x1b[1;36m", "\x1b[1;32m", "\x1b[0m"};

/// The character at `at`, fit to be shown in one column.
std::string_view shown(std::string_view text, std::size_t at) {
  const Character character = decode_utf8(text, at);
  if (!character.valid || is_deceptive(character.code)) return replacement;
  return text.substr(at, character.length);
}

std::string shown(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) {
    clean += shown(text, at);
  }
  return clean;
}

/// A stretch of a line: [begin, end) in bytes, on the edges of characters.
struct Stretch {
  std::size_t begin;
  std::size_t end;
};

/// The columns of the character at `at`; a tab has at most so many.
std::size_t width(std::string_view line, std::size_t at) {
  return line[at] == '\t' ? tab_stop : 1;
}

/// The start of the character that ends at `at`.
std::size_t before(std::string_view line, std::size_t at) {
  for (std::size_t length = 4; length > 1; --length) {
    if (length <= at && decode_utf8(line, at - length).length == length) return at - length;
  }
  return at - 1;
}

/// What is shown of a line: some columns before `at`, and the rest of the room after it.
Stretch window(std::string_view line, std::size_t at) {
  Stretch stretch{at, at};
  std::size_t columns = 0;
  while (stretch.begin > 0 && columns < shown_before) {
    stretch.begin = before(line, stretch.begin);
    columns += width(line, stretch.begin);
  }
  while (stretch.end < line.size() && columns < widest_line) {
    columns += width(line, stretch.end);
    stretch.end += decode_utf8(line, stretch.end).length;
  }
  return stretch;
}

/// The source line and below it `^~~~` under the span, which is cut at the end of the line.
void add_excerpt(std::string& out, const Span& span, const Colours& colours) {
  const std::string_view line = span.source->line(span.begin);
  const auto line_begin = static_cast<std::size_t>(line.data() - span.source->text().data());
  const auto in_line = [&](std::size_t offset) {
    return std::min(std::max(offset, line_begin) - line_begin, line.size());
  };
  const std::size_t at = in_line(span.begin);
  const std::size_t until = in_line(span.end);
  const Stretch stretch = window(line, at);

  std::string text(indent);
  std::string marks(indent);
  std::size_t column = 0;
  const auto add = [&](std::string_view character, std::size_t columns, char mark) {
    text += character;
    marks.append(columns, mark == '^' ? '~' : mark);
    if (mark == '^') marks[marks.size() - columns] = '^';
    column += columns;
  };
  if (stretch.begin > 0) add(ellipsis, 1, ' ');
  for (std::size_t i = stretch.begin; i < stretch.end; i += decode_utf8(line, i).length) {
    const char mark = i == at ? '^' : i > at && i < until ? '~' : ' ';
    if (line[i] == '\t') {
      const std::size_t columns = tab_stop - column % tab_stop;
      add(std::string(columns, ' '), columns, mark);
    } else {
      add(shown(line, i), 1, mark);
    }
  }
  if (at == line.size()) marks += '^';
  marks.erase(marks.find_last_not_of(' ') + 1);
  if (stretch.end < line.size()) text += ellipsis;
  out.append(text).append("\n");
  out.append(colours.bold).append(marks).append(colours.none).append("\n");
}

void add_entry(std::string& out, const Span& span, std::string_view heading,
               std::string_view message, const Colours& colours) {
  if (span.source) {
    out.append(colours.bold).append(shown(span.place().text())).append(": ").append(colours.none);
  } else {
    out.append(indent);
  }
  out.append(heading).append(shown(message)).append("\n");
  if (span.source) add_excerpt(out, span, colours);
}

}  // namespace

std::string render(const Diagnostic& diagnostic, bool colour) {
  const Colours& colours = colour ? ansi : plain;
  const bool is_error = diagnostic.severity == Severity::error;
  std::string heading(is_error ? colours.error : colours.warning);
  heading += is_error ? "error[" : "warning[";
  heading.append(diagnostic.code).append("]").append(colours.none).append(": ");
  std::string note(colours.note);
  note.append("note").append(colours.none).append(": ");
  std::string fix(colours.fix);
  fix.append("fix").append(colours.none).append(": ");

  std::string out;
  add_entry(out, diagnostic.span, heading, diagnostic.message, colours);
  for (const Note& row : diagnostic.notes) add_entry(out, row.span, note, row.text, colours);
  for (const Fix& row : diagnostic.fixes) add_entry(out, {}, fix, row.title, colours);
  return out;
}

std::string render(const Diagnostics& diagnostics, bool colour) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out += render(diagnostic, colour);
  return out;
}

}  // namespace sallyport
