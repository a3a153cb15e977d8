// SPDX-License-Identifier: GPL-2.0-or-later
// One page for each kind of symbol; entry point in hover.h.
#include "compiler/lsp/hover.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "compiler/codes/codes.h"

namespace sallyport::lsp {
namespace {

constexpr std::size_t most_rules = 20;
constexpr std::size_t longest_rule = 240;

std::string fenced(std::string_view code) {
  // A longer fence than any inside, so that no text of a policy can end the block.
  std::string fence = "```";
  while (code.contains(fence)) fence += '`';
  return fence + "sally\n" + std::string(code) + "\n" + fence + "\n";
}

std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]()<>#+-!|~&").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string shortened(std::string text) {
  if (text.size() <= longest_rule) return text;
  std::size_t cut = text.rfind(", ", longest_rule);
  if (cut == std::string::npos || cut == 0) return text;
  const auto more = std::ranges::count(text.substr(cut + 1), ',') + 1;
  return text.substr(0, cut) + ", ... and " + std::to_string(more) + " more";
}

std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string rules_text(const std::vector<std::string>& rules) {
  std::string out;
  for (std::size_t i = 0; i < rules.size() && i < most_rules; ++i) {
    out += (i == 0 ? "" : "\n") + shortened(rules[i]);
  }
  if (rules.size() > most_rules)
    out += "\n# ... and " + std::to_string(rules.size() - most_rules) + " more";
  return out;
}

/// Text as written, without the indentation of its first line.
std::string written(const Span& span) {
  const std::string_view line = span.source->line(span.begin);
  const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  std::string out;
  std::string_view rest = span.text();
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view one = rest.substr(0, end);
    if (!first) one.remove_prefix(std::min({one.find_first_not_of(" \t"), indent, one.size()}));
    if (one.ends_with('\r')) one.remove_suffix(1);
    out.append(first ? "" : "\n").append(one);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

/// The comment behind the declaration, on the line where it ends.
std::string remark(const Span& statement) {
  const std::string_view text = statement.source->text();
  std::string_view rest = text.substr(statement.end);
  rest = rest.substr(0, rest.find('\n'));
  const std::size_t mark = rest.find_first_not_of(" \t");
  if (mark == std::string_view::npos || rest[mark] != '#') return {};
  rest.remove_prefix(std::min(rest.find_first_not_of("# \t", mark), rest.size()));
  return plain(rest.substr(0, rest.find_last_not_of(" \t\r") + 1)) + "\n\n";
}

std::string place_text(const Document& document, const Span& span) {
  const Place place = span.place();
  const auto folder = document.path.parent_path();
  const auto relative = std::filesystem::path(place.file).lexically_relative(folder);
  return "\n" + plain((relative.empty() ? place.file : relative.string()) + ":" +
                      std::to_string(place.line));
}

std::string sources_text(const VendorStatement& vendor) {
  std::string out;
  for (const VendorStatement::Provenance& source : vendor.sources) {
    out += "source: " + plain(source.text);
    if (!source.seen.empty()) out += ", seen " + source.seen;
    out += "\n\n";
  }
  return out;
}

std::string heading(const VendorStatement& vendor) {
  std::string out = "**" + plain(vendor.title.empty() ? vendor.name.text : vendor.title) + "**";
  if (!vendor.version.empty()) out += ", version " + plain(vendor.version);
  return out + "\n\n";
}

std::string about_vendor(const VendorStatement& vendor) {
  std::string code = "vendor " + vendor.name.text;
  for (const ParamStatement& param : vendor.params) code += "\n  " + written(param.span);
  for (const PartStatement& part : vendor.parts) {
    code += "\n  part " + part.name.text;
    if (!part.title.empty()) code += " \"" + part.title + "\"";
    if (part.optional) code += " optional";
    code += "  # " + counted(part.items.size(), "statement");
  }
  return heading(vendor) + sources_text(vendor) + fenced(code);
}

std::string about_part(const VendorStatement& vendor, const PartStatement& part) {
  return heading(vendor) + sources_text(vendor) + fenced(written(part.span));
}

/// The statement, and what was read from the file where a program takes addresses from it.
std::string about_feed(const Document& document, const Symbol& symbol) {
  std::string out = fenced(written(symbol.statement));
  for (const Program& program : document.compilation.programs) {
    for (const FeedSource& feed : program.feeds) {
      if (feed.name != symbol.name) continue;
      out += "\n" + plain(feed.file) + ": " + std::to_string(feed.entries) + " entries";
      if (!feed.version.empty()) out += ", version " + plain(feed.version);
      if (!feed.date.empty()) out += ", of " + plain(feed.date);
      return out + ", SHA-256 " + feed.digest.substr(0, 16) + "...\n";
    }
  }
  return out;
}

std::string about(const Document& document, const Symbol& symbol) {
  std::string out;
  switch (symbol.kind) {
    case SymbolKind::vendor:
      out = about_vendor(*symbol.vendor);
      break;
    case SymbolKind::part:
      out = about_part(*symbol.vendor, *symbol.part);
      break;
    case SymbolKind::feed:
      out = about_feed(document, symbol);
      break;
    case SymbolKind::policy:
      out = "policy " + plain(symbol.name) + "\n";
      break;
    default:
      out = remark(symbol.statement) + fenced(written(symbol.statement));
      break;
  }
  return out + place_text(document, symbol.name_span);
}

/// The rules that the `use` at a place brings into the programs, after expansion.
std::string brought(const Document& document, const Span& use) {
  const Place place = use.place();
  std::vector<std::string> rules;
  for (const Program& program : document.compilation.programs) {
    for (const Rule& rule : program.rules) {
      if (rule.origin.use.line == place.line && rule.origin.use.column == place.column &&
          rule.origin.use.file == document.path.filename().string()) {
        rules.push_back(rule_text(rule, program.derivations));
      }
    }
  }
  if (rules.empty()) return {};
  return "brings " + counted(rules.size(), "rule") + ":\n\n" + fenced(rules_text(rules)) + "\n";
}

const UseStatement* use_at(const PolicyStatement& policy, std::uint32_t offset) {
  const auto inside = [offset](const UseStatement& use) {
    return use.span.begin <= offset && offset <= use.span.end;
  };
  for (const auto& item : policy.items) {
    if (const auto* use = std::get_if<UseStatement>(&item); use && inside(*use)) return use;
    if (const auto* block = std::get_if<DirectionBlock>(&item)) {
      for (const auto& one : block->items) {
        if (const auto* use = std::get_if<UseStatement>(&one); use && inside(*use)) return use;
      }
    }
  }
  return nullptr;
}

std::string meanings(const Document& document, std::uint32_t offset, Span& span) {
  std::string out;
  for (const Diagnostic& one : document.compilation.diagnostics.all()) {
    if (one.span.source != &document.source() || offset < one.span.begin || offset > one.span.end)
      continue;
    const CodePage* page = find_page(one.code);
    if (!page || out.contains("**" + std::string(one.code) + "**")) continue;
    out += "**" + std::string(one.code) + "**: " + plain(page->meaning) + "\n\n";
    if (!span.source) span = one.span;
  }
  return out;
}

}  // namespace

std::optional<Hover> hover(const Document& document, std::uint32_t offset) {
  Hover found;
  found.markdown = meanings(document, offset, found.span);
  const Occurrence* one = document.symbols.at(&document.source(), offset);
  if (one) {
    const Symbol& symbol = document.symbols.all()[one->symbol];
    found.span = one->span;
    const bool used = symbol.kind == SymbolKind::vendor || symbol.kind == SymbolKind::part;
    if (used && !one->declares) {
      for (const PolicyStatement& policy : document.compilation.modules.front().policy.policies) {
        const UseStatement* use = use_at(policy, offset);
        if (use) found.markdown += brought(document, use->span);
      }
    }
    found.markdown += about(document, symbol);
  }
  if (found.markdown.empty()) return std::nullopt;
  return found;
}

}  // namespace sallyport::lsp
