// SPDX-License-Identifier: GPL-2.0-or-later
// read_blocks(): lexemes as statements and the blocks inside them, by braces and statement starts
// alone.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "compiler/format/lexemes.h"

namespace sallyport {

struct LaidBlock;

/// One statement: `allow ...`, or a heading with its block; an `either` has several of both.
struct LaidStatement {
  struct Piece {
    std::size_t begin = 0;  // [begin, end): the words in front of the block, or the whole statement
    std::size_t end = 0;
    std::unique_ptr<LaidBlock> block;  // its opening brace is the lexeme at `end`
  };
  std::vector<Piece> pieces;
};

struct LaidBlock {
  std::vector<LaidStatement> statements;
  std::size_t close = 0;  // the lexeme of its closing brace, or the end of the file
};

/// The whole file as a block.
LaidBlock read_blocks(const std::vector<Lexeme>& lexemes);

}  // namespace sallyport
