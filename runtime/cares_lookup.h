// SPDX-License-Identifier: GPL-2.0-or-later
// CaresLookup: the Lookup that asks real servers, with c-ares as mere transport (UDP, TCP after
// truncation). The system's resolver configuration, /etc/hosts and the environment play no part
// (N9).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/event_loop.h"
#include "runtime/lookup.h"

namespace sallyport {

/// A question goes to one server; to the next as soon as that one has failed or stayed silent for
/// its share of 900 ms. Whichever says something about the name first is the answer, and its server
/// is asked first from then on. After 2.8 s without one the answer is a failure (N10).
class CaresLookup : public Lookup {
 public:
  /// The loop must outlive the lookup. At least one server.
  static Result<std::unique_ptr<CaresLookup>> create(EventLoop& loop,
                                                     const std::vector<Endpoint>& servers);
  CaresLookup(const CaresLookup&) = delete;
  CaresLookup& operator=(const CaresLookup&) = delete;
  /// Questions still open get no answer.
  ~CaresLookup() override;

  void ask(const HostName& name, Family family, std::function<void(Answer)> done) override;
  void ask_alias(const HostName& name, std::function<void(AliasAnswer)> done) override;

 private:
  using QuestionId = std::uint64_t;
  struct Question {
    HostName name;
    std::optional<Family> family;  // empty: the question is for the name's alias
    std::function<void(Answer)> done;
    std::function<void(AliasAnswer)> alias_done;
    std::size_t first_server = 0;
    std::size_t tries = 0;
    std::vector<bool> failed;  // by server: it said that it cannot answer
    EventLoop::Timer next_try = 0;
    EventLoop::Timer conclusion = 0;  // the deadline, then the delivery
    Answer answer;                    // the last failure so far, then the answer
    AliasAnswer alias;                // of a question for an alias, unless `answer` is a failure
    bool concluded = false;
  };
  struct Channel;
  struct Try;

  CaresLookup(EventLoop& loop, const std::vector<Endpoint>& servers);
  void begin(Question question);
  void try_next(QuestionId id);
  Answer read(Question& question, std::span<const std::uint8_t> message);
  void send(QuestionId id, const Question& question, std::size_t server);
  void heard(QuestionId id, std::size_t server, Answer answer);
  void conclude(QuestionId id, Question& question);
  void deliver(QuestionId id);

  Channel* channel_to(std::size_t server);
  void process(Channel& channel, int readable, int writable);
  void arm(Channel& channel);
  void sweep_later();
  static void socket_state(void* channel, int fd, int readable, int writable);
  static void received(void* tried, int status, int timeouts, unsigned char* message, int length);

  EventLoop& loop_;
  std::vector<Endpoint> servers_;
  std::size_t preferred_ = 0;  // the server that answered last
  QuestionId next_question_ = 1;
  std::unordered_map<QuestionId, Question> questions_;
  std::list<Channel> channels_;
  EventLoop::Timer sweep_ = 0;
};

}  // namespace sallyport
