// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes the language server. The lines of the input make a document; a line `@abc` asks about a
// place in it, a line `!...` is sent as a message by itself. Whatever comes in, the server answers
// every request once, in well-formed messages, and ends as it should.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>

#include "compiler/lsp/messages.h"
#include "compiler/lsp/server.h"

namespace {

using namespace sallyport;
using nlohmann::json;

constexpr const char* uri = "file:///nowhere/fuzz.sally";

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

/// Text of the input as a JSON string can hold it.
std::string valid_utf8(std::string_view bytes) {
  const std::string dumped =
      json(std::string(bytes)).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(dumped).get<std::string>();
}

class Conversation {
 public:
  Conversation() {
    request("initialize", json::object());
    notify("initialized", json::object());
    const json document{{"uri", uri}, {"languageId", "x"}, {"version", 1}, {"text", ""}};
    notify("textDocument/didOpen", {{"textDocument", document}});
  }

  void take(std::string_view line) {
    static constexpr std::string_view methods[] = {"textDocument/hover", "textDocument/definition",
                                                   "textDocument/references",
                                                   "textDocument/completion"};
    if (line.starts_with('!')) return raw(line.substr(1));
    if (line.starts_with('@') && line.size() > 3) {
      const json position{{"line", static_cast<unsigned char>(line[2])},
                          {"character", static_cast<unsigned char>(line[3])}};
      json params{{"textDocument", {{"uri", uri}}}, {"position", position}};
      return request(std::string(methods[static_cast<unsigned char>(line[1]) % 4]), params);
    }
    const std::size_t at = static_cast<unsigned>(lines_++);
    const json place{{"line", at}, {"character", 0}};
    change({{"range", {{"start", place}, {"end", place}}}, {"text", valid_utf8(line) + "\n"}});
  }

  void finish() {
    for (const char* method : {"textDocument/documentSymbol", "textDocument/formatting"})
      request(method, {{"textDocument", {{"uri", uri}}}});
    request("shutdown", json::object());
    notify("exit", json::object());
  }

  std::string bytes() const { return stream_.str(); }
  int requests() const { return requests_; }

 private:
  void send(const json& message) { lsp::write_message(stream_, message.dump()); }
  void request(const std::string& method, json params) {
    send({{"jsonrpc", "2.0"},
          {"id", requests_++},
          {"method", method},
          {"params", std::move(params)}});
  }
  void notify(const std::string& method, json params) {
    send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
  }
  void change(json what) {
    notify("textDocument/didChange", {{"textDocument", {{"uri", uri}, {"version", 2}}},
                                      {"contentChanges", {std::move(what)}}});
  }
  /// Framed, so that the conversation goes on behind it.
  void raw(std::string_view text) { lsp::write_message(stream_, text); }

  std::ostringstream stream_;
  int requests_ = 1000;  // above whatever ids the input makes up
  int lines_ = 0;
};

Result<std::string> no_file(const std::filesystem::path& path) {
  return std::unexpected(Error{"read " + path.string(), "no such file or directory", ""});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);

  // As it comes: nothing is promised but an end.
  std::istringstream wild(input);
  std::ostringstream ignored;
  lsp::Server(wild, ignored, "0", {}, no_file).run();

  Conversation conversation;
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    conversation.take(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  conversation.finish();
  std::istringstream in(conversation.bytes());
  std::ostringstream out;
  const int code = lsp::Server(in, out, "0", {}, no_file).run();
  const bool ended_early = input.find("\n!") != std::string::npos || input.starts_with('!');
  require(code == 0 || ended_early, "the server ends well");

  std::istringstream replies(out.str());
  int answers = 0;
  for (lsp::Incoming one = lsp::read_message(replies); one.kind != lsp::Incoming::Kind::end;
       one = lsp::read_message(replies)) {
    require(one.kind == lsp::Incoming::Kind::message, "messages are well framed");
    const json message = json::parse(one.text, nullptr, false);
    require(!message.is_discarded(), "messages are JSON");
    if (message.contains("id") && message["id"].is_number() && message["id"] >= 1000) ++answers;
  }
  require(answers == conversation.requests() - 1000 || ended_early, "every request has one answer");
  return 0;
}
