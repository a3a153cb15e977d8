// SPDX-License-Identifier: GPL-2.0-or-later
// Server: a language server (LSP 3.17) over two streams. Entry point: run().
#pragma once

#include <expected>
#include <functional>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "compiler/lsp/workspace.h"

namespace sallyport::lsp {

struct Failure;

/// What day it is, in UTC.
using Today = std::function<Day()>;

class Server {
 public:
  /// The streams must outlive it; `today` is the day on which dates are judged, without which none
  /// are; `read` gives the files that are not open in the editor.
  Server(std::istream& in, std::ostream& out, std::string version, Today today,
         ReadFile read = read_file);
  ~Server();

  /// Serves until `exit` or the end of the input. The exit code that the protocol demands: 0 after
  /// `shutdown`, else 1. Whatever comes in, it neither throws nor ends before.
  int run();

 private:
  using Json = nlohmann::json;
  using Answer = std::expected<Json, Failure>;
  enum class State { fresh, running, shut_down, ended };

  // messages
  void take(std::string_view text);
  void take_request(const Json& id, const std::string& method, const Json& params);
  void take_notification(const std::string& method, const Json& params);
  Answer answer(const std::string& method, const Json& params);
  void notified(const std::string& method, const Json& params);
  void send(const Json& message);
  void refuse(const Json& id, const Failure& failure);
  void complain(const std::string& text);

  // notifications
  void did_open(const Json& params);
  void did_change(const Json& params);
  void did_close(const Json& params);
  void publish();

  // requests
  Answer initialize();
  Answer hover(const Json& params);
  Answer definition(const Json& params);
  Answer references(const Json& params);
  Answer rename(const Json& params);
  Answer completion(const Json& params);
  Answer symbols(const Json& params);
  Answer formatting(const Json& params);
  Answer code_actions(const Json& params);
  const Document* document(const Json& params);

  std::istream& in_;
  std::ostream& out_;
  std::string version_;
  Today today_;
  Workspace workspace_;
  State state_ = State::fresh;
  int exit_code_ = 1;
  bool stale_ = false;                     // diagnostics may have changed since publish()
  std::map<std::string, Json> published_;  // by URI
};

}  // namespace sallyport::lsp
