// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket: one request and one reply per connection. Each is one line of JSON, at most
// 64 KiB, and as many bytes behind it as its "bytes" says, at most 256 MiB:
//   {"request": "load", "bytes": 4711}    {"ok": true, "bytes": 0}    {"ok": false, "error": "..."}
// Requests are `status`, `bindings`, `load` (bytes: a bundle), `rollback` (bytes: the number of a
// generation, or none) and `unload`. The entry points are ControlServer::listen() and
// control_call().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/values/error.h"
#include "runtime/event_loop.h"

namespace sallyport {

inline constexpr std::size_t longest_control_line = 64 << 10;
inline constexpr std::size_t largest_control_payload = 256 << 20;

struct ControlRequest {
  std::string verb;
  std::vector<std::uint8_t> payload;
};

struct ControlReply {
  std::string error;                 // empty: it went well
  std::string payload;               // JSON text
  std::function<void()> afterwards;  // called when the reply is sent or the client is gone
};

/// Serves clients from the event loop. No client can hold it up: reads and writes never block,
/// every request is bounded in size and time, and so is the number of clients.
class ControlServer {
 public:
  using Respond = std::function<ControlReply(const ControlRequest&)>;

  /// Replaces a socket file that a dead process left. The caller owns the instance's lock.
  static Result<std::unique_ptr<ControlServer>> listen(EventLoop& loop,
                                                       const std::filesystem::path& socket,
                                                       Respond respond);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Removes the socket file and accepts nobody any more; clients being served are served on.
  void close();

 private:
  struct Client;
  ControlServer(EventLoop& loop, std::filesystem::path socket, Respond respond);
  void accept_clients();
  void serve(int fd, std::uint32_t events);
  bool read_from(Client& client);
  void take(Client& client, std::string_view bytes);
  void read_header(Client& client);
  void answer(Client& client);
  void refuse(Client& client, std::string why);
  bool write_to(Client& client);
  void arm_deadline(Client& client);
  void drop(int fd);

  EventLoop& loop_;
  std::filesystem::path socket_;
  Respond respond_;
  Fd listener_;
  std::map<int, std::unique_ptr<Client>> clients_;
};

/// Asks a runtime and waits for its reply's payload. Empty if no runtime listens on the socket; an
/// error if the runtime refuses or the conversation breaks.
Result<std::optional<std::string>> control_call(const std::filesystem::path& socket,
                                                const std::string& verb,
                                                std::span<const std::uint8_t> payload = {});

}  // namespace sallyport
