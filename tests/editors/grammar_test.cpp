// SPDX-License-Identifier: GPL-2.0-or-later
// The TextMate grammar of tools/editors beside the real lexer, parser and lists of words.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "compiler/syntax/lexer.h"
#include "compiler/syntax/parser.h"
#include "compiler/syntax/words.h"
#include "compiler/values/icmp_type.h"
#include "compiler/values/service.h"
#include "tests/support/textmate.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

const fs::path root = SALLYPORT_SOURCE_DIR;

std::string slurp(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

nlohmann::json file_of_editors(const char* name) {
  return nlohmann::json::parse(slurp(root / "tools/editors" / name));
}

const test::TextmateGrammar& grammar() {
  static const test::TextmateGrammar one(file_of_editors("sallyport.tmLanguage.json"));
  return one;
}

bool is_keyword(const std::string& scopes) {
  for (const char* kind : {" keyword.", " storage.", " support.", " constant."}) {
    if (scopes.contains(kind)) return true;
  }
  return false;
}

/// Every word that the parser asks for by name.
std::set<std::string> words_of_the_parser() {
  std::set<std::string> words;
  for (const StatementWord& row : statement_words) words.emplace(row.word);
  const std::regex asked(R"re(\b(?:at|accept|expect)_word\("([a-z0-9-]+)")re");
  for (const auto& entry : fs::directory_iterator(root / "compiler/syntax")) {
    const std::string text = slurp(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), asked), end; found != end; ++found)
      words.insert((*found)[1]);
  }
  return words;
}

TEST(Grammar, files_are_what_editors_read) {
  EXPECT_EQ(file_of_editors("sallyport.tmLanguage.json")["scopeName"], "source.sallyport");
  EXPECT_EQ(file_of_editors("language-configuration.json")["comments"]["lineComment"], "#");
  const nlohmann::json package = file_of_editors("package.json");
  for (const char* kind : {"languages", "grammars"})
    EXPECT_TRUE(package["contributes"].contains(kind));
}

TEST(Grammar, knows_every_word_of_the_language) {
  std::set<std::string> words = words_of_the_parser();
  EXPECT_GE(words.size(), 45u) << "the pattern finds no words any more";
  for (unsigned number = 0; number < 256; ++number) {
    const std::string name = protocol_name(static_cast<std::uint8_t>(number));
    if (name != std::to_string(number)) words.insert(name);
  }
  for (const IcmpType& type : icmp_types()) words.emplace(type.name);
  for (const std::string& word : words) {
    const std::vector<std::string> scopes = grammar().scopes(word + " x");
    for (std::size_t i = 0; i < word.size(); ++i) {
      EXPECT_TRUE(is_keyword(scopes[i])) << word << " is " << scopes[i];
    }
  }
}

TEST(Grammar, words_of_the_language_inside_others_are_plain) {
  for (const char* text : {"test.example.com", "from-here", "my-vendor", "any.example.com",
                           "vendors/policy", "allow2", "*.from.example.com"}) {
    for (const std::string& scopes : grammar().scopes(text))
      EXPECT_FALSE(scopes.contains(" keyword.control") || scopes.contains(" storage") ||
                   scopes.contains(" constant.language"))
          << text << " is " << scopes;
  }
}

std::vector<fs::path> texts() {
  std::vector<fs::path> files{root / "tests/editors/excerpt.sally"};
  for (const char* folder : {"policies", "tests/golden", "tests/packets"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".sally") files.push_back(entry.path());
    }
  }
  return files;
}

/// Comments, strings, references and the first words of statements are where lexer and parser see
/// them.
TEST(Grammar, agrees_with_the_lexer_over_every_policy_of_the_tree) {
  std::size_t seen = 0;
  for (const fs::path& file : texts()) {
    const Source source(file.string(), slurp(file));
    Diagnostics diagnostics;
    std::vector<std::uint32_t> statements;
    parse(source, diagnostics, &statements);
    if (diagnostics.has_errors()) continue;
    const std::vector<std::string> scopes = grammar().scopes(source.text());
    ASSERT_EQ(scopes.size(), source.text().size());
    const auto place = [&](std::size_t at) {
      return Span{&source, static_cast<std::uint32_t>(at), 0}.place().text() + ": " + scopes[at];
    };
    Lexer lexer(source, diagnostics);
    std::size_t at = 0;
    for (Token token = lexer.next();; token = lexer.next()) {
      const bool end = token.kind == TokenKind::end;
      const std::size_t begin = end ? source.text().size() : token.span.begin;
      for (bool comment = false; at < begin; ++at) {
        const char c = source.text()[at];
        comment = c != '\n' && (comment || c == '#');
        EXPECT_EQ(scopes[at].contains(" comment."), comment) << place(at);
      }
      if (end) break;
      for (; at < token.span.end; ++at) {
        EXPECT_EQ(scopes[at].contains(" string."), token.kind == TokenKind::string) << place(at);
        EXPECT_FALSE(scopes[at].contains(" comment.") || scopes[at].contains(" invalid."))
            << place(at);
      }
      if (token.kind != TokenKind::word) continue;
      for (const Piece& piece : word_of(token).pieces) {
        const bool reference = piece.kind == Piece::Kind::reference;
        const bool expansion = piece.kind == Piece::Kind::expansion;
        const std::string& inside = scopes[piece.span.begin + (reference ? 1 : 0)];
        EXPECT_TRUE(!reference || inside.contains(" variable.other")) << place(piece.span.begin);
        EXPECT_TRUE(!expansion || inside.contains(" constant.other")) << place(piece.span.begin);
      }
    }
    for (const std::uint32_t statement : statements) {
      EXPECT_TRUE(is_keyword(scopes[statement])) << place(statement);
      ++seen;
    }
  }
  EXPECT_GT(seen, 300u);
}

/// Every stretch of one scope in the excerpt, against what is recorded; UPDATE_GOLDEN=1 rewrites.
TEST(Grammar, gives_the_scopes_that_are_recorded) {
  const std::string text = slurp(root / "tests/editors/excerpt.sally");
  ASSERT_FALSE(text.empty());
  const std::vector<std::string> scopes = grammar().scopes(text);
  std::string listed;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    for (end = begin; end < text.size() && scopes[end] == scopes[begin]; ++end) {
    }
    const std::string piece = text.substr(begin, end - begin);
    const std::size_t inner = scopes[begin].find(' ');
    if (inner != std::string::npos) listed += piece + "\t" + scopes[begin].substr(inner + 1) + "\n";
  }
  const fs::path recorded = root / "tests/editors/excerpt.scopes";
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update && std::string_view(update) == "1")
    std::ofstream(recorded, std::ios::binary) << listed;
  EXPECT_EQ(listed, slurp(recorded));
}

}  // namespace
}  // namespace sallyport
