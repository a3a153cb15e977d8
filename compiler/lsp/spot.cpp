// SPDX-License-Identifier: GPL-2.0-or-later
// Blocks and statements in front of a cursor; entry point in spot.h.
#include "compiler/lsp/spot.h"

#include <algorithm>
#include <utility>

namespace sallyport::lsp {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/// After these a statement goes on, even on the next line.
bool asks_for_more(TokenKind kind) {
  return kind == TokenKind::comma || kind == TokenKind::equals || kind == TokenKind::colon ||
         kind == TokenKind::pipe || kind == TokenKind::plus || kind == TokenKind::left_paren ||
         kind == TokenKind::left_bracket;
}

class Reader {
 public:
  explicit Reader(Spot& spot) : spot_(spot) {}

  void take(const Token& token);
  /// A statement may begin behind what was taken, on a line of its own.
  bool may_end() const { return spot_.depth == 0 && !asks_for_more(last_); }

 private:
  struct Open {
    Scope scope;
    std::string vendor;
  };
  void open();
  bool starts_statement(const Token& token) const;

  Spot& spot_;
  std::vector<Open> around_;
  TokenKind last_ = TokenKind::end;
};

void Reader::open() {
  around_.push_back({spot_.scope, spot_.vendor});
  const std::vector<std::string>& words = spot_.statement;
  const std::string first = words.empty() ? std::string() : words.front();
  if (first == "vendor") {
    spot_.scope = Scope::vendor;
    if (words.size() > 1) spot_.vendor = words[1];
  } else if (first == "part") {
    spot_.scope = Scope::part;
  } else if (first == "policy") {
    spot_.scope = Scope::policy;
  } else if (first == "from" || first == "to") {
    spot_.scope = Scope::direction;
  } else if (first == "either" || first == "or") {
    spot_.scope = spot_.scope == Scope::part ? Scope::alternative : Scope::policy_alternative;
  } else if (first == "test") {
    spot_.scope = Scope::test;
  }
}

bool Reader::starts_statement(const Token& token) const {
  if (spot_.statement.empty()) return true;
  const std::string_view word = token.span.text();
  const StatementWord* row = statement_word(word);
  if (!row || spot_.depth > 0) return false;
  if (row->stands_for_itself) return true;
  return token.first_on_line && holds(row->scopes, spot_.scope) && may_end();
}

void Reader::take(const Token& token) {
  const std::string_view text = token.span.text();
  switch (token.kind) {
    case TokenKind::left_brace:
      open();
      spot_.statement.clear();
      spot_.depth = 0;
      break;
    case TokenKind::right_brace:
      if (!around_.empty()) {
        spot_.scope = around_.back().scope;
        spot_.vendor = std::move(around_.back().vendor);
        around_.pop_back();
      }
      spot_.statement.clear();
      spot_.depth = 0;
      break;
    case TokenKind::word:
      if (starts_statement(token)) {
        spot_.statement.clear();
        spot_.depth = 0;
      }
      spot_.statement.emplace_back(text);
      break;
    default:
      if (token.kind == TokenKind::left_paren || token.kind == TokenKind::left_bracket)
        ++spot_.depth;
      if (token.kind == TokenKind::right_paren || token.kind == TokenKind::right_bracket)
        spot_.depth -= std::min<std::size_t>(spot_.depth, 1);
      spot_.statement.emplace_back(text);
      break;
  }
  last_ = token.kind;
}

/// True if the text ends in the comment behind the last token, or in a string without an end.
bool ends_in_text(std::string_view text, const Token& last) {
  if (last.kind == TokenKind::string && last.faulty && last.span.end == text.size()) return true;
  const std::string_view gap = text.substr(last.span.end);
  const std::size_t line = gap.rfind('\n') + 1;  // npos + 1 is 0
  return gap.substr(line).contains('#');
}

}  // namespace

std::string_view Spot::before(std::size_t back) const {
  return back < statement.size() ? std::string_view(statement[statement.size() - 1 - back])
                                 : std::string_view{};
}

bool Spot::has(std::string_view word) const {
  return std::ranges::find(statement, word) != statement.end();
}

Spot read_spot(std::string_view text, std::size_t cursor) {
  Spot spot;
  spot.begin = std::min(cursor, text.size());
  while (spot.begin > 0 && is_name_character(text[spot.begin - 1])) --spot.begin;
  // Whether a brace opens a reference or a block is clear only from the statement in front of it.
  const bool brace = spot.begin > 0 && text[spot.begin - 1] == '{';
  const std::string_view head = text.substr(0, brace ? spot.begin - 1 : spot.begin);

  const Source source("", std::string(head));
  Diagnostics ignored;
  Lexer lexer(source, ignored);
  Reader reader(spot);
  Token last;
  last.span = {&source, 0, 0};
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.span.end == head.size() && token.kind == TokenKind::word && !brace) {
      spot.stem = token.span.text();
      last = token;
      break;
    }
    reader.take(token);
    last = token;
  }
  spot.in_text = ends_in_text(head, last);
  const std::string_view first = spot.statement.empty() ? "" : std::string_view(spot.statement[0]);
  constexpr std::string_view with_references[] = {"allow", "deny", "let", "never", "lint", "param"};
  spot.in_reference =
      brace && std::ranges::find(with_references, first) != std::end(with_references);
  if (brace && !spot.in_reference) {
    Token open = last;
    open.kind = TokenKind::left_brace;
    reader.take(open);
  }
  const std::string_view line = head.substr(head.rfind('\n') + 1);  // npos + 1 is 0
  const bool alone = line.find_first_not_of(" \t\r") == std::string_view::npos;
  spot.starts_statement = spot.stem.empty() && !spot.in_reference &&
                          (spot.statement.empty() || (alone && reader.may_end()));
  return spot;
}

}  // namespace sallyport::lsp
