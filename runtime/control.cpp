// SPDX-License-Identifier: GPL-2.0-or-later
// The server's side of the control socket: one small state machine per client.
#include "runtime/control.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace sallyport {
namespace {

constexpr std::size_t most_clients = 16;
constexpr Moment client_deadline = std::chrono::seconds(30);
/// Read from one client before others get their turn.
constexpr std::size_t turn = 1 << 20;

Result<sockaddr_un> socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof(address.sun_path))
    return std::unexpected(Error::from_errno("use the socket " + text, ENAMETOOLONG));
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

std::string message(const nlohmann::ordered_json& header, std::string_view payload) {
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text += '\n';
  text += payload;
  return text;
}

struct Header {
  nlohmann::json fields;
  std::size_t bytes = 0;
};

/// The error is a sentence for the other side.
std::expected<Header, std::string> parse_header(std::string_view line) {
  Header header;
  header.fields = nlohmann::json::parse(line, nullptr, false);
  if (!header.fields.is_object()) return std::unexpected("the first line is no JSON object");
  const auto bytes = header.fields.find("bytes");
  if (bytes == header.fields.end()) return header;
  if (!bytes->is_number_unsigned() || bytes->get<std::uint64_t>() > largest_control_payload)
    return std::unexpected("`bytes` must be a number from 0 to 268435456");
  header.bytes = bytes->get<std::size_t>();
  return header;
}

}  // namespace

struct ControlServer::Client {
  enum class Stage { header, payload, reply };
  Fd fd;
  Stage stage = Stage::header;
  std::string line;
  ControlRequest request;
  std::size_t expected = 0;  // bytes of the request's payload
  std::string reply;
  std::size_t written = 0;
  std::function<void()> afterwards;
  EventLoop::Timer deadline = 0;
};

ControlServer::ControlServer(EventLoop& loop, std::filesystem::path socket, Respond respond)
    : loop_(loop), socket_(std::move(socket)), respond_(std::move(respond)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(EventLoop& loop,
                                                             const std::filesystem::path& socket,
                                                             Respond respond) {
  const std::string tried = "listen on " + socket.string();
  const auto address = socket_address(socket);
  if (!address) return std::unexpected(address.error());
  std::unique_ptr<ControlServer> server(new ControlServer(loop, socket, std::move(respond)));
  server->listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int fd = server->listener_.get();
  // fchmod before bind: the file never exists with wider permissions.
  ::unlink(socket.c_str());
  if (fd < 0 || fchmod(fd, 0600) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      chmod(socket.c_str(), 0600) != 0 || ::listen(fd, most_clients) != 0) {
    return std::unexpected(Error::from_errno(tried, errno));
  }
  ControlServer* self = server.get();
  auto watched = loop.watch(fd, EPOLLIN, [self](std::uint32_t) { self->accept_clients(); });
  if (!watched) return std::unexpected(watched.error());
  return server;
}

ControlServer::~ControlServer() {
  close();
  while (!clients_.empty()) drop(clients_.begin()->first);
}

void ControlServer::close() {
  if (!listener_) return;
  loop_.unwatch(listener_.get());
  listener_.reset();
  ::unlink(socket_.c_str());
}

void ControlServer::accept_clients() {
  while (listener_) {
    Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    if (clients_.size() >= most_clients) continue;  // closed at once: the client may ask again
    const int number = fd.get();
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    auto watched = loop_.watch(number, EPOLLIN,
                               [this, number](std::uint32_t events) { serve(number, events); });
    if (!watched) continue;
    arm_deadline(*client);
    clients_.emplace(number, std::move(client));
  }
}

void ControlServer::arm_deadline(Client& client) {
  loop_.cancel(client.deadline);
  const int number = client.fd.get();
  client.deadline =
      loop_.at(loop_.clock().now() + client_deadline, [this, number] { drop(number); });
}

void ControlServer::drop(int fd) {
  const auto found = clients_.find(fd);
  if (found == clients_.end()) return;
  const std::unique_ptr<Client> client = std::move(found->second);
  clients_.erase(found);
  loop_.unwatch(fd);
  loop_.cancel(client->deadline);
  if (client->afterwards) client->afterwards();
}

void ControlServer::serve(int fd, std::uint32_t events) {
  const auto found = clients_.find(fd);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  bool alive = true;
  if (client.stage != Client::Stage::reply) alive = read_from(client);
  if (alive && client.stage == Client::Stage::reply) alive = write_to(client);
  if (!alive || (events & EPOLLERR) != 0) drop(fd);
}

/// False when the connection is over.
bool ControlServer::read_from(Client& client) {
  std::array<char, 64 << 10> bytes;
  for (std::size_t taken = 0; taken < turn && client.stage != Client::Stage::reply;) {
    const ssize_t count = recv(client.fd.get(), bytes.data(), bytes.size(), 0);
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    taken += static_cast<std::size_t>(count);
    take(client, {bytes.data(), static_cast<std::size_t>(count)});
  }
  return true;
}

void ControlServer::take(Client& client, std::string_view bytes) {
  if (client.stage == Client::Stage::header) {
    const std::size_t end = bytes.find('\n');
    client.line += bytes.substr(0, end);
    if (client.line.size() > longest_control_line)
      return refuse(client, "the first line is too long");
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    read_header(client);
  }
  if (client.stage != Client::Stage::payload) return;
  auto& payload = client.request.payload;
  const auto wanted = bytes.substr(0, client.expected - payload.size());
  payload.insert(payload.end(), wanted.begin(), wanted.end());
  if (payload.size() == client.expected) answer(client);
}

void ControlServer::read_header(Client& client) {
  const auto header = parse_header(client.line);
  if (!header) return refuse(client, header.error());
  const auto verb = header->fields.find("request");
  if (verb == header->fields.end() || !verb->is_string())
    return refuse(client, "`request` is missing");
  // Only one large request is held at a time, whatever the number of clients.
  for (const auto& [fd, other] : clients_) {
    if (other.get() != &client && other->stage == Client::Stage::payload &&
        other->expected > longest_control_line && header->bytes > longest_control_line) {
      return refuse(client, "another client is sending a bundle");
    }
  }
  client.request.verb = verb->get<std::string>();
  client.expected = header->bytes;
  client.stage = Client::Stage::payload;
}

void ControlServer::answer(Client& client) {
  ControlReply reply = respond_(client.request);
  client.request = {};
  if (!reply.error.empty()) return refuse(client, std::move(reply.error));
  client.afterwards = std::move(reply.afterwards);
  client.reply = message({{"ok", true}, {"bytes", reply.payload.size()}}, reply.payload);
  client.stage = Client::Stage::reply;
  arm_deadline(client);  // the answer may have taken its time
}

void ControlServer::refuse(Client& client, std::string why) {
  client.request = {};
  client.reply = message({{"ok", false}, {"error", std::move(why)}}, {});
  client.stage = Client::Stage::reply;
}

/// False when the reply is sent or nobody wants it.
bool ControlServer::write_to(Client& client) {
  while (client.written < client.reply.size()) {
    const ssize_t count = send(client.fd.get(), client.reply.data() + client.written,
                               client.reply.size() - client.written, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      const int number = client.fd.get();
      return loop_
          .watch(number, EPOLLOUT, [this, number](std::uint32_t events) { serve(number, events); })
          .has_value();
    }
    if (count < 0) return false;
    client.written += static_cast<std::size_t>(count);
  }
  return false;
}

namespace {

constexpr timeval client_patience{.tv_sec = 300, .tv_usec = 0};  // a load may have much to prepare

/// True when all is sent, or the server wants no more and has something to say.
bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EPIPE || errno == ECONNRESET;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Everything until the server closes.
Result<std::string> receive_all(int fd, const std::string& tried) {
  std::string text;
  std::array<char, 64 << 10> bytes;
  for (;;) {
    const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && !(errno == ECONNRESET && !text.empty()))
      return std::unexpected(Error::from_errno(tried, errno));
    if (count <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
    if (text.size() > longest_control_line + largest_control_payload)
      return std::unexpected(Error{tried, "the reply is too long", ""});
  }
}

}  // namespace

Result<std::optional<std::string>> control_call(const std::filesystem::path& socket,
                                                const std::string& verb,
                                                std::span<const std::uint8_t> payload) {
  const bool question = verb == "status" || verb == "bindings";
  const std::string tried = (question ? "ask the runtime for its " : "ask the runtime to ") + verb;
  const auto address = socket_address(socket);
  if (!address) return std::unexpected(address.error());
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(Error::from_errno(tried, errno));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return std::nullopt;
    return std::unexpected(Error::from_errno(tried, errno));
  }
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &client_patience, sizeof(client_patience));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &client_patience, sizeof(client_patience));

  const std::string header = message({{"request", verb}, {"bytes", payload.size()}}, {});
  const std::string_view body(reinterpret_cast<const char*>(payload.data()), payload.size());
  if (!send_all(fd.get(), header) || !send_all(fd.get(), body))
    return std::unexpected(Error::from_errno(tried, errno));
  const auto reply = receive_all(fd.get(), tried);
  if (!reply) return std::unexpected(reply.error());

  const std::size_t end = reply->find('\n');
  const auto fields =
      nlohmann::json::parse(std::string_view(*reply).substr(0, end), nullptr, false);
  if (end == std::string::npos || !fields.is_object() || !fields.contains("ok"))
    return std::unexpected(Error{tried, "it closed the connection without an answer", ""});
  if (fields["ok"] != true) {
    const auto& why = fields.contains("error") ? fields["error"] : nlohmann::json();
    return std::unexpected(Error{tried, why.is_string() ? why.get<std::string>() : "refused", ""});
  }
  if (fields.value("bytes", nlohmann::json()) != reply->size() - end - 1)
    return std::unexpected(Error{tried, "its answer was cut short", ""});
  return reply->substr(end + 1);
}

}  // namespace sallyport
