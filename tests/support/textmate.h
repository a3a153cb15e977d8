// SPDX-License-Identifier: GPL-2.0-or-later
// TextmateGrammar: as much of a TextMate tokenizer as our grammar needs (match, begin/end,
// captures, include), on Oniguruma as in editors. Throws if the grammar is not what it can read.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::test {

class TextmateGrammar {
 public:
  explicit TextmateGrammar(const nlohmann::json& grammar);
  ~TextmateGrammar();

  /// The scopes of every byte of the text, outermost first, with blanks between.
  std::vector<std::string> scopes(std::string_view text) const;

 private:
  class Rules;  // Oniguruma and the regex.h that GoogleTest includes cannot be seen together
  std::unique_ptr<Rules> rules_;
};

}  // namespace sallyport::test
