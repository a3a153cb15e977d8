// SPDX-License-Identifier: GPL-2.0-or-later
// Statements, blocks, comments and blank lines on a page; entry point in format.h.
#include "compiler/format/format.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>
#include <vector>

#include "compiler/format/lexemes.h"
#include "compiler/format/page.h"
#include "compiler/format/run.h"
#include "compiler/format/statements.h"
#include "compiler/syntax/parser.h"

namespace sallyport {
namespace {

constexpr std::size_t indent = 2;
constexpr std::string_view opening = " {";

/// Settings of a policy: a word and a value, in two columns.
constexpr std::array<std::string_view, 3> setting_words{"ttl-floor", "grace", "max-stale"};

class Printer {
 public:
  explicit Printer(const std::vector<Lexeme>& lexemes) : lexemes_(lexemes) {}

  std::string print(const LaidBlock& file) {
    block(file, 0);
    return page_.text();
  }

 private:
  void block(const LaidBlock& block, std::size_t depth);
  void comments(const Lexeme& lexeme, std::size_t depth, bool& first);
  void statement(const LaidStatement& statement, std::size_t depth, std::size_t padding);
  void piece(const LaidStatement::Piece& piece, std::size_t depth, std::size_t padding);
  bool one_line(const LaidStatement::Piece& piece, std::size_t depth);
  Run run(const LaidStatement::Piece& piece, std::size_t padding) const;

  std::size_t aligned(const LaidStatement& statement) const;
  bool stands_with(const LaidStatement& statement, const LaidStatement& next) const;
  std::vector<std::size_t> paddings(const std::vector<LaidStatement>& statements) const;

  const std::vector<Lexeme>& lexemes_;
  Page page_;
};

void Printer::block(const LaidBlock& block, std::size_t depth) {
  bool first = true;
  const std::vector<std::size_t> padding = paddings(block.statements);
  for (std::size_t i = 0; i < block.statements.size(); ++i) {
    const Lexeme& lexeme = lexemes_[block.statements[i].pieces.front().begin];
    comments(lexeme, depth, first);
    if (lexeme.blank_before && !first) page_.leave_blank_line();
    first = false;
    statement(block.statements[i], depth, padding[i]);
  }
  comments(lexemes_[block.close], depth, first);
}

/// The comments in front of a lexeme; `first`: nothing stands in the block before them.
void Printer::comments(const Lexeme& lexeme, std::size_t depth, bool& first) {
  page_.set_depth(depth);
  for (const Comment& comment : lexeme.before) {
    if (comment.blank_before && !first) page_.leave_blank_line();
    page_.comment_line(depth * indent, comment.text);
    first = false;
  }
}

void Printer::statement(const LaidStatement& statement, std::size_t depth, std::size_t padding) {
  for (const LaidStatement::Piece& one : statement.pieces) {
    bool first = true;
    if (&one != &statement.pieces.front()) comments(lexemes_[one.begin], depth, first);
    page_.set_depth(depth);
    piece(one, depth, padding);
  }
}

void Printer::piece(const LaidStatement::Piece& piece, std::size_t depth, std::size_t padding) {
  const std::size_t column = depth * indent;
  Run words = run(piece, padding);
  const std::string_view behind = piece.begin < piece.end ? lexemes_[piece.end - 1].after : "";
  if (!piece.block) {
    words.write(page_, column, 0);
    if (!behind.empty()) page_.write_comment(behind);
    return;
  }
  if (one_line(piece, depth)) return;
  const Lexeme& open = lexemes_[piece.end];
  words.write(page_, column, opening.size());
  if (!words.is_empty() && (!behind.empty() || !open.before.empty())) {
    if (!behind.empty()) page_.write_comment(behind);
    for (const Comment& comment : open.before) page_.comment_line(column, comment.text);
    page_.begin_line(column);
    page_.write("{");
  } else {
    page_.write(words.is_empty() ? "{" : opening);
  }
  const Lexeme& close = lexemes_[piece.block->close];
  const bool is_empty = piece.block->statements.empty() && close.before.empty();
  if (!is_empty || !open.after.empty()) {
    if (!open.after.empty()) page_.write_comment(open.after);
    block(*piece.block, depth + 1);
    page_.set_depth(depth);
    page_.begin_line(column);
  }
  page_.write("}");
  if (!close.after.empty()) page_.write_comment(close.after);
}

/// A block of one statement stays on the line of its heading if it was written so and has room.
bool Printer::one_line(const LaidStatement::Piece& piece, std::size_t depth) {
  if (piece.block->statements.size() != 1) return false;
  const LaidStatement& only = piece.block->statements.front();
  const std::size_t close = piece.block->close;
  if (only.pieces.size() != 1 || only.pieces.front().block) return false;
  for (std::size_t i = piece.begin; i <= close; ++i) {
    if (i > piece.begin && !lexemes_[i].before.empty()) return false;
    if (i < close && !lexemes_[i].after.empty()) return false;
    if (i > piece.end && lexemes_[i].first_on_line) return false;
  }
  Run heading = run(piece, 0);
  Run inner = run(only.pieces.front(), 0);
  const std::size_t column = depth * indent;
  if (column + heading.width() + inner.width() + 5 > format_columns) return false;
  page_.begin_line(column);
  heading.write_flat(page_);
  page_.write(heading.is_empty() ? "{ " : " { ");
  inner.write_flat(page_);
  page_.write(" }");
  if (!lexemes_[close].after.empty()) page_.write_comment(lexemes_[close].after);
  return true;
}

Run Printer::run(const LaidStatement::Piece& piece, std::size_t padding) const {
  Run run(lexemes_, piece.begin, piece.end);
  // Behind the name of `let domain = ...` or the word of `grace 3s`.
  if (padding > 0) {
    const bool named = piece.begin + 2 < piece.end;
    run.pad(piece.begin + (named ? 2 : 1), padding);
  }
  return run;
}

/// The width of what stands in front of the column that the statement aligns with its neighbours;
/// 0: none.
std::size_t Printer::aligned(const LaidStatement& statement) const {
  const LaidStatement::Piece& piece = statement.pieces.front();
  if (statement.pieces.size() != 1 || piece.block) return 0;
  const std::size_t begin = piece.begin;
  if (begin + 2 < piece.end && lexemes_[begin + 2].kind == TokenKind::equals) {
    return width_of(lexemes_[begin].text) + 1 + width_of(lexemes_[begin + 1].text);
  }
  const bool setting =
      begin + 2 == piece.end &&
      std::ranges::find(setting_words, lexemes_[begin].text) != setting_words.end();
  return setting ? width_of(lexemes_[begin].text) : 0;
}

bool Printer::stands_with(const LaidStatement& statement, const LaidStatement& next) const {
  const Lexeme& first = lexemes_[statement.pieces.front().begin];
  const Lexeme& second = lexemes_[next.pieces.front().begin];
  const bool blank =
      second.blank_before || std::ranges::any_of(second.before, &Comment::blank_before);
  const bool settings = std::ranges::find(setting_words, first.text) != setting_words.end() &&
                        std::ranges::find(setting_words, second.text) != setting_words.end();
  return !blank && (settings || first.text == second.text) && aligned(statement) > 0 &&
         aligned(next) > 0;
}

/// For each statement the extra blanks that align it with those it stands with.
std::vector<std::size_t> Printer::paddings(const std::vector<LaidStatement>& statements) const {
  std::vector<std::size_t> paddings(statements.size());
  for (std::size_t begin = 0, end = 0; begin < statements.size(); begin = end) {
    std::size_t widest = aligned(statements[begin]);
    for (end = begin + 1;
         end < statements.size() && stands_with(statements[end - 1], statements[end]); ++end) {
      widest = std::max(widest, aligned(statements[end]));
    }
    for (std::size_t i = begin; i < end; ++i) paddings[i] = widest - aligned(statements[i]);
  }
  return paddings;
}

/// The same tokens, comments and statement starts: what makes two texts mean the same.
bool says_the_same(const std::vector<Lexeme>& a, const std::vector<Lexeme>& b) {
  const auto comments = [](const std::vector<Lexeme>& lexemes) {
    std::vector<std::string_view> all;
    for (const Lexeme& one : lexemes) {
      for (const Comment& comment : one.before) all.push_back(comment.text);
      if (!one.after.empty()) all.push_back(one.after);
    }
    return all;
  };
  return comments(a) == comments(b) &&
         std::ranges::equal(a, b, [](const Lexeme& x, const Lexeme& y) {
           return x.kind == y.kind && x.text == y.text && x.starts_statement == y.starts_statement;
         });
}

}  // namespace

std::optional<std::string> format(const Source& source, Diagnostics& diagnostics) {
  std::vector<std::uint32_t> statements;
  const std::size_t errors = diagnostics.errors();
  parse(source, diagnostics, &statements);
  if (diagnostics.errors() > errors) return std::nullopt;
  const std::vector<Lexeme> lexemes = read_lexemes(source, statements);
  const Source printed(source.name(), Printer(lexemes).print(read_blocks(lexemes)));

  // A layout that says something else would be our mistake, and must not cost the author's text.
  Diagnostics again;
  parse(printed, again, &statements);
  const bool same =
      !again.has_errors() && says_the_same(lexemes, read_lexemes(printed, statements));
  assert(same);
  return std::string(same ? printed.text() : source.text());
}

}  // namespace sallyport
