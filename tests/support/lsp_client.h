// SPDX-License-Identifier: GPL-2.0-or-later
// LspClient: an editor's side of the Language Server Protocol, over the pipes of a real process.
// Failures of the machinery are thrown.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/fd.h"
#include "tests/support/process.h"

namespace sallyport::test {

class LspClient {
 public:
  explicit LspClient(const CommandLine& words);

  /// Raw bytes, for what an editor should not send.
  void send_bytes(const std::string& bytes);
  void send(const nlohmann::json& message);
  void notify(const std::string& method, nlohmann::json params);
  /// The whole response; what else comes before it is kept for later.
  nlohmann::json request(const std::string& method, nlohmann::json params);
  /// The next message that is no response to request(), old ones first.
  nlohmann::json next();
  /// The diagnostics that are published next for the file.
  nlohmann::json diagnostics(const std::string& uri);

  void close_input() { to_.write.reset(); }
  Process& process() { return process_; }

 private:
  nlohmann::json receive();

  struct Pipe {
    Pipe();
    Fd read;
    Fd write;
  };
  Pipe to_;
  Pipe from_;
  Process process_;
  std::string buffer_;
  std::vector<nlohmann::json> kept_;
  int last_id_ = 0;
};

}  // namespace sallyport::test
