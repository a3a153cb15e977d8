// SPDX-License-Identifier: GPL-2.0-or-later
// Comments are not part of the AST: they are found in the text itself.
#include "compiler/lint/allowances.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "compiler/codes/codes.h"
#include "compiler/lint/statements.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

constexpr std::string_view mark = "sallyport:";
constexpr std::string_view verb = "allow";
constexpr std::string_view blanks = " \t\r";

/// Where the comment of the line begins, behind strings; npos if it has none.
std::size_t comment_in(std::string_view line) {
  bool in_string = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (in_string && line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      in_string = !in_string;
    } else if (line[at] == '#' && !in_string) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::size_t skip(std::string_view text, std::size_t at, std::string_view what) {
  return std::min(text.find_first_not_of(what, at), text.size());
}

/// The stretches of `line` that are codes of an allow-comment beginning at `at`.
std::vector<std::pair<std::size_t, std::size_t>> codes_in(std::string_view line, std::size_t at) {
  constexpr std::string_view code_characters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::vector<std::pair<std::size_t, std::size_t>> codes;
  at = skip(line, at + 1, blanks);
  if (!line.substr(at).starts_with(mark)) return codes;
  at = skip(line, at + mark.size(), blanks);
  if (!line.substr(at).starts_with(verb)) return codes;
  at += verb.size();
  do {
    const std::size_t begin = skip(line, at, blanks);
    const std::size_t end = skip(line, begin, code_characters);
    if (begin == end) break;
    codes.emplace_back(begin, end);
    at = skip(line, end, blanks);
  } while (at < line.size() && line[at++] == ',');
  return codes;
}

void report_unused(const Span& code, Diagnostics& diagnostics) {
  if (find_page(code.text())) {
    diagnostics.warning(
        "unused-allow", code,
        "this silences nothing: no " + quote(code.text()) + " would be said of the statement");
    return;
  }
  Diagnostic& diagnostic =
      diagnostics.warning("unused-allow", code, "there is no code " + quote(code.text()));
  if (const std::string_view meant = closest_code(code.text()); !meant.empty()) {
    diagnostic.fixes.push_back(
        {"did you mean " + quote(meant) + "?", {{code, std::string(meant)}}, false});
  }
}

}  // namespace

std::vector<Allowance> allowances_in(const Source& source) {
  std::vector<Allowance> allowances;
  const std::string_view text = source.text();
  if (text.find(mark) == std::string_view::npos) return allowances;
  std::size_t waiting = 0;  // from here on they speak of the next statement
  std::uint32_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
    ++number;
    const std::size_t comment = comment_in(line);
    const bool has_statement = skip(line, 0, blanks) < std::min(comment, line.size());
    if (comment != std::string_view::npos) {
      for (const auto& [first, last] : codes_in(line, comment)) {
        const Span code{&source, static_cast<std::uint32_t>(begin + first),
                        static_cast<std::uint32_t>(begin + last)};
        allowances.push_back({code, 0, false});
      }
    }
    if (has_statement) {
      for (; waiting < allowances.size(); ++waiting) allowances[waiting].line = number;
    }
    begin += line.size() + 1;
  }
  return allowances;
}

void apply_allowances(const std::vector<Module>& modules, bool all_said, Diagnostics& diagnostics) {
  std::map<const Source*, std::vector<Allowance>> files;
  bool any = false;
  for (const Module& module : modules) {
    auto& list = files[module.source] = allowances_in(*module.source);
    any = any || !list.empty();
  }
  if (!any) return;
  const Statements statements(modules);
  diagnostics.drop_warnings([&](const Diagnostic& warning) {
    const auto file = files.find(warning.span.source);
    if (file == files.end() || file->second.empty()) return false;
    std::set<std::uint32_t> lines{warning.span.place().line};
    for (const Span& statement : statements.around(warning.span)) {
      lines.insert(statement.place().line);
    }
    bool silenced = false;
    for (Allowance& allowance : file->second) {
      if (!lines.contains(allowance.line) || allowance.code.text() != warning.code) continue;
      allowance.used = silenced = true;
    }
    return silenced;
  });
  if (!all_said) return;
  for (const Module& module : modules) {
    for (const Allowance& allowance : files[module.source]) {
      if (allowance.used) continue;
      report_unused(allowance.code, diagnostics);
    }
  }
}

}  // namespace sallyport
