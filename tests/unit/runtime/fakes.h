// SPDX-License-Identifier: GPL-2.0-or-later
// A clock that stands still until told, and a lookup that answers what the test says.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/clock.h"
#include "runtime/lookup.h"

namespace sallyport::test {

class FakeClock : public Clock {
 public:
  Moment now() const override { return time; }
  Moment time = std::chrono::hours(1);
};

/// Keeps the questions; the test answers them.
class FakeLookup : public Lookup {
 public:
  struct Question {
    HostName name;
    Family family;
    std::function<void(Answer)> done;
  };
  void ask(const HostName& name, Family family, std::function<void(Answer)> done) override {
    questions.push_back({name, family, std::move(done)});
  }
  void ask_alias(const HostName& name, std::function<void(AliasAnswer)> done) override {
    alias_questions.push_back({name, std::move(done)});
  }
  /// Answers the oldest question.
  void answer(const Answer& answer) {
    ASSERT_FALSE(questions.empty());
    const Question question = std::move(questions.front());
    questions.pop_front();
    question.done(answer);
  }
  std::deque<Question> questions;
  struct AliasQuestion {
    HostName name;
    std::function<void(AliasAnswer)> done;
  };
  std::deque<AliasQuestion> alias_questions;
};

inline HostName name(std::string_view text) {
  return HostName::parse(text).value();
}
inline Address address(std::string_view text) {
  return Address::parse(text).value();
}

inline Answer addresses(std::initializer_list<std::string_view> texts, Seconds ttl) {
  Answer answer;
  answer.outcome = Answer::Outcome::addresses;
  for (const auto text : texts) answer.addresses.push_back({address(text), ttl});
  return answer;
}
inline Answer negative(Answer::Outcome outcome, Seconds ttl = Seconds{0}) {
  Answer answer;
  answer.outcome = outcome;
  answer.negative_ttl = ttl;
  return answer;
}
inline Answer failure(std::string why = "SERVFAIL") {
  Answer answer;
  answer.failure = std::move(why);
  return answer;
}

}  // namespace sallyport::test
