// SPDX-License-Identifier: GPL-2.0-or-later
// Statements and blocks out of lexemes; entry point in statements.h.
#include "compiler/format/statements.h"

#include <utility>

namespace sallyport {
namespace {

class Reader {
 public:
  explicit Reader(const std::vector<Lexeme>& lexemes) : lexemes_(lexemes) {}

  LaidBlock block() {
    LaidBlock block;
    while (!ends_block()) block.statements.push_back(statement());
    block.close = at_;
    if (kind() == TokenKind::right_brace) ++at_;
    return block;
  }

 private:
  TokenKind kind() const { return lexemes_[at_].kind; }
  bool ends_block() const { return kind() == TokenKind::right_brace || kind() == TokenKind::end; }

  LaidStatement statement() {
    LaidStatement statement;
    do {
      statement.pieces.push_back(piece());
    } while (!ends_block() && !lexemes_[at_].starts_statement);
    return statement;
  }

  LaidStatement::Piece piece() {
    LaidStatement::Piece piece;
    piece.begin = at_;
    while (!ends_block() && kind() != TokenKind::left_brace &&
           (at_ == piece.begin || !lexemes_[at_].starts_statement)) {
      ++at_;
    }
    piece.end = at_;
    if (kind() == TokenKind::left_brace) {
      ++at_;
      piece.block = std::make_unique<LaidBlock>(block());
    }
    return piece;
  }

  const std::vector<Lexeme>& lexemes_;
  std::size_t at_ = 0;
};

}  // namespace

LaidBlock read_blocks(const std::vector<Lexeme>& lexemes) {
  return Reader(lexemes).block();
}

}  // namespace sallyport
