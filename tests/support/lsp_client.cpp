// SPDX-License-Identifier: GPL-2.0-or-later
// Framing over pipes, with a deadline for every answer; see lsp_client.h.
#include "tests/support/lsp_client.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace sallyport::test {
namespace {

constexpr int patience_ms = 20000;

std::string framed(const std::string& text) {
  return "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

}  // namespace

LspClient::Pipe::Pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  read = Fd(ends[0]);
  write = Fd(ends[1]);
}

LspClient::LspClient(const CommandLine& words)
    : process_(Process::start(words, [in = to_.read.get(), out = from_.write.get()] {
        return dup2(in, STDIN_FILENO) == STDIN_FILENO && dup2(out, STDOUT_FILENO) == STDOUT_FILENO;
      })) {
  to_.read.reset();
  from_.write.reset();
}

void LspClient::send_bytes(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t wrote = write(to_.write.get(), bytes.data() + sent, bytes.size() - sent);
    if (wrote <= 0) throw std::system_error(errno, std::generic_category(), "write to the server");
    sent += static_cast<std::size_t>(wrote);
  }
}

void LspClient::send(const nlohmann::json& message) {
  send_bytes(framed(message.dump()));
}

void LspClient::notify(const std::string& method, nlohmann::json params) {
  send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

nlohmann::json LspClient::request(const std::string& method, nlohmann::json params) {
  const int id = ++last_id_;
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
  while (true) {
    nlohmann::json message = receive();
    if (message.contains("id") && message["id"] == id) return message;
    kept_.push_back(std::move(message));
  }
}

nlohmann::json LspClient::next() {
  if (kept_.empty()) return receive();
  nlohmann::json first = std::move(kept_.front());
  kept_.erase(kept_.begin());
  return first;
}

nlohmann::json LspClient::diagnostics(const std::string& uri) {
  while (true) {
    nlohmann::json message = next();
    if (message.value("method", "") == "textDocument/publishDiagnostics" &&
        message["params"]["uri"] == uri) {
      return message["params"]["diagnostics"];
    }
  }
}

nlohmann::json LspClient::receive() {
  const std::string field = "Content-Length: ";
  while (true) {
    const std::size_t header = buffer_.find("\r\n\r\n");
    if (header != std::string::npos) {
      if (!buffer_.starts_with(field)) throw std::runtime_error("no header: " + buffer_);
      const std::size_t length = std::stoul(buffer_.substr(field.size()));
      if (buffer_.size() >= header + 4 + length) {
        auto message = nlohmann::json::parse(buffer_.substr(header + 4, length));
        buffer_.erase(0, header + 4 + length);
        return message;
      }
    }
    pollfd ready{from_.read.get(), POLLIN, 0};
    if (poll(&ready, 1, patience_ms) <= 0) throw std::runtime_error("the server does not answer");
    std::array<char, 65536> piece{};
    const ssize_t got = read(from_.read.get(), piece.data(), piece.size());
    if (got <= 0) throw std::runtime_error("the server closed its output");
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace sallyport::test
