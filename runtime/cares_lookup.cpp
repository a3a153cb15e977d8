// SPDX-License-Identifier: GPL-2.0-or-later
// Questions over a pool of short-lived c-ares channels: each has one server and one UDP source
// port, carries at most 8 queries in its life (N17), and is destroyed when they are done. c-ares
// may call back from inside ares_send and ares_destroy; so an answer is only noted there, and
// delivered by a timer. See cares_lookup.h.
#include "runtime/cares_lookup.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/time.h>

#include <algorithm>
#include <span>
#include <utility>

#include "runtime/dns_answer.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;

constexpr auto round_of_tries = milliseconds(900);
constexpr unsigned rounds = 2;  // a lost datagram is sent again
constexpr auto deadline = milliseconds(2800);
constexpr unsigned queries_on_a_port = 8;

Answer failed(std::string why) {
  Answer answer;
  answer.failure = std::move(why);
  return answer;
}

// Everything that c-ares would otherwise read from resolv.conf, nsswitch.conf, LOCALDOMAIN or
// RES_OPTIONS is given, so it looks at none of them (N9). The server is a placeholder for
// ares_set_servers_ports, which alone takes ports and IPv6.
int make_channel(ares_channel* channel, ares_sock_state_cb on_state, void* argument) {
  in_addr placeholder{};
  char lookups[] = "b";
  ares_options options{};
  // Whether a response code is a failure, and who is asked then, is decided here, not by c-ares.
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP;
  options.timeout = static_cast<int>(deadline.count());
  options.tries = 1;
  options.ndots = 1;
  options.servers = &placeholder;
  options.nservers = 1;
  options.lookups = lookups;
  options.sock_state_cb = on_state;
  options.sock_state_cb_data = argument;
  const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                    ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
                    ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
  return ares_init_options(channel, &options, given);
}

int set_server(ares_channel channel, const Endpoint& server) {
  ares_addr_port_node node{};
  const auto bytes = server.address.bytes();
  const bool v4 = server.address.family == Family::v4;
  node.family = v4 ? AF_INET : AF_INET6;
  if (v4)
    std::copy_n(bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&node.addr.addr4));
  else
    std::copy_n(bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&node.addr.addr6));
  node.udp_port = node.tcp_port = server.port;
  return ares_set_servers_ports(channel, &node);
}

unsigned short random_id() {
  unsigned short id = 0;
  while (::getrandom(&id, sizeof id, 0) != sizeof id) {
  }
  return id;
}

}  // namespace

struct CaresLookup::Channel {
  CaresLookup* lookup = nullptr;
  std::size_t server = 0;
  ares_channel handle = nullptr;
  unsigned sent = 0;
  unsigned outstanding = 0;
  EventLoop::Timer timer = 0;

  Channel(CaresLookup* owner, std::size_t to) : lookup(owner), server(to) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    lookup->loop_.cancel(timer);
    if (handle != nullptr) ares_destroy(handle);
  }
};

// One query on its way; owned by c-ares until it calls back.
struct CaresLookup::Try {
  Channel* channel;
  QuestionId question;
};

Result<std::unique_ptr<CaresLookup>> CaresLookup::create(EventLoop& loop,
                                                         const std::vector<Endpoint>& servers) {
  const std::string tried = "start name resolution";
  if (servers.empty()) return std::unexpected(Error{tried, "no server is given", {}});
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  if (initialized != ARES_SUCCESS)
    return std::unexpected(Error{tried, ares_strerror(initialized), "c-ares"});
  std::unique_ptr<CaresLookup> lookup(new CaresLookup(loop, servers));
  for (std::size_t server = 0; server < servers.size(); ++server) {
    // Each server is one that c-ares accepts, or there would be failures later without a reason.
    if (lookup->channel_to(server) == nullptr)
      return std::unexpected(
          Error{tried, "c-ares refuses a server",
                servers[server].address.text() + " port " + std::to_string(servers[server].port)});
  }
  lookup->channels_.clear();
  return lookup;
}

CaresLookup::CaresLookup(EventLoop& loop, const std::vector<Endpoint>& servers)
    : loop_(loop), servers_(servers) {}

CaresLookup::~CaresLookup() {
  for (const auto& [id, question] : questions_) {
    loop_.cancel(question.next_try);
    loop_.cancel(question.conclusion);
  }
  loop_.cancel(sweep_);
  channels_.clear();
}

void CaresLookup::ask(const HostName& name, Family family, std::function<void(Answer)> done) {
  begin({.name = name,
         .family = family,
         .done = std::move(done),
         .alias_done = {},
         .failed = {},
         .answer = {},
         .alias = {}});
}

void CaresLookup::ask_alias(const HostName& name, std::function<void(AliasAnswer)> done) {
  begin({.name = name,
         .family = {},
         .done = {},
         .alias_done = std::move(done),
         .failed = {},
         .answer = {},
         .alias = {}});
}

void CaresLookup::begin(Question question) {
  const QuestionId id = next_question_++;
  question.first_server = preferred_;
  question.failed.resize(servers_.size());
  question.answer = failed("timeout");
  question.conclusion =
      loop_.at(loop_.clock().now() + deadline, [this, id] { conclude(id, questions_.at(id)); });
  questions_.emplace(id, std::move(question));
  try_next(id);
}

// Servers in turn, without those that failed, one after the other at the pace of a round.
void CaresLookup::try_next(QuestionId id) {
  Question& question = questions_.at(id);
  const std::size_t most_tries = rounds * servers_.size();
  while (question.tries < most_tries) {
    const std::size_t server = (question.first_server + question.tries++) % servers_.size();
    if (question.failed[server]) continue;
    loop_.cancel(question.next_try);
    question.next_try =
        loop_.at(loop_.clock().now() + round_of_tries / static_cast<int>(servers_.size()),
                 [this, id] { try_next(id); });
    send(id, question, server);
    return;
  }
}

void CaresLookup::send(QuestionId id, const Question& question, std::size_t server) {
  unsigned char* query = nullptr;
  int length = 0;
  const int type = !question.family                 ? ns_t_cname
                   : *question.family == Family::v4 ? ns_t_a
                                                    : ns_t_aaaa;
  const int status = ares_create_query(question.name.text().c_str(), ns_c_in, type, random_id(),
                                       /*rd=*/1, &query, &length, /*max_udp_size=*/0);
  const std::unique_ptr<unsigned char, decltype(&ares_free_string)> owner(query, ares_free_string);
  Channel* channel = status == ARES_SUCCESS ? channel_to(server) : nullptr;
  if (channel == nullptr) {
    heard(id, server, failed(status == ARES_SUCCESS ? "no channel" : ares_strerror(status)));
    return;
  }
  ++channel->sent;
  ++channel->outstanding;
  ares_send(channel->handle, query, length, received, new Try{channel, id});
  arm(*channel);
}

void CaresLookup::received(void* tried, int status, int /*timeouts*/, unsigned char* message,
                           int length) {
  const std::unique_ptr<Try> attempt(static_cast<Try*>(tried));
  if (status == ARES_EDESTRUCTION) return;
  Channel& channel = *attempt->channel;
  CaresLookup& lookup = *channel.lookup;
  if (--channel.outstanding == 0) lookup.sweep_later();

  const auto found = lookup.questions_.find(attempt->question);
  if (found == lookup.questions_.end() || found->second.concluded) return;
  if (status == ARES_ETIMEOUT) return;  // silence is the deadline's business
  if (status == ARES_SUCCESS) {
    const std::span bytes(message, static_cast<std::size_t>(length));
    lookup.heard(attempt->question, channel.server, lookup.read(found->second, bytes));
  } else {
    lookup.heard(attempt->question, channel.server, failed(ares_strerror(status)));
  }
}

/// Of an alias only whether it was a failure.
Answer CaresLookup::read(Question& question, std::span<const std::uint8_t> message) {
  if (question.family) return decode_answer(message, question.name, *question.family);
  question.alias = decode_alias(message, question.name);
  Answer answer;
  answer.failure = question.alias.failure;
  if (question.alias.outcome != AliasAnswer::Outcome::failure)
    answer.outcome = Answer::Outcome::no_data;
  return answer;
}

// What one server says, or that it cannot be reached. Possibly inside c-ares: sends nothing.
void CaresLookup::heard(QuestionId id, std::size_t server, Answer answer) {
  Question& question = questions_.at(id);
  const bool says_nothing = answer.outcome == Answer::Outcome::failure;
  question.answer = std::move(answer);
  if (!says_nothing) {
    preferred_ = server;
    conclude(id, question);
    return;
  }
  question.failed[server] = true;
  if (std::ranges::find(question.failed, false) == question.failed.end()) {
    conclude(id, question);
    return;
  }
  loop_.cancel(question.next_try);
  question.next_try = loop_.at(loop_.clock().now(), [this, id] { try_next(id); });
}

void CaresLookup::conclude(QuestionId id, Question& question) {
  question.concluded = true;
  loop_.cancel(question.next_try);
  loop_.cancel(question.conclusion);
  question.conclusion = loop_.at(loop_.clock().now(), [this, id] { deliver(id); });
}

void CaresLookup::deliver(QuestionId id) {
  const auto node = questions_.extract(id);
  Question& question = node.mapped();  // calling back may destroy this lookup
  if (question.family) return question.done(std::move(question.answer));
  if (question.answer.outcome == Answer::Outcome::failure) {
    question.alias = {};
    question.alias.failure = question.answer.failure;
  }
  question.alias_done(std::move(question.alias));
}

CaresLookup::Channel* CaresLookup::channel_to(std::size_t server) {
  for (auto channel = channels_.rbegin(); channel != channels_.rend(); ++channel)
    if (channel->server == server && channel->sent < queries_on_a_port) return &*channel;

  Channel& channel = channels_.emplace_back(this, server);
  if (make_channel(&channel.handle, socket_state, &channel) != ARES_SUCCESS ||
      set_server(channel.handle, servers_[server]) != ARES_SUCCESS) {
    channels_.pop_back();
    return nullptr;
  }
  return &channel;
}

void CaresLookup::process(Channel& channel, int readable, int writable) {
  ares_process_fd(channel.handle, readable, writable);
  arm(channel);
}

void CaresLookup::arm(Channel& channel) {
  loop_.cancel(channel.timer);
  timeval wait{};
  if (ares_timeout(channel.handle, nullptr, &wait) == nullptr) return;
  const Moment due = loop_.clock().now() + std::chrono::seconds(wait.tv_sec) +
                     std::chrono::microseconds(wait.tv_usec);
  channel.timer =
      loop_.at(due, [this, &channel] { process(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

void CaresLookup::sweep_later() {
  if (sweep_ != 0) return;
  sweep_ = loop_.at(loop_.clock().now(), [this] {
    sweep_ = 0;
    channels_.remove_if([](const Channel& channel) { return channel.outstanding == 0; });
  });
}

void CaresLookup::socket_state(void* state, int fd, int readable, int writable) {
  Channel& channel = *static_cast<Channel*>(state);
  EventLoop& loop = channel.lookup->loop_;
  if (readable == 0 && writable == 0) {
    loop.unwatch(fd);
    return;
  }
  std::uint32_t events = 0;
  if (readable != 0) events |= EPOLLIN;
  if (writable != 0) events |= EPOLLOUT;
  const auto watched = loop.watch(fd, events, [&channel, fd](std::uint32_t ready) {
    // An error is read from the socket like an answer.
    const bool reads = (ready & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    const bool writes = (ready & EPOLLOUT) != 0;
    channel.lookup->process(channel, reads ? fd : ARES_SOCKET_BAD, writes ? fd : ARES_SOCKET_BAD);
  });
  if (!watched) return;  // the answer will not be seen: the question ends as a timeout
}

}  // namespace sallyport
