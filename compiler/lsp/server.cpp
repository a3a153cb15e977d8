// SPDX-License-Identifier: GPL-2.0-or-later
// The loop, JSON-RPC and the life of the server; requests.cpp has what it answers. See server.h.
#include "compiler/lsp/server.h"

#include <istream>
#include <utility>

#include "compiler/lsp/messages.h"
#include "compiler/lsp/protocol.h"

namespace sallyport::lsp {

Server::Server(std::istream& in, std::ostream& out, std::string version, Today today, ReadFile read)
    : in_(in),
      out_(out),
      version_(std::move(version)),
      today_(std::move(today)),
      workspace_(std::move(read)) {}

Server::~Server() = default;

int Server::run() {
  while (state_ != State::ended) {
    // Diagnostics wait until nothing more has come in: of quick typing only the last state counts.
    if (stale_ && in_.rdbuf()->in_avail() <= 0) publish();
    const Incoming incoming = read_message(in_);
    if (incoming.kind == Incoming::Kind::end) return state_ == State::shut_down ? 0 : 1;
    if (incoming.kind == Incoming::Kind::malformed) {
      refuse(nullptr, {ErrorCode::parse_error, incoming.text});
    } else {
      take(incoming.text);
    }
  }
  return exit_code_;
}

void Server::take(std::string_view text) {
  if (today_) stale_ = workspace_.turn_to(today_()) || stale_;
  const Json message = Json::parse(text, nullptr, false);
  if (message.is_discarded())
    return refuse(nullptr, {ErrorCode::parse_error, "the message is not JSON in UTF-8"});
  if (!message.is_object())
    return refuse(nullptr, {ErrorCode::invalid_request, "expected one JSON object"});
  const auto id = message.find("id");
  const bool has_id = id != message.end();
  const bool id_fits = has_id && (id->is_number_integer() || id->is_string());
  const Json known_id = id_fits ? *id : Json(nullptr);
  if (has_id && !message.contains("method") &&
      (message.contains("result") || message.contains("error"))) {
    return;  // a response: we have asked nothing
  }
  const auto method = message.find("method");
  const auto version = message.find("jsonrpc");
  if (version == message.end() || *version != "2.0" || method == message.end() ||
      !method->is_string() || has_id != id_fits) {
    return refuse(known_id, {ErrorCode::invalid_request, "expected a request of JSON-RPC 2.0"});
  }
  const auto params = message.find("params");
  const Json none = Json::object();
  const Json& given = params == message.end() || params->is_null() ? none : *params;
  if (!given.is_structured()) {
    return refuse(known_id, {ErrorCode::invalid_request, "`params` is no object and no array"});
  }
  if (has_id) {
    take_request(known_id, method->get<std::string>(), given);
  } else {
    take_notification(method->get<std::string>(), given);
  }
}

void Server::take_request(const Json& id, const std::string& method, const Json& params) {
  if (state_ == State::shut_down) {
    return refuse(id, {ErrorCode::invalid_request, "the server has been shut down"});
  }
  if (state_ == State::fresh && method != "initialize") {
    return refuse(id, {ErrorCode::not_initialized, "expected `initialize` first"});
  }
  Answer result;
  try {
    result = answer(method, params);
  } catch (const Json::exception& error) {
    result = std::unexpected(Failure{ErrorCode::invalid_params, method + ": " + error.what()});
  }
  if (!result) return refuse(id, result.error());
  send({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(*result)}});
}

void Server::take_notification(const std::string& method, const Json& params) {
  if (method == "exit") {
    exit_code_ = state_ == State::shut_down ? 0 : 1;
    state_ = State::ended;
    return;
  }
  if (state_ != State::running) return;
  try {
    notified(method, params);
  } catch (const Json::exception& error) {
    complain(method + ": " + error.what());
  }
}

void Server::notified(const std::string& method, const Json& params) {
  if (method == "textDocument/didOpen") {
    did_open(params);
  } else if (method == "textDocument/didChange") {
    did_change(params);
  } else if (method == "textDocument/didClose") {
    did_close(params);
  } else if (method == "textDocument/didSave" || method == "workspace/didChangeWatchedFiles") {
    workspace_.forget_everything();
    stale_ = true;
  }
  // Notifications that we do not know may be ignored.
}

void Server::send(const Json& message) {
  // Text from files may hold anything; what is no UTF-8 is shown as such.
  write_message(out_, message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Server::refuse(const Json& id, const Failure& failure) {
  send({{"jsonrpc", "2.0"},
        {"id", id},
        {"error", {{"code", static_cast<int>(failure.code)}, {"message", failure.message}}}});
}

/// A notification has no answer; its sender reads the log.
void Server::complain(const std::string& text) {
  constexpr int error = 1;
  send({{"jsonrpc", "2.0"},
        {"method", "window/logMessage"},
        {"params", {{"type", error}, {"message", text}}}});
}

void Server::did_open(const Json& params) {
  const Json& document = params.at("textDocument");
  workspace_.open(document.at("uri").get<std::string>(), document.at("version").get<std::int64_t>(),
                  document.at("text").get<std::string>());
  stale_ = true;
}

void Server::did_change(const Json& params) {
  const Json& document = params.at("textDocument");
  const auto uri = document.at("uri").get<std::string>();
  const std::string* before = workspace_.text(uri);
  if (!before) return complain("textDocument/didChange: " + uri + " is not open");
  std::string text = *before;
  for (const Json& change : params.at("contentChanges")) {
    const auto& by = change.at("text").get_ref<const std::string&>();
    text = change.contains("range") ? replaced(text, range_of(change.at("range")), by) : by;
  }
  workspace_.change(uri, document.at("version").get<std::int64_t>(), std::move(text));
  stale_ = true;
}

void Server::did_close(const Json& params) {
  const auto uri = params.at("textDocument").at("uri").get<std::string>();
  if (!workspace_.close(uri)) return complain("textDocument/didClose: " + uri + " is not open");
  stale_ = true;
}

/// Sends the diagnostics of each file that differ from what was sent before. A file is compiled
/// for itself if it is open, and for every open file that imports it.
void Server::publish() {
  stale_ = false;
  std::map<std::string, Json> wanted;
  std::map<std::string, std::int64_t> versions;
  for (const Document* document : workspace_.documents()) {
    versions.emplace(document->uri, document->version);
    wanted.try_emplace(document->uri, Json::array());
    for (const Diagnostic& one : document->compilation.diagnostics.all()) {
      const std::string uri =
          one.span.source ? workspace_.uri(one.span.source->name()) : document->uri;
      Json& list = wanted.try_emplace(uri, Json::array()).first->second;
      Json json = json_of(one, workspace_);
      if (std::ranges::find(list, json) == list.end()) list.push_back(std::move(json));
    }
  }
  for (const auto& [uri, list] : published_) wanted.try_emplace(uri, Json::array());
  for (const auto& [uri, list] : wanted) {
    const auto before = published_.find(uri);
    if (before != published_.end() && before->second == list) continue;
    Json params{{"uri", uri}, {"diagnostics", list}};
    if (const auto version = versions.find(uri); version != versions.end())
      params["version"] = version->second;
    send({{"jsonrpc", "2.0"},
          {"method", "textDocument/publishDiagnostics"},
          {"params", std::move(params)}});
  }
  std::erase_if(wanted, [&versions](const auto& row) {
    return row.second.empty() && !versions.contains(row.first);
  });
  published_ = std::move(wanted);
}

}  // namespace sallyport::lsp
