// SPDX-License-Identifier: GPL-2.0-or-later
// Tests of a policy: what names are bound to, and what is expected of packets. Entry point:
// Parser::test().
#include "compiler/syntax/grammar.h"

#include "compiler/source/wording.h"
#include "compiler/values/day.h"

namespace sallyport {

Parsed<TestStatement> Parser::test(Span start) {
  TestStatement test;
  Parsed<std::string> title = string("the test's title, in quotes");
  if (!title) return {};
  test.title = std::move(*title);
  if (!cursor_.expect_word("of", "`of` and the policy's name")) return {};
  Parsed<Name> policy_name = name("the name of the policy to test");
  if (!policy_name) return {};
  test.policy = std::move(*policy_name);
  const Parsed<Block> block = open(Scope::test, "test " + quote(test.title));
  if (!block) return {};
  while (const std::optional<Token> word = cursor_.next_statement(*block)) {
    if (!test_item(*word, test)) cursor_.skip_statement();
  }
  test.span = since(start);
  return test;
}

bool Parser::test_item(const Token& word, TestStatement& test) {
  const std::string_view keyword = word.span.text();
  if (keyword == "given") return store(given(word.span), test.givens);
  if (keyword == "expect") return store(expectation(word.span), test.expectations);
  return test_day(test);
}

bool Parser::test_day(TestStatement& test) {
  const Parsed<Day> found = day();
  if (!found) return false;
  const Span span = cursor_.last().span;
  if (test.at) {
    cursor_.error("repeated-modifier", span, "`at` stands in this test twice",
                  {{test.at->span, "the first is here"}});
    return false;
  }
  test.at = Name{span, day_text(*found)};
  return true;
}

Parsed<GivenStatement> Parser::given(Span start) {
  GivenStatement given;
  given.is_cname = cursor_.at_word("cname") && !cursor_.at_word("is", 1);
  if (given.is_cname) cursor_.take();
  Parsed<Word> name = word("a host name");
  if (!name) return {};
  given.name = std::move(*name);
  if (!cursor_.expect_word("is", "`is`")) return {};
  if (given.is_cname) {
    Parsed<Word> target = word("the name that it is an alias of");
    if (!target) return {};
    given.values.push_back(std::move(*target));
  } else if (!cursor_.accept_word("none")) {
    do {
      Parsed<Word> address = word("an address or `none`");
      if (!address) return {};
      given.values.push_back(std::move(*address));
    } while (cursor_.accept(TokenKind::comma));
  }
  given.span = since(start);
  return given;
}

Parsed<ExpectStatement> Parser::expectation(Span start) {
  ExpectStatement expectation;
  expectation.pass = cursor_.at_word("pass");
  if (!expectation.pass && !cursor_.at_word("drop")) {
    cursor_.expected("`pass` or `drop`");
    return {};
  }
  cursor_.take();
  expectation.inward = cursor_.accept_word("in");
  Parsed<Name> written = packet();
  if (!written) return {};
  expectation.packet = std::move(*written);
  if (cursor_.accept_word("reason")) {
    expectation.reason = name("the reason, such as `no-rule`");
    if (!expectation.reason) return {};
  }
  expectation.span = since(start);
  return expectation;
}

/// Everything up to the next statement, the reason or the brace that ends the test.
Parsed<Name> Parser::packet() {
  Name packet{cursor_.peek().span, {}};
  const auto at_end = [this] {
    return cursor_.at(TokenKind::end) || cursor_.at(TokenKind::right_brace) ||
           cursor_.at(TokenKind::left_brace) || cursor_.at_word("reason") ||
           (cursor_.peek().first_on_line && statement_word(cursor_.peek().span.text()));
  };
  if (at_end()) {
    cursor_.expected("a packet, as in `tcp 10.20.1.1 -> api.example.com:443`");
    return {};
  }
  while (!at_end()) {
    const Token token = cursor_.take();
    if (!packet.text.empty() && token.span.begin > packet.span.end) packet.text += ' ';
    packet.text += token.span.text();
    packet.span = join(packet.span, token.span);
  }
  return packet;
}

}  // namespace sallyport
